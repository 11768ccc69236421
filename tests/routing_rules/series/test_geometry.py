"""Thickness, gap, plane and coverage of a series are those of its slices, in any order and position."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules.series.geometry import geometry
from routing_rules.series.image_attributes import ImageTraits

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
NORMALS = {AXIAL: 2, SAGITTAL: 0, CORONAL: 1}


def slices(
    count: int,
    step: float,
    thickness: float | None = 3.0,
    orientation: tuple[float, ...] = AXIAL,
    start: float = 0.0,
) -> list[ImageTraits]:
    """Parallel slices, `step` millimetres from centre to centre."""
    places = [[0.0, 0.0, 0.0] for _ in range(count)]
    for number, place in enumerate(places):
        place[NORMALS[orientation]] = start + number * step
    return [
        ImageTraits(orientation=orientation, position=tuple(place), slice_thickness_mm=thickness)
        for place in places
    ]


def tilted(degrees: float) -> tuple[float, ...]:
    """An axial plane turned about the patient's left-right axis."""
    angle = math.radians(degrees)
    return (1.0, 0.0, 0.0, 0.0, math.cos(angle), math.sin(angle))


@given(
    count=st.integers(2, 40),
    thickness=st.sampled_from([1.0, 3.0, 4.5]),
    gap=st.sampled_from([0.0, 0.3, 1.5]),
    orientation=st.sampled_from([AXIAL, SAGITTAL, CORONAL]),
    start=st.integers(-200, 200),
    random=st.randoms(use_true_random=False),
)
def test_a_stack_is_measured_in_any_order(
    count: int, thickness: float, gap: float, orientation: tuple[float, ...], start: int, random: object
) -> None:
    """Gap and coverage come from the positions; the plane from the orientation."""
    images = slices(count, thickness + gap, thickness, orientation, float(start))
    random.shuffle(images)  # type: ignore[attr-defined]
    measured = geometry(images)
    assert measured.slice_thickness_mm == thickness
    assert measured.slice_gap_mm == pytest.approx(gap, abs=0.02)
    assert measured.coverage_mm == pytest.approx(count * thickness + (count - 1) * gap, abs=0.11)
    assert measured.plane == {AXIAL: "axial", SAGITTAL: "sagittal", CORONAL: "coronal"}[orientation]
    assert measured.planes == 1


def test_a_missing_slice_is_no_gap() -> None:
    """The protocol is the step most slices have."""
    images = slices(20, 3.0)
    del images[7]
    assert geometry(images).slice_gap_mm == 0.0


def test_overlapping_slices_have_no_negative_gap() -> None:
    """Reconstructed every 0.5 mm, 1 mm thick."""
    assert geometry(slices(10, 0.5, 1.0)).slice_gap_mm == 0.0


def test_the_thickest_slice_counts() -> None:
    """It limits what can be seen."""
    assert geometry([*slices(2, 3.0, 3.0), *slices(1, 3.0, 5.0)]).slice_thickness_mm == 5.0


@pytest.mark.parametrize(
    ("degrees", "plane"), [(0, "axial"), (30, "axial"), (45, "oblique"), (60, "coronal")]
)
def test_a_tilted_plane_keeps_its_name_up_to_a_limit(degrees: float, plane: str) -> None:
    """From about 37 degrees to every axis on it is oblique."""
    assert geometry([ImageTraits(orientation=tilted(degrees))]).plane == plane


def test_several_planes_have_no_common_plane_or_coverage() -> None:
    """As a localizer; the declared spacing is used where positions cannot be compared."""
    images = [*slices(3, 10.0), *slices(3, 10.0, orientation=SAGITTAL), *slices(3, 10.0, orientation=CORONAL)]
    measured = geometry(images)
    assert (measured.planes, measured.plane, measured.coverage_mm, measured.slice_gap_mm) == (
        3,
        None,
        None,
        None,
    )
    turned = ImageTraits(orientation=tuple(-value for value in AXIAL[:3]) + AXIAL[3:])
    assert geometry([*slices(1, 1.0), turned]).planes == 1


def test_what_headers_do_not_say_is_unknown() -> None:
    """No header, no thickness, a broken orientation: None, never zero."""
    assert geometry([]) == geometry([ImageTraits(orientation=(1.0, 0.0), position=(1.0,))])
    empty = geometry([])
    assert (empty.slice_thickness_mm, empty.slice_gap_mm, empty.coverage_mm) == (None, None, None)
    assert (empty.plane, empty.three_d, empty.planes) == (None, None, 0)
    assert geometry(slices(5, 3.0, None)).coverage_mm is None
    assert geometry([ImageTraits(orientation=(0.0,) * 6)]).plane is None


def test_three_dimensional_means_all_of_it() -> None:
    """One image in two dimensions is enough to say no."""
    three, two = ImageTraits(acquisition_type="3D"), ImageTraits(acquisition_type="2D")
    assert geometry([three, ImageTraits()]).three_d is True
    assert geometry([three, two]).three_d is False


def test_a_mosaic_covers_all_its_slices() -> None:
    """One image of 36 slices, its spacing declared."""
    mosaic = ImageTraits(
        orientation=AXIAL, position=(0.0, 0.0, 0.0), slice_thickness_mm=3.0, slice_spacing_mm=3.5
    )
    many = ImageTraits(**{**mosaic.__dict__, "slices_per_image": 36})
    assert geometry([mosaic]).coverage_mm is None
    assert geometry([many]).coverage_mm == 126.0
