"""All ways of writing one value become one text, and different values stay different."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.normal_forms import NORMAL_FORMS


@pytest.mark.parametrize(
    ("vr", "one", "other"),
    [
        ("DA", "2024.02.29", "20240229"),
        ("TM", "10:15:30", "101530"),
        ("TM", "101530.250000", "101530.25"),
        ("TM", "101530.000", "101530"),
        ("DT", "20240229101530.500+0100", "20240229101530.5+0100"),
        ("DT", "20240229101530.000", "20240229101530"),
        ("DS", "1.50e1", "+15"),
        ("DS", "-0.0", "0"),
        ("DS", ".5", "0.50"),
        ("IS", "+007", "7"),
        ("IS", "-000", "0"),
        ("PN", "Doe ^ John^^", "Doe^John"),
        ("PN", "Doe^John==", "Doe^John"),
    ],
)
def test_two_ways_of_writing_one_value_are_one_text(vr: str, one: str, other: str) -> None:
    """Delimiters of ACR-NEMA, zeros without meaning, exponents, signs and empty components say nothing."""
    assert NORMAL_FORMS[vr](one) == NORMAL_FORMS[vr](other)


@pytest.mark.parametrize(
    ("vr", "one", "other"),
    [
        ("DA", "20240229", "20240228"),
        ("TM", "1015", "101500"),  # less precise: not known to be the same
        ("TM", "100000", "1"),
        ("DT", "20240229101530+0100", "20240229101530+0200"),
        ("DT", "2020", "202"),
        ("DS", "100", "1"),
        ("IS", "-7", "7"),
        ("IS", "70", "7"),
        ("PN", "Doe^^John", "Doe^John"),
        ("PN", "=Doe^John", "Doe^John"),
    ],
)
def test_different_values_stay_different(vr: str, one: str, other: str) -> None:
    """A zero, a sign, a zone or an empty component before a filled one has a meaning."""
    assert NORMAL_FORMS[vr](one) != NORMAL_FORMS[vr](other)


@pytest.mark.parametrize("vr", sorted(NORMAL_FORMS))
@given(text=st.text(max_size=24) | st.from_regex(r"[-+0-9.eE:^= ]{0,24}", fullmatch=True))
def test_a_normal_form_is_its_own_normal_form(vr: str, text: str) -> None:
    """Nothing is refused, and what was normalised once does not change again."""
    once = NORMAL_FORMS[vr](text)
    assert NORMAL_FORMS[vr](once) == once


@given(one=st.decimals(allow_nan=False, allow_infinity=False, places=4), zeros=st.integers(0, 5))
def test_a_decimal_string_keeps_its_number(one: Decimal, zeros: int) -> None:
    """No digit is lost, however many there are, and zeros at the end of a fraction are not part of it."""
    form = NORMAL_FORMS["DS"](f"{one}" + "0" * zeros)
    assert Decimal(form) == one
    assert form == NORMAL_FORMS["DS"](f"{one}")


@given(one=st.integers(), other=st.integers())
def test_integer_strings_are_the_same_exactly_when_their_numbers_are(one: int, other: int) -> None:
    """Whatever zeros stand before them."""
    sign = "-" if one < 0 else "+"
    assert (NORMAL_FORMS["IS"](f"{sign}000{abs(one)}") == NORMAL_FORMS["IS"](f"{other}")) == (one == other)


def test_what_is_no_value_of_its_vr_stays_as_it_is() -> None:
    """A word in place of a number is compared as it was written."""
    for vr, text in [
        ("DS", "1.2.3"),
        ("DS", "1e99999"),
        ("IS", "1.0"),
        ("DA", "29.02.2024"),
        ("DT", "today"),
    ]:
        assert NORMAL_FORMS[vr](text) == text
