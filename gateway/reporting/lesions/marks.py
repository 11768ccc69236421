"""Where a lesion was marked in the pictures: a point, its long axis, or its outline, in mm of the patient.

Coordinates are DICOM's (PS3.3 C.7.6.2.1.1: x to the left, y to the back, z to the head) in the frame of reference of
the series, which a copy keeps. UIDs are those of the copies; the way back to the sender's is the report's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from math import dist
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from gateway.reporting.parts import Measure, ReportPart, Uid

MOST_MARKS: Final = 12
MOST_OUTLINES: Final = 100
MOST_CORNERS: Final = 100
_FARTHEST_MM: Final = 2000.0
_PLACES: Final = 2

Coordinate = Annotated[
    float,
    Field(ge=-_FARTHEST_MM, le=_FARTHEST_MM, allow_inf_nan=False),
    AfterValidator(lambda value: round(value, _PLACES)),
]
Point = tuple[Coordinate, Coordinate, Coordinate]
Frame = Annotated[int, Field(ge=1, le=99_999)]
"""As DICOM counts the frames of an object, from 1 (ReferencedFrameNumber)."""

#: One picture as a form has it: its SOP Instance UID, and behind `#` its frame where the object has several. Without
#: one the frame was not told, as in reports of before frames were kept.
KeyImage = Annotated[
    str, StringConstraints(pattern=r"^(0|[1-9]\d*)(\.(0|[1-9]\d*))+(#[1-9]\d{0,4})?$", max_length=70)
]


def key_image(text: str) -> tuple[str, int | None]:
    """The SOP Instance UID of a key image, and its frame from 1; None: not told."""
    uid, _, frame = text.partition("#")
    return uid, int(frame) if frame else None


class MarkKind(StrEnum):
    """What was drawn."""

    POINT = "point"
    LONG_AXIS = "long_axis"
    REGION = "region"


class RegionMethod(StrEnum):
    """How a region was found."""

    THRESHOLD = "threshold"
    BRUSH = "brush"


_CORNERS: Final = {MarkKind.POINT: 1, MarkKind.LONG_AXIS: 2, MarkKind.REGION: 1}


class Outline(ReportPart):
    """The closed edge of a region on one frame; the last corner joins the first."""

    uid: Uid
    frame: Frame | None = None
    points: Annotated[tuple[Point, ...], Field(min_length=3, max_length=MOST_CORNERS)]


class Mark(ReportPart):
    """One mark on a picture of the study, which `uid` and `frame` name; `frame` is None where the object has one.

    `points`: of a long axis its two ends, of a region where it was begun. A region has the outlines of its slices, its
    volume in ml and its method.
    """

    kind: MarkKind
    series: Uid
    uid: Uid
    frame: Frame | None = None
    frame_of_reference: Uid | None = None
    points: Annotated[tuple[Point, ...], Field(min_length=1, max_length=2)]
    outlines: Annotated[tuple[Outline, ...], Field(max_length=MOST_OUTLINES)] = ()
    volume_ml: Annotated[Measure, Field(gt=0)] | None = None
    method: RegionMethod | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, said: Any) -> Any:
        """A field of a form holds a mark as JSON."""
        if not isinstance(said, str):
            return said
        try:
            return json.loads(said)
        except (ValueError, RecursionError):
            raise ValueError("is no mark; remove it and mark the lesion again") from None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if len(self.points) != _CORNERS[self.kind]:
            raise ValueError("has not the points of its kind; remove it and mark the lesion again")
        of_a_region = [self.volume_ml is not None, self.method is not None, bool(self.outlines)]
        if of_a_region != [self.kind is MarkKind.REGION] * 3:
            raise ValueError(
                "a region has outlines, a volume and a method, and nothing else has; mark it again"
            )
        if self.kind is MarkKind.LONG_AXIS and not self.length_mm:
            raise ValueError("a long axis has two different ends; remove it and draw it again")
        return self

    @property
    def length_mm(self) -> Decimal | None:
        """Between the ends of a long axis, mm to a tenth; None for any other mark."""
        if self.kind is not MarkKind.LONG_AXIS:
            return None
        return Decimal(str(round(dist(*self.points), 1)))

    @property
    def text(self) -> str:
        """As a field of a form holds it."""
        return as_text(self.model_dump(mode="json", exclude_none=True))

    @property
    def told(self) -> str:
        """What was marked and where, in words."""
        where = place_in_words(self.points[0])
        if self.kind is MarkKind.LONG_AXIS:
            return f"Long axis {self.length_mm} mm, from {where} to {place_in_words(self.points[1])}"
        if self.kind is MarkKind.REGION:
            return f"Region of {self.volume_ml} ml by {self.method} at {where}"
        return f"Point at {where}"


def as_text(mark: dict[str, Any]) -> str:
    """A mark as it is stored, as a field of a form holds it."""
    return json.dumps(mark, separators=(",", ":"), sort_keys=True)


def place_in_words(point: Point) -> str:
    """A place in the patient as people read it: `R 33.0 A 37.0 S 33.0 mm`."""
    sides = (("L", "R"), ("P", "A"), ("S", "I"))
    return (
        " ".join(
            f"{side[0] if v >= 0 else side[1]} {abs(v):.1f}" for side, v in zip(sides, point, strict=True)
        )
        + " mm"
    )


def longest_axis(marks: Iterable[Mark]) -> Decimal | None:
    """The length of the longest axis that was drawn, mm; None: none was."""
    return max((each.length_mm for each in marks if each.length_mm is not None), default=None)


def marked_volume(marks: Iterable[Mark]) -> Decimal | None:
    """The volumes of the regions together, ml, that is cm3; None: there is none."""
    volumes = [each.volume_ml for each in marks if each.volume_ml is not None]
    return sum(volumes, Decimal(0)) if volumes else None
