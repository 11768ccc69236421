"""Decisions about a study: let it pass what holds it, or route it although no rule matched."""

from __future__ import annotations

import pytest

from gateway.errors import NotThere, WrongState
from gateway.lifecycle import StudyState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.studies import keep_study_date, let_go_on, route_by_hand
from gateway.records.step_record import StepRecord
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows
from support.records import (
    QUIET,
    FakeClock,
    audit_events,
    due,
    new_instance,
    study_row,
)


def test_a_study_no_rule_matched_can_be_routed_by_hand(database: Database, clock: FakeClock) -> None:
    """It is looked at again at once, with the rule, who chose it and why; a second choice comes too late."""
    study_id = ledger.keep_instance(database, new_instance(), QUIET)
    clock.pass_seconds(11)
    ledger.advance(database, due(database), StudyState.COMPLETED)
    ledger.advance(database, due(database), StudyState.UNMATCHED)
    ledger.route_by_hand(database, study_id, "rule", "ana", "asked by phone")
    with pytest.raises(WrongState):
        ledger.route_by_hand(database, study_id, "rule", "ben", "me too")
    with database.read() as session:
        [line] = [line for line in case_rows.journal(session, study_id) if line.what == "routed by hand"]
        accepted = case_rows.study(session, study_id).accepted[ledger.UNMATCHED]
    assert (line.who, line.detail["why"], accepted["rule"]) == ("ana", "asked by phone", "rule")
    assert due(database).id == study_id


def test_only_what_a_person_may_let_pass_can_go_on(database: Database, clock: FakeClock) -> None:
    """A held study goes on once, under the code that held it; one held for good does not."""
    study_id = ledger.keep_instance(database, new_instance(), QUIET)
    clock.pass_seconds(11)
    ledger.advance(database, due(database), StudyState.COMPLETED)
    held = StepRecord(columns={"held_because": "other-name"})
    ledger.park(database, due(database), "This PatientID came with another name before.", "Ask.", held)
    ledger.let_go_on(database, study_id, "ana", "she married")
    with database.read() as session:
        study = case_rows.study(session, study_id)
    assert (study.problem, study.accepted["other-name"]["why"]) == ("", "she married")
    ledger.park(database, due(database), "Two patients.", "Ask.", StepRecord(columns={"held_because": ""}))
    with pytest.raises(WrongState):
        ledger.let_go_on(database, study_id, "ana", "never mind")


def _held(database: Database, clock: FakeClock, code: str) -> int:
    """A study that routing holds, under a code that a person may let pass (empty: never)."""
    study_id = ledger.keep_instance(database, new_instance(), QUIET)
    clock.pass_seconds(11)
    ledger.advance(database, due(database), StudyState.COMPLETED)
    ledger.park(database, due(database), "Held.", "Ask.", StepRecord(columns={"held_because": code}))
    return study_id


def test_a_decision_is_kept_with_who_why_when_and_of_what(database: Database, clock: FakeClock) -> None:
    """Later images are another generation: whoever reads it can tell what was looked at."""
    study_id = _held(database, clock, "other-name")
    let_go_on(database, study_id, "ana", "she married")
    [event] = audit_events(database, "study let go on")
    assert (event.action, event.subject, event.detail) == (
        "study let go on",
        f"study {study_id}",
        {"held by": "other-name", "why": "she married"},
    )
    assert study_row(database, study_id).accepted == {
        "other-name": {"who": "ana", "why": "she married", "at": clock.time.isoformat(), "generation": 1}
    }


def test_several_decisions_stand_side_by_side(database: Database, clock: FakeClock) -> None:
    """The second does not forget the first."""
    study_id = _held(database, clock, "other-name")
    let_go_on(database, study_id, "ana", "she married")
    ledger.park(
        database, due(database), "Held.", "Ask.", StepRecord(columns={"held_because": "other-birth-date"})
    )
    let_go_on(database, study_id, "ben", "a typing error")
    assert set(study_row(database, study_id).accepted) == {"other-name", "other-birth-date"}


def test_only_an_unmatched_study_is_routed_by_hand(database: Database, clock: FakeClock) -> None:
    """One that is held is let go on instead, one of a forgotten patient never; one that is not there is said so."""
    study_id = _held(database, clock, "other-name")
    with pytest.raises(WrongState, match="COMPLETED"):
        route_by_hand(database, study_id, "rule", "ana", "asked by phone")
    with database.write("test") as session:
        session.get_one(Study, study_id).forgotten_at = clock.time
    with pytest.raises(WrongState, match="forgotten"):
        route_by_hand(database, study_id, "rule", "ana", "asked by phone")
    with pytest.raises(NotThere):
        route_by_hand(database, 99, "rule", "ana", "asked by phone")
    with pytest.raises(NotThere):
        let_go_on(database, 99, "ana", "x")


def test_the_day_of_a_study_is_written_once(database: Database, clock: FakeClock) -> None:
    """What routing said meanwhile stays, and nothing is written about a forgotten patient."""
    for study in ("1.1", "1.2", "1.3"):
        ledger.keep_instance(database, new_instance(study=study), QUIET)
    with database.write("test") as session:
        session.get_one(Study, 2).study_date = "20250101"
        session.get_one(Study, 3).forgotten_at = clock.time
    for number in (1, 2, 3):
        keep_study_date(database, number, "20260101")
    assert [study_row(database, number).study_date for number in (1, 2, 3)] == ["20260101", "20250101", ""]
