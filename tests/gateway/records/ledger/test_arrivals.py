"""What came in: kept once, conflicts kept twice, late images."""

from __future__ import annotations

import threading

from sqlmodel import select

from gateway.lifecycle import CaseState, StudyState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.arrivals import keep_instance, keep_instances
from gateway.records.step_record import StepRecord
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.studies import Instance
from gateway.records.views import case_rows
from support.records import (
    QUIET,
    FakeClock,
    case_row,
    draft,
    due,
    forwarded_case,
    journal,
    new_instance,
    study_row,
)


def test_the_same_bytes_twice_change_nothing(database: Database) -> None:
    """A second identical instance is neither a row nor an event."""
    first = ledger.keep_instance(database, new_instance(), QUIET)
    assert ledger.keep_instance(database, new_instance(), QUIET) == first
    assert study_row(database).instances == 1


def test_other_bytes_under_one_uid_keep_both_and_ask(database: Database) -> None:
    """Both rows stay, the first received is what is read, and one conflict is opened; the study itself goes on."""
    study_id = ledger.keep_instance(database, new_instance(), QUIET)
    ledger.keep_instance(database, new_instance(digest="f" * 64), QUIET)
    with database.read() as session:
        assert len(session.exec(select(Instance)).all()) == 2
        assert [instance.digest for instance in case_rows.instances(session, study_id)] == [f"{1:064d}"]
        [conflict] = session.exec(select(Conflict)).all()
        standings = session.exec(select(Instance.standing).order_by(Instance.ids())).all()
    assert (conflict.state, conflict.study_id, conflict.senders) == ("RECEIVED", study_id, ["hospital-pacs"])
    assert standings == ["in force", "being compared"]
    study = study_row(database)
    assert (study.problem, study.instances, study.generation) == ("", 1, 1)


def test_late_images_open_a_generation_of_the_same_study(database: Database, clock: FakeClock) -> None:
    """After completion a new instance makes generation 2 of the same study, never a second study."""
    case_id = forwarded_case(database, clock)
    study_id = ledger.keep_instance(database, new_instance(2), QUIET)
    assert study_row(database, study_id).generation == 2
    clock.pass_seconds(11)
    ledger.advance(database, due(database), StudyState.COMPLETED)
    ledger.advance(database, due(database), StudyState.MATCHED, StepRecord(cases=(draft(),)))
    case = case_row(database, case_id)
    assert (case.state, case.generation, case.late_images) == (CaseState.MATCHED, 2, True)


def test_an_instance_that_arrives_during_completion_wins(database: Database, clock: FakeClock) -> None:
    """A completion decided without the newest instance is refused by its fence."""
    ledger.keep_instance(database, new_instance(), QUIET)
    clock.pass_seconds(11)
    claim = due(database)
    ledger.keep_instance(database, new_instance(2), QUIET)
    assert not ledger.advance(database, claim, StudyState.COMPLETED)
    assert study_row(database).state == StudyState.RECEIVED


def test_two_associations_may_start_one_study(database: Database) -> None:
    """Instances kept at the same time by many threads end in one study with every instance."""
    threads = [
        threading.Thread(target=ledger.keep_instance, args=(database, new_instance(number), QUIET))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert study_row(database).instances == 12


def test_instances_of_many_studies_share_a_transaction(database: Database) -> None:
    """One answer for each, in the order they were given; the same bytes twice among them are one row."""
    kept = keep_instances(
        database,
        [new_instance(1, "1.9"), new_instance(1, "1.2"), new_instance(2, "1.9"), new_instance(1, "1.9")],
        QUIET,
    )
    assert [one.study_id for one in kept] == [2, 1, 2, 2]
    assert [study_row(database, number).instances for number in (1, 2)] == [1, 2]


def test_an_object_kept_before_is_named_by_its_first_copy(database: Database) -> None:
    """The second file is not needed: the answer says where the bytes are."""
    keep_instances(database, [new_instance(1)], QUIET)
    [again] = keep_instances(database, [new_instance(1, blob="received/second.dcm")], QUIET)
    assert again.blob == "received/1.dcm"


def test_the_same_uid_at_another_site_is_another_study(database: Database) -> None:
    """Two hospitals may both have copied one study; neither sees the other's."""
    first, second = keep_instances(database, [new_instance(1), new_instance(1, site="south")], QUIET)
    assert first.study_id != second.study_id


def test_images_that_trickle_in_do_not_put_off_the_look(database: Database, clock: FakeClock) -> None:
    """The engine looks at the first quiet moment that was set, and finds out itself that more came."""
    keep_instance(database, new_instance(1), QUIET)
    first = study_row(database).look_again_at
    clock.pass_seconds(5)
    keep_instance(database, new_instance(2), QUIET)
    study = study_row(database)
    assert (study.look_again_at, study.last_instance_at) == (first, clock.time)


def test_late_images_have_a_line_and_a_generation(database: Database, clock: FakeClock) -> None:
    """Once for all that come together, and the hard cap counts from them."""
    keep_instance(database, new_instance(1), QUIET)
    clock.pass_seconds(11)
    ledger.advance(database, due(database), StudyState.COMPLETED)
    keep_instances(database, [new_instance(2), new_instance(3)], QUIET)
    study = study_row(database)
    assert (study.state, study.generation, study.first_instance_at) == ("RECEIVED", 2, clock.time)
    assert [line.what for line in journal(database)].count("late images: new generation") == 1
    with database.read() as session:
        generations = session.exec(select(Instance.generation).order_by(Instance.ids())).all()
    assert generations == [1, 2, 2]
