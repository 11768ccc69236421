"""Single signs in the attributes of an image, as small functions that answer with their evidence or with None.

The table in `table` is made of these. A sign never looks at a description; only `described` does, and the rows
that use it can never claim more than a tie-break (see `recognition`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log, log1p
from typing import Any

from routing_rules.series.image_attributes import ImageTraits


@dataclass(frozen=True)
class ImageGroup:
    """One group of alike images inside a series, with what the whole series adds to it."""

    image: ImageTraits
    meanings: frozenset[str]
    roles: frozenset[str]
    series_roles: frozenset[str]
    max_b: float | None
    images: int
    planes: int
    echo_times: int
    inversion_times: int = 0
    images_per_place: float = 1.0
    marks: tuple[str, ...] = ()
    b_values: int = 0
    b_unknown: int = 0


Sign = Callable[[ImageGroup], str | None]

_LABELS = {
    "repetition_time_ms": ("RepetitionTime", "ms"),
    "echo_time_ms": ("EchoTime", "ms"),
    "inversion_times_ms": ("InversionTime", "ms"),
    "flip_angle": ("FlipAngle", "degrees"),
    "echo_train_length": ("EchoTrainLength", ""),
    "gradient_echo_train_length": ("GradientEchoTrainLength", ""),
    "temporal_positions": ("NumberOfTemporalPositions", ""),
    "pixel_bandwidth_hz": ("PixelBandwidth", "Hz"),
    "epi_factor": ("EPI factor", ""),
    "slice_thickness_mm": ("SliceThickness", "mm"),
}
_KEYWORDS = {
    "echo_planar": "EchoPlanarPulseSequence",
    "acquisition_type": "MRAcquisitionType",
    "sop_class_uid": "SOPClassUID",
    "steady_state": "SteadyStatePulseSequence",
    "complex_component": "ComplexImageComponent",
    "directionality": "DiffusionDirectionality",
    "quantities": "pixel values measure",
    "time_of_flight": "TimeOfFlightContrast",
    "spin_labeling": "ArterialSpinLabelingContrast",
}


def within(name: str, low: float, high: float) -> Sign:
    """The number (or one of the numbers) lies from low to high, both included."""
    label, unit = _LABELS[name]

    def sign(view: ImageGroup) -> str | None:
        value: Any = getattr(view.image, name)
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None and low <= one <= high:
                return f"{label} {one:g} {unit}".strip()
        return None

    return sign


def unknown(name: str) -> Sign:
    """The attribute is absent, or zero as scanners write it for "not applicable"."""
    label, _ = _LABELS[name]

    def sign(view: ImageGroup) -> str | None:
        value: Any = getattr(view.image, name)
        given = any(value) if isinstance(value, tuple) else bool(value)
        return None if given else f"no {label}"

    return sign


def has(name: str, *tokens: str) -> Sign:
    """The multi-valued attribute has one of the values."""

    def sign(view: ImageGroup) -> str | None:
        value: tuple[str, ...] = getattr(view.image, name)
        return next((f"{_keyword(name)} {token}" for token in tokens if token in value), None)

    return sign


def equals(name: str, *values: str) -> Sign:
    """The single-valued attribute is one of the values."""

    def sign(view: ImageGroup) -> str | None:
        value: str = getattr(view.image, name)
        return f"{_keyword(name)} {value}" if value in values else None

    return sign


def role(*names: str) -> Sign:
    """ImageType or FrameType shows one of these roles (vendor_facts.yaml, image_types)."""

    def sign(view: ImageGroup) -> str | None:
        found = ", ".join(sorted(view.roles & set(names)))
        if found in view.image.private_roles:
            return f"a private attribute of the vendor says {found}"
        return f"ImageType {chr(92).join(view.image.image_type)}: {found}" if found else None

    return sign


def means(*names: str) -> Sign:
    """The name of the pulse sequence tells one of these (vendor_facts.yaml, sequence_names)."""

    def sign(view: ImageGroup) -> str | None:
        found = sorted(view.meanings & set(names))
        said = ", ".join(found).replace("_", " ")
        return f"pulse sequence {' / '.join(view.image.sequence_names)}: {said}" if found else None

    return sign


def any_of(*signs: Sign) -> Sign:
    """At least one of the signs; the first that holds is the evidence."""

    def sign(view: ImageGroup) -> str | None:
        return next((found for found in (one(view) for one in signs) if found), None)

    return sign


def all_of(*signs: Sign) -> Sign:
    """Every one of the signs; all of them are the evidence."""

    def sign(view: ImageGroup) -> str | None:
        found = [one(view) for one in signs]
        return "; ".join(each for each in found if each) if all(found) else None

    return sign


def lacks(label: str, unwanted: Sign) -> Sign:
    """The sign does not hold."""

    def sign(view: ImageGroup) -> str | None:
        return None if unwanted(view) else f"no {label}"

    return sign


def described(pattern: str) -> Sign:
    """The description or protocol name has the word: breaks ties, proves nothing."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def sign(view: ImageGroup) -> str | None:
        words = f"{view.image.description} {view.image.protocol_name}".replace("_", " ")
        found = compiled.search(words)
        return f"the description says {found.group(0)}" if found else None

    return sign


