"""The head as layers: coordinates of the grid, opacities, repeatability and the side of the lesion."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.demo.anatomy import Grid, Layer, Tissue, head

GRID = Grid.axial(40, 220.0, np.array([4.0, 18.0, 33.0]))
LESION = {Tissue.PML_CORE, Tissue.PML_RIM, Tissue.PML_IRON, Tissue.PML_PUNCTUM}


@pytest.fixture(scope="module")
def ill() -> list[Layer]:
    """A coarse head with a lesion."""
    return list(head(GRID, 5, lesion=True))


def test_a_grid_is_centred_and_evenly_spaced() -> None:
    """Voxel centres in mm: as far to the left as to the right, one step apart."""
    across = GRID.x.ravel()
    assert np.allclose(across, -across[::-1], atol=1e-4)
    assert np.allclose(np.diff(across), 220 / 40, atol=1e-4)
    assert np.broadcast_shapes(GRID.x.shape, GRID.y.shape, GRID.z.shape) == (3, 40, 40)


def test_every_opacity_is_a_share_of_every_voxel(ill: list[Layer]) -> None:
    """Each layer covers the whole grid with values from 0 to 1."""
    for layer in ill:
        assert layer.opacity.shape == (3, 40, 40), layer.tissue
        assert 0 <= layer.opacity.min() <= layer.opacity.max() <= 1, layer.tissue


def test_the_same_seed_is_the_same_head_and_another_is_another(ill: list[Layer]) -> None:
    """A study of the same patient can be made again."""
    again, other = (list(head(GRID, seed, lesion=True)) for seed in (5, 6))
    pairs = [zip(ill, heads, strict=True) for heads in (again, other)]
    same = [all(np.array_equal(a.opacity, b.opacity) for a, b in pair) for pair in pairs]
    assert same == [True, False]


def test_the_lesion_is_all_that_is_added(ill: list[Layer]) -> None:
    """The previous study of a patient is the same head without the lesion."""
    healthy = list(head(GRID, 5, lesion=False))
    assert not {layer.tissue for layer in healthy} & LESION
    assert {layer.tissue for layer in ill[len(healthy) :]} == LESION
    for before, now in zip(healthy, ill, strict=False):
        assert np.array_equal(before.opacity, now.opacity)


def test_the_lesion_lies_right_frontal_in_white_matter(ill: list[Layer]) -> None:
    """x grows to the left and y to the back: the right frontal lobe has both negative."""
    core = next(layer.opacity for layer in ill if layer.tissue is Tissue.PML_CORE)
    white = next(layer.opacity for layer in ill if layer.tissue is Tissue.WHITE)
    weight = core / core.sum()
    assert (weight * GRID.x).sum() < -15
    assert (weight * GRID.y).sum() < -15
    assert (core <= white + 1e-6).all()


def test_the_corners_of_the_field_of_view_are_air(ill: list[Layer]) -> None:
    """The head ends within the picture."""
    for layer in ill:
        if layer.tissue in {Tissue.SKIN, Tissue.CSF, Tissue.WHITE}:
            assert not layer.opacity[:, 0, 0].any()
            assert layer.opacity.any()
