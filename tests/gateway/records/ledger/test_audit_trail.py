"""The audit trail grows in the transaction of the deed, and each row says who, what, from where, on which case."""

from __future__ import annotations

import threading

import pytest

from gateway.records.audit import origin
from gateway.records.audit.events import Outcome
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from support.records import FakeClock, audit_events


def _append(database: Database, who: str, detail: dict[str, object] | None = None) -> None:
    with database.write("test") as session:
        audit_trail.append(session, database.now(session), who, "case parked", "case 1", detail)


def test_an_event_says_who_did_what_to_what_and_when(database: Database, clock: FakeClock) -> None:
    """Nobody but the worker seals it."""
    _append(database, "ana", {"why": "a question"})
    [event] = audit_events(database)
    assert (event.who, event.action, event.subject, event.detail) == (
        "ana",
        "case parked",
        "case 1",
        {"why": "a question"},
    )
    assert event.at == clock.time
    assert (event.outcome, event.case_id, event.address, event.place, event.seal) == ("done", 1, "", None, "")


def test_the_address_is_that_of_the_request(database: Database) -> None:
    """Unless whoever writes knows better."""
    with origin.coming_from("10.1.2.3"):
        _append(database, "ana")
        with database.write("test") as session:
            at = database.now(session)
            audit_trail.append(session, at, "ana", "case parked", "case 1", address="10.9.9.9")
    assert [event.address for event in audit_events(database)] == ["10.1.2.3", "10.9.9.9"]


def test_outcome_and_case_follow_from_event_and_subject(database: Database) -> None:
    """And can be given."""
    rows: list[tuple[str, str, dict[str, object]]] = [
        ("sign-in refused", "account 1", {}),
        ("original looked at", "case 12, instance 5", {}),
        ("study received", "study 3", {"case": 4, "outcome": Outcome.FAILED}),
    ]
    for action, subject, given in rows:
        with database.write("test") as session:
            audit_trail.append(session, database.now(session), "ana", action, subject, **given)  # type: ignore[arg-type]
    assert [(event.outcome, event.case_id) for event in audit_events(database)] == [
        ("refused", None),
        ("done", 12),
        ("failed", 4),
    ]


def test_an_event_of_a_transaction_that_fails_never_was(database: Database) -> None:
    """The trail does not tell of what did not happen."""
    _append(database, "ana")
    with pytest.raises(KeyError), database.write("test") as session:  # noqa: PT012  both belong to the transaction
        audit_trail.append(session, database.now(session), "eve", "case parked", "case 1")
        raise KeyError
    _append(database, "ben")
    assert [event.who for event in audit_events(database)] == ["ana", "ben"]


def test_writers_do_not_wait_for_each_other(database: Database) -> None:
    """However many write at once, every event is there; their order is made by who seals."""
    threads = [threading.Thread(target=lambda: [_append(database, "x") for _ in range(5)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(audit_events(database)) == 30
