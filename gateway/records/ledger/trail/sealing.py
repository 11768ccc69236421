"""The worker seals what was written, in order, and tells where the chain stood when it was written down elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import text
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.records.audit.anchors import Anchor
from gateway.records.audit.chain import Head, head, seal_of
from gateway.records.audit.events import Outcome
from gateway.records.audit.verification import ANCHORED, CUT
from gateway.records.database import Database
from gateway.records.identities.audit_keys import AuditKeys
from gateway.records.ledger import audit_trail
from gateway.records.ledger.notices import raise_notice
from gateway.records.tables.administration import AuditEvent

BATCH: Final = 500
"""Rows in one transaction: milliseconds."""
LOCK: Final = 0x504D4C  # 'PML': one PostgreSQL advisory lock, so that two workers do not seal two chains


@dataclass
class Memory:
    """The head as this worker sealed it last. The records cannot be asked: who writes them could have cut it off."""

    head: Head = field(default_factory=Head)


def seal_trail(database: Database, keys: AuditKeys, memory: Memory | None = None) -> int:
    """Seal the oldest rows that are not yet; returns how many. Two workers at once make one chain.

    With a `memory` a row that was sealed and is not there any more, or not as it was, is told in the trail and to
    people; else whoever can write the records takes the seals off the newest rows and has others sealed instead.
    """
    with database.read() as session:
        if session.exec(_waiting().limit(1)).first() is None:
            return 0
    with database.write("seal_trail") as session:
        if session.get_bind().dialect.name == "postgresql":
            session.connection().execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        last = head(session)
        if memory is not None and not _is_there(session, memory.head):
            _tell_the_cut(session, database, memory.head, last)
        if last.key_id != keys.current:
            _tell_the_key(session, database, last.key_id, keys.current)
        place, seal = last.place, last.seal
        rows = session.exec(_waiting().limit(BATCH)).all()
        for row in rows:
            session.refresh(
                row
            )  # as the database gives it back: numbers and texts may have changed their form
            row.place = place = place + 1
            row.key_id = keys.current
            row.seal = seal = seal_of(keys.keys[keys.current], row, seal)
            session.add(row)
    if memory is not None:
        memory.head = Head(place, seal)
    return len(rows)


def anchor_due(database: Database) -> Anchor | None:
    """The head of the chain as it is to be written down; None when nothing came since the last time."""
    with database.read() as session:
        last = head(session)
        now = database.now(session)
    return Anchor(now.isoformat(), last.place, last.seal) if last.place and last.action != ANCHORED else None


def note_anchor(database: Database, anchor: Anchor, file: str) -> None:
    """Tell in the trail that an anchor was written: a file that is cut or replaced later misses it."""
    with database.write("note_anchor") as session:
        detail = {"place": anchor.place, "seal": anchor.seal, "file": file}
        audit_trail.append(session, database.now(session), "gateway", ANCHORED, "audit trail", detail)


def note_unsealed(database: Database, problem: str, fix: str) -> None:
    """Tell people, once a day, that the trail is not sealed or not anchored."""
    with database.write("note_unsealed") as session:
        now = database.now(session)
        raise_notice(session, now, f"audit trail {problem} {now:%Y-%m-%d}", f"{problem} {fix}", "/nodes")


def note_key(database: Database, event: str, who: str, key: str, before: str) -> None:
    """Tell in the trail that somebody made or renewed its key."""
    with database.write("note_audit_key") as session:
        audit_trail.append(session, database.now(session), who, event, f"key {key}", {"before": before})


def note_use(
    database: Database, event: str, who: str, detail: Mapping[str, object], outcome: Outcome = Outcome.DONE
) -> None:
    """Tell in the trail that somebody exports it, or lets it prove itself."""
    with database.write("note_audit_use") as session:
        now = database.now(session)
        audit_trail.append(session, now, who, event, "audit trail", detail, outcome=outcome)


def _waiting() -> SelectOfScalar[AuditEvent]:
    """Rows without a seal, oldest first."""
    return select(AuditEvent).where(col(AuditEvent.place).is_(None)).order_by(col(AuditEvent.id))


def _is_there(session: Session, sealed: Head) -> bool:
    if not sealed.place:
        return True
    return (
        session.exec(select(AuditEvent.seal).where(AuditEvent.place == sealed.place)).first() == sealed.seal
    )


def _tell_the_cut(session: Session, database: Database, sealed: Head, left: Head) -> None:
    """Sealed in the same transaction, so that nobody takes it out again before."""
    now = database.now(session)
    detail = {"place": sealed.place, "seal": sealed.seal, "left": left.place}
    audit_trail.append(session, now, "gateway", CUT, "audit trail", detail)
    problem = f"The end of the audit trail was cut off or changed, before place {sealed.place}."
    fix = "Somebody wrote into the database: let it prove itself with gateway audit verify, and compare a backup."
    raise_notice(
        session, now, f"audit trail cut at {sealed.place} {sealed.seal[:8]}", f"{problem} {fix}", "/nodes"
    )


def _tell_the_key(session: Session, database: Database, before: str, key: str) -> None:
    """The first row that another key seals says so; whoever finds an unknown key there knows since when."""
    detail = {"before": before}
    audit_trail.append(session, database.now(session), "gateway", "audit key in use", f"key {key}", detail)
