"""An element is what it says, whatever transfer syntax, VR, padding or character set it was written in."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from gateway.identity.values import (
    DEFAULT_CHARSET,
    Encoded,
    charset_of,
    encoded,
    is_empty,
    items_of,
    same,
    shown,
    value_of,
)


def element(vr: str, data: bytes, *charset: str, little: bool = True) -> Encoded:
    """One element of these bytes."""
    return Encoded(vr, data, charset or DEFAULT_CHARSET, little)


@pytest.mark.parametrize(("vr", "code"), [("US", "H"), ("SL", "l"), ("FD", "d"), ("UV", "Q"), ("AT", "H")])
@given(numbers=st.lists(st.integers(0, 0x7FFF), min_size=1, max_size=5))
def test_byte_order_is_no_difference(vr: str, code: str, numbers: list[int]) -> None:
    """Numbers in big endian say what the same numbers say in little endian, and no other."""
    little = element(vr, struct.pack(f"<{len(numbers)}{code}", *numbers))
    big = element(vr, struct.pack(f">{len(numbers)}{code}", *numbers), little=False)
    other = element(
        vr, struct.pack(f">{len(numbers)}{code}", *[*numbers[:-1], numbers[-1] + 1]), little=False
    )
    assert same(little, big)
    assert not same(little, other)


@given(text=st.text(st.characters(min_codepoint=0xC0, max_codepoint=0xFF), min_size=1, max_size=12))
def test_character_set_is_no_difference(text: str) -> None:
    """The same letters in Latin 1 and in UTF-8."""
    latin = element("LO", text.encode("latin-1"), "latin-1")
    assert same(latin, element("LO", text.encode("utf-8"), "utf-8"))
    assert not same(latin, element("LO", (text + "x").encode("utf-8"), "utf-8"))


def test_padding_is_no_difference_but_a_leading_blank_of_a_long_text_is() -> None:
    """LO may be padded on both sides, LT only at its end (PS3.5 table 6.2-1)."""
    assert same(element("LO", b" knee "), element("LO", b"knee\0\0"))
    assert same(element("LT", b"knee "), element("LT", b"knee"))
    assert not same(element("LT", b" knee"), element("LT", b"knee"))


def test_a_backslash_parts_values_only_where_there_may_be_several() -> None:
    """In LT and ST it is a letter."""
    assert value_of(element("CS", b"A \\ B"), "CS") == ("A", "B")
    assert value_of(element("ST", b"A\\B"), "ST") == ("A\\B",)


def test_an_unknown_vr_is_read_as_the_known_one_of_the_other() -> None:
    """As a file with an explicit VR beside one whose VR was lost."""
    assert same(element("UN", b"+7.50 "), element("DS", b"7.5 "))
    assert not same(element("UN", b"+7.50 "), element("UN", b"7.5 "))


def test_what_cannot_be_decoded_stands_for_itself() -> None:
    """Neither refused nor replaced: two different ones differ."""
    broken = element("LO", b"M\xfcller", "utf-8")
    assert value_of(broken, "LO") == b"M\xfcller"
    assert not same(broken, element("LO", b"M\xfdller", "utf-8"))


def test_the_character_set_is_that_of_the_data_set_or_of_the_one_around_it() -> None:
    """An item without one of its own inherits."""
    item = Dataset()
    assert charset_of(item, ("utf8",)) == ("utf8",)
    item.SpecificCharacterSet = "ISO_IR 100"
    assert b"\xfc".decode(charset_of(item, ("utf8",))[0]) == "ü"


@pytest.mark.parametrize(
    ("one", "empty"),
    [(("LO", b"  \0"), True), (("LO", b" a"), False), (("US", b"\0\0"), False), (("OB", b""), True)],
)
def test_blanks_are_empty_where_they_are_padding(one: tuple[str, bytes], empty: bool) -> None:
    """A number of zero bytes is a number."""
    assert is_empty(element(*one)) is empty


def test_a_sequence_is_read_from_its_items_or_from_its_bytes() -> None:
    """An unreadable one has no items, and another VR is no sequence."""
    item = Dataset()
    item.CodeValue = "T-A0100"
    ds = Dataset()
    ds.AnatomicRegionSequence = Sequence([item])
    assert items_of(encoded(ds, 0x00082218, DEFAULT_CHARSET)) == (item,)
    raw = b"\xfe\xff\0\xe0\x10\0\0\0" + b"\x08\0\0\1\x08\0\0\0T-A0100 "
    (read,) = items_of(element("UN", raw)) or ()
    assert read.CodeValue == "T-A0100"
    assert items_of(element("SQ", b"\xfe\xff\0\xe0\xff")) is None
    assert items_of(element("LO", raw)) is None


def test_an_element_is_shown_short() -> None:
    """Numbers as numbers, many of them and other bytes as their count, long texts cut."""
    assert shown(element("US", b"\1\0\2\0")) == "1\\2"
    assert shown(element("US", b"\0\1", little=False)) == "1"
    assert shown(element("OW", bytes(10))) == "10 bytes"
    assert shown(element("US", bytes(100))) == "100 bytes"
    assert shown(element("UT", b"x" * 700)).endswith("... (700 characters)")
