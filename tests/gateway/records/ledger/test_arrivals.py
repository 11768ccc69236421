"""What came in: kept once, conflicts kept twice, late images, refusals."""

from __future__ import annotations

import threading

from sqlmodel import select

from gateway.lifecycle import CaseState, StudyState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.evidence import Evidence
from gateway.records.tables.studies import Instance
from gateway.records.views import case_rows
from support.records import (
    QUIET,
    FakeClock,
    case_row,
    draft,
    due,
    fact,
    forwarded_case,
    study_row,
)


def test_the_same_bytes_twice_change_nothing(database: Database) -> None:
    """A second identical instance is neither a row nor an event."""
    first = ledger.keep_instance(database, fact(), QUIET)
    assert ledger.keep_instance(database, fact(), QUIET) == first
    assert study_row(database).instances == 1


def test_other_bytes_under_one_uid_keep_both_and_park(database: Database) -> None:
    """Both rows stay, the study is parked with the reason, and the first received is what is read."""
    study_id = ledger.keep_instance(database, fact(), QUIET)
    ledger.keep_instance(database, fact(digest="f" * 64), QUIET)
    with database.read() as session:
        assert len(session.exec(select(Instance)).all()) == 2
        assert [instance.digest for instance in case_rows.instances(session, study_id)] == [f"{1:064d}"]
    study = study_row(database)
    assert "same SOP Instance UID" in study.problem
    assert study.fix


def test_late_images_open_a_generation_of_the_same_study(database: Database, clock: FakeClock) -> None:
    """After completion a new instance makes generation 2 of the same study, never a second study."""
    case_id = forwarded_case(database, clock)
    study_id = ledger.keep_instance(database, fact(2), QUIET)
    assert study_row(database, study_id).generation == 2
    clock.pass_seconds(11)
    ledger.advance(database, due(database), StudyState.COMPLETED)
    ledger.advance(database, due(database), StudyState.MATCHED, Evidence(cases=(draft(),)))
    case = case_row(database, case_id)
    assert (case.state, case.generation, case.late_images) == (CaseState.MATCHED, 2, True)


def test_an_instance_that_arrives_during_completion_wins(database: Database, clock: FakeClock) -> None:
    """A completion decided without the newest instance is refused by its fence."""
    ledger.keep_instance(database, fact(), QUIET)
    clock.pass_seconds(11)
    claim = due(database)
    ledger.keep_instance(database, fact(2), QUIET)
    assert not ledger.advance(database, claim, StudyState.COMPLETED)
    assert study_row(database).state == StudyState.RECEIVED


def test_two_associations_may_start_one_study(database: Database) -> None:
    """Instances kept at the same time by many threads end in one study with every instance."""
    threads = [
        threading.Thread(target=ledger.keep_instance, args=(database, fact(number), QUIET))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert study_row(database).instances == 12


def test_equal_refusals_are_counted(database: Database) -> None:
    """The screen shows one line with a number, not a thousand lines."""
    for _ in range(3):
        ledger.refuse(database, "STRANGER", "10.0.0.9", "unknown caller", "add a node")
    with database.read() as session:
        [row] = case_rows.refusals(session)
    assert row.times == 3
