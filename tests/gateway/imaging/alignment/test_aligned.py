"""A prior is laid over where it belongs, or refused with the reason: never somewhere else."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from gateway.imaging.alignment import aligned
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


def test_a_mirrored_head_is_refused() -> None:
    """Left for right it is no motion of this head: its lesions would lie on the wrong side."""
    whole = head()
    mirrored = replace(volume(4, HERE, noise_seed=1), array=volume(4, HERE, noise_seed=1).array[:, :, ::-1])
    assert align(whole, mirrored).transform is None


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    """A voxel or a place that is none, on either side, and voxels without a side."""
    whole = head()
    array = whole.array.copy()
    array[3, 4, 5] = value
    affine = np.asarray(whole.affine)
    affine[0, 3] = value
    flat = np.asarray(whole.affine)
    flat[:, 2] = 0
    for odd in (
        replace(whole, array=array),
        replace(whole, affine=_rows(affine)),
        replace(whole, affine=_rows(flat)),
    ):
        for pair in ((whole, odd), (odd, whole)):
            done = align(*pair)
            assert (done.transform, bool(done.why)) == (None, True)


def test_what_is_shown_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when corrections do not come to rest: the residual is that of the motion that is given."""
    shown: list[np.ndarray] = []
    pair_type = aligned._Pair
    laid_over = pair_type.laid_over

    def seen(pair: object, matrix: np.ndarray) -> object:
        shown.append(matrix)
        return laid_over(pair, matrix)  # type: ignore[arg-type]

    restless = np.eye(4)
    restless[0, 3] = 0.1
    monkeypatch.setattr(pair_type, "laid_over", seen)
    monkeypatch.setattr(aligned, "registered", lambda *_: None)
    monkeypatch.setattr(aligned, "matrix_of", lambda _: np.eye(4))
    monkeypatch.setattr(aligned, "correction", lambda _: restless)
    done = align(head(), head())
    assert done.transform is not None
    assert np.allclose(np.linalg.inv(shown[-1])[:3], done.transform)


def _rows(affine: np.ndarray) -> tuple[tuple[float, float, float, float], ...]:
    return tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in affine)


def _lifted(volume_: Volume, slices: int) -> tuple[tuple[float, float, float, float], ...]:
    affine = np.asarray(volume_.affine)
    affine[:, 3] += affine[:, 2] * slices
    return _rows(affine)