def _keyword(name: str) -> str:
    return _KEYWORDS.get(name) or "".join(part.capitalize() for part in name.split("_"))


def _b_value_high(view: ImageGroup) -> str | None:
    """A b-value of at least 50 s/mm²: the images are diffusion-weighted."""
    if view.max_b is not None and view.max_b >= DIFFUSION_FROM_B:
        return f"b-values up to {view.max_b:g} s/mm²"
    return None


def _echo_planar_train(view: ImageGroup) -> str | None:
    # Philips writes GradientEchoTrainLength for TFE as well; there the echo time is a few milliseconds.
    train, echo = view.image.gradient_echo_train_length, view.image.echo_time_ms
    return f"GradientEchoTrainLength {train:g}" if train and train > 8 and echo and echo >= 15 else None


def _several_planes(view: ImageGroup) -> str | None:
    """Two planes in a series of few images (30 at most), or three and more in up to 90."""
    most = LOCALIZER_IMAGES if view.planes == 2 else 3 * LOCALIZER_IMAGES
    if view.planes >= 2 and view.images <= most:
        return f"{view.planes} planes in {view.images} images"
    return None


def _several_echoes(view: ImageGroup) -> str | None:
    """More than one echo time in the series."""
    return f"{view.echo_times} echo times" if view.echo_times > 1 else None


def _mapping_echoes(view: ImageGroup) -> str | None:
    """Four echo times or more: a map is made of them."""
    return f"{view.echo_times} echo times: a map is made of it" if view.echo_times >= MAPPING_ECHOES else None


def _mapping_inversions(view: ImageGroup) -> str | None:
    """More than one inversion time: a map, or a double inversion."""
    count = max(view.inversion_times, len({one for one in view.image.inversion_times_ms if one}))
    return f"{count} inversion times: a map or double inversion" if count > 1 else None


def _dynamic(view: ImageGroup) -> str | None:
    """Three images or more of each place."""
    if view.images_per_place < DYNAMIC_FROM:
        return None
    return f"{view.images_per_place:g} images of each place: a dynamic series"


def _past_csf_null(view: ImageGroup) -> str | None:
    """Water of the ventricles has long passed its null: the first of two inversions, not fluid attenuation."""
    longest, tr = max(view.image.inversion_times_ms, default=0.0), view.image.repetition_time_ms
    if not longest or not tr:
        return None
    null = T1_CSF_MS * (log(2) - log1p(exp(-tr / T1_CSF_MS)))
    if longest <= PAST_NULL * null:
        return None
    return f"InversionTime {longest:g} ms, but at RepetitionTime {tr:g} ms fluid is nulled at {null:.0f} ms"


def _maps_beside(view: ImageGroup) -> str | None:
    """Maps, phase, perfusion or angiography images in the same series."""
    found = sorted(view.series_roles & {"map", "phase", "perfusion", "angiography"})
    return f"{', '.join(found)} images in the same series" if found else None


T1_CSF_MS = 4300.0
"""T1 of cerebrospinal fluid, nearly the same at 1.5 and 3 T."""
PAST_NULL = 1.2
"""Real FLAIR protocols lie between 0.85 and 1.1 of the null computed from T1 and TR; double inversion from 1.3 on."""
MAPPING_ECHOES = 4
"""A dual-echo study has two; four and more echoes are for T2 or T2* maps."""
DYNAMIC_FROM = 3.0
"""Images of the same place with the same technique; averages and repeats are two at most."""
DIFFUSION_FROM_B = 50.0
"""s/mm²: from here on a b-value is diffusion weighting; Philips and GE write 0 on every image of every kind."""
LOCALIZER_IMAGES = 30

b_value_high: Sign = _b_value_high
several_planes: Sign = _several_planes
several_echoes: Sign = _several_echoes
maps_beside: Sign = _maps_beside
mapping_echoes: Sign = _mapping_echoes
mapping_inversions: Sign = _mapping_inversions
dynamic: Sign = _dynamic
past_csf_null: Sign = _past_csf_null
epi = any_of(
    has("scanning_sequence", "EP"),
    equals("echo_planar", "YES"),
    means("epi"),
    has("image_type", "EPI"),
    has("scan_options", "EPI_GEMS"),
    within("epi_factor", 2, 1000),
    _echo_planar_train,
)
spin_echo = any_of(
    has("scanning_sequence", "SE"),
    equals("echo_pulse_sequence", "SPIN"),
    means("spin_echo"),
    has("image_type", "M_SE"),
)
gradient_echo = any_of(
    has("scanning_sequence", "GR"),
    equals("echo_pulse_sequence", "GRADIENT"),
    means("gradient_echo"),
    has("image_type", "M_FFE"),
)
inversion = any_of(
    has("scanning_sequence", "IR"),
    equals("inversion_recovery", "YES"),
    has("image_type", "M_IR", "R_IR"),
    means("inversion"),
)
