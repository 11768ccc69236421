"""What a header says of one frame, in functional groups or at its top."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from gateway.decoding.frames import attributes_of


def with_values(**values: object) -> Dataset:
    """A data set with these elements."""
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def test_a_frame_says_more_than_the_object_and_its_shared_groups() -> None:
    """Per frame, then shared, then the top; a frame without a group of its own has the shared ones."""

    def measures(spacing: float) -> Dataset:
        return with_values(PixelMeasuresSequence=[with_values(PixelSpacing=[spacing, spacing])])

    ds = with_values(
        PixelSpacing=[9, 9],
        RescaleSlope="2",
        SharedFunctionalGroupsSequence=[measures(2)],
        PerFrameFunctionalGroupsSequence=[measures(1)],
    )
    assert [attributes_of(ds, frame).spacing for frame in (0, 1)] == [(1.0, 1.0), (2.0, 2.0)]
    assert attributes_of(ds, 0).slope == 2
    del ds.SharedFunctionalGroupsSequence
    assert attributes_of(ds, 1).spacing == (9.0, 9.0)


@pytest.mark.parametrize("position", [None, [1.0], [1.0, 2.0], 5.0])
def test_what_is_no_place_is_not_known(position: object) -> None:
    """A frame without one lies at 0, as all others of its object."""
    ds = with_values(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    if position is not None:
        ds.ImagePositionPatient = position
    assert attributes_of(ds, 0).position is None
    assert attributes_of(ds, 0).along == 0.0


def test_places_count_along_the_normal() -> None:
    """Of a sagittal stack from the right to the left (PS3.3 C.7.6.2.1.1)."""
    ds = with_values(ImageOrientationPatient=[0, 1, 0, 0, 0, -1], ImagePositionPatient=[-7, 5, 50])
    assert attributes_of(ds, 0).along == 7
