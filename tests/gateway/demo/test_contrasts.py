"""Tissues become signals: layers cover each other, slices are averaged, and pixels stay within 12 bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.demo.anatomy import Grid, Layer, Tissue, Volume
from gateway.demo.contrasts import Contrast, images, signals

GRID = Grid.axial(24, 240.0, np.arange(4) * 1.5)
SHAPE = (4, 24, 24)


def layer(tissue: Tissue, opacity: float = 1.0) -> Layer:
    """A layer of one tissue everywhere."""
    return Layer(tissue, np.full(SHAPE, opacity, np.float32))


def at(volumes: dict[Contrast, Volume], contrast: Contrast) -> float:
    """The signal of a contrast in one voxel."""
    return float(volumes[contrast][1, 2, 3])


def test_a_later_layer_covers_the_earlier_ones() -> None:
    """Full opacity hides what lies below, half opacity is the mean, none changes nothing."""
    fluid = signals(GRID, [layer(Tissue.CSF)])
    white = signals(GRID, [layer(Tissue.CSF), layer(Tissue.WHITE)])
    mixed = signals(GRID, [layer(Tissue.CSF), layer(Tissue.WHITE, 0.5)])
    same = signals(GRID, [layer(Tissue.CSF), layer(Tissue.WHITE, 0.0)])
    assert at(white, Contrast.T2) == at(signals(GRID, [layer(Tissue.WHITE)]), Contrast.T2)
    assert at(mixed, Contrast.T2) == pytest.approx((at(fluid, Contrast.T2) + at(white, Contrast.T2)) / 2)
    assert at(same, Contrast.T2) == at(fluid, Contrast.T2)


def test_fluid_is_dark_on_flair_and_t1_and_bright_on_t2() -> None:
    """The order of signals is what makes a contrast."""
    fluid, white = (signals(GRID, [layer(tissue)]) for tissue in (Tissue.CSF, Tissue.WHITE))
    brighter = {contrast: at(fluid, contrast) > at(white, contrast) for contrast in fluid}
    assert brighter[Contrast.T2]
    assert brighter[Contrast.ADC]
    assert not brighter[Contrast.FLAIR]
    assert not brighter[Contrast.T1]


def test_an_enhancing_dot_shows_only_with_contrast() -> None:
    """A tissue without a signal of its own leaves the other contrasts as they were."""
    below = signals(GRID, [layer(Tissue.WHITE)])
    dotted = signals(GRID, [layer(Tissue.WHITE), layer(Tissue.PML_PUNCTUM)])
    assert {contrast for contrast in below if at(below, contrast) != at(dotted, contrast)} == {Contrast.T1_CE}


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(Contrast), st.integers(1, 4), st.floats(0, 50), st.integers(0, 9))
def test_pixels_are_within_twelve_bits_and_slices_are_whole(
    contrast: Contrast, each: int, scale: float, seed: int
) -> None:
    """Whatever the signal, 0 to 4095; a rest of model slices that fills no slice is left out."""
    volumes = {name: volume * scale for name, volume in signals(GRID, [layer(Tissue.CSF)]).items()}
    made = images(volumes, contrast, each, np.random.default_rng(seed))
    assert made.dtype == np.uint16
    assert made.max() <= 4095
    side = 16 if contrast in {Contrast.B0, Contrast.B1000, Contrast.ADC} else 24
    assert made.shape == (4 // each, side, side)


def test_the_same_random_numbers_give_the_same_images() -> None:
    """A phantom can be made again, and another seed is another noise."""
    volumes = signals(GRID, [layer(Tissue.WHITE)])
    one, same, other = (images(volumes, Contrast.T2, 1, np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_an_adc_map_is_empty_where_nothing_was_seen() -> None:
    """Bone has no signal to fit a diffusion coefficient to."""
    random = np.random.default_rng(1)
    assert not images(signals(GRID, [layer(Tissue.BONE)]), Contrast.ADC, 1, random).any()
    assert images(signals(GRID, [layer(Tissue.CSF)]), Contrast.ADC, 1, random)[:, 4:-4, 4:-4].all()
