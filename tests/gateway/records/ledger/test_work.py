"""The engine's work: claimed by one, with a lease and a fence, and one outcome."""

from __future__ import annotations

import threading
from datetime import timedelta

from gateway.lifecycle import CaseState, StudyState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.evidence import Evidence
from gateway.records.views import case_rows
from support.records import (
    LEASE,
    QUIET,
    STATES,
    FakeClock,
    case_row,
    draft,
    due,
    fact,
    forwarded_case,
    matched_case,
)


def test_a_lease_keeps_others_out_until_it_ends(database: Database, clock: FakeClock) -> None:
    """A second worker gets nothing while the lease lives, and takes over with a higher fence when it is dead."""
    matched_case(database, clock)
    first = due(database, "first")
    assert ledger.claim_due(database, "second", LEASE, STATES) is None
    clock.pass_seconds(61)
    second = due(database, "second")
    assert second.id == first.id
    assert second.fence > first.fence
    assert not ledger.advance(database, first, CaseState.PREPARED)
    assert not ledger.renew(database, first, LEASE)
    assert ledger.advance(database, second, CaseState.PREPARED)


def test_a_heartbeat_keeps_a_lease_alive(database: Database, clock: FakeClock) -> None:
    """A renewed lease is not taken over at its first end."""
    matched_case(database, clock)
    claim = due(database)
    clock.pass_seconds(50)
    assert ledger.renew(database, claim, LEASE)
    clock.pass_seconds(50)
    assert ledger.claim_due(database, "other", LEASE, STATES) is None


def test_suspected_pml_goes_first(database: Database, clock: FakeClock) -> None:
    """Of two due cases the more urgent is claimed first, although it came later."""
    for study, priority in (("1.1", 5), ("1.2", 0)):
        ledger.keep_instance(database, fact(study=study), QUIET)
        clock.pass_seconds(11)
        ledger.advance(database, due(database), StudyState.COMPLETED)
        ledger.advance(
            database, due(database), StudyState.MATCHED, Evidence(cases=(draft(priority=priority),))
        )
        ledger.park_case(database, 1, "test", "later")
    ledger.retry(database, "case", 1, "test")
    assert case_row(database, due(database).id).priority == 0


def test_many_workers_share_the_work_without_doubling(database: Database) -> None:
    """Eight threads that claim from twenty due studies claim each exactly once."""
    for number in range(20):
        ledger.keep_instance(database, fact(study=f"1.2.{number}"), timedelta(seconds=-1))
    claims: list[int] = []

    def work() -> None:
        while (
            claim := ledger.claim_due(database, threading.current_thread().name, LEASE, STATES)
        ) is not None:
            claims.append(claim.id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(claims) == list(range(1, 21))


def test_a_parked_case_is_never_due_until_retried(database: Database, clock: FakeClock) -> None:
    """Parking keeps the place; retry clears the problem and makes it due at once."""
    case_id = matched_case(database, clock)
    ledger.park(database, due(database), "The problem.", "The fix.")
    assert ledger.claim_due(database, "w", LEASE, STATES) is None
    assert case_row(database, case_id).state == CaseState.MATCHED
    ledger.retry(database, "case", case_id, "ana")
    assert due(database).id == case_id


def test_a_step_that_runs_cannot_move_a_case_parked_by_hand(database: Database, clock: FakeClock) -> None:
    """The outcome of a step that began before the parking is refused."""
    case_id = matched_case(database, clock)
    claim = due(database)
    ledger.park_case(database, case_id, "ana", "wait")
    assert not ledger.advance(database, claim, CaseState.PREPARED)


def test_waiting_counts_and_tells_changes_only(database: Database, clock: FakeClock) -> None:
    """Each postponement counts an attempt; the journal gets a line only when the reason changes."""
    case_id = matched_case(database, clock)
    for why in ("down", "down", "still down"):
        ledger.postpone(database, due(database), why, timedelta(0))
    with database.read() as session:
        lines = [
            line.detail["why"] for line in case_rows.journal(session, 1, case_id) if line.what == "waiting"
        ]
    assert lines == ["not now", "down", "still down"]
    case = case_row(database, case_id)
    assert case.failing_since is not None
    assert case.attempts == 4


def test_every_transition_is_in_the_journal(database: Database, clock: FakeClock) -> None:
    """The states reached stand in the journal, in order."""
    case_id = forwarded_case(database, clock)
    with database.read() as session:
        reached = [line.reached for line in case_rows.journal(session, 1, case_id) if line.reached]
    assert reached == ["RECEIVED", "COMPLETED", "MATCHED", "MATCHED", "PREPARED", "FORWARDED"]
