"""What other systems answered for each object that they were sent."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.node_responses import keep_deliveries
from gateway.records.step_record import NewDelivery, StepRecord
from gateway.records.tables.cases import Delivery
from gateway.records.views import case_rows
from support.records import (
    FakeClock,
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
