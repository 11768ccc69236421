"""The audit trail as the page and the export read it: whole, or a page of the rows that fit a filter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from gateway.records.accounts import Viewer
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import Case

PAGE = 100
BATCH = 500


@dataclass(frozen=True)
class TrailFilter:
    """What is looked for; an empty field asks nothing. `until` is the first moment that is not."""

    who: str = ""
    event: str = ""
    case: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    outcome: str = ""


def in_order(
    session: Session, since: datetime | None = None, until: datetime | None = None
) -> Iterator[AuditEvent]:
    """Every row of a time, sealed ones in the order of the chain, then those that wait; a few at a time."""
    asked = _between(since, until)
    last = 0
    while rows := _next(session, [*asked, col(AuditEvent.place) > last], AuditEvent.place):
        yield from rows
        last = rows[-1].place or 0
    last = 0
    waits = [*asked, col(AuditEvent.place).is_(None)]
    while rows := _next(session, [*waits, col(AuditEvent.id) > last], AuditEvent.id):
        yield from rows
        last = rows[-1].saved_id


def _next(session: Session, asked: Sequence[ColumnElement[bool]], order: int | None) -> Sequence[AuditEvent]:
    session.expunge_all()
    return session.exec(select(AuditEvent).where(*asked).order_by(col(order)).limit(BATCH)).all()


def page(
    session: Session, viewer: Viewer, wanted: TrailFilter, before: int | None = None
) -> tuple[Sequence[AuditEvent], int | None]:
    """The newest rows that fit, older than row `before`, and what to give as `before` for the next page.

    An account of one site sees what was done with that site's cases, and nothing of the gateway as a whole.
    """
    chosen = select(AuditEvent).where(*_fits(wanted), *_between(wanted.since, wanted.until))
    if viewer.site:
        chosen = chosen.where(col(AuditEvent.case_id).in_(select(Case.id).where(Case.site == viewer.site)))
    if before is not None:
        chosen = chosen.where(col(AuditEvent.id) < before)
    rows = session.exec(chosen.order_by(col(AuditEvent.id).desc()).limit(PAGE + 1)).all()
    shown = rows[:PAGE]
    return shown, shown[-1].id if len(rows) > PAGE else None


def _fits(wanted: TrailFilter) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = []
    if wanted.who:
        asked.append(col(AuditEvent.who) == wanted.who)
    if wanted.event:
        asked.append(col(AuditEvent.action) == wanted.event)
    if wanted.case is not None:
        # Rows of before say their case only as what they are about.
        subject = f"case {wanted.case}"
        asked.append(or_(col(AuditEvent.case_id) == wanted.case, col(AuditEvent.subject) == subject))
    if wanted.outcome:
        asked.append(col(AuditEvent.outcome) == wanted.outcome)
    return asked


def _between(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    asked: list[ColumnElement[bool]] = []
    if since is not None:
        asked.append(col(AuditEvent.at) >= _aware(since))
    if until is not None:
        asked.append(col(AuditEvent.at) < _aware(until))
    return asked


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
