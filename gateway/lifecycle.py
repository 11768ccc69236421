"""The states of a study, a case, a reply, a conflict and a result that we owe, and which may follow which.

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
    """The node it goes to accepted the SR."""
    CONFIRMED = "CONFIRMED"
    """The node it goes to committed to the SR, or was seen to hold it."""
    FORGOTTEN = "FORGOTTEN"
    """Its patient was forgotten before the SR was confirmed; a case that was CONFIRMED stays that."""


class ReplyState(StrEnum):
    """How far an object that a reading site sent back has come."""

    RECEIVED = "RECEIVED"
    """It is on disk, and was before its sender got Success; held here when no case fits it with certainty."""
    RESTORED = "RESTORED"
    """A copy with the original identity exists."""
    RETURNED = "RETURNED"
    """The node it goes to accepted it."""
    CONFIRMED = "CONFIRMED"
    """The node it goes to committed to it, or was seen to hold it."""
    DISCARDED = "DISCARDED"
    """A person decided that it goes nowhere; why is in the audit trail."""


class ResultState(StrEnum):
    """How far a result of storage commitment that we owe a sender has come."""

    OWED = "OWED"
    """The sender asked whether we keep its objects, and has not been told yet."""
    REPORTED = "REPORTED"
    """The sender took the result."""
    DROPPED = "DROPPED"
    """A person decided that it is not reported any more; who is in the audit trail."""


class ConflictState(StrEnum):
    """How far the question which of two versions of a study's objects stands has come."""

    RECEIVED = "RECEIVED"
    """Two versions are here, other in their bytes; whether they say the same is being found out."""
    SAME = "SAME"
    """They say the same: nothing to tell, and nothing waits."""
    CONTESTED = "CONTESTED"
    """They differ: a lead is asked which stands, and until then nothing of the study leaves."""
    DECIDED = "DECIDED"
    """A lead chose; what follows from the choice is being worked out."""
    AWAITED = "AWAITED"
    """Neither stands: what is sent next does."""
    SETTLED = "SETTLED"
    """The chosen versions are in force."""
    FORGOTTEN = "FORGOTTEN"
    """Its patient was forgotten before it was settled."""


class Standing(StrEnum):
    """Where one version of one object stands."""

    IN_FORCE = "in force"
    """The study is read from it."""
    UNCOMPARED = "being compared"
    """Other bytes than the version in force; nothing is known yet."""
    SAME = "same"
    """It says what the version in force says."""
    CONTESTED = "contested"
    """It says something else; a lead is asked."""
    SET_ASIDE = "set aside"
    """It was decided that it does not stand."""


class Choice(StrEnum):
    """What a lead decides about a conflict."""

    NEWER = "newer"
    """What was received last stands."""
    FIRST = "first"
    """What was received first stands."""
    NEITHER = "neither"
    """Neither stands: what is sent next does."""


STUDY_MOVES: dict[StudyState, frozenset[StudyState]] = {
    StudyState.RECEIVED: frozenset({StudyState.COMPLETED, StudyState.FORGOTTEN}),
    StudyState.COMPLETED: frozenset(
        {StudyState.MATCHED, StudyState.UNMATCHED, StudyState.RECEIVED, StudyState.FORGOTTEN}
    ),
    # A late instance opens the next generation of the same study; other versions that stand are routed at once.
    StudyState.MATCHED: frozenset({StudyState.RECEIVED, StudyState.COMPLETED}),
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
    # Back to REPORTED: another identity stands, so the same words are built again before they leave.
    CaseState.COMPOSED: frozenset({CaseState.RETURNED, CaseState.REPORTED, CaseState.FORGOTTEN}),
    # Back to REPORTED: a person sends the same words again, under the identity that stands since.
    CaseState.RETURNED: frozenset({CaseState.CONFIRMED, CaseState.REPORTED, CaseState.FORGOTTEN}),
    CaseState.CONFIRMED: frozenset({CaseState.REPORTED}),
    CaseState.FORGOTTEN: frozenset(),
}

