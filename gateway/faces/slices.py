"""Where the voxels of an object lie in the patient (PS3.3 C.7.6.2 and C.7.6.16.2), slice by slice.

Coordinates are mm in the patient system: x to the left, y to the back, z to the head.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from gateway.privacy.errors import FACE_STAYS, Held, HeldReason

_SURFACE: Final = "which shows the surface from outside"
_NOT_SLICES: Final = (
    (re.compile("MOSAIC"), "its picture is a mosaic of slices"),
    (re.compile("PROJ|MIP|MINIP|MNIP|MAX_?IP|MIN_?IP|MAXIMUM|MINIMUM"), f"it is a projection, {_SURFACE}"),
    (re.compile("RENDER|SURFACE|VRT|SSD|VOLREN|3D|CINEMATIC"), f"it is a rendering, {_SURFACE}"),
    (re.compile("THICK|SLAB"), "it is a thick reformation"),
    (re.compile("CPR|CURVED"), "it is a curved reformation"),
)
"""Words of ImageType under which position and orientation do not say where a pixel was; vendors add to them."""
_LONGEST_STEP_MM: Final = 20.0


@dataclass(frozen=True)
class Slice:
    """One frame: the middle of its first voxel, the steps to the next column and to the next row, in mm."""

    corner: tuple[float, float, float]
    to_next_column: tuple[float, float, float]
    to_next_row: tuple[float, float, float]
    rows: int
    columns: int

    def along(self, direction: Sequence[float]) -> NDArray[np.float64]:
        """How far each voxel's middle lies in a direction (x, y, z), in mm: (rows, columns)."""
        at = np.asarray(direction, np.float64)
        rows = np.arange(self.rows) * float(at @ np.asarray(self.to_next_row))
        columns = np.arange(self.columns) * float(at @ np.asarray(self.to_next_column))
        return float(at @ np.asarray(self.corner)) + rows[:, None] + columns[None, :]

    @property
    def normal(self) -> NDArray[np.float64]:
        """The unit vector at right angles to it."""
        across = np.cross(self.to_next_column, self.to_next_row)
        unit: NDArray[np.float64] = across / np.linalg.norm(across)
        return unit


@dataclass(frozen=True)
class Grid:
    """Voxels (x, y, z) at equal steps, in mm, along the patient's axes; `corner` is the middle of the first."""

    shape: tuple[int, ...]
    corner: tuple[float, float, float]
    step: float

    def at(self, where: Slice) -> tuple[NDArray[np.bool_], tuple[NDArray[np.int64], ...]]:
        """Which voxels of a slice have their middle in the grid, and the nearest of its own: (rows, columns) each."""
        inside = np.ones((where.rows, where.columns), np.bool_)
        nearest = []
        for axis, side in enumerate(self.shape):
            direction = [float(axis == one) for one in range(3)]
            at = np.rint((where.along(direction) - self.corner[axis]) / self.step).astype(np.int64)
            inside &= (at >= 0) & (at < side)
            nearest.append(np.clip(at, 0, side - 1))
        return inside, tuple(nearest)


def not_cut(why: str) -> Held:
    """A face that may be in an object and cannot be taken out; `why` reads on after 'because'."""
    return Held(
        f"{FACE_STAYS} {why}.",
        "Look at the image; a named person can release it when nobody can be recognised in it, or leave it out.",
        reason=HeldReason.FACE,
        releasable=True,
    )


def frame_of_reference(ds: Dataset) -> str:
    """FrameOfReferenceUID; raises Held when there is none."""
    uid = str(ds.get("FrameOfReferenceUID") or "").strip(" \0")
    if not uid:
        raise not_cut("it has no frame of reference (0020,0052), so nobody knows where it lies in the head")
    return uid


def series_of(ds: Dataset) -> str:
    """SeriesInstanceUID, empty where there is none."""
    return str(ds.get("SeriesInstanceUID") or "").strip(" \0")


def slices_of(ds: Dataset) -> tuple[Slice, ...]:
    """The frames of an object in order, from the attributes of an MR or an Enhanced MR image; raises Held."""
    image_type = ds.get("ImageType") or ()
    for value in [image_type] if isinstance(image_type, str) else image_type:
        _refuse_no_slice(str(value))
    try:
        frames = int(ds.get("NumberOfFrames") or 1)
        groups = ds.get("PerFrameFunctionalGroupsSequence")
        if groups is None and frames == 1:
            return (_slice(ds, ds, ds, ds),)
        if groups is None or len(groups) != frames:
            raise not_cut("its frames do not say where they lie")
        shared = ds.get("SharedFunctionalGroupsSequence") or [Dataset()]
        for group in (*groups, shared[0]):
            _refuse_projections(group)
        return tuple(
            _slice(
                ds,
                _macro("PlanePositionSequence", group, shared[0]),
                _macro("PlaneOrientationSequence", group, shared[0]),
                _macro("PixelMeasuresSequence", group, shared[0]),
            )
            for group in groups
        )
    except (TypeError, ValueError, AttributeError, IndexError, KeyError, OverflowError):
        raise not_cut("position, orientation or pixel spacing are missing or no numbers") from None


def _refuse_projections(group: Dataset) -> None:
    for item in group.get("MRImageFrameTypeSequence") or ():
        for value in item.get("FrameType") or ():
            _refuse_no_slice(str(value))


def _refuse_no_slice(value: str) -> None:
    for words, why in _NOT_SLICES:
        if words.search(value.upper()):
            raise not_cut(why)


def _macro(keyword: str, group: Dataset, shared: Dataset) -> Dataset:
    return (group.get(keyword) or shared[keyword].value)[0]


def _slice(ds: Dataset, position: Dataset, orientation: Dataset, measures: Dataset) -> Slice:
    corner = _numbers(position.ImagePositionPatient, 3)
    cosines = _numbers(orientation.ImageOrientationPatient, 6)
    between_rows, between_columns = _numbers(measures.PixelSpacing, 2)
    row, column = cosines[:3], cosines[3:]
    square = np.allclose([row @ row, column @ column, row @ column], [1, 1, 0], atol=1e-3)
    steps = (between_rows, between_columns)
    if not square or not 0 < min(steps) <= max(steps) <= _LONGEST_STEP_MM:
        raise ValueError
    return Slice(
        _triple(corner),
        _triple(row * between_columns),
        _triple(column * between_rows),
        int(ds.Rows),
        int(ds.Columns),
    )


def _numbers(values: Any, count: int) -> NDArray[np.float64]:
    numbers = np.array([float(value) for value in values], np.float64)
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        raise ValueError
    return numbers


def _triple(vector: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(part) for part in vector)
    return x, y, z
