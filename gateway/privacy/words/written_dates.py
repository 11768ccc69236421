"""Dates the way people and programs write them in text: 13.04.1971, 1971-04-13, 04/13/71, 13 Apr 1971, 13041971."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations
from typing import Final

from dicom_nodes.encoding.octets import Octets

GROUPS: Final = re.compile(rb"(?<![0-9.])(\d{1,4})([-./])(\d{1,2})\2(\d{1,4})(?![0-9])")
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            *("jan ene gen", "feb fev", "mar maa mrt", "apr avr abr", "mai may mag mei", "jun juin giu"),
            *("jul juil lug", "aug aou ago", "sep set", "okt oct ott", "nov", "dec dez dic"),
        ),
        1,
    )
    for name in names.split()
}
"""How the names of months begin in English, German, French, Spanish, Italian and Dutch, without their marks."""
_MARKED: Final = {
    "a": rb"\xc3\xa4|\xe4|\xc3\x84|\xc4",
    "e": rb"\xc3\xa9|\xe9|\xc3\x89|\xc9",
    "u": rb"\xc3\xbb|\xfb|\xc3\x9b|\xdb",
}
"""The letters of them that have marks, in UTF-8 and Latin-1, small and large."""
_NAMES: Final = b"|".join(
    b"".join(
        b"(?:%s|%s)" % (letter.encode(), _MARKED[letter]) if letter in _MARKED else letter.encode()
        for letter in name
    )
    for name in sorted(_MONTHS, key=len, reverse=True)
)
SPELLED: Final = re.compile(
    rb"(?:(\d{1,2})(?:st|nd|rd|th|er)?[. ,_-]{0,3}(?:(?:de|of)[ _])?)?(%s)[a-z]{0,7}[. ,_-]{0,3}(?:del?[ _])?"
    rb"(?:(\d{1,2})(?:st|nd|rd|th)?[. ,_-]{1,3})?((?:19|20)\d{2})(?![0-9])" % _NAMES,
    re.IGNORECASE,
)
EIGHT: Final = re.compile(rb"(?<![0-9.])\d{8}(?![0-9.])")
_YOUNGEST_CENTURY: Final = 2000
_MOST_PIECES: Final = 4


_YEAR: Final = re.compile(rb"(?:19|20)\d{2}(?![0-9])")
_LONGEST_BEFORE_YEAR: Final = 24
_SPELLING: Final = frozenset(
    b"0123456789. ,_-"
    + bytes(range(65, 91))
    + bytes(range(97, 123))
    + "äÄéÉûÛ".encode()
    + "äÄéÉûÛ".encode("latin-1")
)


def dates_in_run(run: bytes) -> Iterator[tuple[int, str]]:
    """(offset, YYYYMMDD) of every reading of everything in a longest run of digits, dots, dashes and slashes that can
    be read as a date; both day-first and month-first, years with two digits in both centuries. Runs of the form
    YYYYMMDD are not among them.
    """
    for match in GROUPS.finditer(run):
        for text in readings(match):
            yield match.start(), text
    for match in EIGHT.finditer(run):
        for text in both_orders(match):
            yield match.start(), text


def years_in_run(run: bytes) -> tuple[int, ...]:
    """Offsets where a year may end a date with the name of its month."""
    return tuple(match.start() for match in _YEAR.finditer(run))


def may_be_spelled(data: Octets, year: int) -> bool:
    """Whether the name of a month stands before the year at `year`: a quick look."""
    return SPELLED.search(data, max(year - _LONGEST_BEFORE_YEAR, 0), year + 4) is not None


def spelled_dates(data: Octets, year: int, first: int, end: int) -> Iterator[tuple[int, str]]:
    """(offset, YYYYMMDD) of the date with the name of its month whose year is at `year` (`data[first:end]` only).

    Read from the beginning of the text around it, so that two dates in a row are told apart as they are written.
    """
    around = year
    while around > first and data[around - 1] in _SPELLING:
        around -= 1
    for match in SPELLED.finditer(data, around, min(year + 5, end)):
        if match.end() == year + 4:
            yield from ((match.start(), text) for text in spelled(match))


def readings(match: re.Match[bytes]) -> Iterator[str]:
    """YYYYMMDD of each way to read a match of `GROUPS`."""
    first, second, third = match[1], match[3], match[4]
    a, b, c = int(first), int(second), int(third)
    if len(first) == 4:
        yield from _valid(a, b, c)
    elif len(third) == 4:
        yield from _valid(c, b, a)
        yield from _valid(c, a, b)
    elif len(first) == len(second) == len(third) == 2:
        for century in (_YOUNGEST_CENTURY - 100, _YOUNGEST_CENTURY):
            yield from _valid(century + c, b, a)
            yield from _valid(century + c, a, b)
            yield from _valid(century + a, b, c)


def spelled(match: re.Match[bytes]) -> Iterator[str]:
    """YYYYMMDD of a match of `SPELLED`, if it has a day and a month that we know."""
    day = match[1] or match[3]
    name = match[2]
    for letter, marked in _MARKED.items():
        name = re.sub(marked, letter.encode(), name)
    month = _MONTHS.get(name.decode().lower())
    if day and month:
        yield from _valid(int(match[4]), month, int(day))


def both_orders(match: re.Match[bytes]) -> Iterator[str]:
    """YYYYMMDD of a match of `EIGHT` read as DDMMYYYY and as MMDDYYYY."""
    a, b, year = int(match[0][:2]), int(match[0][2:4]), int(match[0][4:])
    yield from _valid(year, b, a)
    yield from _valid(year, a, b)


def month_number(run: str) -> str | None:
    """Two digits for a casefolded run of letters that begins as the name of a month does."""
    bare = unicodedata.normalize("NFKD", run).encode("ascii", "ignore").decode()
    month = _MONTHS.get(bare[:4]) or _MONTHS.get(bare[:3])
    return f"{month:02d}" if month else None


def dates_in_pieces(pieces: Sequence[str]) -> Iterator[str]:
    """YYYYMMDD of every reading of neighbouring runs of digits, whatever stands between them: 12 10 50, 5_1_2000.

    All orders of day, month and year; years of two digits in both centuries; 121050 and 19 71 04 13 as well.
    """
    for first in range(len(pieces)):
        for last in range(first + 1, min(first + _MOST_PIECES, len(pieces)) + 1):
            yield from _readings_of(pieces[first:last])


def dates_among(pieces: Sequence[str]) -> Iterator[str]:
    """Those of every selection of `pieces`, in their order: what may be left of a text can say no other date."""
    for count in range(1, _MOST_PIECES + 1):
        for selected in combinations(pieces, count):
            yield from _readings_of(selected)


def _readings_of(pieces: Sequence[str]) -> Iterator[str]:
    digits = "".join(piece.zfill(2) for piece in pieces) if len(pieces) == 3 else "".join(pieces)
    if len(digits) == 8:
        orders = ((0, 4, 6), (4, 2, 0), (4, 0, 2), (0, 6, 4))  # where year, month and day begin
        for year, month, day in orders:
            yield from _valid(
                int(digits[year : year + 4]), int(digits[month : month + 2]), int(digits[day : day + 2])
            )
    elif len(digits) == 6:
        for year, month, day in ((0, 2, 4), (4, 2, 0), (4, 0, 2), (0, 4, 2)):
            for century in (_YOUNGEST_CENTURY - 100, _YOUNGEST_CENTURY):
                yield from _valid(
                    century + int(digits[year : year + 2]),
                    int(digits[month : month + 2]),
                    int(digits[day : day + 2]),
                )


def _valid(year: int, month: int, day: int) -> Iterator[str]:
    try:
        yield f"{date(year, month, day):%Y%m%d}"
    except ValueError:
        return
