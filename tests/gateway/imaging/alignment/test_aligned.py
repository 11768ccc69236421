"""A prior is laid over where it belongs, or refused with the reason: never somewhere else."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from gateway.imaging.alignment.aligned import align
from gateway.imaging.volume import Volume
from score.alignment import error_mm
from support.planted import Visit, between, volume

HERE = Visit(spacing=(1.5, 1.5), noise=10.0)
"""Coarser than scanners make it, so that the test is quick; `./dev score alignment` has the rest."""


@cache
def head() -> Volume:
    """That of the present study."""
    return volume(4, HERE)


@pytest.mark.parametrize(
    "prior",
    [
        replace(HERE, motion=(4.0, -3.0, 12.0, 5.0, -8.0, 6.0), scale=1.7),
        replace(
            HERE, motion=(-9.0, 6.0, -15.0, -12.0, 10.0, 3.0), spacing=(1.3, 3.0), contrast=0.8, bias=0.25
        ),
    ],
    ids=["thin slices", "thick slices, another scanner"],
)
def test_the_motion_is_that_which_was_made(prior: Visit) -> None:
    """Anywhere in the brain within half a millimetre, and the residual says so."""
    done = align(head(), volume(4, prior, noise_seed=1))
    assert done.transform is not None, done.why
    assert error_mm(done.transform, between(prior, HERE)) < 0.5
    assert done.residual_mm is not None
    assert done.residual_mm < 0.5
    assert done.why == ""


def test_the_head_of_another_is_refused() -> None:
    """Its skull may fit; its folds do not."""
    done = align(head(), volume(9, HERE, noise_seed=1))
    assert done.transform is None
    assert done.why


def test_a_prior_of_another_part_of_the_head_is_refused() -> None:
    """With how much of the brain it shows."""
    whole = head()
    done = align(whole, replace(whole, array=whole.array[-20:], affine=_lifted(whole, len(whole.array) - 20)))
    assert done.transform is None
    assert "of the brain" in done.why


@pytest.mark.parametrize("empty", [np.zeros((20, 30, 30), np.float32), np.full((20, 30, 30), 7, np.float32)])
def test_a_picture_of_nothing_is_refused(empty: np.ndarray) -> None:
    """On either side."""
    whole = head()
    nothing = Volume(empty, whole.affine)
    for pair in ((whole, nothing), (nothing, whole)):
        done = align(*pair)
        assert (done.transform, bool(done.why)) == (None, True)


def _lifted(volume_: Volume, slices: int) -> tuple[tuple[float, float, float, float], ...]:
    affine = np.asarray(volume_.affine)
    affine[:, 3] += affine[:, 2] * slices
    return tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in affine)
