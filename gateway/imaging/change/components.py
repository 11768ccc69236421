"""The places that changed: loose from each other, measured, new or grown; small ones dropped and counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from gateway.imaging.change.grids import like
from gateway.imaging.change.outcome import LEAST_DIAMETER_MM, MOST_COMPONENTS, Component, Kind

_SURE, _PART = 5.0, 3.0
"""Units of noise: a component has a voxel of the first, and takes in what is joined to it of the second."""
_TOUCH_MM = 1.2


@dataclass(frozen=True)
class Places:
    """What is in the map: `labels` are 0 outside, and have no order."""

    labels: NDArray[np.int32]
    components: tuple[Component, ...]
    dropped: int
    more: int


def places_of(
    noise_units: NDArray[np.float32],
    rise: NDArray[np.float32],
    bright_before: NDArray[np.bool_],
    grid: SimpleITK.Image,
) -> Places:
    """Components of `noise_units`; `rise` is the difference itself, `bright_before` what the prior showed bright."""
    labels = _joined(noise_units, grid)
    voxel_ml = float(np.prod(grid.GetSpacing())) / 1000
    least_ml = np.pi / 6 * LEAST_DIAMETER_MM**3 / 1000
    touching = _widened(bright_before, grid, _TOUCH_MM)
    statistics = SimpleITK.LabelShapeStatisticsImageFilter()
    statistics.ComputeOrientedBoundingBoxOff()
    statistics.Execute(_labels_on(labels, grid))
    made: list[tuple[float, int, Component]] = []
    dropped = 0
    for label in statistics.GetLabels():
        box = _box(statistics.GetBoundingBox(label))
        inside = labels[box] == label
        top = float(np.percentile(rise[box][inside], 95))
        half = inside & (rise[box] >= top / 2)
        volume = float(half.sum()) * voxel_ml
        if volume < least_ml:
            labels[box][inside] = 0
            dropped += 1
            continue
        labels[box][inside & ~half] = 0
        places = np.argwhere(half) + [s.start for s in box]
        nearest = places[np.argmin(np.square(places - places.mean(axis=0)).sum(axis=1))]
        x, y, z = grid.TransformIndexToPhysicalPoint([int(i) for i in nearest[::-1]])
        grown = bool((touching[box] & half).any())
        kind = Kind.GROWN if grown else Kind.NEW
        peak = float(noise_units[box][inside].max())
        made.append((volume, label, Component(0, kind, round(volume, 4), round(peak, 1), (x, y, z))))
    made.sort(key=lambda one: (-one[0], one[1]))
    listed = tuple(
        Component(number, c.kind, c.volume_ml, c.peak, c.point)
        for number, (_, _, c) in enumerate(made[:MOST_COMPONENTS], start=1)
    )
    return Places(labels, listed, dropped, max(0, len(made) - MOST_COMPONENTS))


def _labels_on(labels: NDArray[np.int32], grid: SimpleITK.Image) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(labels)
    image.CopyInformation(grid)
    return image


def _joined(noise_units: NDArray[np.float32], grid: SimpleITK.Image) -> NDArray[np.int32]:
    """Labels of what is above the second threshold and holds a voxel above the first."""
    found = SimpleITK.DoubleThreshold(like(noise_units, grid), _PART, _SURE, 1e9, 1e9, 1, 0, True)
    labels: NDArray[np.int32] = SimpleITK.GetArrayFromImage(SimpleITK.ConnectedComponent(found)).astype(
        np.int32
    )
    return labels


def _widened(mask: NDArray[np.bool_], grid: SimpleITK.Image, mm: float) -> NDArray[np.bool_]:
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    radius = [max(1, round(mm / spacing)) for spacing in grid.GetSpacing()]
    wide: NDArray[np.bool_] = SimpleITK.GetArrayFromImage(SimpleITK.BinaryDilate(image, radius)) > 0
    return wide


def _box(found: tuple[int, ...]) -> tuple[slice, slice, slice]:
    x, y, z, width, height, depth = found
    return slice(z, z + depth), slice(y, y + height), slice(x, x + width)
