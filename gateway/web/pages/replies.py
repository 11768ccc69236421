"""What reading sites sent back: the list with what is held first, and what people do with it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, StringConstraints

from gateway.errors import NotThere
from gateway.lifecycle import ReplyState
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.views import case_rows, reply_rows
from gateway.records.views.reply_rows import ReplyRow
from gateway.web.foundation.access import may
from gateway.web.foundation.case_access import CaseId, Manager
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.problems import BadRequest
from gateway.web.foundation.rights import Right
from gateway.web.foundation.templates import render, told_to

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/replies", tags=["replies"])

Overseer = Annotated[Viewer, Depends(may(Right.STUDIES))]
Sender = Annotated[Viewer, Depends(may(Right.SEND))]
SAFE = (ReplyState.RETURNED, ReplyState.CONFIRMED)


class ReasonIn(BaseModel):
    """Why somebody decides what the gateway would not."""

    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


def reply_for(context: WebContext, viewer: Viewer, reply_id: int) -> ReplyRow:
    """An object this viewer may see; raises NotThere, also for another site's."""
    with context.database.read() as session:
        row = reply_rows.for_viewer(session, viewer, reply_id)
    if row is None:
        raise NotThere(f"There is no object {reply_id} of a reading site.", "The page Replies lists them.")
    return row


@router.get("/replies")
def replies_page(request: Request, context: Context, viewer: Overseer) -> Response:
    """The newest objects of reading sites; those that wait for a person first."""
    with context.database.read() as session:
        rows = reply_rows.newest(session, viewer)
    return render(request, "replies.html", viewer, replies=rows)


@router.post("/replies/{reply_id}/retry")
def retry_page(context: Context, viewer: Manager, reply_id: CaseId) -> Response:
    """Look at a held object again, after the cause was mended."""
    row = reply_for(context, viewer, reply_id)
    ledger.retry(context.database, "reply", reply_id, viewer.login)
    return _back(row)


@router.post("/replies/{reply_id}/discard")
def discard_page(context: Context, viewer: Manager, reply_id: CaseId, fields: Posted) -> Response:
    """Decide that an object goes nowhere; a reason is required."""
    row = reply_for(context, viewer, reply_id)
    why = first(fields, "why")[:500]
    if not why:
        raise BadRequest("Discarding needs a reason.", "Go back and write why the object goes nowhere.")
    ledger.discard_reply(context.database, reply_id, viewer.login, why)
    return _back(row)


@router.post("/replies/{reply_id}/report")
def report_page(context: Context, viewer: Manager, reply_id: CaseId) -> Response:
    """End the case: this object is its report."""
    row = reply_for(context, viewer, reply_id)
    ledger.count_as_report(context.database, reply_id, viewer.login)
    return _back(row)


def _back(row: ReplyRow) -> Response:
    return RedirectResponse(f"/cases/{row.case_id}" if row.case_id else "/replies", status_code=303)


@router.get("/upload/{study_id}/reply-{reply_id}.dcm")
def download(context: Context, viewer: Sender, study_id: CaseId, reply_id: CaseId) -> Response:
    """An object for an uploaded study, with the original identity, wherever else it goes."""
    row = reply_for(context, viewer, reply_id)
    with context.database.read() as session:
        kept = reply_rows.reply(session, reply_id)
        uploaded = kept.study_id == study_id and not case_rows.study(session, study_id).sender
    if not uploaded or row.state not in SAFE:
        raise NotThere("There is no such object for this study.", "The study's page lists what there is.")
    data = context.blobs.get(kept.restored["blob"])
    ledger.note_reply_download(context.database, row.case_id, reply_id, viewer.login)
    headers = {"Content-Disposition": f'attachment; filename="reply-{reply_id}.dcm"'}
    return Response(data, media_type="application/dicom", headers=headers)


# ---------------------------------------------------------------- for programs


def as_json(row: ReplyRow, viewer: Viewer) -> dict[str, Any]:
    """An object of a reading site as programs read it."""
    return told_to(viewer, dict(vars(row)))


@api.get("")
def replies_json(context: Context, viewer: Overseer) -> dict[str, Any]:
    """The newest objects of reading sites, those that wait for a person first."""
    with context.database.read() as session:
        return {"replies": [as_json(row, viewer) for row in reply_rows.newest(session, viewer)]}


@api.post("/{reply_id}/retry", status_code=204)
def retry_json(context: Context, viewer: Manager, reply_id: CaseId) -> Response:
    """Look at a held object again."""
    retry_page(context, viewer, reply_id)
    return Response(status_code=204)


@api.post("/{reply_id}/discard", status_code=204)
def discard_json(context: Context, viewer: Manager, reply_id: CaseId, reason: ReasonIn) -> Response:
    """Decide that an object goes nowhere."""
    reply_for(context, viewer, reply_id)
    ledger.discard_reply(context.database, reply_id, viewer.login, reason.why)
    return Response(status_code=204)


@api.post("/{reply_id}/report", status_code=204)
def report_json(context: Context, viewer: Manager, reply_id: CaseId) -> Response:
    """End the case: this object is its report."""
    report_page(context, viewer, reply_id)
    return Response(status_code=204)
