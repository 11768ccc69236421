"""What a header says of each of its frames: where it lies, how large its pixels are, what its values mean.

Enhanced MR says so in functional groups, of all frames (shared) or of each (PS3.3 C.7.6.16); classic MR, at its top.
What nobody can use (no number, no unit vectors, a distance of nothing) is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from pydantic import TypeAdapter
from pydicom import Dataset
from pydicom import Sequence as PydicomSequence

from gateway.imaging.study_index import FrameIndex, Number, Vector

GROUPS: Final = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
KEYWORDS: Final = (
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "SeriesDescription",
    "SeriesNumber",
    "InstanceNumber",
    "NumberOfFrames",
    "Modality",
    "FrameOfReferenceUID",
    "ImageType",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
    "RescaleSlope",
    "RescaleIntercept",
    "DiffusionBValue",
    "DiffusionGradientOrientation",
    "EchoTime",
    "TemporalPositionIdentifier",
    "ComplexImageComponent",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    *GROUPS,
)
"""All that is read of a header; of a large one the rest is skipped."""
_LONGEST: Final = 64
"""Characters of a text."""
_UNIT: Final = 0.01
"""How far cosines may be from unit length and right angles (PS3.3 C.7.6.2.1.1)."""
_FARTHEST_MM: Final = 10_000.0
_PARTS: Final = {
    "M": "M", "M_FFE": "M", "M_SE": "M", "M_IR": "M", "MAGNITUDE": "M",
    "P": "P", "PHASE": "P", "PHASE MAP": "P", "P_FFE": "P",
    "R": "R", "REAL": "R", "R_FFE": "R", "R_IR": "R",
    "I": "I", "IMAGINARY": "I", "I_FFE": "I",
}  # fmt: skip
"""ComplexImageComponent, or a value of ImageType from the third on as scanners write it, and the part it means."""
_READ_ERRORS: Final = (AttributeError, LookupError, TypeError, ValueError, OverflowError)


@dataclass(frozen=True)
class ObjectHeader:
    """What the index of a study takes from one object; of its frames `FrameIndex.object` is not known yet: 0."""

    series: str
    series_number: int
    description: str
    modality: str
    frame_of_reference: str
    sop_class_uid: str
    sop_instance_uid: str
    instance_number: Number
    photometric: str
    bits_stored: int
    signed: bool
    is_mosaic: bool
    gap: Number | None
    """SpacingBetweenSlices, mm: from centre to centre, or else; only where nothing better is known."""
    frames: tuple[FrameIndex, ...]


HEADERS: Final = TypeAdapter(list[ObjectHeader | None])
"""Headers of many objects as text and back; what is no such text raises ValueError."""


def object_header(ds: Dataset, frames: int) -> ObjectHeader:
    """Of an object with so many frames. Raises nothing: what cannot be read is not known."""
    described = [frame_index(ds, frame) for frame in range(frames)]
    return ObjectHeader(
        series=_text(ds, "SeriesInstanceUID"),
        series_number=int(_number(ds.get("SeriesNumber")) or 0),
        description=_text(ds, "SeriesDescription"),
        modality=_text(ds, "Modality")[:16],
        frame_of_reference=_text(ds, "FrameOfReferenceUID"),
        sop_class_uid=_text(ds, "SOPClassUID"),
        sop_instance_uid=_text(ds, "SOPInstanceUID"),
        instance_number=_number(ds.get("InstanceNumber")) or 0.0,
        photometric=_text(ds, "PhotometricInterpretation")[:16],
        bits_stored=_whole(ds, "BitsStored"),
        signed=_whole(ds, "PixelRepresentation") == 1,
        is_mosaic=any("MOSAIC" in value.upper() for value in _image_type(ds)),
        gap=_length(_Groups(ds, 0).said("PixelMeasuresSequence", "SpacingBetweenSlices")),
        frames=tuple(described),
    )


class _Groups:
    """The functional groups of one frame, those of all frames, and the top of the header: who says it first."""

    def __init__(self, ds: Dataset, frame: int) -> None:
        shared, each = (_items(ds, keyword) for keyword in GROUPS)
        self._groups = (*each[frame : frame + 1], *shared[:1])
        self._ds = ds

    def said(self, sequence: str, keyword: str) -> Any:
        """The value of an attribute of a functional group; None where nobody says."""
        for group in self._groups:
            with suppress(*_READ_ERRORS):
                items = group.get(sequence)
                if items and items[0].get(keyword) is not None:
                    return items[0].get(keyword)
        with suppress(*_READ_ERRORS):
            return self._ds.get(keyword)
        return None


def _items(ds: Dataset, keyword: str) -> Sequence[Dataset]:
    """The items of a sequence; none where something else stands in its place."""
    with suppress(*_READ_ERRORS):
        value = ds.get(keyword)
        return value if isinstance(value, PydicomSequence) else ()
    return ()


def frame_index(ds: Dataset, frame: int) -> FrameIndex:
    """Of one frame of an object, counted from 0."""
    groups = _Groups(ds, frame)
    frame_type = _texts(groups.said("MRImageFrameTypeSequence", "FrameType"))
    image_type = frame_type or _image_type(ds)
    echo = groups.said("MREchoSequence", "EffectiveEchoTime")
    time = groups.said("FrameContentSequence", "TemporalPositionIndex")
    gradients = groups.said("MRDiffusionSequence", "DiffusionGradientDirectionSequence")
    with suppress(*_READ_ERRORS):
        gradients = gradients[0].get("DiffusionGradientOrientation")
    position = _numbers(groups.said("PlanePositionSequence", "ImagePositionPatient"), 3)
    spacing = _numbers(groups.said("PixelMeasuresSequence", "PixelSpacing"), 2)
    index = _number(time if time is not None else ds.get("TemporalPositionIdentifier"))
    return FrameIndex(
        object=0,
        frame=frame,
        rows=_whole(ds, "Rows"),
        columns=_whole(ds, "Columns"),
        position=_vector(position) if position and max(map(abs, position)) < _FARTHEST_MM else None,
        orientation=_orientation(groups.said("PlaneOrientationSequence", "ImageOrientationPatient")),
        spacing=(spacing[0], spacing[1])
        if spacing and all(0 < each < _FARTHEST_MM for each in spacing)
        else None,
        slope=_rescaling(groups.said("PixelValueTransformationSequence", "RescaleSlope"), 1.0),
        intercept=_rescaling(groups.said("PixelValueTransformationSequence", "RescaleIntercept"), 0.0),
        b_value=_number(groups.said("MRDiffusionSequence", "DiffusionBValue")),
        echo_time=_number(echo if echo is not None else ds.get("EchoTime")),
        time=None if index is None else int(index),
        direction=_vector(_numbers(gradients or ds.get("DiffusionGradientOrientation"), 3)),
        part=_part(groups.said("MRImageFrameTypeSequence", "ComplexImageComponent"), image_type),
        offset=None,
        length=0,
        thickness=_length(groups.said("PixelMeasuresSequence", "SliceThickness")),
    )


def _rescaling(value: Any, otherwise: float) -> float | None:
    """A slope of 0 would make every value the same: no scanner means that, and it counts as not told."""
    if value is None or str(value) == "":
        return otherwise
    number = _number(value)
    return number if number is None else number or otherwise


def _part(component: Any, image_type: Sequence[str]) -> str:
    for said in (str(component or ""), *image_type[2:]):
        if part := _PARTS.get(said.strip().upper()):
            return part
    return ""


def _orientation(value: Any) -> tuple[float, float, float, float, float, float] | None:
    """Unit vectors at a right angle: what a header says is rounded, and a length taken by it would be too."""
    numbers = _numbers(value, 6)
    if numbers is None:
        return None
    row, column = numbers[:3], numbers[3:]
    far = (_dot(row, row) - 1, _dot(column, column) - 1, _dot(row, column))
    if not all(abs(each) <= _UNIT for each in far):
        return None
    row = _unit(row)
    along = _dot(row, column)
    column = _unit([each - along * other for each, other in zip(column, row, strict=True)])
    a, b, c, d, e, f = *row, *column
    return (a, b, c, d, e, f)


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _unit(vector: Sequence[float]) -> tuple[float, ...]:
    length = _dot(vector, vector) ** 0.5
    return tuple(each / length for each in vector)


def _vector(numbers: Sequence[float] | None) -> Vector | None:
    return None if numbers is None else (numbers[0], numbers[1], numbers[2])


def _numbers(value: Any, count: int) -> tuple[float, ...] | None:
    with suppress(*_READ_ERRORS):
        numbers = tuple(float(each) for each in value)
        return numbers if len(numbers) == count and all(map(isfinite, numbers)) else None
    return None


def _number(value: Any) -> float | None:
    with suppress(*_READ_ERRORS):
        if value is None or str(value) == "":
            return None
        number = float(value)
        return number if isfinite(number) and abs(number) < 2**53 else None
    return None


def _length(value: Any) -> float | None:
    number = _number(value)
    return number if number and 0 < number < _FARTHEST_MM else None


def _whole(ds: Dataset, keyword: str) -> int:
    with suppress(*_READ_ERRORS):
        return int(_number(ds.get(keyword)) or 0)
    return 0


def _text(ds: Dataset, keyword: str) -> str:
    with suppress(*_READ_ERRORS):
        return str(ds.get(keyword) or "").strip(" \0")[:_LONGEST]
    return ""


def _image_type(ds: Dataset) -> tuple[str, ...]:
    with suppress(*_READ_ERRORS):
        return _texts(ds.get("ImageType"))
    return ()


def _texts(value: Any) -> tuple[str, ...]:
    with suppress(*_READ_ERRORS):
        return (value,) if isinstance(value, str) else tuple(str(each) for each in value or ())
    return ()
