"""Suspicion, the status of the patient and what is attributed to PML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.reporting.answers import (
    Attribution,
    IrisPhase,
)
from gateway.reporting.checks.contradiction import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.opinion import Opinion


def suspicion_needs_lesion(opinion: Opinion) -> Iterator[Contradiction]:
    """A suspicion rests on something that was seen."""
    if opinion.suspicion.level >= 2 and not opinion.lesions:
        yield Contradiction(
            "suspicion",
            f"Suspicion level {opinion.suspicion.level} has no lesion to rest on.",
            "Describe at least one lesion, or choose level 0 or 1.",
        )


def iris_follows_suspicion(opinion: Opinion) -> Iterator[Contradiction]:
    """IRIS is a phase of PML."""
    unsuspicious = opinion.suspicion.level <= 1
    not_applicable = opinion.iris_phase is IrisPhase.NOT_APPLICABLE
    if unsuspicious and not not_applicable:
        yield Contradiction(
            "iris_phase",
            f"IRIS phase “{opinion.iris_phase.label}” with suspicion level {opinion.suspicion.level}.",
            "Choose “not applicable”, or suspicion level 2 to 4.",
        )
    if not unsuspicious and not_applicable:
        yield Contradiction(
            "iris_phase",
            f"IRIS phase “not applicable” with suspicion level {opinion.suspicion.level}.",
            "Choose a phase, or “phase indeterminate”.",
        )


def attribution_agrees(opinion: Opinion) -> Iterator[Contradiction]:
    """What is attributed to PML raises suspicion."""
    for number, lesion in enumerate(opinion.lesions):
        if opinion.suspicion.level <= 1 and lesion.attribution in {Attribution.PML, Attribution.BOTH}:
            yield Contradiction(
                "suspicion",
                f"Lesion {number + 1} is attributed to PML, but the suspicion level is {opinion.suspicion.level}.",
                "Choose level 2 to 4, or another attribution.",
            )
