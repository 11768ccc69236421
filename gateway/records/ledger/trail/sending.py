"""How far the trail has gone to the audit repository: a cursor in the records, held by one worker at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import col, select

from gateway.records.database import Database
from gateway.records.ledger.notices import raise_notice
from gateway.records.tables.administration import AuditEvent, Channel

REPOSITORY: Final = "audit repository"
"""The name of its row among the channels."""
MOST_AT_ONCE: Final = 200


@dataclass(frozen=True)
class DueEvents:
    """The sealed rows that are to be sent next, in the order of the chain; `attempts` failed tries came before."""

    events: tuple[AuditEvent, ...]
    attempts: int
    failing_since: datetime | None


def take_events(database: Database, lease: timedelta) -> DueEvents | None:
    """What is to be sent now, held for `lease` against other workers; None when there is nothing due."""
    with database.write("take_events") as session:
        now = database.now(session)
        row = session.exec(select(Channel).where(Channel.name == REPOSITORY).with_for_update()).first()
        if row is None:  # the whole trail, from its first sealed row
            row = Channel(name=REPOSITORY, told=0, look_again_at=now)
            session.add(row)
        if row.look_again_at > now:
            return None
        waiting = session.exec(
            select(AuditEvent)
            .where(col(AuditEvent.place) > row.told)
            .order_by(col(AuditEvent.place))
            .limit(MOST_AT_ONCE)
        ).all()
        if not waiting:
            return None
        row.look_again_at = now + lease
        return DueEvents(tuple(waiting), row.attempts, row.failing_since)


def events_sent(database: Database, due: DueEvents, unconfirmed: tuple[str, str] | None = None) -> None:
    """The repository has them; `unconfirmed`, problem and fix: as far as its system says. People are told that once,
    and the tries before it stay counted: the next batch need not be repeated to know the same."""
    with database.write("events_sent") as session:
        row, now = session.get_one(Channel, REPOSITORY), database.now(session)
        row.told = max(row.told, due.events[-1].place or 0)
        row.told_at = row.look_again_at = now
        if unconfirmed is None:
            row.attempts, row.failing_since, row.problem, row.fix = 0, None, "", ""
            return
        row.failing_since = row.failing_since or now
        row.problem, row.fix = problem, fix = unconfirmed
        event = f"audit repository without confirmation since {row.failing_since.isoformat()}"
        raise_notice(session, now, event, f"{problem} {fix}", "/nodes")


def events_not_sent(
    database: Database, problem: str, fix: str, look_again: timedelta, told_after: timedelta
) -> None:
    """It did not take them; they wait, and people are told when that lasts."""
    with database.write("events_not_sent") as session:
        row, now = session.get_one(Channel, REPOSITORY), database.now(session)
        row.attempts += 1
        row.failing_since = row.failing_since or now
        row.problem, row.fix = problem, fix
        row.look_again_at = now + look_again
        if now - row.failing_since >= told_after:
            event = f"audit repository away since {row.failing_since.isoformat()}"
            raise_notice(session, now, event, f"{problem} {fix}", "/nodes")
