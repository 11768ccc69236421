"""Results of storage commitment that we owe: rows from the request on, few of them, and none told twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from gateway.errors import NotThere, WrongState
from gateway.lifecycle import ResultState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.commitments import owed
from gateway.records.step_record import StepRecord
from gateway.records.tables.administration import Notice
from gateway.records.tables.commitments import OwedResult
from support.records import LEASE, STATES, FakeClock, audit_events, due

WANTED = (("1.2.840.10008.5.1.4.1.1.4", "1.9.1"), ("1.2.840.10008.5.1.4.1.1.4", "1.9.2"))


def request(transaction: str = "2.25.1", node: str = "pacs", wanted: object = WANTED) -> ledger.NewOwed:
    """What a node asks for."""
    assert isinstance(wanted, tuple)
    return ledger.NewOwed(node, "PACS", transaction, wanted)


def rows(database: Database) -> list[OwedResult]:
    """Every row, oldest first."""
    with database.read() as session:
        return list(session.exec(select(OwedResult).order_by(OwedResult.ids())))


def told(database: Database, clock: FakeClock, *requests: ledger.NewOwed) -> None:
    """Asked for and reported, one after the other."""
    for each in requests:
        assert ledger.owe_result(database, each) is None
        clock.pass_seconds(2)
        assert ledger.advance(database, due(database), ResultState.REPORTED, StepRecord(columns={"kept": 2}))


def test_a_request_is_work_once_its_association_may_have_ended(database: Database, clock: FakeClock) -> None:
    """For the engine, with the node it talks to; a moment later than the request."""
    assert ledger.owe_result(database, request()) is None
    assert ledger.claim_due(database, "w", LEASE, STATES) is None
    clock.pass_seconds(1)
    claim = due(database)
    assert (claim.unit, claim.state, claim.peer) == ("result", "OWED", "pacs")


def test_what_was_told_names_no_object_any_more(database: Database, clock: FakeClock) -> None:
    """The numbers stay for the page."""
    told(database, clock, request())
    [row] = rows(database)
    assert (row.state, row.wanted, row.objects, row.kept) == ("REPORTED", [], 2, 2)
    assert row.reached_at == clock.time


def test_the_same_request_again_owes_one_result(database: Database, clock: FakeClock) -> None:
    """While it is owed; of other objects it is refused; once told, it is owed anew."""
    assert [ledger.owe_result(database, request()) for _ in range(2)] == [None, None]
    other = request(wanted=WANTED[:1])
    assert ledger.owe_result(database, other) is ledger.NotOwed.IN_USE
    assert ledger.owe_result(database, request(node="other-pacs")) is None
    assert [(row.node, row.objects) for row in rows(database)] == [("pacs", 2), ("other-pacs", 2)]
    clock.pass_seconds(2)
    ledger.advance(database, due(database), ResultState.REPORTED)
    assert ledger.owe_result(database, other) is None
    [row, _] = rows(database)
    assert (row.state, row.objects, row.kept) == ("OWED", 1, None)


def test_rows_stay_few_whatever_a_node_asks(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is owed to one node has a limit, which is no other node's; of what was told the newest stay."""
    monkeypatch.setattr(owed, "MOST_OWED", 3)
    monkeypatch.setattr(owed, "MOST_TOLD", 2)
    told(database, clock, *(request(f"2.25.{number}") for number in range(5)))
    assert len(rows(database)) == 3  # the last was asked for before it was told
    answers = [ledger.owe_result(database, request(f"2.25.1{number}")) for number in range(5)]
    assert answers == [None] * 3 + [ledger.NotOwed.TOO_MANY] * 2
    assert ledger.owe_result(database, request(node="other-pacs")) is None
    assert len([row for row in rows(database) if row.node == "pacs"]) == 5


def test_a_person_may_drop_a_result(database: Database, clock: FakeClock) -> None:
    """It is owed no more, its running step loses it, and the trail says who; what is over cannot be dropped."""
    ledger.owe_result(database, request())
    clock.pass_seconds(2)
    claim = due(database)
    ledger.park(database, claim, "It does not take it.", "Look there.")
    ledger.drop_result(database, 1, "adam")
    [row] = rows(database)
    assert (row.state, row.wanted, row.problem) == ("DROPPED", [], "")
    assert not ledger.advance(database, claim, ResultState.REPORTED)
    assert ("adam", "commitment result dropped", "result 1") in [
        (event.who, event.action, event.subject) for event in audit_events(database)
    ]
    with pytest.raises(WrongState):
        ledger.drop_result(database, 1, "adam")
    with pytest.raises(NotThere):
        ledger.drop_result(database, 2, "adam")


def test_a_parked_result_is_tried_again_by_a_person(database: Database, clock: FakeClock) -> None:
    """And a node that takes none of many gives one notice a day."""
    for number in range(3):
        ledger.owe_result(database, request(f"2.25.{number}"))
    clock.pass_seconds(2)
    for _ in range(3):
        ledger.park(database, due(database), "It does not take it.", "Look there.")
    assert ledger.claim_due(database, "w", LEASE, STATES) is None
    with database.read() as session:
        assert [notice.page for notice in session.exec(select(Notice))] == ["/nodes"]
    ledger.retry(database, "result", 2, "adam")
    claim = due(database)
    assert (claim.unit, claim.id) == ("result", 2)
    ledger.postpone(database, claim, "nobody there", timedelta(minutes=1))
    assert (rows(database)[1].waiting_for, rows(database)[1].attempts) == ("nobody there", 1)
