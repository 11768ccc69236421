"""A header is held to limits before anything is decoded."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.dataset import Dataset

from gateway.decoding.description import MOST_FRAME_BYTES, MOST_FRAMES, check_frames, described, listed_frames
from gateway.decoding.errors import CannotDecode
from support.objects.dicom_files import mr_dataset


def test_a_header_is_read_as_plain_values() -> None:
    """Sizes follow from it; an attribute that may be missing has the value that the Standard gives it."""
    found = described(mr_dataset(rows=16))
    assert (found.rows, found.columns, found.number_of_frames) == (16, 16, 1)
    assert (found.values_of_a_frame, found.bytes_of_a_frame, found.is_compressed) == (256, 512, False)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("NumberOfFrames", 2147483647),
        ("NumberOfFrames", -1),
        ("Rows", 0),
        ("SamplesPerPixel", 60000),
        ("BitsAllocated", 0),
        ("BitsAllocated", 65535),
        ("BitsStored", 17),
        ("Rows", None),
        ("Rows", [16, 16]),
        ("BitsAllocated", None),
    ],
)
def test_numbers_that_no_image_has_are_told(keyword: str, value: Any) -> None:
    """Never a guess, never an allocation."""
    ds = mr_dataset()
    setattr(ds, keyword, value)
    with pytest.raises(CannotDecode) as refused:
        described(ds)
    assert keyword in refused.value.problem or "does not say" in refused.value.problem
    assert refused.value.fix


def test_too_much_at_once_is_told_with_the_limit() -> None:
    """A frame, and all frames, are counted in decoded bytes."""
    ds = mr_dataset()
    ds.Rows = ds.Columns = 65535
    with pytest.raises(CannotDecode) as refused:
        check_frames(described(ds), 1)
    assert str(MOST_FRAME_BYTES) in refused.value.problem
    ds.Rows = ds.Columns = 512
    check_frames(described(ds), 2000)
    with pytest.raises(CannotDecode):
        check_frames(described(ds), 2100)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.102", "1.2.3.4", ""])
def test_a_syntax_that_nothing_decodes_is_named(syntax: str) -> None:
    """JPEG XL, MPEG-4, private, none."""
    ds = mr_dataset()
    ds.file_meta.TransferSyntaxUID = syntax
    with pytest.raises(CannotDecode) as refused:
        described(ds)
    assert (syntax or "none") in refused.value.problem


def test_an_object_without_pixels_or_meta_information_is_told() -> None:
    """A presentation state has no picture."""
    ds = mr_dataset()
    del ds.PixelData
    with pytest.raises(CannotDecode, match="no pixels"):
        described(ds)
    with pytest.raises(CannotDecode):
        described(Dataset())


@pytest.mark.parametrize(
    ("frames", "listed"),
    [(None, 1), (0, 1), (3, 3), (MOST_FRAMES, MOST_FRAMES), (MOST_FRAMES + 1, 1), (2147483647, 1), (-5, 1)],
)
def test_no_more_pictures_are_offered_than_can_be_decoded(frames: int | None, listed: int) -> None:
    """A page with a line for each would not end; the one that is offered says what is wrong."""
    ds = mr_dataset()
    ds.NumberOfFrames = frames
    assert listed_frames(ds) == listed
    del ds.Rows
    assert listed_frames(ds) == listed_frames(None) == 0
