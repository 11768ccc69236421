"""The beginning of a Part 10 file: what pydicom reads there, from as many bytes as there are."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pydicom.data
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.filereader import read_file_meta_info

from dicom_nodes.encoding.elements import Element
from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.octets import MappedFile
from dicom_nodes.encoding.part10 import (
    GROUP_LENGTH,
    PRIVATE_CREATOR,
    PRIVATE_INFORMATION,
    SENDING_TITLE,
    SOP_INSTANCE,
    TRANSFER_SYNTAX,
    encoded_beginning,
    file_meta,
    has_preamble,
)
from support.objects.encoded_objects import EXPLICIT, Leaf
from support.objects.encoded_objects import file_meta as written_by_another

FILES = sorted(
    path
    for path in (Path(pydicom.data.__file__).parent / "test_files").glob("*.dcm")
    if path.read_bytes()[128:132] == b"DICM"
)
WHOLE = written_by_another(
    "1.2.840.10008.1.2.1",
    Leaf(0x00020012, "UI", b"1.2.3\0"),
    Leaf(0x00020013, "SH", b""),
    Leaf(0x00020100, "UI", b"2.25.1"),
    Leaf(0x00020102, "OB", b"{private information}"),
)
ENDS = [132, *(element.end for element in file_meta(WHOLE).elements)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_is_what_pydicom_reads(path: Path) -> None:
    """Of every file that pydicom is tested with: all elements, and where the data set begins; mapped or in memory."""
    wanted = read_file_meta_info(path)
    for data in (path.read_bytes(), MappedFile.at(path)):
        meta = file_meta(data)
        assert [e.tag for e in meta.elements] == list(wanted.keys())
        assert meta.uid(TRANSFER_SYNTAX) == str(wanted.get("TransferSyntaxUID", ""))
        assert meta.uid(SOP_INSTANCE) == str(wanted.get("MediaStorageSOPInstanceUID", ""))
        if "FileMetaInformationGroupLength" in wanted:
            assert meta.end == 132 + 12 + wanted.FileMetaInformationGroupLength


@given(st.binary(max_size=30), st.data())
def test_the_beginning_of_a_file_is_enough(after: bytes, data: st.DataObject) -> None:
    """A cut between elements looks like the end of the file meta information; any other is told."""
    cut = data.draw(st.integers(132, len(WHOLE)))
    begin = WHOLE[:cut] + after if cut == len(WHOLE) and not after.startswith(b"\2\0") else WHOLE[:cut]
    if cut in ENDS or cut - 1 in ENDS:  # of one byte nobody can say to which group it belongs
        meta = file_meta(begin)
        assert meta.end == max(end for end in ENDS if end <= cut)
        assert [element.end for element in meta.elements] == [end for end in ENDS[1:] if end <= cut]
    else:
        with pytest.raises(NotDicom, match="ends inside"):
            file_meta(begin)


def test_values_are_found_by_their_tags() -> None:
    """Of both forms of length; what is not there is empty; of two the last counts, as for pydicom."""
    meta = file_meta(WHOLE)
    assert meta.value(PRIVATE_INFORMATION) == b"{private information}"
    assert (meta.uid(PRIVATE_CREATOR), meta.uid(0x00020012)) == ("2.25.1", "1.2.3")
    assert (meta.value(SENDING_TITLE), meta.uid(SOP_INSTANCE)) == (b"", "")
    first = meta.elements[1]
    assert first == Element(TRANSFER_SYNTAX, "UI", 144, 152, 172, 172)
    twice = file_meta(WHOLE + EXPLICIT.element(Leaf(TRANSFER_SYNTAX, "UI", b"1.2.840.10008.1.2\0")))
    assert twice.uid(TRANSFER_SYNTAX) == "1.2.840.10008.1.2"


@pytest.mark.parametrize("start", [b"", b"MZ" + bytes(400), bytes(132), b"DICM" + bytes(200)])
def test_what_has_no_prefix_is_no_part_10_file(start: bytes) -> None:
    """Told with what is missing."""
    assert not has_preamble(start)
    with pytest.raises(NotDicom, match="'DICM' mark at byte 128"):
        file_meta(start)


@given(st.binary(max_size=200))
def test_noise_is_told_apart(noise: bytes) -> None:
    """Whatever follows the prefix: elements that lie inside the bytes, or NotDicom."""
    data = bytes(128) + b"DICM" + noise
    try:
        meta = file_meta(data)
    except NotDicom:
        return
    assert 132 <= meta.end <= len(data)
    assert all(element.tag >> 16 == 2 and element.end <= len(data) for element in meta.elements)


@given(st.binary(max_size=40), st.text("ABC_ ", min_size=1, max_size=16))
def test_what_is_written_is_read_again(private: bytes, title: str) -> None:
    """By this library and by pydicom, with the length of the group."""
    syntax = "1.2.840.10008.1.2.1"
    data = encoded_beginning(
        [
            (TRANSFER_SYNTAX, "UI", syntax.encode()),
            (SENDING_TITLE, "AE", title.encode()),
            (PRIVATE_CREATOR, "UI", b"2.25.1"),
            (PRIVATE_INFORMATION, "OB", private),
        ]
    )
    assert has_preamble(data)
    meta = file_meta(data)
    assert meta.end == len(data)
    assert [e.tag for e in meta.elements] == [
        GROUP_LENGTH, TRANSFER_SYNTAX, SENDING_TITLE, PRIVATE_CREATOR, PRIVATE_INFORMATION
    ]  # fmt: skip
    assert (meta.uid(TRANSFER_SYNTAX), meta.uid(PRIVATE_CREATOR)) == (syntax, "2.25.1")
    assert meta.value(PRIVATE_INFORMATION) == private + b"\0" * (len(private) % 2)
    read = dcmread(BytesIO(data + b"\x08\0\x16\0UI\x02\x001\0")).file_meta
    assert read.FileMetaInformationGroupLength == len(data) - 144
    assert read.SendingApplicationEntityTitle.strip() == title.strip()
