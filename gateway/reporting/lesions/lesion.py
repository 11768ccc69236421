"""One lesion, or one group of like lesions: every row of the MS-versus-PML table as a coded item.

A lesion that lies in the spinal cord alone is asked only what an image of the cord can show, one that has resolved
nothing of how it looks; every other lesion must answer all items, if only with *not assessable* or *not covered*.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gateway.reporting.lesions.answers import (
    Adc,
    AnatomicalSite,
    Attribution,
    Border,
    Course,
    DwiPattern,
    Enhancement,
    IrisSign,
    Laterality,
    MassEffect,
    Morphology,
    Multiplicity,
    Residual,
    Sign,
    SwiPattern,
    T1Signal,
    T2Signal,
    TimeCourse,
    Topography,
)
from gateway.reporting.lesions.marks import MOST_MARKS, KeyImage, Mark
from gateway.reporting.parts import FreeText, Measure, ReportPart, Uid, distinct

#: Items that are asked of a lesion in the brain only.
BRAIN_ITEMS = (
    "topography",
    "cortical_involvement",
    "border_white_matter",
    "border_grey_matter",
    "dwi",
    "swi",
    "mass_effect",
)
#: Items that are asked of a lesion that is still there.
SEEN_ITEMS = (*BRAIN_ITEMS, "morphology", "t1", "t2", "enhancement")


def _in_order(places: dict[AnatomicalSite, Laterality]) -> dict[AnatomicalSite, Laterality]:
    """The sites in the order of the form, so that the same choice gives the same report."""
    return {site: places[site] for site in AnatomicalSite if site in places}


_NUMBER = re.compile(r"[1-9][0-9]{0,2}")


def typed_number(text: Any) -> int | None:
    """The number of a lesion as it was typed, 1 to 999; None for anything else, such as `1.0`, `+1` or `01`."""
    digits = str(text or "").strip()
    return int(digits) if _NUMBER.fullmatch(digits) else None


def _as_typed(number: object) -> object:
    """A typed number must be one that identity is found by: `1.0` would be lesion 1 without its history."""
    if isinstance(number, str) and typed_number(number) is None:
        raise ValueError(
            "a number of a lesion is 1 to 999, in digits alone; write it as 1, or leave it empty"
        )
    return number


LesionNumber = Annotated[int, BeforeValidator(_as_typed), Field(ge=1, le=999)]


class PriorMeasures(ReportPart):
    """What the newest earlier signed report says of the same lesion; filled in by the gateway, never by a reader.

    `days` lie between the two studies; axis in mm, volume in cm3; reports of earlier versions kept no time course.
    """

    days: Annotated[int, Field(ge=1)]
    time_course: TimeCourse | None = None
    long_axis_mm: Measure | None = None
    volume_cm3: Measure | None = None


class Lesion(ReportPart):
    """One lesion or group of like lesions; `number` and `tracking_uid` stay with it from report to report."""

    number: LesionNumber | None = None
    tracking_uid: Uid | None = None
    prior: PriorMeasures | None = None
    places: Annotated[dict[AnatomicalSite, Laterality], Field(min_length=1), AfterValidator(_in_order)]
    other_site: FreeText = ""
    topography: Annotated[tuple[Topography, ...], Field(min_length=1), AfterValidator(distinct)] | None
    multiplicity: Multiplicity | None = None
    cortical_involvement: Sign | None
    morphology: Annotated[tuple[Morphology, ...], Field(min_length=1), AfterValidator(distinct)] | None
    border: Border | None = None
    border_white_matter: Border | None
    border_grey_matter: Border | None
    time_course: TimeCourse
    course: Annotated[tuple[Course, ...], AfterValidator(distinct)] = ()
    t1: Annotated[tuple[T1Signal, ...], Field(min_length=1), AfterValidator(distinct)] | None
    t2: Annotated[tuple[T2Signal, ...], Field(min_length=1), AfterValidator(distinct)] | None
    dwi: Annotated[tuple[DwiPattern, ...], Field(min_length=1), AfterValidator(distinct)] | None
    adc: Adc | None = None
    enhancement: Annotated[tuple[Enhancement, ...], Field(min_length=1), AfterValidator(distinct)] | None
    swi: Annotated[tuple[SwiPattern, ...], Field(min_length=1), AfterValidator(distinct)] | None
    mass_effect: MassEffect | None
    haemorrhage: Sign | None = None
    iris_signs: Annotated[tuple[IrisSign, ...], AfterValidator(distinct)] = ()
    residual: Annotated[tuple[Residual, ...], AfterValidator(distinct)] = ()
    long_axis_mm: Measure | None = None
    volume_cm3: Measure | None = None
    attribution: Attribution
    comment: FreeText = ""
    key_images: tuple[KeyImage, ...] = ()
    marks: Annotated[tuple[Mark, ...], Field(max_length=MOST_MARKS)] = ()

    @model_validator(mode="before")
    @classmethod
    def _ask_only_what_can_be_seen(cls, said: Any) -> Any:
        """An item that is not asked is None when unanswered; elsewhere None is the same as unanswered."""
        if not isinstance(said, Mapping):
            return said
        answered = {
            name: value for name, value in said.items() if value is not None or name not in SEEN_ITEMS
        }
        unasked = dict.fromkeys(unasked_items(said.get("places"), said.get("time_course")))
        if said.get("border") is not None:  # an earlier form asked for the border as a whole
            unasked |= {"border_white_matter": None, "border_grey_matter": None}
        return unasked | answered

    @property
    def has_news(self) -> bool:
        """False only when the lesion was compared, and is neither new nor more than before."""
        return (
            self.time_course not in {TimeCourse.DECREASE, TimeCourse.UNCHANGED, TimeCourse.RESOLVED}
            or bool({Course.RAPID_INCREASE, Course.FURTHER_LESIONS} & set(self.course))
            or Enhancement.INCREASED in (self.enhancement or ())
            or IrisSign.MORE_ENHANCEMENT in self.iris_signs
        )


def unasked_items(places: object, time_course: object) -> tuple[str, ...]:
    """The items that are not asked of a lesion in these places with this time course."""
    if time_course == TimeCourse.RESOLVED.value:
        return SEEN_ITEMS
    return BRAIN_ITEMS if in_cord_only(places) else ()


def in_cord_only(places: object) -> bool:
    """True when `places`, sites or a mapping of sites to sides, are the spinal cord and nothing else."""
    return isinstance(places, Mapping | list | tuple) and set(map(str, places)) == {
        AnatomicalSite.SPINAL_CORD.value
    }
