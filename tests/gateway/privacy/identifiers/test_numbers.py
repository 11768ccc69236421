"""Numbers say an identifier with a sign, a point, zeros and an exponent around it; the bytes of some are letters."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.privacy.fast.plain_values import is_plain
from gateway.privacy.identifiers.numbers import (
    as_text,
    decimal_strings,
    digits_of,
    is_coordinate,
    says,
    spells_text,
)

NUMBER, DATE = {"4711923"}, {"19630417"}


@pytest.mark.parametrize(
    ("vr", "text"),
    [
        ("DS", "4711923"),
        ("DS", "-4711923"),
        ("DS", "+4711923 "),
        ("DS", "4711.923"),
        ("DS", "-47.11923"),
        ("DS", "0.4711923"),
        ("DS", ".4711923"),
        ("DS", "4711923."),
        ("DS", "4711923.000"),
        ("DS", "0004711.9230"),
        ("DS", "4.711923E6"),
        ("IS", "-4711923"),
        ("IS", "+0004711923"),
        ("FD", "4711923.0"),
        ("UL", "4711923"),
        ("DS", "19630417"),
        ("DS", "17.041963"),
        ("DS", "1704.1963"),
        ("FD", "19630417.0"),
    ],
)
def test_a_number_says_an_identifier_in_every_spelling(vr: str, text: str) -> None:
    """The digits are the patient's, whatever stands between and around them; dates in all their orders."""
    assert says(vr, "WindowCenter", text, NUMBER, DATE)


@pytest.mark.parametrize(
    ("vr", "keyword", "text"),
    [
        ("DS", "WindowCenter", "471192"),
        ("DS", "WindowCenter", "47119230"),
        ("DS", "WindowCenter", "4711.9231"),
        ("DS", "WindowCenter", ""),
        ("DS", "WindowCenter", "."),
        ("DS", "ImagePositionPatient", "-471.1923"),
        ("DS", "ImageOrientationPatient", "0.4711923"),
        ("FD", "DiffusionBValue", "1000.0"),
    ],
)
def test_another_number_is_nobodys(vr: str, keyword: str, text: str) -> None:
    """Fewer or more digits, and places and directions in a scanner, which have any digits."""
    assert not says(vr, keyword, text, NUMBER, DATE)


def test_a_place_outside_any_scanner_is_none() -> None:
    """Coordinates have to be some; whole numbers are none."""
    assert is_coordinate("ImagePositionPatient", "-114.29384512")
    assert not is_coordinate("ImagePositionPatient", "4711.923")
    assert not is_coordinate("ImagePositionPatient", "4711923")
    assert not is_coordinate("ImageOrientationPatient", "4.711923")
    assert not is_coordinate("SliceLocation", "471.1923")
    assert says("DS", "ImagePositionPatient", "4711.923", NUMBER, ())


def test_what_is_no_decimal_string_has_no_digits() -> None:
    """Text in a number's VR is judged elsewhere."""
    assert digits_of("47 11 923") == frozenset()
    assert digits_of("1.2.3") == frozenset()


@pytest.mark.parametrize(("vr", "code"), [("FD", "d"), ("UL", "L"), ("SL", "l"), ("SV", "q"), ("UV", "Q")])
def test_encoded_numbers_are_read(vr: str, code: str) -> None:
    """In both byte orders, several of them."""
    for order in "<>":
        texts = decimal_strings(vr, struct.pack(order + 2 * code, 5, 4711923))
        assert any(says(vr, "", text, NUMBER, ()) for text in texts)


def test_decimal_strings_are_divided() -> None:
    """Each value counts for itself."""
    assert decimal_strings("DS", b"1.5\\4711.923 ") == {"1.5", "4711.923"}


def test_a_float_of_32_bits_has_seven_digits() -> None:
    """More of them are an accident of its binary form."""
    assert as_text("FL", struct.unpack("<f", struct.pack("<f", 4711.923))[0]) == "4711.923"


@pytest.mark.parametrize(
    ("vr", "code", "text"),
    [
        ("FD", "d", b"Zielinsk"),
        ("FD", "d", b"Zielinskowa     "),
        ("FD", "d", b"19630417"),
        ("FL", "f", b"Zielinsk"),
        ("UL", "L", b"Ziel"),
        ("SL", "l", b"owaA"),
        ("UV", "Q", b"Zielinsk"),
        ("US", "H", b"Zielin"),
        ("SS", "h", b"Zielinskowa "),
    ],
)
def test_letters_are_no_numbers(vr: str, code: str, text: bytes) -> None:
    """A name written over the bytes of binary numbers."""
    count = len(text) // struct.calcsize("<" + code)
    assert spells_text(vr, struct.unpack(f"<{count}{code}", text))


def test_letters_are_no_tag() -> None:
    """A tag is in the data dictionary, or its bytes are none."""
    assert spells_text("AT", [0x695A6C65])
    assert not spells_text("AT", [0x00189087, 0x00209165])


@given(
    st.sampled_from(["US", "SS", "UL", "SL", "FL", "FD"]).flatmap(
        lambda vr: st.tuples(
            st.just(vr),
            st.lists(
                st.integers(0, 30_000)
                if vr not in ("FL", "FD")
                else st.floats(0.125, 90_000, width=32 if vr == "FL" else 64),
                min_size=1,
                max_size=2,
            ),
        )
    )
)
@settings(max_examples=50, derandomize=True)
def test_numbers_that_images_have_are_no_letters(case: tuple[str, list[float]]) -> None:
    """One or two numbers of usual size."""
    vr, values = case
    assert not spells_text(vr, values)


def test_plain_values_have_fewer_digits_than_identifiers() -> None:
    """By length, and for coordinates by place."""
    for text in ("123456", "1234.56", "0.123456", "12.34567"):
        assert not is_plain("DS", text.encode().ljust(len(text) + len(text) % 2))
    assert is_plain("DS", b"-114.29384512\\5.5\\6 ", 0x00200032)
    assert not is_plain("DS", b"4711.923", 0x00200032)
    assert not is_plain("DS", b"4.711923", 0x00200037)
    assert is_plain("DS", b"0.99999999999\\0\\-0.5".ljust(20), 0x00200037)
    for vr, code in (("UL", "L"), ("SL", "l"), ("FD", "d"), ("FL", "f")):
        assert not is_plain(vr, struct.pack("<" + code, 4711923))
        assert is_plain(vr, struct.pack("<" + code, 1500))
    assert not is_plain("US", b"Zielin")


@pytest.mark.parametrize(
    ("keyword", "text", "number"),
    [
        ("PixelSpacing", "1.00000", "100000"),
        ("PixelSpacing", "1.04687", "104687"),
        ("SliceThickness", "5.00000", "500000"),
        ("RepetitionTime", "4500.00", "450000"),
        ("RescaleSlope", "1.00000", "100000"),
        ("WindowWidth", "1000.00", "100000"),
    ],
)
def test_a_round_measure_is_nobodys(keyword: str, text: str, number: str) -> None:
    """It stays, however many zeros it is written with: a dummy in its place would be a false measure."""
    assert not says("DS", keyword, text, {number}, ())
    assert says("DS", "WindowCenter", "4711.920", {"4711920"}, ())
