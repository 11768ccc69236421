"""What somebody who is not looking at a page must hear of, and how far each channel has told it.

A notice is written in the transaction of the event it tells of, so none is lost; each channel tells notices in order
and remembers the last one, so a channel that was down tells everything later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from gateway.records.database import Database
from gateway.records.tables.administration import Channel, Notice, ShownCertificate

MOST_AT_ONCE = 50
"""Notices in one message: a morning's worth is read, a thousand are not."""


@dataclass(frozen=True)
class DueNotices:
    """The notices a channel has to tell next, oldest first; `attempts` failed tries came before."""

    notices: tuple[Notice, ...]
    attempts: int


def raise_notice(session: Session, now: datetime, event: str, text: str, page: str, site: str = "") -> None:
    """Remember a notice in the caller's transaction; one of the same `event` is not made twice."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"event": event, "site": site, "text": text, "page": page, "at": now}
    session.execute(insert(Notice).values(values).on_conflict_do_nothing(index_elements=["event"]))


def note_wrong_configuration(database: Database, faults: Sequence[tuple[str, str]]) -> None:
    """Tell that files of the configuration cannot be used: (key of the faults, text). Each is told once a day."""
    with database.write("note_wrong_configuration") as session:
        now = database.now(session)
        for key, text in faults:
            event = f"wrong configuration {key} {now:%Y-%m-%d}"
            raise_notice(session, now, event, text, "/nodes")


@dataclass(frozen=True)
class NewShown:
    """A certificate that a node showed; `use`: calling or called."""

    node: str
    use: str
    subject: str
    fingerprint: str
    expires_at: datetime


def note_certificates(
    database: Database, shown: Sequence[NewShown], ending: Sequence[tuple[str, str]]
) -> None:
    """Keep what nodes showed last, and tell what ends: (event, text); each event is told once."""
    with database.write("note_certificates") as session:
        now = database.now(session)
        for each in shown:
            session.merge(ShownCertificate(**vars(each), seen_at=now))
        for event, text in ending:
            raise_notice(session, now, event, text, "/nodes")


def take_notices(database: Database, channel: str, lease: timedelta) -> DueNotices | None:
    """What the channel has to tell now, held for `lease` against other replicas; None when there is nothing due."""
    with database.write("take_notices") as session:
        now = database.now(session)
        row = session.exec(select(Channel).where(Channel.name == channel).with_for_update()).first()
        if row is None:  # a channel that is new tells what comes from now on, not the past
            newest = session.exec(select(Notice.ids()).order_by(col(Notice.id).desc()).limit(1)).first()
            session.add(Channel(name=channel, told=newest or 0, look_again_at=now))
            return None
        if row.look_again_at > now:
            return None
        waiting = session.exec(
            select(Notice).where(col(Notice.id) > row.told).order_by(col(Notice.id)).limit(MOST_AT_ONCE)
        ).all()
        if not waiting:
            return None
        row.look_again_at = now + lease
        return DueNotices(tuple(waiting), row.attempts)


def notices_told(database: Database, channel: str, batch: DueNotices) -> None:
    """The channel told them."""
    with database.write("notices_told") as session:
        row, now = session.get_one(Channel, channel), database.now(session)
        row.told = max(row.told, *(notice.saved_id for notice in batch.notices))
        row.attempts, row.failing_since, row.problem, row.fix = 0, None, "", ""
        row.told_at = row.look_again_at = now


def notices_failed(database: Database, channel: str, problem: str, fix: str, look_again: timedelta) -> None:
    """The channel could not tell them; it is tried again, and the page says so."""
    with database.write("notices_failed") as session:
        row, now = session.get_one(Channel, channel), database.now(session)
        row.attempts += 1
        row.failing_since = row.failing_since or now
        row.problem, row.fix = problem, fix
        row.look_again_at = now + look_again
