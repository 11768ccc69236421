"""Measures that cannot be: each with its bounds and why, as a table. What no body has, a slip of the pen wrote."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import pi
from typing import TYPE_CHECKING

from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.codes import label
from gateway.reporting.lesions.answers import AnatomicalSite, Multiplicity
from gateway.reporting.lesions.identity import numbered
from gateway.reporting.lesions.marks import longest_axis, marked_volume

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.lesions.lesion import Lesion
    from gateway.reporting.opinion import Opinion


@dataclass(frozen=True)
class Bounds:
    """What a measure lies between, in its unit, and why."""

    least: Decimal
    most: Decimal
    unit: str
    because: str


def _bounds(least: str, most: str, unit: str, because: str) -> Bounds:
    return Bounds(Decimal(least), Decimal(most), unit, because)


BRAIN_AXIS = _bounds("0.1", "200", "mm", "no lesion is longer than a brain")
CORD_AXIS = _bounds("0.1", "500", "mm", "no lesion is longer than a spinal cord")
VOLUME = _bounds("0.001", "2000", "cm³", "no lesion is larger than a brain")
RATIO = _bounds("0", "50", "", "a ratio beyond that is noise: its denominator was not measured")
ECHO_TIME = _bounds("1", "1000", "ms", "no spectrum of a brain has such an echo time")
THICKNESS = _bounds("0.1", "20", "mm", "no sequence of a brain has such slices")
AXIS_TOLERANCE = Decimal(1)
"""mm that a typed long axis may differ from the drawn one: people round to whole millimetres."""
LEAST_VOLUME_STEP = Decimal("0.01")
"""cm3 that a typed volume may differ from the marked one, however small that is."""
ROUNDING = 2.0
"""A volume may be so many times that of a ball of the long axis, which is measured in one plane."""


def measures_are_possible(opinion: Opinion) -> Iterator[Contradiction]:
    """Every measure lies within what a body has and a scanner makes."""
    for name, sequence in opinion.protocol.sequences:
        if name != "mrs":
            yield from _outside(
                f"protocol.sequences.{name}.thickness_mm",
                f"{label(f'sequence.{name}')}: slice thickness",
                sequence.thickness_mm,
                THICKNESS,
            )
    for place, (number, lesion) in enumerate(numbered(opinion.lesions)):
        axis = CORD_AXIS if AnatomicalSite.SPINAL_CORD in lesion.places else BRAIN_AXIS
        field, name = f"lesions.{place}", f"Lesion {number}"
        yield from _outside(f"{field}.long_axis_mm", f"{name}: long axis", lesion.long_axis_mm, axis)
        yield from _outside(f"{field}.volume_cm3", f"{name}: volume", lesion.volume_cm3, VOLUME)
        for mark in lesion.marks:
            yield from _outside(f"{field}.marks", f"{name}: a marked region", mark.volume_ml, VOLUME)
            yield from _outside(f"{field}.marks", f"{name}: a marked long axis", mark.length_mm, axis)
    for number, spectrum in enumerate(opinion.spectra):
        field = f"spectra.{number}.echo_time_ms"
        yield from _outside(field, f"Spectrum {number + 1}: echo time", spectrum.echo_time_ms, ECHO_TIME)
        for part in ("values", "reference_values"):
            for name, value in getattr(spectrum, part).known.items():
                field = f"spectra.{number}.{part}.{name}"
                yield from _outside(field, f"Spectrum {number + 1}: {label(name)}", value, RATIO)


def volumes_fit_axes(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: how a single lesion is larger than a ball of its long axis."""
    numbers = [n for n, lesion in numbered(opinion.lesions) if _exceeds_ball(lesion)]
    if numbers:
        yield Contradiction(
            "lesions",
            f"Lesion {', '.join(map(str, numbers))}: the volume is larger than the long axis allows.",
            "Correct one of them (1 cm³ is 1000 mm³), choose “multifocal”, or say why.",
            "volume_beyond_axis",
            tuple(numbers),
        )


def axes_fit_marks(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why the long axis of a lesion is not the one that was drawn."""
    numbers = [n for n, lesion in numbered(opinion.lesions) if _differs_from_axis(lesion)]
    if numbers:
        yield Contradiction(
            "lesions",
            f"Lesion {', '.join(map(str, numbers))}: the long axis is not the one that was drawn.",
            f"Enter the drawn length (it may differ by {AXIS_TOLERANCE} mm), draw it again, or say why.",
            "axis_against_mark",
            tuple(numbers),
        )


def volumes_fit_marks(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why the volume of a lesion is not that of its marked regions."""
    numbers = [n for n, lesion in numbered(opinion.lesions) if _differs_from_regions(lesion)]
    if numbers:
        yield Contradiction(
            "lesions",
            f"Lesion {', '.join(map(str, numbers))}: the volume is not that of the marked regions.",
            "Enter the marked volume (it may differ by a tenth), mark it again, or say why.",
            "volume_against_mark",
            tuple(numbers),
        )


def _differs_from_axis(lesion: Lesion) -> bool:
    drawn = longest_axis(lesion.marks)
    if drawn is None or lesion.long_axis_mm is None:
        return False
    return abs(drawn - lesion.long_axis_mm) > AXIS_TOLERANCE


def _differs_from_regions(lesion: Lesion) -> bool:
    marked = marked_volume(lesion.marks)
    if marked is None or lesion.volume_cm3 is None:
        return False
    return abs(marked - lesion.volume_cm3) > max(marked / 10, LEAST_VOLUME_STEP)


def _outside(field: str, name: str, value: Decimal | None, bounds: Bounds) -> Iterator[Contradiction]:
    if value is not None and not bounds.least <= value <= bounds.most:
        yield Contradiction(
            field,
            f"{name} of {value} {bounds.unit}".rstrip() + f": {bounds.because}.",
            f"Enter {bounds.least} to {bounds.most} {bounds.unit}".rstrip() + ", or leave it empty.",
        )


def _exceeds_ball(lesion: Lesion) -> bool:
    if (
        lesion.long_axis_mm is None
        or lesion.volume_cm3 is None
        or lesion.multiplicity is Multiplicity.MULTIFOCAL
    ):
        return False
    ball_mm3 = pi / 6 * float(lesion.long_axis_mm) ** 3
    return float(lesion.volume_cm3) * 1000 > ROUNDING * ball_mm3
