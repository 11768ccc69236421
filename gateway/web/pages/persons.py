"""Whose study it is when it has no patient number: a lead links it to the patient of another study, or takes it apart.

What both studies state is read from the originals for those alone who may see identities, and each look is an audit
event.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field, StringConstraints

from gateway.decoding import files
from gateway.errors import GatewayError, Invalid, NotThere
from gateway.identity.patient import KEYWORDS
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.views import case_rows
from gateway.records.views.study_rows import StudyRow
from gateway.web.foundation.case_access import CaseId, Manager, visible_study
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.rights import Right, has
from gateway.web.foundation.templates import render
from gateway.web.pages.conflicts import LONGEST_REASON, UNREADABLE_FILE, SaidByBoth
from gateway.web.pages.studies import Overseer

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/studies", tags=["studies"])

LARGEST = 2**31 - 1
Other = Annotated[int | None, Query(ge=1, le=LARGEST)]


class LinkIn(BaseModel):
    """The study whose patient it is, or null to take it apart, and why."""

    same_as: int | None = Field(ge=1, le=LARGEST)
    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=LONGEST_REASON)]


@router.get("/studies/{study_id}/person")
def person_page(
    request: Request, context: Context, viewer: Overseer, study_id: CaseId, other: Other = None
) -> Response:
    """Whose a study without a patient number is; what it and another state, for those who may see identities."""
    return _page(request, context, viewer, study_id, other)


def _page(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    study_id: int,
    other_id: int | None,
    error: GatewayError | None = None,
    status: int = 200,
) -> Response:
    study = visible_study(context, viewer, study_id)
    values = None
    if other_id is not None and error is None and has(viewer, Right.IDENTITIES):
        values = said_by_both(context, viewer, study, visible_study(context, viewer, other_id))
    return render(
        request,
        "person.html",
        viewer,
        status=status,
        study=study,
        other_id=other_id,
        values=values,
        problem=error.problem if error else "",
        fix=error.fix if error else "",
    )


def said_by_both(context: WebContext, viewer: Viewer, study: StudyRow, other: StudyRow) -> list[SaidByBoth]:
    """What two studies of one site state about their patients; the look is in the audit trail first."""
    if study.site != other.site or study.forgotten_at or other.forgotten_at:
        raise NotThere(
            f"There is no other study {other.id} of this site.", "The page of studies shows every number."
        )
    ledger.look_at_persons(context.database, study.id, other.id, viewer.login)
    with context.database.read() as session:
        rows = [case_rows.instances(session, one.id)[:1] for one in (study, other)]
    try:
        headers = [files.header(context.blobs.path(row.blob)) for [row] in rows]
    except (*UNREADABLE_FILE, ValueError):
        return []
    mine, others = headers
    return [SaidByBoth(key, str(mine.get(key) or ""), str(others.get(key) or ""), 1) for key in KEYWORDS]


@router.post("/studies/{study_id}/person")
def link_page(
    request: Request, context: Context, viewer: Manager, study_id: CaseId, fields: Posted
) -> Response:
    """Link the study to the patient of another, or take it apart; a reason is required."""
    same_as, why = first(fields, "same_as").strip(), first(fields, "why").strip()
    chosen = int(same_as) if same_as.isdecimal() and len(same_as) < 10 else None
    try:
        if (same_as and not chosen) or not 3 <= len(why) <= LONGEST_REASON:
            raise Invalid(
                "A link needs the number of a study and a reason.",
                f"Give the number as the page of studies shows it, and why, in 3 to {LONGEST_REASON} characters.",
            )
        study = link(context, viewer, study_id, LinkIn(same_as=chosen, why=why))
    except GatewayError as error:
        visible_study(context, viewer, study_id)
        return _page(request, context, viewer, study_id, chosen, error, status=409)
    return RedirectResponse(f"/cases/{study.case_ids[0]}" if study.case_ids else "/studies", status_code=303)


@api.post("/{study_id}/person")
def link_json(context: Context, viewer: Manager, study_id: CaseId, body: LinkIn) -> dict[str, Any]:
    """Link a study without a patient number to the patient of another: `{"same_as": 12, "why": …}`; null parts them."""
    study = link(context, viewer, study_id, body)
    return {"study": study_id, "same_as": study.person_of}


def link(context: WebContext, viewer: Viewer, study_id: int, wanted: LinkIn) -> StudyRow:
    """Record whose the study is. Raises NotThere, WrongState."""
    visible_study(context, viewer, study_id)
    if wanted.same_as is None:
        ledger.unlink_person(context.database, study_id, viewer.login, wanted.why)
    else:
        visible_study(context, viewer, wanted.same_as)
        ledger.link_person(context.database, study_id, wanted.same_as, viewer.login, wanted.why)
    return visible_study(context, viewer, study_id)
