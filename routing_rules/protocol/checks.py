"""What speaks against one series as an answer to one requirement: a table of checks, each with what follows from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from routing_rules.protocol.coverage import best, worst
from routing_rules.protocol.requirements import Protocol, Wanted
from routing_rules.protocol.verdict import BrainCoverage, Coverage
from routing_rules.series.series import PROVEN, SeriesFacts, Stack

TOLERANCE_MM = 0.05


class Effect(IntEnum):
    """What follows from a shortfall, from the mildest."""

    LIMIT = 0
    """The requirement is met, with a limit."""
    NOT_KNOWN = 1
    """Whether it is met cannot be told from the headers."""
    NOT_MET = 2


@dataclass(frozen=True)
class Shortfall:
    """What one check has to say, and what follows from it."""

    effect: Effect
    said: str


@dataclass(frozen=True)
class Candidate:
    """A series that may meet a requirement, with the stack of it that covers most, and what that covers."""

    wanted: Wanted
    protocol: Protocol
    series: SeriesFacts
    stack: Stack | None
    coverage: Coverage

    @classmethod
    def of(cls, wanted: Wanted, protocol: Protocol, series: SeriesFacts) -> Candidate:
        """Only images with a b-value that counts are looked at, where one is asked for."""
        band = wanted.b_values
        # Where another kind names the series, its stacks are of both kinds together.
        own = series.stacks if series.kind in wanted.kinds else ()
        stacks = [one for one in own if band is None or band.holds(one.b_value)]
        thin = [one for one in stacks if not _beyond(wanted, one.thickness_mm)]
        chosen = best(thin or stacks, protocol.brain)
        stack, covered = chosen or (None, Coverage(BrainCoverage.UNKNOWN))
        return cls(wanted, protocol, series, stack, covered)

    def shortfalls(self) -> tuple[Shortfall, ...]:
        """Everything that speaks against it, in the order of the table."""
        return tuple(shortfall for shortfall in (check(self) for check in _CHECKS) if shortfall)


def _beyond(wanted: Wanted, thickness: float | None) -> bool:
    """Slices so thick that nothing can be excluded by them."""
    return thickness is not None and thickness > wanted.thickest_at_all_mm.value + TOLERANCE_MM


def _weighting(one: Candidate) -> Shortfall | None:
    band = one.wanted.b_values
    if band is None or any(map(band.holds, one.series.b_values)):
        return None
    if not one.series.b_values:
        return Shortfall(Effect.NOT_KNOWN, "the b-value is not stated")
    values = ", ".join(f"{b:g}" for b in one.series.b_values)
    wanted = f"from {band.lowest:g} to {band.highest:g} s/mm² is asked for"
    return Shortfall(Effect.NOT_MET, f"b-values are {values}, {wanted}")


def _brain(one: Candidate) -> Shortfall | None:
    shortest = worst(one.coverage)
    match one.coverage.brain:
        case BrainCoverage.UNKNOWN:
            why = "position, orientation or size of pixels is not stated"
            return Shortfall(Effect.NOT_KNOWN, f"how much of the brain it covers is not known: {why}")
        case BrainCoverage.PART if shortest:
            said = f"covers {shortest.covered_mm:g} mm only from {shortest.axis}"
            return Shortfall(
                Effect.NOT_MET,
                f"{said}: a whole brain with its posterior fossa takes {shortest.least_mm:g} mm at least",
            )
        case BrainCoverage.DOUBTFUL if shortest:
            said = f"covers {shortest.covered_mm:g} mm from {shortest.axis}"
            return Shortfall(
                Effect.LIMIT, f"{said}, a brain usually takes {shortest.usual_mm:g} mm: an edge may be cut"
            )
    return None


ACROSS = 2
"""Place of the direction across slices among the extents of a coverage."""


def make_a_whole(several: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Slabs that are only too short across slices and could be a whole brain one above the other; else none.

    Whether they lie so is not known: places of two series can be compared only where they share a frame of reference.
    """
    if any(_effect_of(one) < Effect.NOT_MET for one in several):
        return ()
    slabs: dict[str, list[Candidate]] = {}
    for one in several:
        if _is_slab(one):
            slabs.setdefault(one.coverage.extents[ACROSS].axis, []).append(one)
    for alike in slabs.values():
        lengths = [(one.coverage.extents[ACROSS].covered_mm or 0.0) for one in alike]
        if len(alike) > 1 and sum(lengths) >= alike[0].coverage.extents[ACROSS].least_mm:
            return tuple(alike)
    return ()


