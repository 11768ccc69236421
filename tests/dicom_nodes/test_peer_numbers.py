"""Numbers as peers state them: never an error, at worst no number."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.multival import MultiValue
from pydicom.valuerep import IS, DSdecimal, DSfloat

from dicom_nodes.peer_numbers import stated_count, stated_number


@pytest.mark.parametrize(
    ("stated", "number"),
    [
        (15, 15),
        (IS("15"), 15),
        (DSfloat("15.0"), 15),
        (DSdecimal("15"), 15),
        (Decimal("15.0"), 15),
        (15.0, 15),
        ("15", 15),
        ("15.0", 15),
        (" 15 \0", 15),
        ("+15", 15),
        ("1.5e1", 15),
        (b"15 ", 15),
        ([15], 15),
        (["", None, "15"], 15),
        (MultiValue(IS, ["15", "16"]), 15),
        ("-3", -3),
        ("0", 0),
        (None, None),
        ("", None),
        ([], None),
        ([[15]], None),
        ("15.5", None),
        ("many", None),
        ("nan", None),
        ("inf", None),
        ("9" * 400, None),
        (True, None),
        ({"a": 1}, None),
    ],
)
def test_a_number_is_read_however_it_is_stated(stated: Any, number: int | None) -> None:
    """Integers, decimal points, text, padding, lists and pydicom's own types; anything else is no number."""
    assert stated_number(stated) == number


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(_ANYTHING)
def test_nothing_that_a_peer_states_is_an_error(stated: Any) -> None:
    """The answer is a number or none, and a count is never negative."""
    number, count = stated_number(stated), stated_count(stated)
    assert number is None or type(number) is int
    assert count == (number if number is not None and number >= 0 else None)


@given(st.integers(min_value=0, max_value=10**9))
def test_every_spelling_of_a_number_is_that_number(number: int) -> None:
    """The digits, with a point, padded, in a list: the same number."""
    for stated in (number, str(number), f"{number}.0", f" {number} ", [number], [str(number)], float(number)):
        assert stated_number(stated) == number
