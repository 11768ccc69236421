"""What other systems answered: for each object, and to requests for storage commitment."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.evidence import CommitmentFact, DeliveryFact, Evidence
from gateway.records.tables.studies import Delivery
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
        fact_ = DeliveryFact("forward", "reading-site", "1.2.9", outcome, 0, "")
        ledger.postpone(database, due(database), outcome, timedelta(0), Evidence(deliveries=(fact_,)))
    with database.read() as session:
        assert [row.outcome for row in session.exec(select(Delivery))] == ["accepted"]
        assert case_rows.delivered(session, case_id, "forward", "reading-site") == {"1.2.9"}
        assert case_rows.delivered(session, case_id, "forward", "another-site") == frozenset()


def test_a_commitment_answer_is_found_by_its_transaction(database: Database) -> None:
    """An answer that came before anybody asked for it is kept, and a repeated one changes nothing."""
    for _ in range(2):
        ledger.record_commitment(
            database, CommitmentFact("2.25.1", "hospital-pacs", ("1.2",), (("1.3", 0x0112),))
        )
    with database.read() as session:
        [answer] = case_rows.commitments(session, ["2.25.1", "2.25.2"])
    assert answer.committed == ["1.2"]
    assert answer.failed == [["1.3", 0x0112]]
