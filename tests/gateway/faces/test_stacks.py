"""Which series shows the whole head, and the volume that its slices make."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from gateway.faces.slices import slices_of
from gateway.faces.stacks import whole_heads
from support.objects.heads import AXIAL, CORONAL, FRAME, SAGITTAL, head_series, signal


def heads(datasets: list[Dataset], kind: str | None = "t1") -> Any:
    """The stacks, with the data sets' numbers as keys."""
    return whole_heads(enumerate(datasets), lambda _header: kind)


@pytest.mark.parametrize("plane", [AXIAL, CORONAL, SAGITTAL])
def test_the_volume_has_each_voxel_where_the_head_has_it(
    plane: tuple[tuple[float, float, float], tuple[float, float, float]],
) -> None:
    """Slices that came in any order are in order along their normal, and corner and steps lead to each value."""
    made = head_series(plane)
    datasets = made[1::2] + made[::2]
    (stack,) = heads(datasets)[FRAME]
    volume = stack.volume(lambda key, _frame: datasets[key].pixel_array)
    index = np.argwhere(np.ones(volume.values.shape, np.bool_))[::97]
    at = np.array(volume.corner) + index @ np.array(volume.steps)
    there = volume.values[tuple(index.T)].astype(int)
    assert np.abs(there - signal(at[:, 0], at[:, 1], at[:, 2]).astype(int)).max() <= 6, "but for the noise"


def test_a_series_that_repeats_its_places_counts_each_once() -> None:
    """Several echoes or time points are one head."""
    made = head_series()
    (stack,) = heads([*made, *made])[FRAME]
    assert [key for key, _, _ in stack.frames] == list(range(len(made)))


@pytest.mark.parametrize(
    "spoilt",
    [
        "too few",
        "a gap",
        "tilted",
        "another size",
        "another kind",
        "thin",
    ],
)
def test_what_does_not_show_a_whole_head_in_even_steps_is_none(spoilt: str) -> None:
    """Slabs, gaps, tilted slices and kinds in which nobody knows a brain are not looked at."""
    made = head_series()
    if spoilt == "too few":
        made = made[:15]
    elif spoilt == "a gap":
        del made[20]
    elif spoilt == "tilted":
        made[20].ImageOrientationPatient = [1, 0, 0, 0, 0.8, 0.6]
    elif spoilt == "another size":
        made[20].Rows = 32
    elif spoilt == "thin":
        for number, ds in zip(count(), made, strict=False):
            ds.ImagePositionPatient = [*ds.ImagePositionPatient[:2], number * 1.0]
    assert not heads(made, "swi" if spoilt == "another kind" else "t1")


def test_frames_of_reference_stay_apart_and_the_better_series_comes_first() -> None:
    """Thin slices before thick ones, then T1 before T2; what has no place is passed over."""
    thick_t1 = head_series(number=2)
    thin_t2 = head_series(number=3, gap=2.0)
    elsewhere = head_series(number=4, frame="2.25.8000")
    nowhere = head_series(number=9)
    for ds in nowhere:
        del ds.FrameOfReferenceUID
    kinds = {2: "t1", 3: "t2", 4: "flair", 9: "t1"}
    found = whole_heads(
        enumerate([*thick_t1, *thin_t2, *elsewhere, *nowhere]), lambda ds: kinds[int(ds.SeriesNumber)]
    )
    assert {where: [stack.kind for stack in stacks] for where, stacks in found.items()} == {
        FRAME: ["t2", "t1"],
        "2.25.8000": ["flair"],
    }
    assert slices_of(thick_t1[0])[0].corner == found[FRAME][1].frames[0][2].corner
