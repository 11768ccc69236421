"""What a reader is given instead of an encoding that it would misread: the same values, and nothing on a guess."""

from __future__ import annotations

import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.filereader import read_dataset

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.mending import edited, edits
from dicom_nodes.encoding.uids import Encoding
from dicom_nodes.encoding.walk import walk
from support.objects.encoded_objects import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    PIXEL_DATA,
    SYNTAXES,
    UNDEFINED,
    Form,
    Fragments,
    Leaf,
    Nested,
    Node,
    data_sets,
)

FIRST, LAST = Leaf(0x00080001, "UL", b"\1\0\0\0"), Leaf(0x00400244, "DA", b"20260202")
CREATOR = Leaf(0x00210010, "LO", b"VENDOR")
ODD = 0x00211003
FORMS = st.sampled_from([EXPLICIT, BIG_ENDIAN, IMPLICIT])
EXPLICIT_FORMS = pytest.mark.parametrize("form", [EXPLICIT, BIG_ENDIAN])


def odd(form: Form, code: bytes, value: bytes = b"ABCD") -> bytes:
    """A private element with a VR that is none, with a length of 16 bits, or of 32 where it has two capitals."""
    order = "little" if form.little else "big"
    if code.isalpha():
        return form.tag(ODD) + code + b"\0\0" + len(value).to_bytes(4, order) + value  # type: ignore[arg-type]
    return form.tag(ODD) + code + len(value).to_bytes(2, order) + value  # type: ignore[arg-type]


def encoding(form: Form) -> Encoding:
    """As the walk wants it."""
    return Encoding(form.implicit, form.little)


def read(data: bytes, form: Form) -> Dataset:
    """By pydicom, once it is mended."""
    mended = edited(data, edits(data, 0, encoding(form)))
    ds = read_dataset(BytesIO(mended), form.implicit, form.little)
    for _ in ds.iterall():  # decoded to the end
        pass
    return ds


@EXPLICIT_FORMS
@pytest.mark.parametrize("code", [b"\0\0", b"--", b"??", b"  ", b"QZ"])
def test_a_private_element_without_a_vr_is_unknown(form: Form, code: bytes) -> None:
    """The receiver takes it, and it reads as UN with its value; what stands around it is untouched."""
    data = form.data_set([FIRST, CREATOR]) + odd(form, code) + form.element(LAST)
    walk(data, SYNTAXES[form])
    ds = read(data, form)
    assert (ds[ODD].VR, ds[ODD].value) == ("UN", b"ABCD")
    assert len(ds) == 4
    assert ds.PerformedProcedureStepStartDate == "20260202"


@EXPLICIT_FORMS
@pytest.mark.parametrize("undefined", [(True, True), (False, False), (True, False), (False, True)])
def test_it_is_unknown_in_items_too(form: Form, undefined: tuple[bool, bool]) -> None:
    """The lengths of items and sequences around it grow with it."""
    inner = form.item(odd(form, b"--"), undefined=undefined[1])
    around = form.item(
        form.header(0x00081140, "SQ", UNDEFINED if undefined[0] else len(inner))
        + inner
        + (form.tag(0xFFFEE0DD) + bytes(4) if undefined[0] else b""),
        undefined=undefined[1],
    )
    outer = form.header(0x00400275, "SQ", len(around)) + around
    data = form.element(FIRST) + outer + form.element(Leaf(0x00401001, "SH", b"A1"))
    walk(data, SYNTAXES[form])
    ds = read(data, form)
    [item] = ds.RequestAttributesSequence
    [innermost] = item.ReferencedImageSequence
    assert innermost[ODD].value == b"ABCD"
    assert ds.RequestedProcedureID == "A1"


