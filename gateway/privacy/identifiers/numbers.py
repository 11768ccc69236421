"""Numbers of attributes as people could read them: the digits of a decimal string, a binary number, letters for bytes.

An identifier written as a number may have a sign, a point anywhere, zeros and an exponent around it: 4711.923 says
4711923. And the bytes of a binary number may be letters: a name of eight letters is one double.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Sequence
from typing import Any, Final

from pydicom.datadict import dictionary_has_tag

from gateway.privacy.words.written_dates import dates_in_pieces

COUNTER: Final = "InstanceNumber"
"""Counts the images of a series up: a number of five digits that one of them has is a coincidence."""
SHORTEST_NUMBER: Final = 5  # digits of an integer string; shorter numbers count only in text
SHORTEST_DECIMAL: Final = 6  # digits of all other numbers, and of a counter
SHORTEST_FRACTION: Final = 7  # digits behind the point of a number below one
_DATE: Final = 8  # digits
_BELOW_ONE: Final = re.compile(r"\s*[+-]?0*\.")
_DECIMAL: Final = re.compile(r"\s*[+-]?([0-9]*)(?:\.([0-9]*))?(?:[eE][+-]?[0-9]+)?\s*")
_SIZES: Final = {"FD": "d", "FL": "f", "UL": "L", "SL": "l", "UV": "Q", "SV": "q", "US": "H", "SS": "h"}
BINARY: Final = frozenset(_SIZES)
"""The VRs of binary numbers; AT has tags."""
NUMBERS: Final = BINARY | {"DS", "IS"}
LONG_NUMBERS: Final = NUMBERS - {"US", "SS"}
"""Those of them whose values may have enough digits to say anything."""
_SIGNIFICANT: Final = 7  # digits of a float of 32 bits
_LETTERS: Final = re.compile(rb"(?=.*[A-Za-z0-9])[A-Za-z0-9 ^_.,=-]+")
SHORTEST_TEXT: Final = 6  # bytes of small numbers that all are letters: fewer are so by chance
_LARGE: Final = 1e6
# Positions and directions come with many digits, which are anybody's, as long as they lie in a scanner.
_COORDINATES: Final = {
    "ImagePositionPatient": 1000.0,
    "ImageOrientationPatient": 1.0,
    "PixelSpacing": 10.0,  # a dummy in its place would be a false measure
}


def says(vr: str, keyword: str, text: str, numbers: Collection[str], dates: Collection[str]) -> bool:
    """Whether one value of a number's VR says one of `numbers` (without leading zeros) or `dates` (YYYYMMDD)."""
    if is_coordinate(keyword, text):
        return False
    if "." in text and all(len(digits.rstrip("0")) < SHORTEST_NUMBER for digits in digits_of(text)):
        return False  # 1.00000, 4500.00: a round number is anybody's, however many zeros it is written with
    shortest = SHORTEST_NUMBER if vr == "IS" and keyword != COUNTER else SHORTEST_DECIMAL
    if _BELOW_ONE.match(text):
        shortest = SHORTEST_FRACTION
    return any(
        len(digits) >= shortest
        and (
            digits in numbers or (len(digits) == _DATE and any(d in dates for d in dates_in_pieces([digits])))
        )
        for digits in digits_of(text)
    )


def digits_of(text: str) -> frozenset[str]:
    """The digits of an integer or decimal string without leading zeros, with the zeros at its end and without them."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return frozenset()
    whole, fraction = match[1], match[2] or ""
    return frozenset((whole + part).lstrip("0") for part in (fraction, fraction.rstrip("0")))


def is_coordinate(keyword: str, text: str) -> bool:
    """Whether a decimal string is a place or a direction in a scanner."""
    most = _COORDINATES.get(keyword)
    try:
        return most is not None and "." in text and abs(float(text)) <= most
    except ValueError:
        return False


def as_text(vr: str, value: Any) -> str:
    """One value as text: a binary number as a decimal string."""
    return f"{value:.{_SIGNIFICANT}g}" if vr == "FL" else str(value)


def decimal_strings(vr: str, raw: bytes) -> set[str]:
    """The values of an encoded element of `NUMBERS`; binary ones are read in both byte orders."""
    if vr in ("DS", "IS"):
        return set(raw.decode("latin-1").strip(" \0").split("\\"))
    code = _SIZES[vr]
    count = len(raw) // struct.calcsize("<" + code)
    whole = raw[: count * struct.calcsize("<" + code)]
    return {as_text(vr, value) for order in "<>" for value in struct.unpack(f"{order}{count}{code}", whole)}


def spells_text(vr: str, values: Sequence[Any]) -> bool:
    """Whether the bytes of binary numbers are letters and digits, and no number that an image has."""
    if vr == "AT":
        return any(
            not dictionary_has_tag(int(tag))
            and _LETTERS.fullmatch(struct.pack("<HH", int(tag) >> 16, int(tag) & 0xFFFF))
            for tag in values
        )
    code = _SIZES.get(vr)
    if code is None or not values:
        return False
    try:
        packed = [struct.pack("<" + code, value) for value in values]
    except (struct.error, OverflowError, TypeError):
        return True  # no number of this VR
    large = any(
        _LETTERS.fullmatch(each) and (abs(value) >= _LARGE or abs(value) < 1 / _LARGE)
        for each, value in zip(packed, values, strict=True)
        if len(each) >= 4
    )
    together = b"".join(packed)
    return large or (
        len(packed) > 1 and len(together) >= SHORTEST_TEXT and _LETTERS.fullmatch(together) is not None
    )
