"""A reader has the pictures of a case made again, with what was made of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse, Response

from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.web.foundation.access import may
from gateway.web.foundation.case_access import CaseId, open_case
from gateway.web.foundation.context import Context
from gateway.web.foundation.rights import Right

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/cases", tags=["cases"])

Reader = Annotated[Viewer, Depends(may(Right.REPORT))]


@router.post("/cases/{case_id}/pictures")
def make_again_page(context: Context, viewer: Reader, case_id: CaseId) -> Response:
    """Ask for them, and return to the case."""
    make_again_json(context, viewer, case_id)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


@api.post("/{case_id}/pictures", status_code=202)
def make_again_json(context: Context, viewer: Reader, case_id: CaseId) -> dict[str, str]:
    """Have volumes, alignments and maps of change of a case made again; 409 while it has no copies."""
    open_case(context, viewer, case_id)
    ledger.make_again(context.database, case_id, viewer.login)
    return {"state": "waiting"}
