"""Can a stack of slices hold a whole brain? From lengths and directions alone; no pixel is looked at.

A brain is taken for an ellipsoid along the axes of the patient. It fits into a stack, wherever that lies, if the stack
is in each of its three directions at least as long as the ellipsoid is wide there: a tilted stack is asked for more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import hypot

from routing_rules.protocol.requirements import Brain, Lengths, Protocol
from routing_rules.protocol.verdict import BrainCoverage, Coverage, Extent
from routing_rules.series.geometry import OBLIQUE_LIMIT
from routing_rules.series.series import SeriesFacts, Stack

AXES = ("left to right", "front to back", "head to foot")
TOLERANCE_MM = 0.5
"""Lengths are kept to a tenth; nobody scans to half a millimetre."""
_ORDER = (BrainCoverage.WHOLE, BrainCoverage.DOUBTFUL, BrainCoverage.UNKNOWN, BrainCoverage.PART)


def coverage(stack: Stack, brain: Brain) -> Coverage:
    """What of a brain one stack can hold."""
    row, column = stack.directions[:3], stack.directions[3:]
    across = None if stack.normal_mm is None else round(stack.normal_mm - stack.missing_mm, 1)
    extents = tuple(
        Extent(
            _axis(direction),
            covered,
            round(_width(direction, brain.least_mm), 1),
            round(_width(direction, brain.usual_mm), 1),
        )
        for direction, covered in (
            (row, stack.row_mm),
            (column, stack.column_mm),
            (_cross(row, column), across),
        )
    )
    return Coverage(_judged(extents), extents)


def best(stacks: Iterable[Stack], brain: Brain) -> tuple[Stack, Coverage] | None:
    """The stack that covers most, with what it covers; None without a stack."""
    judged = [(stack, coverage(stack, brain)) for stack in stacks]
    return min(judged, key=lambda pair: (_ORDER.index(pair[1].brain), -_share(pair[1])), default=None)


def covered_by(series: SeriesFacts, protocol: Protocol) -> Coverage:
    """What a series covers by itself; of diffusion its images with a b-value that counts, if there are any."""
    bands = [one.b_values for one in protocol.requirements if one.b_values is not None]
    weighted = [one for one in series.stacks if any(band.holds(one.b_value) for band in bands)]
    chosen = best(weighted or series.stacks, protocol.brain)
    return chosen[1] if chosen else Coverage(BrainCoverage.UNKNOWN)


def _judged(extents: Sequence[Extent]) -> BrainCoverage:
    known = [one for one in extents if one.covered_mm is not None]
    if any(_shorter(one, one.least_mm) for one in known):
        return BrainCoverage.PART
    if len(known) < len(extents):
        return BrainCoverage.UNKNOWN
    if any(_shorter(one, one.usual_mm) for one in known):
        return BrainCoverage.DOUBTFUL
    return BrainCoverage.WHOLE


def _shorter(extent: Extent, wanted_mm: float) -> bool:
    return extent.covered_mm is not None and extent.covered_mm < wanted_mm - TOLERANCE_MM


def worst(covered: Coverage) -> Extent | None:
    """The known direction that holds least of what a usual brain takes."""
    known = [one for one in covered.extents if one.covered_mm is not None]
    return min(known, key=lambda one: (one.covered_mm or 0.0) / one.usual_mm, default=None)


def _share(covered: Coverage) -> float:
    shortest = worst(covered)
    return 0.0 if shortest is None else (shortest.covered_mm or 0.0) / shortest.usual_mm


def _width(direction: Sequence[float], lengths: Lengths) -> float:
    """How wide an ellipsoid with these axes is in a direction: between two planes that touch it."""
    return hypot(*(length * cosine for length, cosine in zip(lengths.axes, direction, strict=True)))


def _axis(direction: Sequence[float]) -> str:
    nearest = max(range(3), key=lambda number: abs(direction[number]))
    return AXES[nearest] if abs(direction[nearest]) >= OBLIQUE_LIMIT else f"{AXES[nearest]}, oblique"


def _cross(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    a, b, c = one
    d, e, f = other
    return (b * f - c * e, c * d - a * f, a * e - b * d)
