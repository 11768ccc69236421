"""What one run of a step can say: done, not yet, or stuck."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from gateway.lifecycle import CaseState, ConflictState, ReplyState, ResultState, StudyState
from gateway.records.step_record import NOTHING, StepRecord


@dataclass(frozen=True)
class Done:
    """The step reached a state; the record is committed with it."""

    reached: StudyState | CaseState | ReplyState | ResultState | ConflictState
    record: StepRecord = field(default=NOTHING)


@dataclass(frozen=True)
class NotYet:
    """Nothing is wrong that time cannot mend.

    `look_again` None means the engine's back-off decides (trouble); a duration means plain waiting.
    """

    why: str
    look_again: timedelta | None = None
    record: StepRecord = field(default=NOTHING)


@dataclass(frozen=True)
class Stuck:
    """A person is needed; the fix says for what."""

    problem: str
    fix: str
    record: StepRecord = field(default=NOTHING)


StepResult = Done | NotYet | Stuck
