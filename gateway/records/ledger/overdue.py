"""Noting who has become overdue, and telling it: one notice for each site and day, in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlmodel import Session, col, select

from gateway.records.calendar import PatientRow, calendar
from gateway.records.database import Database
from gateway.records.ledger.notices import raise_notice
from gateway.records.tables.administration import Notice
from gateway.records.tables.studies import Enrolment
from routing_rules.surveillance.due_dates import CalendarState
from routing_rules.surveillance.guidelines import SiteGuidelines

LATE = (CalendarState.OVERDUE, CalendarState.MISSING)
PAGE = "/surveillance"


def note_overdue(database: Database, guidelines: SiteGuidelines) -> int:
    """Note every patient who has become overdue, and who no longer is; returns how many new.

    When a site's notice of this day is out already, the note waits for tomorrow's.
    """
    with database.write("mark_overdue") as session:
        now = database.now(session)
        today = now.date()
        rows = [row for row in calendar(session, "", today, guidelines) if not row.waiting]
        recovered = [row.id for row in rows if row.told_on and row.status.state not in LATE]
        _note(session, recovered, None)
        newly = 0
        for site in sorted({row.site for row in rows}):
            own = [row for row in rows if row.site == site]
            new = [row.id for row in own if row.status.state in LATE and row.told_on is None]
            event = f"surveillance {site} {today}"
            told = session.exec(select(Notice.id).where(Notice.event == event)).first() is not None
            if not new or told:
                continue
            _note(session, new, today)
            _tell(session, now, event, site, own, len(new))
            newly += len(new)
        return newly


def _note(session: Session, enrolments: Sequence[int], day: date | None) -> None:
    for row in session.exec(select(Enrolment).where(col(Enrolment.id).in_(enrolments))):
        row.overdue_told_on = day


def _tell(
    session: Session, now: datetime, event: str, site: str, rows: Sequence[PatientRow], new: int
) -> None:
    """Numbers of the site and the page; who it is about stands only there, for that site."""
    counts = {state: sum(row.status.state is state for row in rows) for state in CalendarState}
    late = counts[CalendarState.OVERDUE] + counts[CalendarState.MISSING]
    missing = f" ({counts[CalendarState.MISSING]} without any MRI)" if counts[CalendarState.MISSING] else ""
    text = (
        f"Surveillance MRI at {site}: {new} newly overdue, {late} overdue in all{missing}, "
        f"{counts[CalendarState.DUE]} due now."
    )
    raise_notice(session, now, event, text, PAGE, site)
