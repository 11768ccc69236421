"""What other systems answered: for each object, and to requests for storage commitment."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.node_responses import keep_commitment, keep_deliveries
from gateway.records.step_record import NewCommitment, NewDelivery, StepRecord
from gateway.records.tables.studies import Case, Delivery
from gateway.records.views import case_rows
from support.records import (
    FakeClock,
    case_row,
    due,
    matched_case,
)


def test_a_delivery_keeps_its_last_outcome(database: Database, clock: FakeClock) -> None:
    """A second answer for the same object replaces the first: the row is the truth of what the other side has."""
    case_id = matched_case(database, clock)
    for outcome in ("try again", "accepted"):
        fact_ = NewDelivery("forward", "reading-site", "1.2.9", outcome, 0, "")
        ledger.postpone(database, due(database), outcome, timedelta(0), StepRecord(deliveries=(fact_,)))
    with database.read() as session:
        assert [row.outcome for row in session.exec(select(Delivery))] == ["accepted"]
        assert case_rows.delivered(session, case_id, "forward", "reading-site") == {"1.2.9"}
        assert case_rows.delivered(session, case_id, "forward", "another-site") == frozenset()


def test_a_commitment_answer_is_found_by_its_transaction(database: Database) -> None:
    """An answer that came before anybody asked for it is kept, and a repeated one changes nothing."""
    for _ in range(2):
        ledger.record_commitment(
            database, NewCommitment("2.25.1", "hospital-pacs", ("1.2",), (("1.3", 0x0112),))
        )
    with database.read() as session:
        [answer] = case_rows.commitments(session, ["2.25.1", "2.25.2"])
    assert answer.committed == ["1.2"]
    assert answer.failed == [["1.3", 0x0112]]


def _keep(database: Database, case_id: int, *facts: NewDelivery) -> None:
    with database.write("test") as session:
        keep_deliveries(session, case_id, facts, database.now(session))


def test_an_object_has_an_answer_for_each_direction(database: Database, clock: FakeClock) -> None:
    """What was forwarded to the reading site and what was returned to the sender are two deliveries."""
    case_id = matched_case(database, clock)
    _keep(
        database,
        case_id,
        NewDelivery("forward", "reading-site", "1.2.9", "accepted", 0, ""),
        NewDelivery("return", "hospital-pacs", "1.2.9", "refused", 0x0122, "no such class"),
    )
    clock.pass_seconds(5)
    _keep(database, case_id, NewDelivery("return", "hospital-pacs", "1.2.9", "warning", 0xB000, "coerced"))
    _keep(database, case_id)
    with database.read() as session:
        rows = session.exec(select(Delivery).order_by(Delivery.ids())).all()
    assert [(row.direction, row.outcome, row.status, row.detail) for row in rows] == [
        ("forward", "accepted", 0, ""),
        ("return", "warning", 0xB000, "coerced"),
    ]
    assert (rows[1].at - rows[0].at).total_seconds() == 5


def test_an_answer_wakes_the_case_it_is_about_and_no_other(database: Database, clock: FakeClock) -> None:
    """Also one that says no: the step asks the archive then. A case that was not returned is left alone."""
    later = clock.time + timedelta(hours=1)
    for study, state in (("1.2.3", "RETURNED"), ("1.2.4", "COMPOSED")):
        case_id = matched_case(database, clock, study)
        with database.write("test") as session:
            case = session.get_one(Case, case_id)
            case.state, case.returned_uid, case.look_again_at = state, "1.9", later
    ledger.record_commitment(database, NewCommitment("2.25.1", "hospital-pacs", (), (("1.8", 0x0112),)))
    assert case_row(database, 1).look_again_at == later
    ledger.record_commitment(database, NewCommitment("2.25.2", "hospital-pacs", (), (("1.9", 0x0112),)))
    assert case_row(database, 1).look_again_at == clock.time
    assert case_row(database, 2).look_again_at == later


def test_the_last_answer_to_a_request_counts(database: Database, clock: FakeClock) -> None:
    """An archive that answers twice says the second time what it holds now."""
    for committed, failed in (((), (("1.9", 0x0110),)), (("1.9",), ())):
        with database.write("test") as session:
            keep_commitment(session, NewCommitment("2.25.1", "pacs", committed, failed), clock.time)
    with database.read() as session:
        [answer] = case_rows.commitments(session, ["2.25.1"])
    assert (answer.committed, answer.failed) == (["1.9"], [])
