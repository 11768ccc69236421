"""Decisions about a study: let it pass what holds it, or route it although no rule matched."""

from __future__ import annotations

import pytest

from gateway.errors import WrongState
from gateway.lifecycle import StudyState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.evidence import Evidence
from gateway.records.views import case_rows
from support.records import (
    QUIET,
    FakeClock,
    due,
    fact,
)


def test_a_study_no_rule_matched_can_be_routed_by_hand(database: Database, clock: FakeClock) -> None:
    """It is looked at again at once, with the rule, who chose it and why; a second choice comes too late."""
    study_id = ledger.keep_instance(database, fact(), QUIET)
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
    study_id = ledger.keep_instance(database, fact(), QUIET)
    clock.pass_seconds(11)
    ledger.advance(database, due(database), StudyState.COMPLETED)
    held = Evidence(columns={"held_because": "other-name"})
    ledger.park(database, due(database), "This PatientID came with another name before.", "Ask.", held)
    ledger.let_go_on(database, study_id, "ana", "she married")
    with database.read() as session:
        study = case_rows.study(session, study_id)
    assert (study.problem, study.accepted["other-name"]["why"]) == ("", "she married")
    ledger.park(database, due(database), "Two patients.", "Ask.", Evidence(columns={"held_because": ""}))
    with pytest.raises(WrongState):
        ledger.let_go_on(database, study_id, "ana", "never mind")
