"""Whether the images of a series lie where their coordinates say."""

from __future__ import annotations

import numpy as np

from gateway.faces.outline import elsewhere
from gateway.faces.shear import Shear
from gateway.faces.slices import Slice, slices_of
from support.objects.heads import AXIAL, head_series, mirrored, true_brain, true_head

BRAIN, HEAD = true_brain(), true_head()
SHEAR = Shear.beside(BRAIN.points())
Frames = list[tuple[Slice, np.ndarray]]


def frames(**how: object) -> Frames:
    """The frames of an axial series."""
    return [(slices_of(ds)[0], ds.pixel_array) for ds in head_series(AXIAL, **how)]  # type: ignore[arg-type]


def test_a_series_that_shows_the_head_where_it_is_lies_well() -> None:
    """As a whole, and its noise in air is nothing."""
    assert elsewhere(frames(gap=9), BRAIN, HEAD, SHEAR) is None


def test_a_series_that_is_mirrored_is_elsewhere() -> None:
    """The nose on the other side."""
    assert "turned, mirrored" in str(elsewhere(frames(gap=9, lies=mirrored("y")), BRAIN, HEAD, SHEAR))


def test_one_image_that_shows_a_nose_in_air_is_enough() -> None:
    """Its area is told."""
    good = frames(gap=9)
    where, _ = good[20]
    nose = np.where(np.hypot(where.along((1, 0, 0)), where.along((0, 1, 0)) + 116) < 12, 700, 5)
    assert "cm² where" in str(elsewhere([*good, (where, nose)], BRAIN, HEAD, SHEAR))


def test_air_that_is_as_bright_as_a_head_tells_nothing() -> None:
    """Images of phases and others full of noise."""
    noise = np.random.default_rng(1)
    noisy = [(where, noise.integers(0, 900, values.shape)) for where, values in frames(gap=9)]
    assert elsewhere(noisy, BRAIN, HEAD, SHEAR)


def test_a_series_of_nothing_is_elsewhere() -> None:
    """No image at all, and images without a brain where it should be."""
    nothing = "no image of its series shows the brain"
    assert nothing in str(elsewhere([], BRAIN, HEAD, SHEAR))
    dark = [(where, np.zeros_like(values)) for where, values in frames(gap=9)]
    assert nothing in str(elsewhere(dark, BRAIN, HEAD, SHEAR))
