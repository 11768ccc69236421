"""What an image says of diffusion: its b-value, whether that is proven, and what else speaks for or against it.

A b-value alone proves nothing, public or private: GE keeps the last one on every later series, and programs copy
headers. Directions of the Standard's diffusion macro and flags of the vendor are *marks*. b-values are in s/mm².
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routing_rules.series.attributes import Elements, items, number, numbers, tag_of, text
from routing_rules.series.vendor_facts import VendorFacts

_DIRECTIONS = frozenset({"DIRECTIONAL", "BMATRIX"})  # ISOTROPIC names none
_GRADIENT = tag_of("DiffusionGradientOrientation")
_GRADIENT_GROUP = tag_of("DiffusionGradientDirectionSequence")
_COMMENTS = tag_of("ImageComments")

Blocks = Mapping[tuple[int, str], int]


@dataclass(frozen=True, slots=True)
class DiffusionStated:
    """What one object says; `marks` are short texts for evidence.

    `unproven_b_value` is left over from another series; `denied`: all flags of the vendor for diffusion are zero.
    """

    b_value: float | None
    unproven_b_value: float | None
    marks: tuple[str, ...]
    denied: bool


def read_diffusion(
    header: Elements, shared: Elements, blocks: Blocks, values: Mapping[str, Any], facts: VendorFacts
) -> DiffusionStated:
    """Read it; `values` are the public attributes found already (`b_value`, `scanning_sequence`, `directionality`)."""
    b_value: float | None = values.get("b_value")
    marks, denied = _vendor_marks(header, blocks, facts)
    counts = bool(marks) or {"EP", "SE"} <= set(values.get("scanning_sequence", ()))
    private, unproven = _private_b_values(header, blocks, facts, counts=counts)
    commented = _commented_b_value(header, values.get("manufacturer", ""), facts)
    said = (f"ImageComments name a b-value of {commented:g}",) if commented else ()
    every = (*public_marks(shared, values), *public_marks(header, values), *marks, *said)
    b_value = next((each for each in (b_value, private, commented) if each is not None), None)
    return DiffusionStated(b_value, unproven, tuple(dict.fromkeys(every)), denied)


def _private_b_values(
    header: Elements, blocks: Mapping[tuple[int, str], int], facts: VendorFacts, *, counts: bool
) -> tuple[float | None, float | None]:
    """The b-value, and one that is no proof.

    A value that the scanner keeps from the last diffusion series counts only where something else `counts`: a flag of
    the vendor, or EPI with spin echoes. EPI alone is fMRI as well.
    """
    unproven: float | None = None
    for place in facts.b_values:
        for tag in place.tags(blocks):
            value = next(iter(numbers(header, tag, place.vr)), None)
            if value is None or value < 0:
                continue
            value = value % place.modulo if place.modulo else value
            if not place.last_prescribed:
                return value, None
            if _says_zero(header, blocks, facts):
                return 0.0, value or None
            if counts or not value:
                return value, None
            unproven = value
    return None, unproven


def _says_zero(header: Elements, blocks: Mapping[tuple[int, str], int], facts: VendorFacts) -> bool:
    """Does a flag of the vendor say that this image of a diffusion series is not weighted?"""
    return any(
        number(header, tag) == one.unweighted
        for one in facts.diffusion_flags
        if one.unweighted is not None
        for tag in one.tags(blocks)
    )


def _vendor_marks(
    header: Elements, blocks: Mapping[tuple[int, str], int], facts: VendorFacts
) -> tuple[tuple[str, ...], bool]:
    """What the vendor's flags say of diffusion, and whether all that are there say no."""
    flags = [
        (one, value)
        for one in facts.diffusion_flags
        for tag in one.tags(blocks)
        for value in numbers(header, tag, one.vr)[:1]
    ]
    marks = tuple(
        f"{one.vendor or one.creator} ({one.group:04X},xx{one.element:02X}) {value:g}"
        for one, value in flags
        if value
    )
    return marks, bool(flags) and not marks


def public_marks(source: Elements, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Attributes of the MR Diffusion Macro that only diffusion has (PS3.3 C.8.13.5.9)."""
    directionality = values.get("directionality", "")
    directed = directionality in _DIRECTIONS
    marks: tuple[str, ...] = (f"DiffusionDirectionality {directionality}",) if directed else ()
    if _GRADIENT not in source.raw and _GRADIENT_GROUP not in source.raw:
        return marks
    holders = (source, *items(source, _GRADIENT_GROUP))
    if any(any(numbers(holder, _GRADIENT)) for holder in holders):
        marks += ("DiffusionGradientOrientation",)
    return marks


def _commented_b_value(header: Elements, manufacturer: str, facts: VendorFacts) -> float | None:
    for start, pattern in facts.commented_b_values:
        if manufacturer.upper().startswith(start) and (found := pattern.search(text(header, _COMMENTS))):
            return float(found.group(1))
    return None
