"""The running of the gateway itself: one replica for each slot, and which rules are in force."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.operation import put_rules_in_force, take_tick
from routing_rules.versions import Publication, Version, VersionError
from support.records import FakeClock, audit_events


def test_one_replica_wins_each_slot(database: Database) -> None:
    """Of many that try the same slot, exactly one may run the job."""
    assert [ledger.take_tick(database, "sweep", 7) for _ in range(3)] == [True, False, False]
    assert ledger.take_tick(database, "sweep", 8)


def test_a_slot_is_one_jobs_own(database: Database) -> None:
    """Two jobs may both run in the same slot."""
    assert take_tick(database, "sweep", 7)
    assert take_tick(database, "reseal", 7)


def test_many_replicas_at_once_run_a_job_once(database: Database) -> None:
    """All of them try at the full minute."""
    won: list[bool] = []
    threads = [threading.Thread(target=lambda: won.append(take_tick(database, "sweep", 7))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(won) == [False] * 7 + [True]


def _version(number: int) -> Version:
    return Version(number, f"{number}" * 64, "2026-01-01T00:00:00+00:00", "ana", "", 1)


def test_rules_put_in_force_are_in_the_trail(database: Database, clock: FakeClock) -> None:
    """Who, which version, and which was in force before; the change is told who and when, as the trail says it."""
    asked: list[tuple[str, datetime]] = []

    def change(who: str, at: datetime) -> Publication:
        asked.append((who, at))
        return Publication(_version(2), _version(1), changed=True)

    assert put_rules_in_force(database, "ana", "rules published", change).version.number == 2
    [event] = audit_events(database)
    assert asked == [("ana", clock.time)] == [(event.who, event.at)]
    assert (event.action, event.subject) == ("rules published", "rules version 2")
    assert event.detail == {"fingerprint": "2" * 64, "before": 1}


def test_rules_that_were_in_force_already_are_not(database: Database) -> None:
    """Nothing changed, so nothing is said."""
    put_rules_in_force(
        database,
        "ana",
        "rules published",
        lambda _who, _at: Publication(_version(1), _version(1), changed=False),
    )
    assert audit_events(database) == []


def test_a_change_that_fails_says_nothing(database: Database) -> None:
    """Wrong rules stay a draft, and the trail does not tell of them."""

    def change(_who: str, _at: datetime) -> Publication:
        raise VersionError("The rules are wrong.", "Correct them.")

    with pytest.raises(VersionError):
        put_rules_in_force(database, "ana", "rules published", change)
    assert audit_events(database) == []