@pytest.mark.parametrize("form", [EXPLICIT, BIG_ENDIAN, IMPLICIT])
@pytest.mark.parametrize("element", [0xFFFEE00D, 0xFFFEE0DD])
@pytest.mark.parametrize("zeros", [0, 4, 20])
def test_what_ends_nothing_is_cut_off(form: Form, element: int, zeros: int) -> None:
    """Delimiters behind the last element, and the zeros behind them."""
    data = form.data_set([FIRST, LAST])
    stray = (form.tag(element) + bytes(4)) * 2 + bytes(zeros)
    ds = read(data + stray, form)
    assert len(ds) == 2
    assert edited(data + stray, edits(data + stray, 0, encoding(form))) == data


@pytest.mark.parametrize(
    "behind",
    [
        odd(EXPLICIT, b"\0\0") + EXPLICIT.element(FIRST),
        odd(EXPLICIT, b"\0\0") * 2,
        EXPLICIT.tag(0x00200010) + b"--\4\0ABCD",
        EXPLICIT.tag(ODD) + b"q.\4\0ABCD",
        EXPLICIT.tag(ODD) + b"QZ\4\0ABCD",
        EXPLICIT.tag(ODD) + b"QZ\0\0\xff\xff\xff\xff",
        EXPLICIT.tag(ODD) + b"\0\0\xff\0ABCD",
        EXPLICIT.tag(0xFFFEE0DD) + bytes(4) + EXPLICIT.element(LAST),
    ],
    ids=[
        "tag behind",
        "same tag",
        "public",
        "one letter",
        "capitals with a short length",
        "no length",
        "cut",
        "more",
    ],
)
def test_what_cannot_be_told_is_refused(behind: bytes) -> None:
    """By the receiver with the reason, and nothing is mended."""
    data = EXPLICIT.data_set([FIRST, CREATOR]) + behind
    with pytest.raises(NotDicom):
        walk(data, SYNTAXES[EXPLICIT])
    with pytest.raises(NotDicom):
        edits(data, 0, encoding(EXPLICIT))


@pytest.mark.parametrize("behind", [EXPLICIT.element(Leaf(PIXEL_DATA, "OW", bytes(64))), b""])
def test_without_pixels_nothing_behind_them_is_looked_at(behind: bytes) -> None:
    """The beginning of a file is enough, as far as the header of the pixels."""
    data = EXPLICIT.data_set([FIRST, CREATOR]) + odd(EXPLICIT, b"--") + behind
    [change] = edits(data[:-50] if behind else data, 0, encoding(EXPLICIT), without_pixels=True)
    assert change.new[4:6] == b"UN"
    if behind:
        with pytest.raises(NotDicom):
            edits(data[:-50], 0, encoding(EXPLICIT))
        with pytest.raises(NotDicom):
            edits(data[: -len(behind) + 8], 0, encoding(EXPLICIT), without_pixels=True)


def test_fragments_are_passed_over() -> None:
    """Whatever stands in them."""
    data = EXPLICIT.data_set([FIRST, Fragments((b"", odd(EXPLICIT, b"--"), b"\1\1"))])
    assert edits(data, 0, encoding(EXPLICIT)) == []


@given(FORMS, data_sets())
def test_a_sound_data_set_is_left_alone(form: Form, nodes: list[Node]) -> None:
    """However deep its sequences are, and whatever ends them."""
    assert edits(form.data_set(nodes), 0, encoding(form)) == []


def test_nesting_has_an_end() -> None:
    """As in the receiver: what is nested deeper is not read on the stack."""
    node: Node = FIRST
    for _ in range(70):
        node = Nested(0x00081140, ((node,),), (True, True))
    with pytest.raises(NotDicom):
        edits(EXPLICIT.element(node), 0, encoding(EXPLICIT))


def test_a_deflated_data_set_is_strict() -> None:
    """It is not mended, so the receiver refuses what would have to be."""
    data = EXPLICIT.data_set([FIRST, CREATOR]) + odd(EXPLICIT, b"--")
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    with pytest.raises(NotDicom):
        walk(deflater.compress(data) + deflater.flush(), "1.2.840.10008.1.2.1.99")
