"""Which states may follow which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import WrongState
from gateway.lifecycle import (
    CASE_MOVES,
    CONFLICT_MOVES,
    FROZEN,
    OPEN_CONFLICT,
    OVER,
    REPLY_MOVES,
    RESULT_MOVES,
    STUDY_MOVES,
    CaseState,
    ConflictState,
    ReplyState,
    ResultState,
    StudyState,
    move_case,
    move_conflict,
    move_reply,
    move_result,
    move_study,
)
from gateway.pipeline.step_table import STEPS


@given(st.sampled_from(CaseState), st.sampled_from(CaseState))
def test_a_case_moves_exactly_along_its_table(present: CaseState, reached: CaseState) -> None:
    """A move in the table is made, any other is refused with the moves that exist."""
    if reached in CASE_MOVES[present]:
        assert move_case(present, reached) is reached
    else:
        with pytest.raises(WrongState) as refused:
            move_case(present, reached)
        assert present in refused.value.problem
        assert refused.value.fix


@given(st.sampled_from(StudyState), st.sampled_from(StudyState))
def test_a_study_moves_exactly_along_its_table(present: StudyState, reached: StudyState) -> None:
    """A move in the table is made, any other is refused."""
    if reached in STUDY_MOVES[present]:
        assert move_study(present, reached) is reached
    else:
        with pytest.raises(WrongState):
            move_study(present, reached)


@given(st.sampled_from(ReplyState), st.sampled_from(ReplyState))
def test_a_reply_moves_exactly_along_its_table(present: ReplyState, reached: ReplyState) -> None:
    """A move in the table is made, any other is refused: nothing that was sent can be discarded any more."""
    if reached in REPLY_MOVES[present]:
        assert move_reply(present, reached) is reached
    else:
        with pytest.raises(WrongState):
            move_reply(present, reached)


@given(st.sampled_from(ResultState), st.sampled_from(ResultState))
def test_a_result_moves_exactly_along_its_table(present: ResultState, reached: ResultState) -> None:
    """A move in the table is made, any other is refused: nothing that was sent can be discarded any more."""
    if reached in RESULT_MOVES[present]:
        assert move_result(present, reached) is reached
    else:
        with pytest.raises(WrongState):
            move_result(present, reached)


@given(st.sampled_from(ConflictState), st.sampled_from(ConflictState))
def test_a_conflict_moves_exactly_along_its_table(present: ConflictState, reached: ConflictState) -> None:
    """A move in the table is made, any other is refused; what is open can always come to an end."""
    if reached in CONFLICT_MOVES[present]:
        assert move_conflict(present, reached) is reached
    else:
        with pytest.raises(WrongState):
            move_conflict(present, reached)
    assert bool(CONFLICT_MOVES[present]) == (present in OPEN_CONFLICT)


def test_every_step_that_sends_or_builds_is_frozen() -> None:
    """Of a case and a reply only the confirmation of what was returned goes on; a study does not become a case.

    A result says only what is kept.
    """
    going_on = {(unit, state) for unit, state in STEPS if state not in FROZEN.get(unit, ())}
    assert going_on == {
        ("study", "RECEIVED"),
        ("case", "RETURNED"),
        ("reply", "RETURNED"),
        *((unit, state) for unit, state in STEPS if unit in ("conflict", "result")),
    }


def test_every_state_has_its_moves() -> None:
    """No state is missing from the tables."""
    assert set(CASE_MOVES) == set(CaseState)
    assert set(CONFLICT_MOVES) == set(ConflictState)
    assert set(STUDY_MOVES) == set(StudyState)
    assert set(REPLY_MOVES) == set(ReplyState)
    assert set(RESULT_MOVES) == set(ResultState)


def test_every_case_can_reach_confirmed() -> None:
    """From each state but FORGOTTEN there is a way to the end: no case can be trapped by the table."""
    for start in set(CaseState) - {CaseState.FORGOTTEN}:
        seen = {start}
        frontier = {start}
        while frontier:
            frontier = {after for state in frontier for after in CASE_MOVES[state]} - seen
            seen |= frontier
        assert CaseState.CONFIRMED in seen


def test_each_state_has_a_step_or_waits_for_a_person() -> None:
    """A state without a step is one of those where a person acts, or the end."""
    stepless = {f"case {state}" for state in CaseState if ("case", state) not in STEPS}
    stepless |= {f"study {state}" for state in StudyState if ("study", state) not in STEPS}
    stepless |= {f"reply {state}" for state in ReplyState if ("reply", state) not in STEPS}
    ends = {"case CONFIRMED", "case FORGOTTEN", "study FORGOTTEN", "reply CONFIRMED", "reply DISCARDED"}
    assert stepless == {"case FORWARDED", "study MATCHED", "study UNMATCHED"} | ends


def test_whatever_is_not_over_can_be_forgotten() -> None:
    """And what is over stays what it was: statistics do not change."""
    for state, after in CASE_MOVES.items():
        assert (CaseState.FORGOTTEN in after) is (state not in OVER)
