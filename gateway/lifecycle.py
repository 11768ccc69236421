"""The states of a study, of a case and of a reply, and which may follow which.

States are facts already on disk, in the past tense; the steps that lead on from them are verbs and
live in `gateway.pipeline.step_table`. There is no failed state: a parked case keeps its place and carries
a problem and its fix.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from gateway.errors import WrongState


class StudyState(StrEnum):
    """How far a received study has come."""

    RECEIVED = "RECEIVED"
    """Instances are arriving, each safe on disk before its sender got Success; nothing has been decided."""
    COMPLETED = "COMPLETED"
    """Nothing more is expected; the reason is kept."""
    MATCHED = "MATCHED"
    """A rule applies: there is a case."""
    UNMATCHED = "UNMATCHED"
    """No rule applies: it is shown with the reasons, and can be routed by hand."""
    FORGOTTEN = "FORGOTTEN"
    """Its patient was forgotten before it was decided."""


class CaseState(StrEnum):
    """How far a case, one study under one rule, has come."""

    MATCHED = "MATCHED"
    """A study under a rule."""
    PREPARED = "PREPARED"
    """De-identified copies exist and were proven clean."""
    FORWARDED = "FORWARDED"
    """The reading site has every copy; the case is in the queue."""
    REPORTED = "REPORTED"
    """A reader signed."""
    COMPOSED = "COMPOSED"
    """The SR with the original identity exists."""
    RETURNED = "RETURNED"
    """The sender's PACS accepted the SR."""
    CONFIRMED = "CONFIRMED"
    """The sender's PACS committed to the SR, or was seen to hold it."""
    FORGOTTEN = "FORGOTTEN"
    """Its patient was forgotten before the SR was confirmed; a case that was CONFIRMED stays that."""


class ReplyState(StrEnum):
    """How far an object that a reading site sent back has come."""

    RECEIVED = "RECEIVED"
    """It is on disk, and was before its sender got Success; held here when no case fits it with certainty."""
    RESTORED = "RESTORED"
    """A copy with the original identity exists."""
    RETURNED = "RETURNED"
    """The sender's PACS accepted it."""
    CONFIRMED = "CONFIRMED"
    """The sender's PACS committed to it, or was seen to hold it."""
    DISCARDED = "DISCARDED"
    """A person decided that it goes nowhere; why is in the audit trail."""


STUDY_MOVES: dict[StudyState, frozenset[StudyState]] = {
    StudyState.RECEIVED: frozenset({StudyState.COMPLETED, StudyState.FORGOTTEN}),
    StudyState.COMPLETED: frozenset(
        {StudyState.MATCHED, StudyState.UNMATCHED, StudyState.RECEIVED, StudyState.FORGOTTEN}
    ),
    # A late instance opens the next generation of the same study.
    StudyState.MATCHED: frozenset({StudyState.RECEIVED}),
    # A person routes it by hand: it is looked at again, under the rule that person chose.
    StudyState.UNMATCHED: frozenset({StudyState.RECEIVED, StudyState.COMPLETED}),
    StudyState.FORGOTTEN: frozenset(),
}

CASE_MOVES: dict[CaseState, frozenset[CaseState]] = {
    CaseState.MATCHED: frozenset({CaseState.PREPARED, CaseState.MATCHED, CaseState.FORGOTTEN}),
    # Late images before the report start the preparation again, over the new generation.
    CaseState.PREPARED: frozenset({CaseState.FORWARDED, CaseState.MATCHED, CaseState.FORGOTTEN}),
    # Straight to CONFIRMED: the reading site's own report went back by DICOM and counts as the report.
    CaseState.FORWARDED: frozenset(
        {CaseState.REPORTED, CaseState.MATCHED, CaseState.CONFIRMED, CaseState.FORGOTTEN}
    ),
    CaseState.REPORTED: frozenset({CaseState.COMPOSED, CaseState.FORGOTTEN}),
    CaseState.COMPOSED: frozenset({CaseState.RETURNED, CaseState.FORGOTTEN}),
    CaseState.RETURNED: frozenset({CaseState.CONFIRMED, CaseState.FORGOTTEN}),
    CaseState.CONFIRMED: frozenset(),
    CaseState.FORGOTTEN: frozenset(),
}

REPLY_MOVES: dict[ReplyState, frozenset[ReplyState]] = {
    ReplyState.RECEIVED: frozenset({ReplyState.RESTORED, ReplyState.DISCARDED}),
    ReplyState.RESTORED: frozenset({ReplyState.RETURNED, ReplyState.DISCARDED}),
    ReplyState.RETURNED: frozenset({ReplyState.CONFIRMED}),
    ReplyState.CONFIRMED: frozenset(),
    ReplyState.DISCARDED: frozenset(),
}

OVER = frozenset({CaseState.CONFIRMED, CaseState.FORGOTTEN})
"""Case states that nothing follows."""

BEFORE_THE_REPORT = frozenset({CaseState.MATCHED, CaseState.PREPARED, CaseState.FORWARDED})
"""Case states in which late images amend the case; later they ask for an addendum."""


def move_study(present: StudyState, reached: StudyState) -> StudyState:
    """The state reached, or WrongState when that move does not exist."""
    if reached not in STUDY_MOVES[present]:
        raise _no_such_move("study", present, reached, STUDY_MOVES[present])
    return reached


def move_case(present: CaseState, reached: CaseState) -> CaseState:
    """The state reached, or WrongState when that move does not exist."""
    if reached not in CASE_MOVES[present]:
        raise _no_such_move("case", present, reached, CASE_MOVES[present])
    return reached


def move_reply(present: ReplyState, reached: ReplyState) -> ReplyState:
    """The state reached, or WrongState when that move does not exist."""
    if reached not in REPLY_MOVES[present]:
        raise _no_such_move("reply", present, reached, REPLY_MOVES[present])
    return reached


def _no_such_move(what: str, present: str, reached: str, possible: Iterable[str]) -> WrongState:
    names = ", ".join(sorted(possible)) or "nothing"
    return WrongState(
        f"A {what} cannot go from {present} to {reached}.", f"From {present} it can go to: {names}."
    )
