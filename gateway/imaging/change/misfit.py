"""How far two volumes of one grid lie from each other, measured from the pictures and not from who aligned them.

A map of two that do not fit is not merely wrong: the noise is estimated from the difference, so a bad fit would hide
lesions and look clean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from gateway.imaging.change.grids import affine_of, array_of, smoothed
from gateway.imaging.study_index import Affine

_LARGEST = 0.97
"""A lesion is a large difference that no shift explains: differences above this quantile do not count."""
_MOST_SAMPLES = 400_000


@dataclass(frozen=True)
class Misfit:
    """Of two volumes on one grid."""

    likeness: float
    """Correlation of their fine structure: 1 for two pictures of one brain, near 0 for two brains."""
    distance_mm: float
    """How far the prior would have to be shifted at the worst eighth of the brain."""
    correction: Affine
    """The small rigid motion, mm to mm, that would lay the prior better."""


def misfit_of(current: SimpleITK.Image, prior: SimpleITK.Image, mask: NDArray[np.bool_]) -> Misfit:
    """Measure within a mask; both have the same contrast."""
    now, before = _structure(current), _structure(prior)
    likeness = float(np.corrcoef(array_of(now)[mask], array_of(before)[mask])[0, 1])
    places = np.argwhere(mask)[:: max(1, int(mask.sum()) // _MOST_SAMPLES)]
    index = tuple(places.T)
    rest = (array_of(now) - array_of(before))[index].astype(np.float64)
    turn = np.asarray(current.GetDirection()).reshape(3, 3)
    middle = (now + before) / 2
    steps = [
        array_of(SimpleITK.Derivative(middle, direction=axis, useImageSpacing=True))[index]
        for axis in range(3)
    ]
    slope = np.stack(steps, axis=1).astype(np.float64) @ turn.T
    points = places[:, ::-1] * np.asarray(current.GetSpacing()) @ turn.T + np.asarray(current.GetOrigin())
    usual = np.abs(rest) <= np.quantile(np.abs(rest), _LARGEST)
    rest, slope, points, places = rest[usual], slope[usual], points[usual], places[usual]
    upper = places > np.median(places, axis=0)
    eighth = upper @ np.array([1, 2, 4])
    shifts = [
        float(np.linalg.norm(_least(slope[eighth == n], rest[eighth == n])))
        for n in range(8)
        if np.count_nonzero(eighth == n) > 500
    ]
    return Misfit(likeness, max(shifts, default=float("inf")), _rigid(slope, rest, points))


def _structure(image: SimpleITK.Image) -> SimpleITK.Image:
    """What is between about 2 and 8 mm wide."""
    return smoothed(image, 1.2) - smoothed(image, 4.0)


def _least(slope: NDArray[np.float64], rest: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least squares solution."""
    return np.asarray(np.linalg.lstsq(slope.T @ slope, slope.T @ rest, rcond=None)[0], np.float64)


def _rigid(slope: NDArray[np.float64], rest: NDArray[np.float64], points: NDArray[np.float64]) -> Affine:
    """Where a point of the prior belongs: a shift and a turn about the middle, to the first order."""
    middle = points.mean(axis=0)
    found = -_least(np.hstack([slope, np.cross(points - middle, slope)]), rest)
    shift, angles = found[:3], found[3:]
    angle = float(np.linalg.norm(angles))
    turn: NDArray[np.floating[Any]] = np.eye(3)
    if angle > 0:
        x, y, z = angles / angle
        across = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        turn = turn + np.sin(angle) * across + (1 - np.cos(angle)) * (across @ across)
    moved = np.column_stack([turn, middle + shift - turn @ middle])
    return affine_of(moved)
