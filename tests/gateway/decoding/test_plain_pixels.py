"""Frames read by their place in the file: the values that pydicom reads, whatever encoding, bits and neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, Sequence, dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from gateway.decoding import files, stored_frames
from gateway.decoding.errors import CannotDecode
from gateway.decoding.plain_pixels import first_frame, values_at
from gateway.imaging.stacks import study_index
from gateway.imaging.study_index import StudyIndex
from support.objects.dicom_files import encoded
from support.pictures import enhanced, ramp, slices

SHAPE = (3, 5, 6)


def written(folder: Path, ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> Path:
    """A file in this syntax."""
    path = folder / "a.dcm"
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = np.frombuffer(ds.PixelData, "<i2").astype(">i2").tobytes()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.save_as(
        path,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
        enforce_file_format=True,
    )
    return path


def indexed(path: Path) -> StudyIndex:
    """The index of one file, as the worker makes it."""
    return study_index("v", [("a", files.headers([path])[0])])


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_every_frame_is_read_from_its_own_bytes(tmp_path: Path, syntax: str) -> None:
    """Also behind sequences of undefined length and private elements; the rest of the file may be anything."""
    values = ramp(SHAPE, "int16")
    ds = enhanced(values, [(1.0, 0.0)] * 3)
    ds["SharedFunctionalGroupsSequence"].is_undefined_length = True
    ds.add_new(0x00091001, "UN", b"PixelData\xe0\x7f\x10\x00")
    ds.IconImageSequence = Sequence([_icon()])
    path = written(tmp_path, ds, syntax)
    index = indexed(path)
    offsets = [index.frames[place].offset for place in index.stacks[0].frames]
    assert None not in offsets
    for place, frame in enumerate(index.stacks[0].frames):
        told = stored_frames.values_of(path, index.objects[0], [index.frames[frame]], "<i2")
        assert np.array_equal(np.frombuffer(told, "<i2").reshape(5, 6), values[place])
    data = bytearray(path.read_bytes())
    keep = index.frames[index.stacks[0].frames[1]]
    assert keep.offset is not None
    data[: keep.offset] = bytes(keep.offset)
    path.write_bytes(data)
    told = stored_frames.values_of(path, index.objects[0], [keep], "<i2")
    assert np.array_equal(np.frombuffer(told, "<i2").reshape(5, 6), values[1])


def _icon() -> Dataset:
    icon = Dataset()
    icon.Rows = icon.Columns = 2
    icon.BitsAllocated = 8
    icon.PixelData = b"\1\2\3\4"
    return icon


@pytest.mark.parametrize("syntax", [DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_what_does_not_lie_there_as_it_is_has_no_place(tmp_path: Path, syntax: str) -> None:
    """It is decoded as before, to the same values."""
    values = ramp(SHAPE, "int16")
    ds = slices(values)[1]
    if syntax == RLELossless:
        ds.compress(RLELossless, generate_instance_uid=False)
        path = tmp_path / "a.dcm"
        path.write_bytes(encoded(ds))
    else:
        path = written(tmp_path, ds, syntax)
    index = indexed(path)
    assert index.frames[0].offset is None
    told = stored_frames.values_of(path, index.objects[0], [index.frames[0]], "<i2")
    assert np.array_equal(np.frombuffer(told, "<i2").reshape(5, 6), values[1])


@pytest.mark.parametrize(
    ("dtype", "bits"), [("uint16", 12), ("int16", 12), ("uint8", 8), ("uint8", 6), ("int16", 16)]
)
def test_bits_above_a_value_are_no_part_of_it(tmp_path: Path, dtype: str, bits: int) -> None:
    """As pydicom reads them; the sign is that of the stored bits."""
    ds = slices(ramp(SHAPE, dtype), BitsStored=bits, HighBit=bits - 1)[0]
    path = written(tmp_path, ds)
    place = first_frame(path, ds, 1)
    assert place is not None
    read = values_at(path, *place, 5, 6, bits, signed=dtype == "int16")
    assert np.array_equal(read, dcmread(path).pixel_array)


@pytest.mark.parametrize(
    "changes",
    [
        {"NumberOfFrames": 2},
        {"NumberOfFrames": 2**31 - 1},
        {"Rows": 6000},
        {"SamplesPerPixel": 3},
        {"BitsAllocated": 32},
        {"PixelData": b""},
    ],
)
def test_a_header_that_promises_something_else_has_no_place(tmp_path: Path, changes: dict[str, Any]) -> None:
    """What the bytes do not hold is not read as if they did."""
    ds = slices(ramp(SHAPE, "int16"))[0]
    for name, value in changes.items():
        setattr(ds, name, value)
    assert first_frame(written(tmp_path, ds), ds, 1) is None


@pytest.mark.parametrize(("length", "rows"), [(60, 50), (58, 5), (0, 5), (60, 0), (120, 5)])
def test_a_place_that_cannot_be_is_told(tmp_path: Path, length: int, rows: int) -> None:
    """An index that is wrong shows nothing, rather than anything else; a file that ends too early says so."""
    path = tmp_path / "a"
    path.write_bytes(bytes(100))
    with pytest.raises(CannotDecode):
        values_at(path, 50 if length == 60 and rows == 5 else 0, length, rows, 6, 16, signed=True)
    with pytest.raises(CannotDecode, match="ends before"):
        values_at(path, 60, 60, 5, 6, 16, signed=True)


def test_a_png_by_place_is_the_one_of_the_whole_file(tmp_path: Path) -> None:
    """Scale, negative and stretched pixels included."""
    ds = enhanced(
        ramp(SHAPE, "uint16"), [(1.0, 0.0), (2.5, -7.0), (0.5, 3.0)], PhotometricInterpretation="MONOCHROME1"
    )
    path = written(tmp_path, ds)
    index = indexed(path)
    for frame in index.frames:
        known = files.known_of(index.objects[0], frame)
        assert known is not None
        by_place = files.drawn(path, frame.frame, 0.0, 60_000.0, None, known)
        assert by_place == files.drawn(path, frame.frame, 0.0, 60_000.0)
        assert np.array_equal(files.sampled(path, frame.frame, known), files.sampled(path, frame.frame))
