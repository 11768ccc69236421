"""The chain of the audit trail: whoever changes, removes or inserts an event is found out."""

from __future__ import annotations

import pytest

from gateway.records import audit
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.tables.administration import AuditEvent


def test_the_audit_chain_finds_a_changed_event(database: Database) -> None:
    """Changing an old event breaks the chain at that event."""
    for number in range(3):
        with database.write("test") as session:
            audit_trail.append(session, database.now(session), "ana", f"act {number}", "case 1")
    with database.read() as session:
        assert audit.verify(session) is None
    with database.write("test") as session:
        event = session.get_one(AuditEvent, 2)
        event.action = "something else"
    with database.read() as session:
        assert audit.verify(session) == 2


def _events(database: Database, number: int = 4) -> None:
    for one in range(number):
        with database.write("test") as session:
            audit_trail.append(session, database.now(session), "ana", f"act {one}", "case 1", {"n": one})


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("who", "ben"),
        ("subject", "case 2"),
        ("detail", {"n": 99}),
        ("previous", "f" * 64),
        ("digest", "f" * 64),
    ],
)
def test_every_column_is_in_the_chain(sqlite: Database, column: str, value: object) -> None:
    """Whichever of them is changed."""
    _events(sqlite)
    with sqlite.write("test") as session:
        setattr(session.get_one(AuditEvent, 3), column, value)
    with sqlite.read() as session:
        assert audit.verify(session) == 3


def test_a_removed_event_is_found_at_the_one_behind_it(database: Database) -> None:
    """It names a digest that no longer stands before it."""
    _events(database)
    with database.write("test") as session:
        session.delete(session.get_one(AuditEvent, 2))
    with database.read() as session:
        assert audit.verify(session) == 3


def test_an_inserted_event_is_found(database: Database) -> None:
    """Also one whose own digest was worked out rightly: those behind it do not follow from it."""
    _events(database, 1)
    with database.write("test") as session:
        first = session.get_one(AuditEvent, 1)
        forged = AuditEvent(
            at=first.at, who="eve", action="x", subject="y", detail={}, previous=audit.GENESIS, digest=""
        )
        forged.digest = audit.digest_of(forged)
        session.add(forged)
    with database.read() as session:
        assert audit.verify(session) == 2


def test_an_empty_trail_is_intact(sqlite: Database) -> None:
    """There is nothing that would not fit."""
    with sqlite.read() as session:
        assert audit.verify(session) is None
