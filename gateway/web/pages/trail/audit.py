"""The audit trail, newest first, by who, event, case, time and outcome. Looking at it is an event of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from gateway.records.accounts import Viewer
from gateway.records.audit.events import EVENTS, Outcome
from gateway.records.views import trail_rows
from gateway.records.views.trail_rows import TrailFilter
from gateway.web.foundation.access import may
from gateway.web.foundation.context import Context
from gateway.web.foundation.rights import Right
from gateway.web.foundation.templates import render

router = APIRouter(include_in_schema=False)

Auditor = Annotated[Viewer, Depends(may(Right.AUDIT))]
Text = Annotated[str, Query(max_length=200)]


@router.get("/audit")
def audit_page(
    request: Request,
    context: Context,
    viewer: Auditor,
    who: Text = "",
    event: Text = "",
    case: Text = "",
    since: Text = "",
    until: Text = "",
    outcome: Text = "",
    before: Text = "",
) -> Response:
    """The rows of the audit trail that fit; an account of one site sees what was done with its cases."""
    given = {"who": who, "event": event, "case": case, "since": since, "until": until, "outcome": outcome}
    asked = {name: value.strip() for name, value in given.items()}
    first, last, number = _day(asked["since"]), _day(asked["until"]), _number(asked["case"])
    read = {"since": first, "until": last, "case": number}
    wrong = [name for name, value in read.items() if asked[name] and value is None]
    wanted = TrailFilter(
        who=asked["who"],
        event=asked["event"],
        case=number,
        since=first,
        until=last + timedelta(days=1) if last else None,
        outcome=asked["outcome"],
    )
    with context.database.read() as session:
        rows, older = trail_rows.page(session, viewer, wanted, _number(before))
    # For the trail: words of ours, numbers and days. A login is one where rows have it; else it may be anything.
    known = {"event": asked["event"] in EVENTS, "outcome": asked["outcome"] in [*Outcome], "who": bool(rows)}
    request.state.asked = [
        (f"asked {name}", value)
        for name, value in asked.items()
        if value and not wrong and known.get(name, True)
    ]
    return render(
        request,
        "audit.html",
        viewer,
        status=422 if wrong else 200,
        rows=[] if wrong else rows,
        asked=asked,
        events=sorted(EVENTS),
        outcomes=[*Outcome],
        older=urlencode({**{name: value for name, value in asked.items() if value}, "before": older})
        if older and not wrong
        else "",
        problem=f"This cannot be looked for: {', '.join(f'{name} {asked[name]!r}' for name in wrong)}."
        if wrong
        else "",
        fix="A case is a number, a day is written as 2026-03-01." if wrong else "",
    )


def _day(text: str) -> datetime | None:
    """The beginning of a day, in UTC; None for what is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if 1970 <= day.year < 9999 else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