REPLY_MOVES: dict[ReplyState, frozenset[ReplyState]] = {
    ReplyState.RECEIVED: frozenset({ReplyState.RESTORED, ReplyState.DISCARDED}),
    # Back to RECEIVED: whose study it is was decided anew before it left.
    ReplyState.RESTORED: frozenset({ReplyState.RETURNED, ReplyState.DISCARDED, ReplyState.RECEIVED}),
    ReplyState.RETURNED: frozenset({ReplyState.CONFIRMED}),
    ReplyState.CONFIRMED: frozenset(),
    ReplyState.DISCARDED: frozenset(),
}

RESULT_MOVES: dict[ResultState, frozenset[ResultState]] = {
    ResultState.OWED: frozenset({ResultState.REPORTED, ResultState.DROPPED}),
    # The sender asks again in the same transaction.
    ResultState.REPORTED: frozenset({ResultState.OWED}),
    ResultState.DROPPED: frozenset({ResultState.OWED}),
}

CONFLICT_MOVES: dict[ConflictState, frozenset[ConflictState]] = {
    # RECEIVED again: more versions arrived while these were compared. DECIDED: a setting decides.
    ConflictState.RECEIVED: frozenset(
        {
            ConflictState.RECEIVED,
            ConflictState.SAME,
            ConflictState.CONTESTED,
            ConflictState.DECIDED,
            ConflictState.FORGOTTEN,
        }
    ),
    ConflictState.SAME: frozenset(),
    # More versions arrived: they are compared before anybody decides, also when somebody had.
    ConflictState.CONTESTED: frozenset(
        {ConflictState.DECIDED, ConflictState.RECEIVED, ConflictState.FORGOTTEN}
    ),
    ConflictState.DECIDED: frozenset(
        {ConflictState.SETTLED, ConflictState.AWAITED, ConflictState.RECEIVED, ConflictState.FORGOTTEN}
    ),
    # A lead may choose after all, instead of waiting for what does not come.
    ConflictState.AWAITED: frozenset(
        {ConflictState.SETTLED, ConflictState.DECIDED, ConflictState.RECEIVED, ConflictState.FORGOTTEN}
    ),
    ConflictState.SETTLED: frozenset(),
    ConflictState.FORGOTTEN: frozenset(),
}

OPEN_CONFLICT = frozenset(
    {ConflictState.RECEIVED, ConflictState.CONTESTED, ConflictState.DECIDED, ConflictState.AWAITED}
)
"""Conflict states in which a study is contested."""

FROZEN: dict[str, tuple[str, ...]] = {
    "study": (StudyState.COMPLETED,),
    "case": (CaseState.MATCHED, CaseState.PREPARED, CaseState.REPORTED, CaseState.COMPOSED),
    "reply": (ReplyState.RECEIVED, ReplyState.RESTORED),
}
"""States whose step waits while the study is contested: each builds or sends something under an identity.

What is RETURNED already is confirmed all the same: nothing more leaves by that.
"""

OVER = frozenset({CaseState.CONFIRMED, CaseState.FORGOTTEN})
"""Case states that nothing follows by itself."""

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


def move_result(present: ResultState, reached: ResultState) -> ResultState:
    """The state reached, or WrongState when that move does not exist."""
    if reached not in RESULT_MOVES[present]:
        raise _no_such_move("result", present, reached, RESULT_MOVES[present])
    return reached


def move_conflict(present: ConflictState, reached: ConflictState) -> ConflictState:
    """The state reached, or WrongState when that move does not exist."""
    if reached not in CONFLICT_MOVES[present]:
        raise _no_such_move("conflict", present, reached, CONFLICT_MOVES[present])
    return reached


def _no_such_move(what: str, present: str, reached: str, possible: Iterable[str]) -> WrongState:
    names = ", ".join(sorted(possible)) or "nothing"
    return WrongState(
        f"A {what} cannot go from {present} to {reached}.", f"From {present} it can go to: {names}."
    )
