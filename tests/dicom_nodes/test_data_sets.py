"""A stored object is read as the receiver understood it, whole or without its pixels, from bytes or from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.errors import InvalidDicomError

import dicom_nodes.data_sets as reading
from dicom_nodes.data_sets import data_set_of
from dicom_nodes.encoding.part10 import file_meta
from dicom_nodes.encoding.walk import walk
from support.objects.dicom_files import encoded, mr_dataset

STRAY = b"\xfe\xff\xdd\xe0\0\0\0\0"
ODD = b"\x21\0\x03\x10--\4\0ABCD"
SYNTAX = "1.2.840.10008.1.2.1"

WAYS = pytest.mark.parametrize(
    ("from_file", "how"),
    [
        (False, {}),
        (True, {}),
        (False, {"without_pixels": True}),
        (True, {"without_pixels": True}),
        (True, {"without_pixels": True, "only": ["PatientID", "00211003"]}),
    ],
    ids=["bytes", "file", "header of bytes", "header of a file", "some attributes"],
)


def odd_file(*, stray: bytes = b"", text: str = "") -> bytes:
    """An image with a private element that has no VR, and what ends nothing at its end."""
    ds = mr_dataset(syntax=SYNTAX)
    ds.add_new(0x00210010, "LO", "VENDOR")
    ds.ImageComments = text
    file = encoded(ds)
    at = file.index(b"\x21\0\x10\0LO\6\0VENDOR") + 14
    return file[:at] + ODD + file[at:] + stray


@WAYS
@pytest.mark.parametrize("text", ["", "x" * 70_000], ids=["short", "long"])
@pytest.mark.parametrize("mapped", [False, True])
def test_what_pydicom_would_misread_is_read(
    from_file: bool,
    how: dict[str, Any],
    text: str,
    mapped: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long its header is, and although a large file stays on the disk."""
    data, path = odd_file(stray=STRAY), tmp_path / "odd.dcm"
    if text:
        data = odd_file(stray=STRAY, text=text[:10_000])
        monkeypatch.setattr(reading, "_HEADER", 256)
    if mapped:
        monkeypatch.setattr("dicom_nodes.encoding.octets.LARGE", 1)
    path.write_bytes(data)
    walk(data[file_meta(data).end :], SYNTAX)
    ds = data_set_of(path if from_file else data, **how)
    assert (ds[0x00211003].VR, ds[0x00211003].value) == ("UN", b"ABCD")
    assert ds.PatientID == mr_dataset().PatientID
    assert all(element.tag.group < 0xFFFE for element in ds)
    assert str(ds.file_meta.TransferSyntaxUID) == SYNTAX


@pytest.mark.parametrize("mapped", [False, True])
def test_a_plain_file_is_what_pydicom_reads(
    mapped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pixels included; without them, and with a few attributes, too."""
    if mapped:
        monkeypatch.setattr("dicom_nodes.encoding.octets.LARGE", 1)
    path = tmp_path / "plain.dcm"
    path.write_bytes(encoded(mr_dataset(syntax=SYNTAX)))
    assert data_set_of(path) == data_set_of(path.read_bytes()) == dcmread(path)
    assert data_set_of(path, without_pixels=True) == dcmread(path, stop_before_pixels=True)
    assert data_set_of(path, only=["PatientID"]) == dcmread(path, specific_tags=["PatientID"])


def test_a_file_without_preamble_is_read_where_that_is_wanted(tmp_path: Path) -> None:
    """Its encoding shows, and what is odd in it is mended, too."""
    data = odd_file()
    path = tmp_path / "bare.dcm"
    path.write_bytes(data[file_meta(data).end :])
    assert data_set_of(path, bare=True)[0x00211003].value == b"ABCD"
    with pytest.raises(InvalidDicomError):
        data_set_of(path)


def test_what_is_not_understood_goes_to_pydicom_as_it_is(tmp_path: Path) -> None:
    """A file cut short in its pixels has a header; one that is no DICOM is refused as ever."""
    data, path = encoded(mr_dataset(syntax=SYNTAX)), tmp_path / "cut.dcm"
    path.write_bytes(data[:-20])
    assert data_set_of(path, without_pixels=True).PatientID == mr_dataset().PatientID
    assert data_set_of(data[:-20]) == dcmread(path)
    with pytest.raises(InvalidDicomError):
        data_set_of(b"nothing" * 40)
    with pytest.raises(FileNotFoundError):
        data_set_of(tmp_path / "missing.dcm", without_pixels=True)
