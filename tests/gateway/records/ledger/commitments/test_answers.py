"""Requests for storage commitment have rows before they are made; only who was asked writes an answer into one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from gateway.records import ledger
from gateway.records.commitment_answers import NOT_ASKED_ABOUT, UNKNOWN_TRANSACTION, another_was_asked
from gateway.records.database import Database
from gateway.records.step_record import NewCommitment, NewRequest, StepRecord
from gateway.records.tables.cases import Case
from gateway.records.tables.commitments import Commitment
from support.records import FakeClock, case_row, due, forwarded_case, matched_case

PACS = {"hospital-pacs"}


def returned(database: Database, clock: FakeClock, study: str = "1.2.3", uid: str = "1.9") -> ledger.Claim:
    """A claim on a case whose report went back under that UID."""
    case_id = matched_case(database, clock, study)
    with database.write("test") as session:
        case = session.get_one(Case, case_id)
        case.state, case.returned_uid = "RETURNED", uid
    claim = due(database)
    assert claim.id == case_id
    return claim


def asked(database: Database, clock: FakeClock, transaction: str = "2.25.1") -> ledger.Claim:
    """The hospital's PACS was asked for two objects, took the request, and its case waits for an hour."""
    claim = returned(database, clock)
    assert ledger.ask_commitment(database, claim, NewRequest(transaction, "hospital-pacs", ("1.8", "1.9")))
    ledger.postpone(
        database, claim, "no answer", timedelta(hours=1), StepRecord(taken_request=transaction), failed=False
    )
    return claim


def row(database: Database, transaction: str = "2.25.1") -> Commitment:
    """The request as it is."""
    with database.read() as session:
        return session.get_one(Commitment, transaction)


def test_a_request_stands_in_the_records_before_it_is_made(database: Database, clock: FakeClock) -> None:
    """Whom, about what and since when, and its case knows of it; whether it was taken is known later."""
    claim = returned(database, clock)
    request = NewRequest("2.25.1", "hospital-pacs", ("1.8", "1.9"))
    assert ledger.ask_commitment(database, claim, request)
    made = row(database)
    assert (made.node, made.unit, made.unit_id, made.asked) == (
        "hospital-pacs",
        "case",
        claim.id,
        ["1.8", "1.9"],
    )
    assert (made.asked_at, made.taken, made.answered_at) == (clock.time, False, None)
    assert case_row(database, claim.id).commitment_transactions == ["2.25.1"]
    record = StepRecord(taken_request="2.25.1")
    ledger.postpone(database, claim, "no answer", timedelta(0), record, failed=False)
    assert row(database).taken


def test_who_lost_its_claim_asks_nobody(database: Database, clock: FakeClock) -> None:
    """Another worker has the case: no row, and the step is told."""
    claim = returned(database, clock)
    clock.pass_seconds(3600)
    due(database, "another worker")
    assert not ledger.ask_commitment(database, claim, NewRequest("2.25.1", "hospital-pacs", ("1.9",)))
    with database.read() as session:
        assert session.exec(select(Commitment)).all() == []


def test_an_answer_of_the_node_that_was_asked_wakes_its_case_and_no_other(
    database: Database, clock: FakeClock
) -> None:
    """Also one that says no, and one that comes twice: the last says what the node holds now."""
    claim, other = asked(database, clock), forwarded_case(database, clock, "1.2.4")
    before = case_row(database, other).look_again_at
    no = NewCommitment("2.25.1", "hospital-pacs", ("1.8",), (("1.9", 0x0112),))
    assert ledger.record_commitment(database, no, PACS) is None
    assert (row(database).committed, row(database).failed) == (["1.8"], [["1.9", 0x0112]])
    assert case_row(database, claim.id).look_again_at == row(database).answered_at == clock.time
    assert case_row(database, other).look_again_at == before
    yes = NewCommitment("2.25.1", "hospital-pacs", ("1.8", "1.9"), ())
    assert ledger.record_commitment(database, yes, PACS) is None
    assert (row(database).committed, row(database).failed) == (["1.8", "1.9"], [])


@pytest.mark.parametrize(
    ("transaction", "uids", "reports_for", "why"),
    [
        ("2.25.1", ("1.8", "1.9"), {"other-pacs"}, another_was_asked("hospital-pacs")),
        ("2.25.1", ("1.8", "1.9"), set(), another_was_asked("hospital-pacs")),
        ("2.25.2", ("1.8", "1.9"), PACS, UNKNOWN_TRANSACTION),
        ("2.25.1", ("1.8", "1.9", "1.10"), PACS, NOT_ASKED_ABOUT),
    ],
)
def test_any_other_answer_changes_nothing(
    database: Database,
    clock: FakeClock,
    transaction: str,
    uids: tuple[str, ...],
    reports_for: set[str],
    why: object,
) -> None:
    """From another node, from nobody's title, to no request of ours, or about more than was asked."""
    claim = asked(database, clock)
    before = case_row(database, claim.id).look_again_at
    answer = NewCommitment(transaction, "hospital-pacs", uids, ())
    assert ledger.record_commitment(database, answer, reports_for) == why
    assert (row(database).committed, row(database).answered_at) == ([], None)
    assert case_row(database, claim.id).look_again_at == before
    with database.read() as session:
        assert len(session.exec(select(Commitment)).all()) == 1


def test_a_node_that_is_away_leaves_few_requests(database: Database, clock: FakeClock) -> None:
    """Those that it never took go, but for the last, which it may still answer; one that it took stays."""
    claim = returned(database, clock)
    for number in range(10):
        assert ledger.ask_commitment(database, claim, NewRequest(f"2.25.{number}", "hospital-pacs", ("1.9",)))
        record = StepRecord(taken_request="2.25.2" if number == 2 else "")
        ledger.postpone(database, claim, "nobody there", timedelta(minutes=1), record)
        clock.pass_seconds(60)
        claim = due(database)
    left = ["2.25.2", "2.25.6", "2.25.7", "2.25.8", "2.25.9"]
    assert case_row(database, claim.id).commitment_transactions == left
    with database.read() as session:
        assert sorted(session.exec(select(Commitment.transaction_uid))) == left
    late = NewCommitment("2.25.8", "hospital-pacs", ("1.9",), ())
    assert ledger.record_commitment(database, late, PACS) is None
