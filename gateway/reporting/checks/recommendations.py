"""What a suspicion asks for: contrast, a follow-up that is not routine, a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.reporting.answers import Recommendation
from gateway.reporting.checks.contradiction import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.opinion import Opinion


def suspicion_has_contrast(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why a suspicion goes without contrast-enhanced T1 (education module, section “Early Detection”)."""
    read = opinion.protocol.sequences.t1_contrast.readable
    if (
        opinion.suspicion.is_at_least(2)
        and not read
        and Recommendation.ADD_CONTRAST not in opinion.recommendations
    ):
        yield Contradiction(
            "recommendations",
            f"Suspicion level {opinion.suspicion.level}, but contrast-enhanced T1 was not read and is not recommended.",
            f"Recommend “{Recommendation.ADD_CONTRAST.label}”, or say why not.",
            "no_contrast",
        )


def suspicion_is_not_routine(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why a suspicion is followed like none."""
    if opinion.suspicion.is_at_least(2) and Recommendation.ROUTINE in opinion.recommendations:
        yield Contradiction(
            "recommendations",
            f"Routine surveillance at suspicion level {opinion.suspicion.level}.",
            "Recommend a follow-up MRI in an interval, or say why.",
            "routine_at_high_level",
        )


def critical_result_is_communicated(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why nobody was told at once of a suspicion; of known PML only what is new or has changed is told.

    A reader who reaches nobody must not be kept from signing: the report travels, and a notice rings at the signature.
    """
    settled = opinion.pml_known and not opinion.has_news
    if opinion.suspicion.is_at_least(3) and opinion.communication is None and not settled:
        yield Contradiction(
            "communication.person",
            f"Suspicion level {opinion.suspicion.level} is a critical result, but nobody was told.",
            "Call the sender, then enter who was told and when; if nobody can be reached, say who was tried.",
            "nobody_told",
        )


#: The highest level at which each of these is asked about (ours).
UNUSUAL_UP_TO = {Recommendation.URGENT_CONTACT: 1, Recommendation.CSF_PCR: 0}


def low_level_is_not_urgent(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why urgent contact, or at level 0 a lumbar puncture, where PML is neither known nor suspected."""
    urgent = [
        each.label
        for each in opinion.recommendations
        if each in UNUSUAL_UP_TO and opinion.suspicion.is_at_most(UNUSUAL_UP_TO[each])
    ]
    if urgent and not opinion.pml_known:
        yield Contradiction(
            "recommendations",
            f"Suspicion level {opinion.suspicion.level}, but recommended: {', '.join(urgent)}.",
            "Correct one of them, or say why.",
            "urgent_at_low_level",
        )
