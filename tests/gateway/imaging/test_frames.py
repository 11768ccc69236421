"""What a header says of one frame, in functional groups or at its top; what nobody can use is not known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from gateway.imaging.frames import GROUPS, HEADERS, frame_index, object_header

AXIAL = [1, 0, 0, 0, 1, 0]


def with_values(**values: object) -> Dataset:
    """A data set with these elements; lists of data sets are sequences."""
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def group(sequence: str, **values: object) -> Dataset:
    """A functional group with one macro."""
    return with_values(**{sequence: [with_values(**values)]})


def test_a_frame_says_more_than_the_object_and_its_shared_groups() -> None:
    """Per frame, then shared, then the top; a frame without a group of its own has the shared ones."""
    ds = with_values(
        PixelSpacing=[9, 9],
        RescaleSlope="2",
        SharedFunctionalGroupsSequence=[group("PixelMeasuresSequence", PixelSpacing=[2, 2])],
        PerFrameFunctionalGroupsSequence=[group("PixelMeasuresSequence", PixelSpacing=[1, 1])],
    )
    assert [frame_index(ds, frame).spacing for frame in (0, 1)] == [(1.0, 1.0), (2.0, 2.0)]
    assert frame_index(ds, 0).slope == 2
    del ds.SharedFunctionalGroupsSequence
    assert frame_index(ds, 1).spacing == (9.0, 9.0)


def test_each_frame_of_an_enhanced_object_has_its_own_place_and_meaning() -> None:
    """Position, rescale, b-value and gradient, echo, time and part of the complex image."""
    gradient = [with_values(DiffusionGradientOrientation=[0, 0.6, 0.8])]
    own = with_values(
        PlanePositionSequence=[with_values(ImagePositionPatient=[1, 2, 3])],
        PlaneOrientationSequence=[with_values(ImageOrientationPatient=AXIAL)],
        PixelValueTransformationSequence=[with_values(RescaleSlope="0.5", RescaleIntercept="-7")],
        MRDiffusionSequence=[
            with_values(DiffusionBValue=1000.0, DiffusionGradientDirectionSequence=gradient)
        ],
        MREchoSequence=[with_values(EffectiveEchoTime=90.0)],
        FrameContentSequence=[with_values(TemporalPositionIndex=2)],
        MRImageFrameTypeSequence=[with_values(ComplexImageComponent="PHASE")],
    )
    ds = with_values(Rows=4, Columns=5, PerFrameFunctionalGroupsSequence=[Dataset(), own])
    said = frame_index(ds, 1)
    assert (said.rows, said.columns, said.frame) == (4, 5, 1)
    assert (said.position, said.orientation) == ((1.0, 2.0, 3.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0))
    assert (said.slope, said.intercept, said.b_value, said.direction) == (0.5, -7.0, 1000.0, (0.0, 0.6, 0.8))
    assert (said.echo_time, said.time, said.part) == (90.0, 2, "P")
    other = frame_index(ds, 0)
    assert (other.position, other.b_value, other.echo_time, other.time, other.part) == (
        None,
        None,
        None,
        None,
        "",
    )


@pytest.mark.parametrize(
    ("image_type", "part"),
    [
        (["ORIGINAL", "PRIMARY", "M", "ND"], "M"),
        (["ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"], "M"),
        (["ORIGINAL", "PRIMARY", "PHASE MAP", "P", "FFE"], "P"),
        (["ORIGINAL", "PRIMARY", "OTHER"], ""),
        (["M", "P"], ""),
    ],
)
def test_the_part_of_a_complex_image_is_read_as_scanners_write_it(image_type: list[str], part: str) -> None:
    """From the third value of ImageType on."""
    assert frame_index(with_values(ImageType=image_type), 0).part == part


@pytest.mark.parametrize("position", [[1.0], [1.0, 2.0], 5.0, [math.nan, 0, 0], [1e9, 0, 0]])
def test_what_is_no_place_is_not_known(position: object) -> None:
    """Too few numbers, none, or far outside of any scanner."""
    ds = with_values(ImageOrientationPatient=AXIAL)
    ds.add_new("ImagePositionPatient", "FD", position)
    assert frame_index(ds, 0).position is None


@pytest.mark.parametrize(
    ("keyword", "value", "field"),
    [
        ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0], "orientation"),
        ("ImageOrientationPatient", [2, 0, 0, 0, 1, 0], "orientation"),
        ("ImageOrientationPatient", [0] * 6, "orientation"),
        ("PixelSpacing", [0, 1], "spacing"),
        ("PixelSpacing", [-1, 1], "spacing"),
        ("PixelSpacing", [math.inf, 1], "spacing"),
        ("DiffusionBValue", math.nan, "b_value"),
        ("EchoTime", math.inf, "echo_time"),
    ],
)
def test_numbers_that_mean_nothing_are_not_known(keyword: str, value: Any, field: str) -> None:
    """No unit vectors, no distance, no number."""
    ds = Dataset()
    ds.add_new(keyword, "FD", value)
    assert getattr(frame_index(ds, 0), field) is None


@pytest.mark.parametrize(("said", "slope"), [(None, 1.0), ("2", 2.0), ("0", 1.0), ([1, 2], None)])
def test_a_slope_that_is_no_number_is_not_taken_for_one(said: Any, slope: float | None) -> None:
    """None and 0 are no rescaling; two of them are nothing anybody could use."""
    ds = Dataset()
    if said is not None:
        ds.RescaleSlope = said
    assert frame_index(ds, 0).slope == slope


def test_a_header_comes_back_from_text() -> None:
    """With its frames, none for what could not be read; an empty header is a header."""
    ds = with_values(ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"], SeriesNumber="7", SliceThickness="3")
    headers = [object_header(ds, 2), None, object_header(Dataset(), 0)]
    assert HEADERS.validate_json(HEADERS.dump_json(headers)) == headers
    assert (headers[0].is_mosaic, headers[0].frames[0].thickness, headers[0].series_number) == (True, 3.0, 7)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("vr", "value"), [("OB", b"\x01\x02"), ("FD", 5.0), ("FD", [1.0, 2.0]), ("LO", "text")]
)
@pytest.mark.parametrize("keyword", GROUPS)
def test_groups_that_are_no_sequence_say_nothing(keyword: str, vr: str, value: Any) -> None:
    """Whatever stands in their place, the top of the header is read."""
    ds = with_values(PixelSpacing=[2, 2])
    ds.add_new(keyword, vr, value)
    [frame] = object_header(ds, 1).frames
    assert frame.spacing == (2.0, 2.0)


@given(st.floats(0, 6.2), st.floats(-0.6, 0.6), st.lists(st.floats(-0.002, 0.002), min_size=6, max_size=6))
def test_cosines_are_unit_vectors_at_right_angles(turn: float, tilt: float, rounding: list[float]) -> None:
    """However coarsely a header rounds them: the direction of a row stays, and no length is taken by them."""
    rows = np.array([np.cos(turn), np.sin(turn), 0.0])
    columns = np.cos(tilt) * np.array([-np.sin(turn), np.cos(turn), 0.0]) + np.array([0, 0, np.sin(tilt)])
    said = np.concatenate([rows, columns]) + rounding
    ds = Dataset()
    ds.add_new("ImageOrientationPatient", "FD", said.tolist())
    orientation = frame_index(ds, 0).orientation
    assert orientation is not None
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    assert np.allclose([row @ row, column @ column, row @ column], [1, 1, 0], atol=1e-12)
    assert np.allclose(row, said[:3] / np.linalg.norm(said[:3]))
    assert np.allclose(column, columns, atol=0.01)


def test_each_frame_has_its_own_part_and_thickness() -> None:
    """FrameType of a frame comes before ImageType of the object (PS3.3 C.8.13.5.1), as its thickness does."""
    each = [
        with_values(
            MRImageFrameTypeSequence=[with_values(FrameType=["ORIGINAL", "PRIMARY", kind])],
            PixelMeasuresSequence=[with_values(SliceThickness=thickness)],
        )
        for kind, thickness in (("M", "3"), ("P", "5"))
    ]
    ds = with_values(ImageType=["ORIGINAL", "PRIMARY", "M"], PerFrameFunctionalGroupsSequence=each)
    assert [(f.part, f.thickness) for f in object_header(ds, 3).frames] == [
        ("M", 3.0),
        ("P", 5.0),
        ("M", None),
    ]