def _effect_of(one: Candidate) -> Effect:
    return max((shortfall.effect for shortfall in one.shortfalls()), default=Effect.LIMIT)


def _is_slab(one: Candidate) -> bool:
    """Whether nothing is wrong but its length across slices."""
    worse = [shortfall for shortfall in one.shortfalls() if shortfall.effect is Effect.NOT_MET]
    if worse != [_brain(one)] or len(one.coverage.extents) <= ACROSS:
        return False
    within = (extent for place, extent in enumerate(one.coverage.extents) if place != ACROSS)
    return all(extent.covered_mm is not None and extent.covered_mm >= extent.least_mm for extent in within)


def in_doubt(shortfalls: Sequence[Shortfall], said: str) -> tuple[Shortfall, ...]:
    """The same with what decided against the series in doubt."""
    return tuple(
        Shortfall(Effect.NOT_KNOWN, said) if one.effect is Effect.NOT_MET else one for one in shortfalls
    )


def _too_sparse(one: Candidate) -> Shortfall | None:
    if one.stack is None:
        return None
    if one.stack.thickness_mm is None:
        return _far_apart(one, one.stack)
    if not _is_sparse(one):
        return None
    said = f"slices of {one.stack.thickness_mm:g} mm every {one.stack.spacing_mm:g} mm"
    return Shortfall(Effect.NOT_MET, f"{said}: most of the brain lies between them")


def _far_apart(one: Candidate, stack: Stack) -> Shortfall | None:
    """Slices of the thickest kind that is asked for would leave most of the brain between them."""
    thickest, spacing = one.wanted.thickest_mm.value, stack.spacing_mm
    if stack.slices > 1 and spacing is None:
        return Shortfall(Effect.NOT_KNOWN, "neither thickness nor distance of slices is stated")
    if spacing is None or thickest >= one.protocol.least_imaged.value * spacing - TOLERANCE_MM:
        return None
    said = f"slices of unknown thickness every {spacing:g} mm"
    return Shortfall(Effect.NOT_MET, f"{said}: at {thickest:g} mm most of the brain would lie between them")


def _is_sparse(one: Candidate) -> bool:
    stack = one.stack
    if stack is None or not stack.thickness_mm or not stack.spacing_mm:
        return False
    return stack.thickness_mm + TOLERANCE_MM < one.protocol.least_imaged.value * stack.spacing_mm


def _gap(one: Candidate) -> Shortfall | None:
    stack = one.stack
    if stack is None or not stack.thickness_mm or not stack.spacing_mm or _is_sparse(one):
        return None
    gap = stack.spacing_mm - stack.thickness_mm
    widest = one.wanted.widest_gap.value * stack.thickness_mm
    if gap <= widest + TOLERANCE_MM:
        return None
    wanted = f"at most {widest:g} mm" if widest else "none"
    return Shortfall(Effect.LIMIT, f"between slices are gaps of {gap:.3g} mm, asked for are {wanted}")


def _holes(one: Candidate) -> Shortfall | None:
    if one.stack is None or one.stack.missing_mm <= TOLERANCE_MM:
        return None
    return Shortfall(Effect.LIMIT, f"slices are missing between others: {one.stack.missing_mm:g} mm in all")


def _too_thick_at_all(one: Candidate) -> Shortfall | None:
    """Of several stacks in one series the one that stands for it counts, where its thickness is known."""
    standing = one.stack.thickness_mm if one.stack else None
    thickness = standing or one.series.slice_thickness_mm
    if not _beyond(one.wanted, thickness):
        return None
    at_all = one.wanted.thickest_at_all_mm.value
    said = f"slices are {thickness:g} mm thick, more than {at_all:g} mm: small lesions may not be seen"
    return Shortfall(Effect.NOT_MET, said)


