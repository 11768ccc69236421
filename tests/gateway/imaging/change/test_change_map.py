"""What became bright is found, measured and named; what did not is no component; what does not fit gives no map."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from gateway.imaging.change.change_map import change_map
from gateway.imaging.change.outcome import ChangeMap, Kind, NoChangeMap
from gateway.imaging.study_index import Affine
from gateway.imaging.volume import Volume
from support.planted import OLD, Lesion, Visit, affine_of, between, rigid, volume

SEED = 5
COARSE = (2.0, 1.45)
AS_IT_LIES: Affine = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0))
FIRST = Visit(spacing=COARSE, noise=8)
SECOND = Visit(spacing=COARSE, noise=9, bias=0.1, scale=2.5, motion=(0, 0, 0, 4, -4, 2.9))
"""Moved by whole voxels: so coarsely drawn, folds are other ones between them."""
NEW = Lesion((27.0, -30.0, 36.0), 12.0, 1.0, 0.5)
SMALL = Lesion((-26.0, 30.0, 44.0), 6.0, 1.0, 0.45)
GROWN = Lesion((OLD[4][0], OLD[4][1] + 5.0, OLD[4][2]), 8.0, 1.0, 0.8, grown=True)


@lru_cache
def drawn(visit: Visit, lesions: tuple[Lesion, ...] = (), noise_seed: int = 0) -> Volume:
    return volume(SEED, visit, lesions, noise_seed)


@lru_cache
def found() -> ChangeMap:
    made = change_map(drawn(SECOND, (NEW, SMALL, GROWN), 2), drawn(FIRST), between(FIRST, SECOND, 0.2))
    assert isinstance(made, ChangeMap)
    return made


def where(lesion: Lesion) -> np.ndarray:
    """Where a lesion lies in the second scanner, mm."""
    point: np.ndarray = (rigid(SECOND.motion) @ [*lesion.point, 1])[:3]
    return point


def nearest(lesion: Lesion):
    return min(found().components, key=lambda each: np.linalg.norm(where(lesion) - each.point))


def test_the_same_pictures_have_no_component():
    """Nothing differs, so nothing changed."""
    one = drawn(FIRST)
    made = change_map(one, one, AS_IT_LIES)
    assert isinstance(made, ChangeMap)
    assert made.components == ()
    assert not made.array.any()


@pytest.mark.parametrize("lesion", [NEW, SMALL, GROWN], ids=["new", "small", "grown"])
def test_each_lesion_is_found_where_it_was_planted(lesion: Lesion):
    """Within a voxel and a half of its middle, with the kind that it has."""
    component = nearest(lesion)
    assert np.linalg.norm(where(lesion) - component.point) < 2.5
    assert component.kind is (Kind.GROWN if lesion.grown else Kind.NEW)


@pytest.mark.parametrize("lesion", [NEW, SMALL], ids=["12 mm", "6 mm"])
def test_the_volume_is_that_of_the_lesion(lesion: Lesion):
    """Within 35 %, at voxels of 2 mm."""
    assert nearest(lesion).volume_ml == pytest.approx(np.pi / 6 * lesion.diameter**3 / 1000, rel=0.35)


def test_noise_coil_and_scale_are_no_change():
    """At most two marks where nothing was planted, though no voxel has its old value."""
    again = Visit(spacing=COARSE, noise=10, bias=0.12, scale=0.3)
    made = change_map(drawn(again, noise_seed=3), drawn(FIRST), AS_IT_LIES)
    assert isinstance(made, ChangeMap)
    assert len(made.components) <= 2


def test_the_map_lies_on_the_grid_of_the_current_study():
    """The voxel at the point of each component is in the map, and components are numbered by size."""
    made, current = found(), drawn(SECOND, (NEW, SMALL, GROWN), 2)
    assert made.array.shape == current.array.shape
    assert made.affine == current.affine
    affine = np.asarray(current.affine)
    for component in made.components:
        voxel = np.rint(np.linalg.solve(affine[:, :3], np.asarray(component.point) - affine[:, 3])).astype(
            int
        )
        assert made.array[tuple(voxel[::-1])] > 0
    assert [c.number for c in made.components] == list(range(1, len(made.components) + 1))
    volumes = [c.volume_ml for c in made.components]
    assert volumes == sorted(volumes, reverse=True)


@pytest.mark.parametrize(
    "wrong",
    [
        ((-1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)),
        affine_of(rigid((0, 0, 0, 3, 0, 0))),
        affine_of(rigid((0, 8, 0, 0, 0, 0))),
    ],
    ids=["mirrored", "3 mm aside", "8 degrees"],
)
def test_a_prior_that_lies_wrong_gives_no_map(wrong: Affine):
    """Its noise would hide a lesion, and the map would look clean: there is none, and it says why."""
    made = change_map(drawn(FIRST, (NEW,), 2), drawn(FIRST), wrong)
    assert isinstance(made, NoChangeMap)
    assert made.why


def test_another_head_gives_no_map():
    """Two brains of one size and place."""
    made = change_map(volume(6, FIRST), drawn(FIRST), AS_IT_LIES)
    assert isinstance(made, NoChangeMap)


def test_thick_slices_give_no_map():
    """The evaluation goes no further than 3 mm."""
    thick = replace(drawn(FIRST), affine=((1.6, 0, 0, 0), (0, 1.6, 0, 0), (0, 0, 5.0, 0)))
    made = change_map(drawn(FIRST), thick, AS_IT_LIES)
    assert isinstance(made, NoChangeMap)
    assert "5.0 mm" in made.why


def test_an_empty_volume_gives_no_map():
    """No brain, no map, no warning."""
    empty = replace(drawn(FIRST), array=np.zeros_like(drawn(FIRST).array))
    made = change_map(empty, drawn(FIRST), AS_IT_LIES)
    assert isinstance(made, NoChangeMap)
    assert "current" in made.why


def test_values_that_are_no_numbers_give_no_map():
    """One NaN would spread over the whole map."""
    broken = drawn(FIRST).array.copy()
    broken[5, 5, 5] = np.nan
    assert isinstance(change_map(replace(drawn(FIRST), array=broken), drawn(FIRST), AS_IT_LIES), NoChangeMap)
