"""The surveillance calendar as one viewer may see it, and who may change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Depends, Path

from gateway.records.accounts import Viewer
from gateway.records.calendar import PatientRow, calendar
from gateway.web.foundation.access import may
from gateway.web.foundation.context import WebContext
from gateway.web.foundation.rights import Right, has
from routing_rules.surveillance.sites import SiteSummary, summaries

CalendarViewer = Annotated[Viewer, Depends(may(Right.CALENDAR))]
Enroller = Annotated[Viewer, Depends(may(Right.ENROL))]
EnrolmentId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@dataclass(frozen=True)
class Calendar:
    """What one viewer may see: `patients` and `ended` are empty for those who see numbers only."""

    today: date
    summaries: tuple[SiteSummary, ...]
    patients: tuple[PatientRow, ...]
    ended: tuple[PatientRow, ...]


def read_calendar(context: WebContext, viewer: Viewer, site: str = "") -> Calendar:
    """The calendar of the viewer's site, or of `site`, or of every site."""
    with context.database.read() as session:
        today = context.database.now(session).date()
        rows = calendar(session, viewer.site or site, today, context.guidelines)
        ended = (
            calendar(session, viewer.site or site, today, context.guidelines, ended=True)
            if has(viewer, Right.ENROL)
            else []
        )
    known = [(row.site, row.status) for row in rows if not row.waiting]
    shown = tuple(rows) if has(viewer, Right.ENROL) else ()
    return Calendar(today, summaries(known, today), shown, tuple(ended))
