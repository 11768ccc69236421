"""Headers read by byte ranges: what pydicom reads, for files as they come."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path

import pydicom.data
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from dicom_nodes.encoding.elements import NotTaken
from dicom_nodes.encoding.octets import MappedFile
from gateway.privacy.fast.headers import Headers
from routing_rules.facts import read_instance
from support.objects.hostile_mr import REAL_FILES
from support.objects.quiet_pydicom import pydicom_is_quiet
from support.objects.read_headers import assert_is_what_pydicom_reads
from support.web_gateway import phantom

__all__ = ["pydicom_is_quiet"]

BUNDLED = sorted((Path(pydicom.data.__file__).parent / "test_files").glob("*.dcm"))
REAL = sorted(path for path in REAL_FILES.glob("*/*") if path.suffix in (".dcm", ".IMA"))


def _file(ds: Dataset, implicit: bool) -> bytes:
    stream = BytesIO()
    if implicit:
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        ds.set_original_encoding(True, True)
    ds.save_as(stream, enforce_file_format=True, implicit_vr=implicit, little_endian=True)
    return stream.getvalue()


@pytest.mark.parametrize("implicit", [False, True])
def test_a_study_reads_as_with_pydicom(implicit: bool) -> None:
    """Every image of a study, one after the other: the same elements, and the same facts for the rules."""
    headers = Headers()
    for data in (_file(one, implicit) for one in phantom()):
        assert_is_what_pydicom_reads(headers.read(data), data)
        slow = dcmread(BytesIO(data), stop_before_pixels=True)
        assert read_instance(headers.read(data), None) == read_instance(slow, None)


def _taken(files: list[Path]) -> int:
    """How many were read; each of them as pydicom reads it."""
    headers, taken = Headers(), 0
    for path in files:
        data = path.read_bytes()
        try:
            header = headers.read(data)
        except NotTaken:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert_is_what_pydicom_reads(header, data)
            assert_is_what_pydicom_reads(Headers().read(MappedFile.at(path)), data)
        taken += 1
    return taken


def test_odd_files_read_as_with_pydicom_or_not_at_all() -> None:
    """The files pydicom is tested with, damaged ones among them: read alike, or left to pydicom."""
    assert _taken(BUNDLED) > len(BUNDLED) // 2


@pytest.mark.skipif(not REAL, reason="no real MR files beside this repository")
def test_real_files_read_as_with_pydicom() -> None:
    """Scanner files of every vendor: read alike, and nearly all of them read here."""
    assert _taken(REAL) > 0.8 * len(REAL)
