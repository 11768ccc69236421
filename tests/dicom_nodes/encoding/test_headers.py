"""Headers of elements and items: read back as they were written, by whoever wrote them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.tag import Tag

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.headers import (
    ITEM,
    ITEM_END,
    UNDEFINED,
    Header,
    encoded_element,
    encoded_header,
    encoded_item,
    header,
    item_header,
    name_of,
)
from dicom_nodes.encoding.uids import Encoding
from support.objects.encoded_objects import LONG, Form

TAGS = st.integers(0, 0xFFFFFFFF)
SHORT = sorted({"AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "PN", "SH", "SL", "SS", "ST",
                "TM", "UI", "UL", "US"})  # fmt: skip
VRS = st.sampled_from([*SHORT, *sorted(LONG)])
FORMS = st.builds(Form, st.booleans(), st.booleans())


@given(TAGS, VRS, st.integers(0, 0xFFFF), FORMS, st.binary(max_size=5), st.binary(max_size=5))
def test_a_header_is_read_in_every_encoding(
    tag: int, vr: str, length: int, form: Form, before: bytes, after: bytes
) -> None:
    """Wherever it stands; from memory that is a view, too; and cut off anywhere it is none yet."""
    encoded = form.header(tag, vr, length)
    encoding = Encoding(form.implicit, form.little)
    read = Header(tag, "" if form.implicit else vr, length, len(before) + len(encoded))
    data = before + encoded + after
    assert header(data, len(before), encoding) == read
    assert header(memoryview(data), len(before), encoding) == read
    for cut in range(len(encoded)):
        assert header(data[: len(before) + cut], len(before), encoding) is None


@given(TAGS, st.binary(min_size=2, max_size=2), st.booleans())
def test_a_vr_that_is_none_is_told_with_the_tag(tag: int, vr: bytes, little: bool) -> None:
    """Any two bytes: one of the Standard's VRs, or NotDicom."""
    data = Form(little=little).tag(tag) + vr + bytes(10)
    if vr.decode("latin-1") in {*SHORT, *LONG}:
        assert header(data, 0, Encoding(little_endian=little)) is not None
        return
    with pytest.raises(NotDicom) as caught:
        header(data, 0, Encoding(little_endian=little))
    assert name_of(tag) in caught.value.problem
    assert caught.value.fix


@given(st.binary(max_size=9), st.booleans(), st.booleans())
def test_an_item_is_read_in_both_byte_orders(content: bytes, little: bool, undefined: bool) -> None:
    """With its length or with a delimiter; neither has a VR."""
    form = Form(little=little)
    data = form.item(content, undefined=undefined)
    length = UNDEFINED if undefined else len(content)
    assert item_header(data, 0, little_endian=little) == (ITEM, length)
    assert item_header(data[:7], 0, little_endian=little) is None
    if undefined:
        assert item_header(data, 8 + len(content), little_endian=little) == (ITEM_END, 0)


@given(TAGS, VRS, st.integers(0, 0xFFFF), st.booleans())
def test_a_header_is_written_as_the_standard_has_it(tag: int, vr: str, length: int, implicit: bool) -> None:
    """Little endian, in the form of its VR."""
    assert encoded_header(tag, vr, length, implicit=implicit) == Form(implicit).header(tag, vr, length)


def test_the_short_form_has_no_room_for_a_long_value() -> None:
    """No header is written that says something else."""
    with pytest.raises(struct.error):
        encoded_header(0x00204000, "LT", 0x10000, implicit=False)


@given(VRS.filter(lambda vr: vr != "SQ"), st.binary(min_size=1, max_size=9), st.booleans())
def test_an_element_is_read_by_pydicom_as_it_was_meant(vr: str, value: bytes, implicit: bool) -> None:
    """Padded to an even length with what the VR wants, so that stripping gives the value again."""
    stream = DicomBytesIO(encoded_element(0x00091001, vr, value, implicit=implicit))
    ds = read_dataset(stream, implicit, True)
    raw = ds.get_item(Tag(0x00091001))
    assert isinstance(raw, RawDataElement)
    assert (raw.VR, raw.length) == (None if implicit else vr, len(value) + len(value) % 2)
    assert (raw.value or b"")[: len(value)] == value
    padding = b" " if vr in {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UR",
                             "UT"} else b"\0"  # fmt: skip
    assert (raw.value or b"")[len(value) :] == padding * (len(value) % 2)


@given(st.binary(max_size=9))
def test_an_item_is_written_with_its_length(content: bytes) -> None:
    """As a sequence in little endian has it."""
    assert encoded_item(content) == Form().item(content)
