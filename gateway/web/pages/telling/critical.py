"""Critical results: what the link of a message shows, and the acknowledgement; the same for programs."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import AwareDatetime, BaseModel, Field

from gateway.errors import Invalid, NotThere, WrongState
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.views import critical_rows
from gateway.records.views.critical_rows import CriticalRow
from gateway.reporting.report import Report
from gateway.web.foundation.access import may
from gateway.web.foundation.case_access import Manager, OpenCase, open_case
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.problems import status_of
from gateway.web.foundation.rights import Right, has
from gateway.web.foundation.templates import render, told_to
from gateway.web.pages.queue import Looker

Answerer = Annotated[Viewer, Depends(may(Right.ACKNOWLEDGE))]
CriticalId = Annotated[int, Path(ge=1, le=2**31 - 1)]
LONGEST_NAME = 100
MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/critical", tags=["critical results"])


class CallIn(BaseModel):
    """A call by which somebody at the sender was told."""

    told: str = Field(min_length=1, max_length=LONGEST_NAME, description="who was told")
    told_at: AwareDatetime = Field(description="when, with a zone")


def opened_result(context: WebContext, viewer: Viewer, critical_id: int) -> tuple[CriticalRow, OpenCase]:
    """A critical result and its case, or NotThere: also for another site's, and for a forgotten patient's."""
    with context.database.read() as session:
        row = critical_rows.one(session, viewer, critical_id)
    if row is not None:
        opened = open_case(context, viewer, row.case_id)
        if opened.page.row.forgotten_at is None:
            return row, opened
    raise NotThere(f"There is no critical result {critical_id}.", "The case page names its own.")


def acknowledge(context: WebContext, viewer: Viewer, critical_id: int, way: str) -> None:
    """Acknowledge for the sender's side. Raises NotThere, WrongState."""
    opened_result(context, viewer, critical_id)
    ledger.acknowledge_critical(context.database, critical_id, viewer.account_id, way)


def note_call(
    context: WebContext, viewer: Viewer, critical_id: int, told: str, told_at: datetime | None
) -> None:
    """A lead notes that somebody was told by telephone. Raises NotThere, WrongState, Invalid."""
    opened_result(context, viewer, critical_id)
    ledger.acknowledge_critical(context.database, critical_id, viewer.account_id, "telephone", told, told_at)


@router.get("/critical/{critical_id}")
def critical_page(request: Request, context: Context, viewer: Looker, critical_id: CriticalId) -> Response:
    """The result, and the button that acknowledges it."""
    return _page(request, context, viewer, critical_id)


def _page(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    critical_id: int,
    problem: str = "",
    fix: str = "",
    status: int = 200,
) -> Response:
    row, opened = opened_result(context, viewer, critical_id)
    report = opened.page.report
    return render(
        request,
        "critical.html",
        viewer,
        status=status,
        critical=row,
        page=opened.page,
        row=opened.page.row,
        said=Report.as_signed(report.content) if report else None,
        report=report,
        may_acknowledge=row.open and has(viewer, Right.ACKNOWLEDGE),
        may_note_call=row.open and has(viewer, Right.MANAGE),
        problem=problem,
        fix=fix,
    )


@router.post("/critical/{critical_id}/acknowledge")
def acknowledge_page(
    request: Request, context: Context, viewer: Answerer, critical_id: CriticalId
) -> Response:
    """Acknowledge and show it again."""
    try:
        acknowledge(context, viewer, critical_id, "page")
    except WrongState as error:
        return _page(request, context, viewer, critical_id, error.problem, error.fix, status_of(error))
    return RedirectResponse(f"/critical/{critical_id}", status_code=303)


@router.post("/critical/{critical_id}/telephone")
def call_page(
    request: Request, context: Context, viewer: Manager, critical_id: CriticalId, fields: Posted
) -> Response:
    """Note a call; what is missing is told above the form."""
    written = first(fields, "told_at")
    try:
        at = datetime.fromisoformat(written).replace(tzinfo=UTC) if MINUTE.fullmatch(written) else None
    except ValueError:
        at = None
    try:
        note_call(context, viewer, critical_id, first(fields, "told"), at)
    except (Invalid, WrongState) as error:
        return _page(request, context, viewer, critical_id, error.problem, error.fix, status_of(error))
    return RedirectResponse(f"/critical/{critical_id}", status_code=303)


# ---------------------------------------------------------------- JSON


@api.get("")
def critical_list(context: Context, viewer: Looker) -> dict[str, Any]:
    """Every critical result that nobody has acknowledged, oldest first."""
    with context.database.read() as session:
        rows = critical_rows.unanswered(session, viewer)
    return {"critical": [as_json(viewer, row) for row in rows]}


@api.get("/{critical_id}")
def critical_json(context: Context, viewer: Looker, critical_id: CriticalId) -> dict[str, Any]:
    """A critical result: what was told to whom, and who acknowledged."""
    row, _ = opened_result(context, viewer, critical_id)
    return as_json(viewer, row)


@api.post("/{critical_id}/acknowledge", status_code=204)
def acknowledge_json(context: Context, viewer: Answerer, critical_id: CriticalId) -> Response:
    """Acknowledge; 403 for who may not, 409 when somebody has."""
    acknowledge(context, viewer, critical_id, "api")
    return Response(status_code=204)


@api.post("/{critical_id}/telephone", status_code=204)
def call_json(
    context: Context, viewer: Manager, critical_id: CriticalId, call: Annotated[CallIn, Body()]
) -> Response:
    """A lead notes a call; 409 when it is acknowledged, 422 for a time that cannot be."""
    note_call(context, viewer, critical_id, call.told, call.told_at)
    return Response(status_code=204)


def as_json(viewer: Viewer, row: CriticalRow) -> dict[str, Any]:
    """A critical result as programs read it."""
    told = {
        "id": row.id,
        "case": row.case_id,
        "site": row.site,
        "raised_at": row.raised_at,
        "step": row.step,
        "next_at": row.next_at,
        "chain_ended_at": row.chain_ended_at,
        "acknowledged_at": row.acknowledged_at,
        "acknowledged_by": row.acknowledged_by,
        "way": row.way,
        "told": row.told,
        "told_at": row.told_at,
        "superseded_by": row.superseded_by,
        "messages": [vars(message) for message in row.messages],
        "may_acknowledge": row.open and has(viewer, Right.ACKNOWLEDGE),
    }
    return told_to(viewer, told)
