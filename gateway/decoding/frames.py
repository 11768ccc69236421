"""What a header says of one frame: where it lies, how large its pixels are, what its values mean.

Enhanced MR says so in functional groups, of all frames (shared) or of each (PS3.3 C.7.6.16); classic MR, at its top.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from pydicom import Dataset

from gateway.decoding.errors import UNDECODABLE

GROUPS: Final = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")


@dataclass(frozen=True)
class FrameAttributes:
    """Of one frame; spacing of rows, then of columns, in mm, b-values in s/mm2. None: the header does not say."""

    position: Sequence[float] | None
    orientation: Sequence[float] | None
    spacing: Sequence[float] | None
    slope: Any
    intercept: Any
    b_value: float | None

    @property
    def along(self) -> float:
        """The place along the normal of the slices in mm (PS3.3 C.7.6.2.1.1); 0 where it is not known."""
        if self.position is None or self.orientation is None:
            return 0.0
        axes = np.asarray(self.orientation)
        return float(np.dot(np.cross(axes[:3], axes[3:]), np.asarray(self.position)))


def attributes_of(header: Dataset, frame: int) -> FrameAttributes:
    """Of one frame of an object, counted from 0."""
    shared, each = (header.get(keyword) or () for keyword in GROUPS)
    groups = (*each[frame : frame + 1], *shared[:1])

    def said(sequence: str, keyword: str) -> Any:
        for group in groups:
            items = group.get(sequence)
            if items and items[0].get(keyword) is not None:
                return items[0].get(keyword)
        return header.get(keyword)

    b_values = _numbers(said("MRDiffusionSequence", "DiffusionBValue"), 1)
    return FrameAttributes(
        position=_numbers(said("PlanePositionSequence", "ImagePositionPatient"), 3),
        orientation=_numbers(said("PlaneOrientationSequence", "ImageOrientationPatient"), 6),
        spacing=_numbers(said("PixelMeasuresSequence", "PixelSpacing"), 2),
        slope=said("PixelValueTransformationSequence", "RescaleSlope"),
        intercept=said("PixelValueTransformationSequence", "RescaleIntercept"),
        b_value=b_values[0] if b_values else None,
    )


def _numbers(value: Any, count: int) -> tuple[float, ...] | None:
    with suppress(*UNDECODABLE):
        numbers = tuple(float(each) for each in (value if count > 1 else (value,)))
        return numbers if len(numbers) == count else None
    return None
