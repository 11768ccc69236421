"""Messages to contacts: made once, taken by whoever sends, sent or failed; and the readers' own.

A message is leased while it is sent. Whoever dies between sending and recording leaves a lease that ends: then it is
sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from gateway.lifecycle import CaseState
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.journal import add_line
from gateway.records.ledger.telling.chain import NEAR, URGENT, Way
from gateway.records.tables.cases import Case
from gateway.records.tables.critical import ContactMessage

MOST_AT_ONCE: Final = 20
URGENT_REFERRAL: Final = "suspected_pml"
NEAR_FROM: Final = 0.75
"""Share of the target time after which it is called near: a quarter is left to read in."""


@dataclass(frozen=True)
class DueMessage:
    """A message to send now."""

    id: int
    site: str
    contact: str
    channel: str
    kind: str
    page: str
    at: datetime
    attempts: int


def make_message(
    session: Session,
    now: datetime,
    event: str,
    case_id: int,
    way: Way,
    kind: str,
    page: str,
    *,
    critical_id: int | None = None,
    site: str = "",
    step: int = 0,
) -> None:
    """Remember a message in the caller's transaction; one of the same `event` is not made twice."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {
        "event": event,
        "case_id": case_id,
        "critical_id": critical_id,
        "site": site,
        "contact": way.contact,
        "channel": way.channel,
        "kind": kind,
        "step": step,
        "page": page,
        "made_at": now,
        "attempts": 0,
        "look_again_at": now,
        "problem": "",
    }
    session.execute(insert(ContactMessage).values(values).on_conflict_do_nothing(index_elements=["event"]))


def tell_readers(
    database: Database, ways: Sequence[Way], target_of: Callable[[str, str], timedelta | None]
) -> int:
    """Make the readers' messages: of each urgent case that waits to be read, of each that nears its target, once each.

    `target_of` gives the target of a site and a referral. Returns how many cases there is something to tell of.
    """
    if not ways:
        return 0
    with database.read() as session:
        now = database.now(session)
        told = set(
            session.exec(
                select(ContactMessage.event)
                .join(Case)
                .where(col(ContactMessage.critical_id).is_(None), Case.state == CaseState.FORWARDED)
            )
        )
        waiting = session.exec(
            select(Case.id, Case.site, Case.referral, Case.created_at).where(
                Case.state == CaseState.FORWARDED, col(Case.forgotten_at).is_(None)
            )
        ).all()
    new = [
        (case_id, kind, way)
        for case_id, site, referral, since in waiting
        for kind in _kinds(referral, since, target_of(site, referral), now)
        for way in ways
        if case_id is not None and _event(kind, case_id, way) not in told
    ]
    if not new:
        return 0
    with database.write("tell_readers") as session:
        now = database.now(session)
        for case_id, kind, way in new:
            make_message(session, now, _event(kind, case_id, way), case_id, way, kind, f"/cases/{case_id}")
    return len({(case_id, kind) for case_id, kind, _ in new})


def _event(kind: str, case_id: int, way: Way) -> str:
    return f"{kind} {case_id} {way.channel} {way.contact}"


def _kinds(referral: str, since: datetime, target: timedelta | None, now: datetime) -> tuple[str, ...]:
    urgent = (URGENT,) if referral == URGENT_REFERRAL else ()
    return (*urgent, NEAR) if target is not None and now >= since + target * NEAR_FROM else urgent


def take_messages(database: Database, channel: str, lease: timedelta) -> tuple[DueMessage, ...]:
    """The messages that a channel has to send now, held for `lease` against other replicas."""
    with database.read() as session:
        waiting = session.exec(_unsent(channel, database.now(session)).limit(1)).first() is not None
    if not waiting:
        return ()
    with database.write("take_messages") as session:
        now = database.now(session)
        rows = session.exec(
            _unsent(channel, now)
            .order_by(col(ContactMessage.look_again_at), col(ContactMessage.id))
            .limit(MOST_AT_ONCE)
            .with_for_update(of=ContactMessage)
        ).all()
        for row in rows:
            row.look_again_at = now + lease
        return tuple(
            DueMessage(
                row.saved_id,
                row.site,
                row.contact,
                row.channel,
                row.kind,
                row.page,
                row.made_at,
                row.attempts,
            )
            for row in rows
        )


def _unsent(channel: str, now: datetime):  # type: ignore[no-untyped-def]
    return (
        select(ContactMessage)
        .join(Case)
        .where(
            ContactMessage.channel == channel,
            col(ContactMessage.sent_at).is_(None),
            col(ContactMessage.dropped_at).is_(None),
            col(ContactMessage.look_again_at) <= now,
            col(Case.forgotten_at).is_(None),
        )
    )


def message_sent(database: Database, message_id: int) -> None:
    """The channel took it: the journal and the trail say who was told, by which way."""
    with database.write("message_sent") as session:
        row = session.get(ContactMessage, message_id)
        if row is None:  # its patient was forgotten meanwhile
            return
        now = database.now(session)
        row.sent_at, row.problem = now, ""
        case = session.get_one(Case, row.case_id)
        detail = {"contact": row.contact, "by": row.channel, "step": row.step}
        what = f"{row.kind}: told"
        add_line(session, case.study_id, case.saved_id, now, what, detail=detail)
        audit_trail.append(
            session, now, "gateway", "contact told", f"case {case.saved_id}", {"kind": row.kind, **detail}
        )


def message_failed(database: Database, message_id: int, problem: str, look_again: timedelta) -> None:
    """The channel did not take it; it is tried again, and the page says so."""
    with database.write("message_failed") as session:
        row = session.get(ContactMessage, message_id)
        if row is not None:
            row.attempts += 1
            row.problem = problem
            row.look_again_at = database.now(session) + look_again


def drop_message(database: Database, message_id: int, problem: str) -> None:
    """Nobody is there to be told any more: the contact, or its way, was taken out of the settings."""
    with database.write("drop_message") as session:
        row = session.get(ContactMessage, message_id)
        if row is not None:
            row.dropped_at, row.problem = database.now(session), problem
