"""The running of the gateway itself: one replica for each slot, and which rules are in force."""

from __future__ import annotations

from gateway.records import ledger
from gateway.records.database import Database


def test_one_replica_wins_each_slot(database: Database) -> None:
    """Of many that try the same slot, exactly one may run the job."""
    assert [ledger.take_tick(database, "sweep", 7) for _ in range(3)] == [True, False, False]
    assert ledger.take_tick(database, "sweep", 8)
