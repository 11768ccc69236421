"""Whether images fit a head best as they lie."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.faces.pose import best_turned
from support.objects.heads import UPRIGHT, mirrored, signal, true_head, turned

HEAD = true_head()
AXIS = np.arange(-124.0, 125, 6)
POINTS = np.stack(np.meshgrid(AXIS, AXIS, AXIS, indexing="ij"), axis=-1).reshape(-1, 3)
MIDDLE = np.zeros(3)


def seen(lies: NDArray[np.float64], shift: tuple[float, float, float] = (0, 0, 0)) -> NDArray[np.float64]:
    """What another kind of image shows at the points of a head that lies so: the brain dark, the fluid bright."""
    x, y, z = ((POINTS - shift) @ lies).T
    there = signal(x, y, z).astype(np.float64)
    return np.where(there > 400, 900 - there, 2 * there)


@pytest.mark.parametrize("lies", [UPRIGHT, mirrored("x"), turned("x", 3), turned("z", -4)])
def test_what_lies_as_it_says_fits_best_so(lies: NDArray[np.float64]) -> None:
    """Of another kind, mirrored left to right, or of a patient who moved a little."""
    assert not best_turned(POINTS, seen(lies), HEAD, MIDDLE)


@pytest.mark.parametrize(
    "lies",
    [
        *(mirrored(*axes) for axes in ("y", "z", "xy", "yz")),
        *(turned(axis, degrees) for axis in "xyz" for degrees in (-90, -20, 12, 40)),
    ],
)
def test_what_lies_otherwise_fits_better_turned_back(lies: NDArray[np.float64]) -> None:
    """Mirrored, or turned by more than a patient moves."""
    assert best_turned(POINTS, seen(lies), HEAD, MIDDLE)


def test_a_shift_along_the_body_is_seen() -> None:
    """25 mm are another slice altogether."""
    assert best_turned(POINTS, seen(UPRIGHT, (0, 0, 25)), HEAD, MIDDLE)


def test_points_outside_of_the_volume_tell_nothing() -> None:
    """And what tells nothing fits nowhere."""
    assert best_turned(POINTS + 5000, seen(UPRIGHT), HEAD, MIDDLE)
