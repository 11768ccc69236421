"""Thickness, gap, plane and coverage of a series are those of its slices, in any order and position."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread

from routing_rules.series.geometry import geometry, stacks
from routing_rules.series.image_attributes import ImageTraits, read_traits
from routing_rules.series.recognition import classify_series
from routing_rules.series.series import Stack
from support.objects.hostile_mr import REAL_FILES
from support.objects.mr_headers import enhanced, header, private

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


def with_pixels(images: list[ImageTraits], rows: float = 240, columns: float = 200) -> list[ImageTraits]:
    """The same slices with pixels of 1.0 mm down a column and 0.9 mm along a row."""
    return [replace(one, rows=rows, columns=columns, pixel_spacing_mm=(1.0, 0.9)) for one in images]


def test_a_stack_has_its_lengths() -> None:
    """44 slices of 3 mm every 3.3 mm: 43 x 3.3 + 3 = 144.9 mm; 200 columns of 0.9 mm, 240 rows of 1 mm."""
    (stack,) = stacks(with_pixels(slices(44, 3.3)))
    assert stack == Stack(None, 44, 44, AXIAL, 180.0, 240.0, 144.9, 0.0, 3.0, 3.3, None, 1.0)


@settings(max_examples=40, deadline=None)
@given(
    orientation=st.sampled_from([AXIAL, SAGITTAL, CORONAL]),
    backwards=st.booleans(),
    start=st.integers(-300, 300),
    random=st.randoms(use_true_random=False),
)
def test_order_direction_and_place_do_not_change_a_stack(
    orientation: tuple[float, ...], backwards: bool, start: int, random: object
) -> None:
    """Slices in any order, from either end, with the head anywhere, and the patient on the other side."""
    images = with_pixels(slices(40, 3.5, orientation=orientation))
    (before,) = stacks(images)
    moved = [
        replace(one, position=tuple((-1 if backwards else 1) * value + start for value in one.position))
        for one in images
    ]
    random.shuffle(moved)  # type: ignore[attr-defined]
    assert stacks(moved) == (before,)
    turned = tuple(-value for value in orientation[:3]) + orientation[3:]
    (other,) = stacks([replace(one, orientation=turned) for one in moved])
    assert replace(other, directions=()) == replace(before, directions=())


def test_missing_slices_are_counted_and_the_rest_is_not_denser() -> None:
    """Slices 10 to 19 of 44 did not arrive: 30 mm of 132; two blocks far apart are no brain either."""
    images = with_pixels(slices(44, 3.0))
    del images[10:20]
    (stack,) = stacks(images)
    assert (stack.normal_mm, stack.missing_mm, stack.spacing_mm, stack.slices) == (132.0, 30.0, 3.0, 34)
    (apart,) = stacks(with_pixels([*slices(2, 3.0), *slices(1, 3.0, start=140.0)]))
    assert (apart.normal_mm, apart.missing_mm) == (143.0, 134.0)


def test_slices_measured_again_beside_their_place_are_no_holes() -> None:
    """Diffusion whose table or gradients drift by 0.3 mm from direction to direction."""
    images = with_pixels([*slices(40, 3.0), *slices(40, 3.0, start=0.3)])
    (stack,) = stacks(images)
    assert (stack.missing_mm, stack.normal_mm) == (0.0, 120.3)
    assert stack.spacing_mm == pytest.approx(2.7)


def test_b_values_and_planes_are_stacks_of_their_own() -> None:
    """b = 0 of 40 slices, b = 1000 of five; a localizer has one stack for each plane."""
    images = with_pixels(
        [replace(one, b_value=0.0) for one in slices(40, 3.0)]
        + [replace(one, b_value=1000.4) for one in slices(5, 3.0)]
    )
    assert [(one.b_value, one.slices, one.normal_mm) for one in stacks(images, lambda one: one.b_value)] == [
        (0.0, 40, 120.0),
        (1000.0, 5, 15.0),
    ]
    several = [
        *slices(3, 10.0),
        *slices(3, 10.0, orientation=SAGITTAL),
        *slices(3, 10.0, orientation=CORONAL),
    ]
    assert [one.normal_mm for one in stacks(several)] == [23.0] * 3


@pytest.mark.parametrize(
    "orientation",
    [(), (1.0, 0.0), (0.0,) * 6, (1.0, 1.0, 1.0) * 2, (float("nan"),) * 6, (1.0, 0.0, 0.0, 0.8, 0.6, 0.0)],
)
def test_what_is_no_orientation_makes_no_stack(orientation: tuple[float, ...]) -> None:
    """Cosines that are missing, no numbers, not of unit length or not at right angles (PS3.3 C.7.6.2.1.1)."""
    assert stacks([ImageTraits(orientation=orientation, position=(0.0, 0.0, 0.0))]) == ()


def test_lengths_that_headers_do_not_say_are_unknown() -> None:
    """No positions, no pixels, lengths of zero or not finite: None, and never a guess."""
    placeless = [replace(one, position=()) for one in with_pixels(slices(5, 3.0))]
    (stack,) = stacks(placeless)
    assert (stack.normal_mm, stack.row_mm, stack.slices) == (None, 180.0, 0)
    (stack,) = stacks(slices(5, 3.0))
    assert (stack.normal_mm, stack.row_mm, stack.column_mm, stack.pixel_mm) == (15.0, None, None, None)
    for rows in (0.0, float("inf"), float("nan")):
        (stack,) = stacks(with_pixels(slices(5, 3.0), rows=rows))
        assert (stack.row_mm, stack.column_mm) == (None, None)
    broken = [replace(one, position=(0.0, 0.0, float("nan"))) for one in slices(5, 3.0)]
    assert stacks(broken)[0].normal_mm is None
    # Without a thickness at least what lies between the centres.
    assert stacks(slices(5, 3.0, None))[0].normal_mm == 12.0


def test_a_mosaic_is_as_long_as_its_slices_and_as_wide_as_one_tile() -> None:
    """36 slices every 3.5 mm in 6 x 6 tiles of 384 pixels together; of a mosaic of unknown count nothing is known."""
    mosaic = ImageTraits(
        orientation=AXIAL,
        position=(0.0, 0.0, 0.0),
        slice_thickness_mm=3.0,
        slice_spacing_mm=3.5,
        rows=384,
        columns=384,
        pixel_spacing_mm=(3.0, 3.0),
        slices_per_image=36,
    )
    (stack,) = stacks([mosaic])
    assert (stack.slices, stack.normal_mm, stack.row_mm, stack.column_mm) == (36, 126.0, 192.0, 192.0)
    (unknown,) = stacks([replace(mosaic, slices_per_image=None)])
    assert (unknown.normal_mm, unknown.row_mm) == (None, None)
    said = header(ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"])
    assert read_traits(said)[0].slices_per_image is None
    for count in (0, -3, 1_000_000):
        private(said, 0x0019, "SIEMENS MR HEADER", 0x0A, "DS", count)
        assert read_traits(said)[0].slices_per_image is None


def test_frames_of_an_enhanced_object_lie_where_they_say() -> None:
    """Position, orientation and pixels of each frame, not of the object: 40 frames every 3.3 mm, b = 1000 in half."""
    frames = [
        {
            "PlanePositionSequence": {"ImagePositionPatient": [0, 0, 3.3 * (number % 20)]},
            "MRDiffusionSequence": {"DiffusionBValue": 1000.0 if number >= 20 else 0.0},
        }
        for number in range(40)
    ]
    made = enhanced(
        1,
        shared={
            "MRTimingAndRelatedParametersSequence": {"RepetitionTime": 9000.0},
            "MREchoSequence": {"EffectiveEchoTime": 90.0},
            "PixelMeasuresSequence": {"SliceThickness": 3.0, "PixelSpacing": [1.5, 1.5]},
            "PlaneOrientationSequence": {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]},
        },
        frames=frames,
        EchoPulseSequence="SPIN",
        EchoPlanarPulseSequence="YES",
        Rows=160,
        Columns=140,
    )
    found = classify_series([made])
    assert [(one.b_value, one.slices, one.normal_mm, one.row_mm, one.column_mm) for one in found.stacks] == [
        (0.0, 20, 65.7, 210.0, 240.0),
        (1000.0, 20, 65.7, 210.0, 240.0),
    ]


@pytest.mark.skipif(not REAL_FILES.is_dir(), reason="the scanner files do not lie beside the repository")
@pytest.mark.parametrize(
    ("file", "slices", "lengths"),
    [
        # A mosaic of 35 slices every 3.6 mm, tiles of 64 x 3.25 mm.
        ("siemens/dcm_qa__Orientation_ax_axasc35_MR*.dcm", 35, (208.0, 208.0, 126.0)),
        # Enhanced: 96 frames of 2 mm side by side, 256 mm wide.
        ("siemens_xa_enhanced/dcm_qa_xa30__5_anat-T1w*.dcm", 96, (256.0, 256.0, 192.0)),
        # Enhanced diffusion of 39 slices of 3 mm.
        ("siemens_xa_enhanced/dcm_qa_xa30__10_DWI_dir80_PA_0001*.dcm", 39, (216.0, 216.0, 117.0)),
        # A mosaic of five slices of 3 mm every 12 mm.
        ("siemens/dcm_qa_nih__20180918Si_mr_0003_epi_pe_ap-00001.dcm", 5, (216.0, 216.0, 60.0)),
    ],
)
def test_real_files_lie_where_their_scanner_put_them(
    file: str, slices: int, lengths: tuple[float, float, float]
) -> None:
    """Mosaics and enhanced objects of real scanners, by what their headers say of slices and field of view."""
    [path] = sorted(REAL_FILES.glob(file))
    stack = max(classify_series([dcmread(path, stop_before_pixels=True)]).stacks, key=lambda one: one.slices)
    assert (stack.slices, (stack.row_mm, stack.column_mm, stack.normal_mm)) == (slices, lengths)


def test_a_thickness_beyond_all_measure_does_not_lengthen_a_stack() -> None:
    """Ten slices 5 mm apart that are said to be 80 mm thick are no brain; a negative thickness is none."""
    (thick,) = stacks(with_pixels(slices(10, 5.0, thickness=80.0)))
    assert thick.normal_mm == 55.0
    assert geometry(with_pixels(slices(10, 5.0, thickness=-3.0))).slice_thickness_mm is None


@pytest.mark.parametrize(("degrees", "length"), [(0.0, 144.0), (0.1, 144.0), (2.0, None), (4.0, None)])
def test_a_fan_of_slices_is_no_stack(degrees: float, length: float | None) -> None:
    """Slices turned against each other: how far they reach across cannot be told from places along one normal."""
    fan = [
        replace(
            each,
            orientation=tilted((number - 24) * degrees),
            rows=256.0,
            columns=256.0,
            pixel_spacing_mm=(1.0, 1.0),
        )
        for number, each in enumerate(slices(48, 3.0))
        if abs((number - 24) * degrees) < 40
    ]
    assert all(one.normal_mm == (length and pytest.approx(length, abs=0.2)) for one in stacks(fan))


def test_only_what_all_slices_share_is_the_field_of_view() -> None:
    """A stack that slides sideways from slice to slice shows a column of the brain, not the whole field."""
    straight = [
        replace(each, rows=230.0, columns=230.0, pixel_spacing_mm=(1.0, 1.0)) for each in slices(48, 3.0)
    ]
    sliding = [
        replace(each, position=(4.0 * number, 0.0, each.position[2])) for number, each in enumerate(straight)
    ]
    assert [(one.row_mm, one.column_mm) for one in stacks(straight)] == [(230.0, 230.0)]
    assert [(one.row_mm, one.column_mm) for one in stacks(sliding)] == [(42.0, 230.0)]
