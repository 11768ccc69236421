"""Rows from before there was a key: whoever changes, removes or inserts one is found out as before."""

from __future__ import annotations

import pytest

from gateway.records.audit import first_chain
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.tables.administration import AuditEvent
from support.records import first_events


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("who", "ben"),
        ("action", "something else"),
        ("subject", "case 2"),
        ("detail", {"n": 99}),
        ("previous", "f" * 64),
        ("digest", "f" * 64),
    ],
)
def test_every_column_is_in_the_chain(database: Database, column: str, value: object) -> None:
    """Whichever of them is changed."""
    first_events(database)
    with database.read() as session:
        assert first_chain.verify(session) is None
    with database.write("test") as session:
        setattr(session.get_one(AuditEvent, 3), column, value)
    with database.read() as session:
        assert first_chain.verify(session) == 3


def test_a_removed_event_is_found_at_the_one_behind_it(database: Database) -> None:
    """It names a digest that no longer stands before it."""
    first_events(database)
    with database.write("test") as session:
        session.delete(session.get_one(AuditEvent, 2))
    with database.read() as session:
        assert first_chain.verify(session) == 3


def test_an_inserted_event_is_found(database: Database) -> None:
    """Also one whose own digest was worked out rightly: those behind it do not follow from it."""
    first_events(database, 1)
    with database.write("test") as session:
        first = session.get_one(AuditEvent, 1)
        forged = AuditEvent(
            at=first.at, who="eve", action="x", subject="y", detail={}, previous=first_chain.GENESIS
        )
        forged.digest = first_chain.digest_of(forged)
        session.add(forged)
    with database.read() as session:
        assert first_chain.verify(session) == 2


def test_rows_of_today_are_not_in_it(database: Database) -> None:
    """They have no digest, and what stood before stays as provable as it was."""
    first_events(database)
    with database.write("test") as session:
        audit_trail.append(session, database.now(session), "ana", "case parked", "case 1")
    with database.read() as session:
        assert first_chain.verify(session) is None
        assert session.get_one(AuditEvent, 5).digest is None


def test_an_empty_trail_is_intact(sqlite: Database) -> None:
    """There is nothing that would not fit."""
    with sqlite.read() as session:
        assert first_chain.verify(session) is None
