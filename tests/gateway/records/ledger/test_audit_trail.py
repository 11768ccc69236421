"""The audit trail grows in the transaction of the deed, one event behind the other."""

from __future__ import annotations

import threading

import pytest

from gateway.records.audit import GENESIS
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from support.records import FakeClock, audit_events


def _append(database: Database, who: str, detail: dict[str, object] | None = None) -> None:
    with database.write("test") as session:
        audit_trail.append(session, database.now(session), who, "looked", "case 1", detail)


def test_an_event_says_who_did_what_to_what_and_when(database: Database, clock: FakeClock) -> None:
    """The first follows from nothing, the second from the first."""
    _append(database, "ana", {"why": "a question"})
    _append(database, "ben")
    first, second = audit_events(database)
    assert (first.who, first.action, first.subject, first.detail) == (
        "ana",
        "looked",
        "case 1",
        {"why": "a question"},
    )
    assert first.at == clock.time
    assert (first.previous, second.previous, second.detail) == (GENESIS, first.digest, {})


def test_an_event_of_a_transaction_that_fails_never_was(database: Database) -> None:
    """The trail does not tell of what did not happen, and the next event follows from the last that did."""
    _append(database, "ana")
    with pytest.raises(KeyError), database.write("test") as session:  # noqa: PT012  both belong to the transaction
        audit_trail.append(session, database.now(session), "eve", "failed", "case 1")
        raise KeyError
    _append(database, "ben")
    assert [event.who for event in audit_events(database)] == ["ana", "ben"]


def test_several_events_of_one_transaction_follow_each_other(database: Database) -> None:
    """Each is seen by the next before the commit."""
    with database.write("test") as session:
        for number in range(3):
            audit_trail.append(session, database.now(session), "ana", f"act {number}", "case 1")
    assert [event.action for event in audit_events(database)] == ["act 0", "act 1", "act 2"]


def test_many_writers_make_one_chain(database: Database) -> None:
    """No two events follow from the same one, however many write at once."""
    threads = [threading.Thread(target=lambda: [_append(database, "x") for _ in range(5)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    events = audit_events(database)
    assert len(events) == len({event.previous for event in events}) == 30
