"""DICOM files as people have them: with or without preamble, whole, cut short, or no DICOM at all."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from dicom_nodes.encoding.errors import NotDicom
from gateway.files import dicom_file
from gateway.files.dicom_file import NOT_DICOM
from support.objects.dicom_files import encoded, mr_dataset

SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
)


def bare(ds: Dataset, *, implicit: bool) -> bytes:
    """The data set alone, as some devices write it: neither preamble nor file meta information."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = implicit, True
    write_dataset(buffer, ds)
    return buffer.getvalue()


def bare_dataset() -> Dataset:
    """An image that was never in a file."""
    ds = mr_dataset()
    del ds.file_meta
    return ds


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
def test_a_file_is_read_whole_in_every_syntax(syntax: str, tmp_path: Path) -> None:
    """The same elements that were written, pixels included."""
    file = tmp_path / "image.dcm"
    file.write_bytes(encoded(mr_dataset(syntax=syntax)))
    assert dicom_file.whole(file) == dcmread(file)
    assert "PixelData" in dicom_file.whole(file)


@pytest.mark.parametrize("implicit", [True, False], ids=["implicit", "explicit"])
def test_a_file_without_preamble_is_read(tmp_path: Path, implicit: bool) -> None:
    """Header and whole object, implicit or explicit VR little endian (PS3.10 7.1 knows no other without meta)."""
    file = tmp_path / "bare"
    file.write_bytes(bare(bare_dataset(), implicit=implicit))
    assert dicom_file.whole(file) == bare_dataset()
    assert dicom_file.header(file).SOPInstanceUID == mr_dataset().SOPInstanceUID


def test_a_header_has_no_pixels_and_only_the_tags_asked_for(tmp_path: Path) -> None:
    """What the first pass over a folder reads of each file."""
    file = tmp_path / "image.dcm"
    file.write_bytes(encoded(mr_dataset()))
    assert "PixelData" not in dicom_file.header(file)
    assert dicom_file.header(file).PatientID == "SYN-0001"
    assert [element.keyword for element in dicom_file.header(file, ("StudyInstanceUID",))] == [
        "StudyInstanceUID"
    ]


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("lost", [2, 100])
def test_a_file_that_is_cut_short_is_not_taken_for_a_whole_one(syntax: str, lost: int) -> None:
    """pydicom reads it without complaint; here it is refused. (The last byte may be padding: PS3.5 A.5.)"""
    with pytest.raises(NOT_DICOM):
        dicom_file.parsed(encoded(mr_dataset(syntax=syntax))[:-lost])


@pytest.mark.parametrize("implicit", [True, False], ids=["implicit", "explicit"])
def test_a_file_without_preamble_that_is_cut_short_is_refused(implicit: bool) -> None:
    """It names no length of its own either."""
    with pytest.raises(NotDicom):
        dicom_file.parsed(bare(bare_dataset(), implicit=implicit)[:-1])


@pytest.mark.parametrize("content", [b"", b"hello", b"\x08\x00" * 70, b"%PDF-1.7\n" + bytes(200)])
def test_what_is_no_dicom_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    """Also what begins by chance as a data set does."""
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(NOT_DICOM):
        dicom_file.header(file)
    with pytest.raises(NOT_DICOM):
        dicom_file.whole(file)


def test_a_bare_data_set_that_names_no_class_is_no_object(tmp_path: Path) -> None:
    """Bytes of group 0008 alone make no image."""
    ds = Dataset()
    ds.StudyDate = "20260202"
    file = tmp_path / "file"
    file.write_bytes(bare(ds, implicit=True))
    with pytest.raises(InvalidDicomError):
        dicom_file.header(file)


@given(
    start=st.sampled_from(
        [b"", b"\x08\x00", b"\x02\x00", bytes(128) + b"DICM", bytes(128) + b"DICM\x02\x00"]
    ),
    rest=st.binary(max_size=300),
)
def test_any_bytes_are_read_or_refused(start: bytes, rest: bytes) -> None:
    """Nothing but the errors that say so comes out."""
    try:
        dicom_file.parsed(start + rest)
    except NOT_DICOM:
        return
    assert dcmread(BytesIO(start + rest), force=True) is not None