def _too_thick(one: Candidate) -> Shortfall | None:
    thickness, thickest = one.series.slice_thickness_mm, one.wanted.thickest_mm.value
    if thickness is None:
        if one.series.three_d and one.wanted.three_d_will_do:
            return None
        return Shortfall(Effect.LIMIT, "the slice thickness is not stated")
    if thickness > thickest + TOLERANCE_MM and not _too_thick_at_all(one):
        return Shortfall(
            Effect.LIMIT, f"slices are {thickness:g} mm thick, asked for are at most {thickest:g} mm"
        )
    return None


def _coarse(one: Candidate) -> Shortfall | None:
    largest = one.wanted.largest_pixel_mm
    if largest is None or one.stack is None or one.stack.pixel_mm is None:
        return None
    if one.stack.pixel_mm <= largest.value + TOLERANCE_MM:
        return None
    side = f"{one.stack.pixel_mm:.3g}"
    return Shortfall(
        Effect.LIMIT,
        f"pixels are {side} mm wide, asked for are at most {largest.value:g} x {largest.value:g} mm",
    )


_ELSEWHERE = re.compile(
    r"SPINE|CERVICAL|THORA|LUMB|SACR|HWS|BWS|LWS|NECK|HALS|CHEST|BREAST|HEART|CARDIAC|ABDOM|LIVER|PELVIS|PROSTATE|KNEE|"
    r"ANKLE|SHOULDER|ELBOW|WRIST|THIGH|EXTREMITY|ORBIT|SELLA|PITUITARY|TMJ|\b(?:HIP|FOOT|HAND|LEG|ARM|IAC)\b"
)
_HEAD = re.compile(r"HEAD|BRAIN|SKULL|KOPF|SCH[AÄ]+DEL|CRANI|NEURO|CEREB|WHOLE")
_REGION_WORDS = re.compile(
    r"\b([CTL][- ]?SPINE|SPINE|CERVICAL|THORACIC|LUMBAR|HWS|BWS|LWS|MYELON|NECK|HALS|ORBITS?|ORBITA|SELLA|PITUITARY|"
    r"HYPOPHYSE|IAC)\b"
)


def elsewhere(one: SeriesFacts) -> str:
    """The other part of the body that body part and anatomic region name, as a known word; "" where they name none.

    Only the word that is known: what people typed around it may be anything.
    """
    named = [part for part in one.body_parts if not _HEAD.search(part)]
    words = [region.group(0) for part in named if (region := _ELSEWHERE.search(part))]
    return words[0] if words and len(words) == len(one.body_parts) else ""


def _named_elsewhere(one: Candidate) -> Shortfall | None:
    # Only a limit: BodyPartExamined is often that of the first series, and descriptions are typed by people.
    words = one.series.description.upper().replace("_", " ")
    region = None if _HEAD.search(words) else _REGION_WORDS.search(words)
    return (
        Shortfall(Effect.LIMIT, f"its description names another region ({region.group(0)})")
        if region
        else None
    )


def _uncertain(one: Candidate) -> Shortfall | None:
    if one.series.confidence >= PROVEN:
        return None
    effect = Effect.NOT_KNOWN if one.wanted.confirm else Effect.LIMIT
    return Shortfall(effect, f"recognition is uncertain ({one.series.confidence:.0%})")


_CHECKS: tuple[Callable[[Candidate], Shortfall | None], ...] = (
    _weighting,
    _brain,
    _too_sparse,
    _holes,
    _too_thick_at_all,
    _too_thick,
    _gap,
    _coarse,
    _named_elsewhere,
    _uncertain,
)


def remarks(one: Candidate) -> tuple[str, ...]:
    """What has to be known of a series and limits nothing."""
    stack = one.stack
    stated, measured = (stack.declared_spacing_mm, stack.spacing_mm) if stack else (None, None)
    if stated is None or measured is None or abs(stated - measured) <= 2 * TOLERANCE_MM:
        return ()
    said = f"SpacingBetweenSlices says {stated:g} mm, by their positions slices are {measured:g} mm apart"
    return (f"{said}: the positions count",)
