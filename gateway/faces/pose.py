"""Whether images fit a head best as they lie, or turned, mirrored or shifted.

What two kinds of images show of one head is other in each, and still one tells of the other: the most where both lie
alike. Their normalised mutual information (Studholme, Hill and Hawkes 1999) is asked for the place that the coordinates
say and for each of the ways in which coordinates are wrong; nothing is registered, and no pixel moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.faces.head import SHADES, Head, shades_of

_DEGREES: Final = (-90, -45, -30, -15, 15, 30, 45, 90)
_SHIFTS_MM: Final = (-20, 20)
_POINTS: Final = 30_000


def best_turned(points: NDArray[Any], values: NDArray[Any], head: Head, middle: NDArray[np.float64]) -> bool:
    """Whether values at points (points, 3), in mm, fit the head better when they are turned about its `middle`.

    Left and right are one here: a mirrored head has its face where the other has it.
    """
    side = np.array(head.shades.shape) * head.step
    within = ((points >= head.corner) & (points <= head.corner + side)).all(axis=1)
    points, values = points[within], values[within]
    if not len(points):
        return True
    some = np.random.default_rng(0).permutation(len(points))[:_POINTS]
    points, shades = points[some].astype(np.float64), shades_of(values[some])
    as_they_lie = _told(shades, head.shades_at(points))
    return any(
        _told(shades, head.shades_at((points - middle) @ turn.T + middle + shift)) > as_they_lie
        for turn, shift in _poses()
    )


def _poses() -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    still = np.zeros(3)
    for signs in product((1.0, -1.0), repeat=3):
        if signs not in ((1.0, 1.0, 1.0), (-1.0, 1.0, 1.0)):
            yield np.diag(signs), still
    for axis, degrees in product(range(3), _DEGREES):
        cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        first, second = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = cosine
        turn[first, second], turn[second, first] = -sine, sine
        yield turn, still
    for axis, shift in product(range(3), _SHIFTS_MM):
        yield np.eye(3), shift * np.eye(3)[axis]


def _told(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Normalised mutual information of two lists of shades: 1 nothing, 2 everything."""
    both = np.bincount(one.astype(np.int64) * SHADES + other, minlength=SHADES**2).reshape(SHADES, SHADES)
    shared = _entropy(both)
    return (_entropy(both.sum(axis=0)) + _entropy(both.sum(axis=1))) / shared if shared else 1.0


def _entropy(counts: NDArray[np.int64]) -> float:
    parts = counts[counts > 0] / counts.sum()
    return float(-(parts * np.log(parts)).sum())
