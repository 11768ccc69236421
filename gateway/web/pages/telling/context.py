"""What a hospital tells about the patient of a study, by its coordinators: a page, and the same as JSON."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from gateway.errors import Invalid
from gateway.records.accounts import Viewer
from gateway.reporting.hospital_context import ITEMS, PREFIX, Refused
from gateway.web.foundation import telling
from gateway.web.foundation.access import may
from gateway.web.foundation.case_access import CaseId, visible_study
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.problems import problem
from gateway.web.foundation.rights import Right
from gateway.web.foundation.templates import render, told_to

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/studies", tags=["studies"])

Sender = Annotated[Viewer, Depends(may(Right.SEND))]
FIELDS = (*(item.name for item in ITEMS), "contacts")


@router.get("/studies/{study_id}/context")
def context_page(request: Request, context: Context, viewer: Sender, study_id: CaseId) -> Response:
    """The form, filled with what was told before."""
    return _page(request, context, viewer, study_id)


@router.post("/studies/{study_id}/context")
def tell_page(
    request: Request, context: Context, viewer: Sender, study_id: CaseId, fields: Posted
) -> Response:
    """Keep what was typed; what cannot be kept is told with the form as it was filled."""
    typed = {name: first(fields, name) for name in FIELDS}
    refused = telling.tell(context, viewer, study_id, typed)
    if refused:
        return _page(request, context, viewer, study_id, typed, refused)
    return RedirectResponse(f"/studies/{study_id}/context", status_code=303)


def _page(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    study_id: int,
    typed: dict[str, str] | None = None,
    refused: tuple[Refused, ...] = (),
) -> Response:
    study = visible_study(context, viewer, study_id)
    told = telling.told_of(context, viewer, study_id)
    kept = {f"{PREFIX}{name}": value for name, value in told.values.items()} if told else {}
    return render(
        request,
        "context.html",
        viewer,
        status=422 if refused else 200,
        study=study,
        told=told,
        values=typed if typed is not None else {**kept, "contacts": told.contacts if told else ""},
        refused={each.field: each for each in refused},
        items=ITEMS,
    )


@api.get("/{study_id}/context")
def context_json(context: Context, viewer: Sender, study_id: CaseId) -> dict[str, Any]:
    """What was told of a study, and what of its order readers see."""
    return told_to(viewer, telling.as_json(telling.told_of(context, viewer, study_id)))


@api.put("/{study_id}/context")
def put_context(
    context: Context, viewer: Sender, study_id: CaseId, body: Annotated[dict[str, str], Body()]
) -> Response:
    """Replace what was told: fields of the report's request (`referral`, `question`, ...) and `contacts`.

    422 names each field that cannot be kept, and nothing is kept then.
    """
    refused = telling.tell(context, viewer, study_id, body)
    if refused:
        error = Invalid("; ".join(f"{one.field}: {one.problem}" for one in refused), refused[0].fix)
        return problem(422, "Invalid", error.problem, error.fix, problems=[vars(one) for one in refused])
    return JSONResponse(told_to(viewer, telling.as_json(telling.told_of(context, viewer, study_id))))
