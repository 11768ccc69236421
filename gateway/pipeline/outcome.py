"""What one run of a step can say: done, not yet, or stuck."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from gateway.lifecycle import CaseState, ConflictState, ReplyState, StudyState
from gateway.records.evidence import NOTHING, Evidence


@dataclass(frozen=True)
class Done:
    """The step reached a state; the evidence is committed with it."""

    reached: StudyState | CaseState | ReplyState | ConflictState
    evidence: Evidence = field(default=NOTHING)


@dataclass(frozen=True)
class NotYet:
    """Nothing is wrong that time cannot mend.

    `look_again` None means the engine's back-off decides (trouble); a duration means plain waiting.
    """

    why: str
    look_again: timedelta | None = None
    evidence: Evidence = field(default=NOTHING)


@dataclass(frozen=True)
class Stuck:
    """A person is needed; the fix says for what."""

    problem: str
    fix: str
    evidence: Evidence = field(default=NOTHING)


Outcome = Done | NotYet | Stuck
