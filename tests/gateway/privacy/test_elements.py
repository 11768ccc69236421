"""One element: its values as a list, its VR against the Standard's, and how a new one is made."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataelem import DataElement
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from gateway.privacy.elements import (
    has_standard_vr,
    is_ascii,
    listed,
    new_element,
    one_or_many,
    standard_vrs,
    vr_to_write,
)

ROWS, NAME, SMALLEST, PIXELS = Tag(0x00280010), Tag(0x00100010), Tag(0x00280106), Tag(0x7FE00010)


@given(st.lists(st.text(min_size=1, max_size=5), max_size=4))
@settings(derandomize=True)
def test_the_value_of_listed_values_lists_them_again(values: list[str]) -> None:
    """None, one and several values survive the way to an element's value and back."""
    assert listed(one_or_many(values)) == values


@pytest.mark.parametrize("nothing", [None, "", b"", [], MultiValue(str, [])])
def test_every_kind_of_nothing_has_no_values(nothing: object) -> None:
    """An empty element has no value, whatever pydicom says it with."""
    assert listed(nothing) == []


def test_zero_is_a_value() -> None:
    """A number of 0 is not an empty element."""
    assert listed(0) == [0]


@pytest.mark.parametrize(
    ("vr", "value"),
    [("SQ", Sequence()), ("OB", b""), ("UN", b""), ("US", None), ("FD", None), ("DS", None), ("LO", "")],
)
@pytest.mark.parametrize("empty", [None, []])
def test_an_empty_element_is_empty_in_the_way_of_its_vr(vr: str, value: object, empty: object) -> None:
    """A sequence without items, bytes of length zero, no number, the empty text."""
    element = new_element(Tag(0x00091001), vr, empty)
    assert element.value == value
    assert element.is_empty


def test_a_list_of_one_is_one_value() -> None:
    """It is written without a delimiter and read back as one."""
    assert new_element(ROWS, "US", [4]).value == 4
    assert list(new_element(ROWS, "US", [4, 5]).value) == [4, 5]


@pytest.mark.parametrize(
    ("tag", "vr", "is_standard", "written"),
    [
        (NAME, "PN", True, "PN"),
        (NAME, "LO", False, "PN"),
        (PIXELS, "OB", True, "OB"),
        (PIXELS, "OW", True, "OW"),
        (PIXELS, "UN", False, "OB"),
        (SMALLEST, "SS", True, "SS"),
        (ROWS, "US", True, "US"),
        (ROWS, "SS", True, "US"),
        (ROWS, "UL", False, "US"),
        (Tag(0x00091001), "LO", False, "LO"),
    ],
)
def test_a_vr_is_measured_by_the_dictionary(tag: Tag, vr: str, is_standard: bool, written: str) -> None:
    """A wrong VR is written as the Standard's; a choice it leaves is kept, a mere sign (SS for US) too."""
    element = new_element(tag, vr, None)
    assert has_standard_vr(element) is is_standard
    assert vr_to_write(element) == written


def test_a_private_tag_has_no_standard_vr() -> None:
    """The dictionary of PS3.6 says nothing about it; where it leaves a choice, all of it counts."""
    assert standard_vrs(Tag(0x00091001)) == frozenset()
    assert standard_vrs(PIXELS) == {"OB", "OW"}


@pytest.mark.parametrize(("value", "ascii_only"), [("Plain", True), ("", True), (["Plain", "Größe"], False)])
def test_one_value_beyond_ascii_decides(value: object, ascii_only: bool) -> None:
    """Every value of the element is looked at."""
    assert is_ascii(DataElement(Tag(0x0008103E), "LO", value)) is ascii_only
