"""What a series can be, and what is known about one: the vocabulary shared by recognition, facts and rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any


class SeriesKind(StrEnum):
    """The kinds of series the protocol and the rules speak about."""

    FLAIR = "flair"
    """T2-weighted with the signal of fluid attenuated by an inversion."""
    T2 = "t2"
    """T2-weighted."""
    PD = "pd"
    """Weighted by proton density."""
    T1 = "t1"
    """T1-weighted, without contrast agent or with nothing known of one."""
    T1_CONTRAST = "t1_contrast"
    """T1-weighted after contrast agent."""
    DWI = "dwi"
    """Diffusion-weighted, single directions or several b-values."""
    TRACE = "trace"
    """Diffusion-weighted, averaged over directions."""
    ADC = "adc"
    """A map of the apparent diffusion coefficient."""
    SWI = "swi"
    """Weighted by susceptibility."""
    MRS = "mrs"
    """Spectroscopy."""
    LOCALIZER = "localizer"
    """Images to plan the others by."""
    DERIVED = "derived"
    """Computed from other images: maps, projections, reformatted views."""
    OTHER = "other"
    """Anything else, and whatever the attributes do not prove."""


PROVEN = 0.7
"""Confidence from which on a kind was shown by attributes; below it a description may have had a say."""


@dataclass(frozen=True)
class Stack:
    """Parallel images of one series, with one b-value where it is diffusion: where they lie, and how densely.

    `directions` are the six cosines of ImageOrientationPatient (PS3.3 C.7.6.2.1.1). `row_mm` and `column_mm` are the
    field of view along a row and down a column; `normal_mm` is from the outer face of the first slice to that of the
    last, and `missing_mm` what of it slices that are not there would fill. `spacing_mm` is between centres of slices:
    by positions, or where there is none (`declared_spacing_mm`) as stated. Millimetres; None: headers do not say.
    """

    b_value: float | None = None
    images: int = 0
    slices: int = 0
    directions: tuple[float, ...] = ()
    row_mm: float | None = None
    column_mm: float | None = None
    normal_mm: float | None = None
    missing_mm: float = 0.0
    thickness_mm: float | None = None
    spacing_mm: float | None = None
    declared_spacing_mm: float | None = None
    pixel_mm: float | None = None
    """The longer side of a pixel."""

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Stack:
        """The stack that was kept; unknown keys of a newer version are ignored."""
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {key: stored[key] for key in known & set(stored)}
        return cls(**{**values, "directions": tuple(stored.get("directions", ()))})


@dataclass(frozen=True)
class SeriesFacts:
    """One series as recognised: its kind, how sure that is, and the evidence in words.

    `also` names further kinds in the same series (the PD echo of a dual-echo T2, ADC frames inside a DWI).
    `contrast` has three values: True (given), False (not given), None (unknown: nothing says so, or nothing that is
    understood, or sources disagree); `contrast_why` says what it rests on, without a word that people typed, and
    `injected_at` is the time of day at which the injection is stated to have begun.
    `caveats` are sentences on what contradicts the kind, and on what has to be known of the pixels; no free text.
    `body_parts` are BodyPartExamined and anatomic regions, upper case.
    `b_values` are in s/mm², whole numbers, only for diffusion series. Lengths are in millimetres. `stacks` are its
    images by plane and b-value, as far as headers tell where they lie.
    """

    series_instance_uid: str
    modality: str
    description: str
    kind: SeriesKind
    confidence: float
    evidence: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    also: tuple[SeriesKind, ...] = ()
    sop_class_uids: tuple[str, ...] = ()
    instances: int = 0
    images: int = 0
    series_number: int | None = None
    acquired_at: str = ""
    b_values: tuple[float, ...] = ()
    slice_thickness_mm: float | None = None
    slice_gap_mm: float | None = None
    coverage_mm: float | None = None
    plane: str | None = None
    three_d: bool | None = None
    contrast: bool | None = None
    contrast_why: str = ""
    injected_at: str = ""
    contrast_probable: bool = False
    field_strength_t: float | None = None
    manufacturer: str = ""
    body_parts: tuple[str, ...] = ()
    stacks: tuple[Stack, ...] = ()

    @property
    def kinds(self) -> frozenset[SeriesKind]:
        """Every kind of image this series holds."""
        return frozenset((self.kind, *self.also))

    def to_json(self) -> dict[str, Any]:
        """A plain dict of JSON values, readable again by `from_json`."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> SeriesFacts:
        """The series that `to_json` wrote; unknown keys of a newer version are ignored."""
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
        }
        values["kind"] = SeriesKind(stored.get("kind", SeriesKind.OTHER))
        values["also"] = tuple(SeriesKind(kind) for kind in stored.get("also", ()))
        values["stacks"] = tuple(Stack.from_json(stack) for stack in stored.get("stacks", ()))
        for name, default in (("series_instance_uid", ""), ("modality", "MR"), ("description", "")):
            values.setdefault(name, default)
        values.setdefault("confidence", 1.0)
        return cls(**{key: value for key, value in values.items() if key in known})
