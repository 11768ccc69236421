"""What a report recommends, and who was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.reporting.answers import (
    IntervalUnit,
    Recommendation,
)
from gateway.reporting.checks.contradiction import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.opinion import Opinion


def follow_up_agrees(opinion: Opinion) -> Iterator[Contradiction]:
    """A follow-up has its interval."""
    chosen = set(opinion.recommendations)
    timed = chosen & {Recommendation.ROUTINE, Recommendation.SHORT_TERM}
    value, unit = opinion.follow_up_value, opinion.follow_up_unit
    if len(timed) == 2:
        yield Contradiction(
            "recommendations",
            "Routine surveillance and a short-term follow-up are both recommended.",
            "Keep one.",
        )
    if timed and (value is None or unit is None):
        yield Contradiction(
            "follow_up_value", "The follow-up interval is missing.", "Enter a number and its unit."
        )
    if not timed and (value is not None or unit is not None):
        yield Contradiction(
            "recommendations",
            "A follow-up interval is given, but neither surveillance nor a short-term follow-up is recommended.",
            "Choose one of them, or delete the interval.",
        )
    if Recommendation.SHORT_TERM not in chosen or value is None or unit is None:
        return
    if unit is not IntervalUnit.WEEKS or not 2 <= value <= 4:
        yield Contradiction(
            "follow_up_value",
            f"A short-term follow-up is 2 to 4 weeks, but {value} {unit.label} is given.",
            "Enter 2 to 4 weeks, or recommend routine surveillance.",
        )


def critical_result_is_communicated(opinion: Opinion) -> Iterator[Contradiction]:
    """A suspicion is told at once, before the report travels."""
    if opinion.suspicion.level >= 3 and opinion.communication is None:
        yield Contradiction(
            "communication.person",
            f"Suspicion level {opinion.suspicion.level} is a critical result, but nobody was told.",
            "Call the sender, then enter who was told and when.",
        )
