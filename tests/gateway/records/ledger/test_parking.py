"""What ends the process that works on it, again and again, stops with a person; what only stood beside it goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.lifecycle import CaseState, StudyState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.parking import Claim
from gateway.records.ledger.work import MOST_UNFINISHED
from gateway.records.views import notice_rows
from support.records import (
    LEASE,
    QUIET,
    STATES,
    FakeClock,
    case_row,
    due,
    journal,
    matched_case,
    new_instance,
    study_row,
)


def killed(database: Database, clock: FakeClock) -> Claim:
    """What a worker claimed before it was killed; its lease is over."""
    claim = due(database)
    clock.pass_seconds(61)
    return claim


def test_what_kills_each_worker_is_parked_with_the_reason(database: Database, clock: FakeClock) -> None:
    """After five deaths a person is asked and told; the next worker gets other work."""
    case_id = matched_case(database, clock)
    for _ in range(MOST_UNFINISHED):
        assert killed(database, clock).id == case_id
    ledger.keep_instance(database, new_instance(study="1.2.4"), QUIET)
    clock.pass_seconds(11)
    other = due(database)
    assert (other.unit, other.id) == ("study", 2)
    case = case_row(database, case_id)
    assert case.state == CaseState.MATCHED
    assert case.problem.startswith("5 times in a row the process that worked on this ended")
    assert case.fix
    assert (case.lease_owner, case.lease_until) == ("", None)
    assert journal(database, 1, case_id)[-1].what == "parked"
    with database.read() as session:
        assert f"Case {case_id} needs a person." in [notice.text for notice in notice_rows.newest(session)]


def test_the_count_stands_before_the_work_begins(database: Database, clock: FakeClock) -> None:
    """A process that is killed at once, without a word, is counted already."""
    case_id = matched_case(database, clock)
    for deaths in (1, 2):
        killed(database, clock)
        assert case_row(database, case_id).unfinished == deaths


def test_a_person_who_retries_gives_it_as_many_tries_again(database: Database, clock: FakeClock) -> None:
    """After the cause was mended it is not parked by the deaths of before."""
    case_id = matched_case(database, clock)
    for _ in range(MOST_UNFINISHED):
        killed(database, clock)
    assert ledger.claim_due(database, "w", LEASE, STATES) is None
    ledger.retry(database, "case", case_id, "ana")
    for _ in range(MOST_UNFINISHED):
        assert killed(database, clock).id == case_id


def test_a_worker_that_is_asked_to_stop_is_no_death(database: Database, clock: FakeClock) -> None:
    """What it works on is free at once, for whoever comes next; what it still finds out comes too late."""
    case_id = matched_case(database, clock)
    for _ in range(2 * MOST_UNFINISHED):
        claim = due(database)
        ledger.let_go(database, claim)
    assert case_row(database, case_id).unfinished == 0
    assert due(database).id == case_id
    assert not ledger.postpone(database, claim, "not now", timedelta(0))


@pytest.mark.parametrize("ends", ["waits", "too late"])
def test_a_result_ends_the_count(database: Database, clock: FakeClock, ends: str) -> None:
    """Also one that comes too late: its worker lives, so the work did not end it."""
    case_id = matched_case(database, clock)
    for _ in range(MOST_UNFINISHED - 1):
        killed(database, clock)
    claim = due(database)
    if ends == "too late":
        ledger.park_case(database, case_id, "ana", "wait")
    assert ledger.postpone(database, claim, "not now", timedelta(0)) is (ends == "waits")
    assert case_row(database, case_id).unfinished == 0


def test_what_stood_beside_it_is_not_tried_beside_it_again(database: Database, clock: FakeClock) -> None:
    """Of all that a dead worker had, one at a time is tried again; new work goes on meanwhile."""
    for study in ("1.1", "1.2"):
        ledger.keep_instance(database, new_instance(study=study), QUIET)
    clock.pass_seconds(11)
    assert [due(database).id, due(database).id] == [1, 2]
    clock.pass_seconds(61)
    again = due(database)
    assert again.id == 1
    ledger.keep_instance(database, new_instance(study="1.3"), QUIET)
    clock.pass_seconds(11)
    assert due(database).id == 3
    assert ledger.claim_due(database, "w", LEASE, STATES) is None
    ledger.advance(database, again, StudyState.COMPLETED)
    assert {due(database).id, due(database).id} == {1, 2}
    assert study_row(database, 2).unfinished == 2
