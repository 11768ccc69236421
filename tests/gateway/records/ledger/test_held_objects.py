"""Objects that may not leave by themselves: looked at, released or left out by a named person, never by accident."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import select

from gateway.errors import NotAllowed, NotThere, WrongState
from gateway.lifecycle import CaseState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.held_objects import (
    LEFT_OUT,
    LOOKED,
    RELEASED,
    WAITING,
    decide_held,
    keep_held,
    look_at_original,
)
from gateway.records.step_record import NewDelivery, NewHeldObject, NewPreparedInstance, StepRecord
from gateway.records.tables.cases import HeldObject
from support.records import QUIET, FakeClock, audit_events, case_row, due, journal, matched_case, new_instance

HELD = NewHeldObject(
    1, 5, "flair", "MR Image Storage", 1, "burned-in-annotation", "It may show text.", "Look.", True, True
)
COPY = NewPreparedInstance(1, "1.2.840.10008.5.1.4.1.1.4", "2.25.77", "1.2.840.10008.1.2.1", "prepared/1.dcm")


def _prepared(database: Database, clock: FakeClock, *held: NewHeldObject) -> int:
    """A case parked because of what its preparation held."""
    case_id = matched_case(database, clock)
    ledger.park(database, due(database), "An object has to be looked at.", "Decide.", StepRecord(held=held))
    return case_id


def _rows(database: Database) -> list[HeldObject]:
    with database.read() as session:
        return list(session.exec(select(HeldObject).order_by(HeldObject.ids())))


def _again(database: Database, case_id: int, *held: NewHeldObject) -> None:
    """What the next preparation holds."""
    case = case_row(database, case_id)
    with database.write("test") as session:
        keep_held(session, session.merge(case), held, database.now(session))


def test_a_released_object_lets_its_case_be_prepared_again(database: Database, clock: FakeClock) -> None:
    """By whoever looked at it; who decided, and why, is on the row, in the journal and in the trail."""
    case_id = _prepared(database, clock, HELD)
    fence = case_row(database, case_id).fence
    look_at_original(database, case_id, 1, "lead")
    decide_held(database, case_id, 1, RELEASED, "lead", "only the scale is burned in")
    [row] = _rows(database)
    assert (row.decision, row.decided_by, row.decided_at) == (RELEASED, "lead", clock.time)
    case = case_row(database, case_id)
    assert (case.state, case.problem) == (CaseState.MATCHED, "")
    assert case.fence > fence
    assert [line.what for line in journal(database, 1, case_id)][-2:] == [
        "held object released",
        "prepared again after decisions",
    ]
    assert audit_events(database)[-1].detail == {
        "instance": 1,
        "series": 5,
        "reason": "burned-in-annotation",
        "why": "only the scale is burned in",
    }
    assert due(database).id == case_id


@pytest.mark.parametrize(
    ("held", "who", "why"),
    [
        (HELD, "another", "nobody vouches for pixels that somebody else saw"),
        (replace(HELD, releasable=False), "lead", "the profile does not allow it"),
    ],
)
def test_a_release_that_is_not_vouched_for_is_refused(
    database: Database, clock: FakeClock, held: NewHeldObject, who: str, why: str
) -> None:
    """And changes nothing; it can still be left out."""
    case_id = _prepared(database, clock, held)
    look_at_original(database, case_id, 1, "lead")
    with pytest.raises(NotAllowed):
        decide_held(database, case_id, 1, RELEASED, who, why)
    assert _rows(database)[0].decision == WAITING
    decide_held(database, case_id, 1, LEFT_OUT, who, why)
    assert _rows(database)[0].decision == LEFT_OUT


def test_the_case_waits_for_the_last_decision(database: Database, clock: FakeClock) -> None:
    """Objects that do not stop it are not waited for."""
    _three_instances(database)
    case_id = _prepared(
        database, clock, HELD, replace(HELD, instance_id=2), replace(HELD, instance_id=3, stops_case=False)
    )
    decide_held(database, case_id, 1, LEFT_OUT, "lead", "a form")
    assert case_row(database, case_id).problem
    decide_held(database, case_id, 2, LEFT_OUT, "lead", "a form")
    assert case_row(database, case_id).problem == ""
    assert [row.decision for row in _rows(database)] == [LEFT_OUT, LEFT_OUT, WAITING]


def test_a_case_parked_by_hand_stays_parked(database: Database, clock: FakeClock) -> None:
    """The decision is kept; the person who stopped the case lets it go on."""
    case_id = _prepared(database, clock, HELD)
    ledger.park_case(database, case_id, "ana", "wait for the call")
    decide_held(database, case_id, 1, LEFT_OUT, "lead", "a form")
    assert "wait for the call" in case_row(database, case_id).problem


def test_the_same_decision_twice_is_one(database: Database, clock: FakeClock) -> None:
    """The second click says nothing and starts nothing."""
    case_id = _prepared(database, clock, HELD)
    decide_held(database, case_id, 1, LEFT_OUT, "lead", "a form")
    lines = len(journal(database, 1, case_id))
    decide_held(database, case_id, 1, LEFT_OUT, "ben", "also")
    assert len(journal(database, 1, case_id)) == lines
    assert _rows(database)[0].decided_by == "lead"


def test_what_was_sent_cannot_be_left_out_any_more(database: Database, clock: FakeClock) -> None:
    """A copy at the reading site is not taken back by a click here."""
    case_id = _prepared(database, clock, HELD)
    look_at_original(database, case_id, 1, "lead")
    decide_held(database, case_id, 1, RELEASED, "lead", "clean")
    sent = NewDelivery("forward", "reading-site", COPY.sop_instance_uid, "accepted", 0, "")
    ledger.postpone(
        database, due(database), "not all", QUIET, StepRecord(prepared=(COPY,), deliveries=(sent,))
    )
    with pytest.raises(WrongState, match="sent already"):
        decide_held(database, case_id, 1, LEFT_OUT, "lead", "a mistake")


def test_after_the_signature_nothing_is_decided(database: Database, clock: FakeClock) -> None:
    """What was read must stay what was sent."""
    case_id = _prepared(database, clock, HELD)
    with database.write("test") as session:
        session.merge(case_row(database, case_id)).state = CaseState.REPORTED
    with pytest.raises(WrongState, match="REPORTED"):
        decide_held(database, case_id, 1, LEFT_OUT, "lead", "a form")


def test_an_object_of_another_case_is_not_there(database: Database, clock: FakeClock) -> None:
    """Neither to look at nor to decide."""
    case_id = _prepared(database, clock, HELD)
    with pytest.raises(NotThere):
        look_at_original(database, case_id + 1, 1, "lead")
    with pytest.raises(NotThere):
        decide_held(database, case_id, 2, LEFT_OUT, "lead", "a form")


def test_pictures_of_one_look_are_one_line(database: Database, clock: FakeClock) -> None:
    """Scrolling through an object is one look; coming back later is another, and so is another person's."""
    case_id = _prepared(database, clock, HELD)
    for _ in range(3):
        look_at_original(database, case_id, 1, "lead")
    assert len(audit_events(database, LOOKED)) == 1
    look_at_original(database, case_id, 1, "ben")
    clock.pass_seconds(601)
    look_at_original(database, case_id, 1, "lead")
    assert [event.who for event in audit_events(database, LOOKED)] == ["lead", "ben", "lead"]


