"""Where the brain is on FLAIR, and how bright its white matter: a threshold, the largest component, morphology.

The skull and the fluid around the brain are dark, so that the brain is loose from the scalp once it is eroded. White
matter is the commonest brightness of the brain, whatever the number of lesions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from gateway.imaging.change.grids import array_of, smoothed

_COARSE_MM = 2.0
_DEEP_MM = 25.0
"""Below the surface of the head: brain and its fluid, no scalp, whatever the sequence."""
_LEAST_ML, _MOST_ML = 150.0, 2500.0
"""Of a brain within a slab of at least some centimetres; outside, it is something else."""
_DARKEST, _BRIGHTEST = 0.62, 3.5
"""Of the white matter: from grey matter beside fluid to the brightest lesion."""


@dataclass(frozen=True)
class Brain:
    """On the grid of the image."""

    mask: NDArray[np.bool_]
    """Brain, and the fluid that it encloses."""
    white: float
    """The signal of white matter."""


def brain_of(image: SimpleITK.Image) -> Brain | None:
    """The brain of a FLAIR volume; None where nothing has its size and brightness."""
    coarse = _coarse(smoothed(image, 0.8))
    values = array_of(coarse)
    head = SimpleITK.OtsuThreshold(coarse, 0, 1)
    head = SimpleITK.BinaryFillhole(SimpleITK.BinaryMorphologicalClosing(head, (4, 4, 4)))
    deep = array_of(SimpleITK.SignedMaurerDistanceMap(head, True, False, True)) > _DEEP_MM
    inner = values[deep & (values > 0)]
    if inner.size < 1000:
        return None
    white = commonest(inner)
    if not white > 0:
        return None
    tissue = SimpleITK.BinaryThreshold(coarse, _DARKEST * white, _BRIGHTEST * white)
    core = SimpleITK.BinaryErode(tissue, (2, 2, 2))
    largest = SimpleITK.RelabelComponent(SimpleITK.ConnectedComponent(core), sortByObjectSize=True) == 1
    grown = SimpleITK.BinaryDilate(largest, (3, 3, 3)) & tissue
    closed = SimpleITK.BinaryFillhole(_padded_closing(grown, 5))
    mask = SimpleITK.Resample(closed, image, SimpleITK.Transform(), SimpleITK.sitkNearestNeighbor, 0)
    found = SimpleITK.GetArrayFromImage(mask) > 0
    millilitres = found.sum() * float(np.prod(image.GetSpacing())) / 1000
    if not _LEAST_ML < millilitres < _MOST_ML:
        return None
    return Brain(found, white)


def commonest(values: NDArray[np.float32]) -> float:
    """The brightness that most voxels have: the top of a smooth histogram, above what is as dark as fluid."""
    high = float(np.percentile(values, 99.5))
    if not high > 0:
        return 0.0
    counts, edges = np.histogram(values, bins=256, range=(0.0, high))
    window = np.hanning(15)
    smooth = np.convolve(counts, window / window.sum(), mode="same")
    smooth[: int(0.25 * len(smooth))] = 0
    top = int(np.argmax(smooth))
    return float((edges[top] + edges[top + 1]) / 2)


def _coarse(image: SimpleITK.Image) -> SimpleITK.Image:
    sizes = [
        max(1, round(size * spacing / _COARSE_MM))
        for size, spacing in zip(image.GetSize(), image.GetSpacing(), strict=True)
    ]
    spacings = [
        size * spacing / count
        for size, spacing, count in zip(image.GetSize(), image.GetSpacing(), sizes, strict=True)
    ]
    turn = np.asarray(image.GetDirection()).reshape(3, 3)
    shift = turn @ ((np.asarray(spacings) - np.asarray(image.GetSpacing())) / 2)
    return SimpleITK.Resample(
        image,
        sizes,
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        (np.asarray(image.GetOrigin()) + shift).tolist(),
        spacings,
        image.GetDirection(),
        0.0,
        SimpleITK.sitkFloat32,
    )


def _padded_closing(mask: SimpleITK.Image, radius: int) -> SimpleITK.Image:
    """Closing that leaves the edge of the volume alone."""
    closed = SimpleITK.BinaryMorphologicalClosing(mask, (radius,) * 3, SimpleITK.sitkBall, 1.0, True)
    return closed | mask
