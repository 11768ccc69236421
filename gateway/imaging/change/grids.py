"""Volumes as images of SimpleITK, and the prior on the grid of the current study, both equally sharp."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from gateway.imaging.study_index import Affine
from gateway.imaging.volume import Volume, image_of

_COARSE_MM = 1.0
"""Voxels are averaged, by whole numbers, as long as they stay within it: finer ones hold little more than noise."""
_PARTS_OF_VARIANCE = 12
"""A voxel of edge a blurs like a Gaussian of variance a2 / 12."""


@dataclass(frozen=True)
class Sharp:
    """Two volumes, each on its own grid, as blurred as the other one."""

    current: SimpleITK.Image
    prior: SimpleITK.Image
    shrunk: tuple[int, int, int]
    """Voxels of the current volume (column, row, slice) that were averaged into one of its grid."""


def affine_of(matrix: NDArray[np.float64]) -> Affine:
    """3 rows of 4 of a matrix, as tuples."""
    a, b, c = matrix[:3].tolist()
    return tuple(a), tuple(b), tuple(c)


def after(second: Affine, first: Affine) -> Affine:
    """The transform that does `first`, then `second`."""
    last = np.asarray([[0, 0, 0, 1]])
    return affine_of(np.vstack([second, last]) @ np.vstack([first, last]))


def array_of(image: SimpleITK.Image) -> NDArray[np.float32]:
    """The voxels of an image: (slices, rows, columns)."""
    array: NDArray[np.float32] = SimpleITK.GetArrayFromImage(image).astype(np.float32, copy=False)
    return array


def like(array: NDArray[np.float32], image: SimpleITK.Image) -> SimpleITK.Image:
    """Voxels as an image on the grid of another."""
    made = SimpleITK.GetImageFromArray(array)
    made.CopyInformation(image)
    return made


def smoothed(image: SimpleITK.Image, mm: float) -> SimpleITK.Image:
    """By a Gaussian of this standard deviation."""
    return SimpleITK.SmoothingRecursiveGaussian(image, mm)


def equally_sharp(current: Volume, prior: Volume, transform: Affine) -> Sharp:
    """Whichever is finer along an axis is smoothed to the other; `transform` is rigid (prior mm to current mm)."""
    now, shrunk = _shrunk(image_of(current))
    before, _ = _shrunk(image_of(prior))
    rigid = np.asarray(transform, float)[:3]
    blur_now, blur_before = _blur(now), rigid[:, :3] @ _blur(before) @ rigid[:, :3].T
    turn = np.asarray(now.GetDirection()).reshape(3, 3)
    now = _as_sharp(now, turn, blur_before - blur_now)
    turn = rigid[:, :3] @ np.asarray(before.GetDirection()).reshape(3, 3)
    return Sharp(now, _as_sharp(before, turn, blur_now - blur_before), shrunk)


def laid(
    prior: SimpleITK.Image, grid: SimpleITK.Image, transform: Affine
) -> tuple[SimpleITK.Image, NDArray[np.bool_]]:
    """A prior on the grid of another image, and where it has voxels there."""
    rigid = np.asarray(transform, float)[:3]
    inverse = SimpleITK.AffineTransform(3)
    inverse.SetMatrix(rigid[:, :3].T.ravel().tolist())
    inverse.SetTranslation((-rigid[:, :3].T @ rigid[:, 3]).tolist())
    moved = SimpleITK.Resample(prior, grid, inverse, SimpleITK.sitkBSpline, 0.0, SimpleITK.sitkFloat32)
    # The outermost voxels are half outside: what is interpolated beyond their middles is a guess.
    inner = np.zeros(prior.GetSize()[::-1], np.uint8)
    inner[1:-1, 1:-1, 1:-1] = 1
    inside = SimpleITK.GetImageFromArray(inner)
    inside.CopyInformation(prior)
    covered = SimpleITK.Resample(inside, grid, inverse, SimpleITK.sitkNearestNeighbor, 0)
    return moved, SimpleITK.GetArrayFromImage(covered) > 0


def voxel_ratio(one: SimpleITK.Image, other: SimpleITK.Image) -> float:
    """How many times the longest side of a voxel of the one is longer than that of the other, or the reverse."""
    a, b = max(one.GetSpacing()), max(other.GetSpacing())
    return float(max(a / b, b / a))


Box = tuple[slice, slice, slice]


def box_of(mask: NDArray[np.bool_], margin: int) -> Box:
    """The smallest box (slices, rows, columns) around a mask, and so many voxels more."""
    spans = []
    for axis in range(3):
        held = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        spans.append(slice(max(0, int(held[0]) - margin), int(held[-1]) + 1 + margin))
    return spans[0], spans[1], spans[2]


def cropped(image: SimpleITK.Image, box: Box) -> SimpleITK.Image:
    """What lies in a box, where it lies."""
    return image[box[2], box[1], box[0]]


def _shrunk(image: SimpleITK.Image) -> tuple[SimpleITK.Image, tuple[int, int, int]]:
    """Averaged by whole voxels, so that none is finer than needed."""
    columns, rows, slices = (
        max(1, min(size, int(_COARSE_MM / spacing)))
        for size, spacing in zip(image.GetSize(), image.GetSpacing(), strict=True)
    )
    factors = (columns, rows, slices)
    return (image if factors == (1, 1, 1) else SimpleITK.BinShrink(image, factors)), factors


def _blur(image: SimpleITK.Image) -> NDArray[np.float64]:
    """The covariance, mm2, of what one voxel sees."""
    turn = np.asarray(image.GetDirection()).reshape(3, 3)
    blur: NDArray[np.float64] = turn @ np.diag(np.square(image.GetSpacing()) / _PARTS_OF_VARIANCE) @ turn.T
    return blur


def _as_sharp(
    image: SimpleITK.Image, turn: NDArray[np.float64], missing: NDArray[np.float64]
) -> SimpleITK.Image:
    """Smoothed along each axis of its grid by what the other is blurred more."""
    for axis in range(3):
        variance = float(turn[:, axis] @ missing @ turn[:, axis])
        # Less than a third of a voxel changes nothing that can be seen.
        if variance > (image.GetSpacing()[axis] / 3) ** 2:
            image = SimpleITK.RecursiveGaussian(image, variance**0.5, direction=axis)
    return image
