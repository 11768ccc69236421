"""Noting who has become overdue, and telling it: one notice for each site and day, in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

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

    Reckoned before the transaction, which would keep every other writer waiting; a note that changed meanwhile stays.
    When a site's notice of this day is out already, the note waits for tomorrow's.
    """
    with database.read() as session:
        today = database.now(session).date()
        rows = [row for row in calendar(session, "", today, guidelines) if not row.waiting]
    recovered = {row.id for row in rows if row.told_on and row.status.state not in LATE}
    late = {row.id for row in rows if row.status.state in LATE and row.told_on is None}
    if not recovered and not late:
        return 0
    with database.write("mark_overdue") as session:
        now, newly = database.now(session), 0
        for enrolment in _as_read(session, rows, recovered):
            enrolment.overdue_told_on = None
        for site in sorted({row.site for row in rows if row.id in late}):
            own = [row for row in rows if row.site == site]
            event = f"surveillance {site} {today}"
            told = session.exec(select(Notice.id).where(Notice.event == event)).first() is not None
            new = [] if told else _as_read(session, own, late)
            for enrolment in new:
                enrolment.overdue_told_on = today
            if new:
                _tell(session, now, event, site, own, len(new))
            newly += len(new)
        return newly


def _as_read(session: Session, rows: Sequence[PatientRow], ids: Collection[int]) -> list[Enrolment]:
    """Those of the entries that nobody has noted, ended or deleted since they were read."""
    noted = {row.id: row.told_on for row in rows if row.id in ids}
    still_open = select(Enrolment).where(col(Enrolment.id).in_(noted), col(Enrolment.ended_on).is_(None))
    entries = session.exec(still_open.with_for_update())
    return [entry for entry in entries if entry.overdue_told_on == noted[entry.saved_id]]


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
