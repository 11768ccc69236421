"""The reader's own judgement of a protocol: a form on the case page, and the same for programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from gateway.errors import Invalid
from gateway.lifecycle import BEFORE_THE_REPORT, CaseState
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.web.foundation.case_access import CaseId, OpenCase, Reader, open_case
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.rights import Right, has
from routing_rules.protocol.verdict import Readability

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/cases", tags=["cases"])

LONGEST_REASON = 500


class JudgementIn(BaseModel):
    """How a protocol is judged, and why; `generation` is the one that was looked at (default: the present one)."""

    readability: Readability
    why: str = Field(max_length=LONGEST_REASON)
    generation: int | None = None


def may_judge(viewer: Viewer, opened: OpenCase) -> bool:
    """The reader who holds the case, a lead and an administrator: until the report is signed."""
    row = opened.page.row
    before = CaseState(row.state) in BEFORE_THE_REPORT and row.forgotten_at is None
    return before and (opened.mine or has(viewer, Right.MANAGE))


def judge(context: WebContext, viewer: Viewer, case_id: int, judgement: JudgementIn) -> None:
    """Record it. Raises NotThere, NotClaimed, WrongState, Conflict, Invalid."""
    open_case(context, viewer, case_id)
    ledger.overrule_verdict(
        context.database,
        case_id,
        viewer.account_id,
        judgement.readability,
        judgement.why,
        generation=judgement.generation,
        anybodys=has(viewer, Right.MANAGE),
    )


@router.post("/cases/{case_id}/verdict")
def judge_page(context: Context, viewer: Reader, case_id: CaseId, fields: Posted) -> Response:
    """Judge the protocol otherwise, with a reason, and return to the case."""
    wanted, generation = first(fields, "readability"), first(fields, "generation")
    if wanted not in list(Readability):
        raise Invalid("No verdict was chosen.", f"Choose one of: {', '.join(Readability)}.")
    judgement = JudgementIn(
        readability=Readability(wanted),
        why=first(fields, "why")[:LONGEST_REASON],
        generation=int(generation) if generation.isdecimal() else None,
    )
    judge(context, viewer, case_id, judgement)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


@api.post("/{case_id}/verdict", status_code=204)
def judge_json(
    context: Context, viewer: Reader, case_id: CaseId, judgement: Annotated[JudgementIn, Body()]
) -> Response:
    """Judge the protocol otherwise; 409 when not claimed by the caller or images arrived since, 422 with no reason."""
    judge(context, viewer, case_id, judgement)
    return Response(status_code=204)
