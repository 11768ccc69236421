"""A spectrum shows the lines that the signal has, where they are, and the voxel is the box that its slabs cut out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imaging.spectrum import LINES, spectrum, voxel

MHZ, WIDTH, POINTS, REFERENCE = 123.2, 2000.0, 1024, 4.7


def signal(*ppm: float, water: float = 0.0) -> np.ndarray:
    """A signal in time with a line at each chemical shift, as scanners store it, and water at the reference."""
    seconds = np.arange(POINTS) / WIDTH
    lines = [np.exp(2j * np.pi * (shift - REFERENCE) * MHZ * seconds) for shift in ppm]
    return (sum(lines) + water) * np.exp(-12 * seconds) * np.exp(0.7j)


@given(st.floats(0.6, 4.0))
def test_a_line_is_where_it_is(shift: float) -> None:
    """Within a point of the spectrum, whatever its phase; from high chemical shifts to low ones."""
    shown = spectrum(signal(shift), WIDTH, MHZ, REFERENCE)
    assert abs(shown.ppm[int(np.argmax(shown.magnitude))] - shift) <= WIDTH / MHZ / POINTS
    assert list(shown.ppm) == sorted(shown.ppm, reverse=True)
    assert max(shown.magnitude) == 1.0


def test_water_that_was_not_suppressed_is_told_and_hides_nothing() -> None:
    """The scale is that of what is shown."""
    names = sorted({shift for _, shift in LINES})
    shown = spectrum(signal(*names, water=500.0), WIDTH, MHZ, REFERENCE)
    assert shown.water > 20
    assert spectrum(signal(*names), WIDTH, MHZ, REFERENCE).water == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize(
    "numbers", [(0.0, MHZ, 4.7), (WIDTH, float("nan"), 4.7), (WIDTH, -1.0, 4.7), (WIDTH, MHZ, float("inf"))]
)
def test_numbers_that_no_scanner_has_are_refused(numbers: tuple[float, float, float]) -> None:
    """They would be axes of nothing."""
    with pytest.raises(ValueError, match="frequencies"):
        spectrum(signal(2.0), *numbers)
    with pytest.raises(ValueError, match="signal"):
        spectrum(np.full(64, np.nan + 0j), WIDTH, MHZ, REFERENCE)
    with pytest.raises(ValueError, match="shows nothing"):
        spectrum(np.zeros(64, complex), WIDTH, MHZ, REFERENCE)


@given(st.permutations(range(3)), st.floats(-80, 80), st.floats(0, 3.1))
def test_a_voxel_is_what_its_slabs_cut_out(order: list[int], at: float, angle: float) -> None:
    """In any order, turned, each slab with a middle of its own somewhere in its plane."""
    turned = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    middle, sizes = np.array([at, 20.0, -at / 2]), (30.0, 20.0, 15.0)
    slabs = [(sizes[place], turned[place], middle + 7 * turned[(place + 1) % 3]) for place in order]
    box = voxel(slabs)
    assert box is not None
    assert np.allclose(box.middle, middle, atol=1e-6)
    assert box.sizes == pytest.approx((30.0, 20.0, 15.0))
    assert len(set(box.corners)) == 8
    assert np.allclose(np.mean(box.corners, axis=0), middle, atol=1e-6)


def test_slabs_that_make_no_box_are_not_known() -> None:
    """Two of them; normals that are angles, as one vendor writes; a thickness of nothing."""
    good = [(30.0, axis, (0.0, 0.0, 0.0)) for axis in np.eye(3)]
    assert voxel(good[:2]) is None
    assert voxel([*good[:2], (15.0, (0.85, -4.7, -0.35), (6.0, 15.0, 4.0))]) is None
    assert voxel([*good[:2], (0.0, (0.0, 0.0, 1.0), (0.0, 0.0, 0.0))]) is None
    assert voxel([*good[:2], (15.0, (0.0, 1.0), (0.0, 0.0, 0.0))]) is None