def test_what_may_leave_now_is_held_no_more(database: Database, clock: FakeClock) -> None:
    """The profile was changed: what nobody decided about goes, what somebody decided stays on record."""
    _three_instances(database)
    case_id = _prepared(database, clock, HELD, replace(HELD, instance_id=2))
    decide_held(database, case_id, 2, LEFT_OUT, "lead", "a form")
    _again(database, case_id)
    assert [(row.instance_id, row.decision) for row in _rows(database)] == [(2, LEFT_OUT)]


def test_a_release_that_did_not_suffice_is_undone_and_told(database: Database, clock: FakeClock) -> None:
    """The pixels were clean, the header was not: it waits again, with the new reason."""
    case_id = _prepared(database, clock, HELD)
    look_at_original(database, case_id, 1, "lead")
    decide_held(database, case_id, 1, RELEASED, "lead", "clean")
    _again(database, case_id, replace(HELD, reason="leak", problem="The copy still names the patient."))
    [row] = _rows(database)
    assert (row.decision, row.decided_by, row.reason) == (WAITING, "", "leak")
    assert journal(database, 1, case_id)[-1].what == "released, but held again"


def _three_instances(database: Database) -> None:
    """The images of the study that the case will be of."""
    for number in (1, 2, 3):
        ledger.keep_instance(database, new_instance(number), QUIET)
