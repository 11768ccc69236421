"""Dates the way people and programs write them in text: 13.04.1971, 1971-04-13, 04/13/71, 13 Apr 1971, 13041971."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

_GROUPS: Final = re.compile(rb"(?<![0-9.])(\d{1,4})([-./])(\d{1,2})\2(\d{1,4})(?![0-9])")
_SPELLED: Final = re.compile(
    rb"(?:(\d{1,2})[. ,_-]{0,3})?(jan|feb|m(?:a|\xe4|\xc3\xa4)r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]{0,6}"
    rb"[. ,_-]{0,3}(?:(\d{1,2})[. ,_-]{1,3})?((?:19|20)\d{2})(?![0-9])",
    re.IGNORECASE,
)
_RUN: Final = re.compile(rb"(?<![0-9.])\d{8}(?![0-9.])")
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        ("jan", "feb", "mar mär", "apr", "mai may", "jun", "jul", "aug", "sep", "okt oct", "nov", "dec dez"),
        1,
    )
    for name in names.split()
}
_YOUNGEST_CENTURY: Final = 2000


_YEAR: Final = re.compile(rb"(?:19|20)\d{2}(?![0-9])")
_LONGEST_BEFORE_YEAR: Final = 24
_SPELLING: Final = frozenset(b"0123456789. ,_-\xe4\xc3\xa4" + bytes(range(65, 91)) + bytes(range(97, 123)))


def dates_in_run(run: bytes) -> Iterator[tuple[int, str]]:
    """(offset, YYYYMMDD) of every reading of everything in a longest run of digits, dots, dashes and slashes that can
    be read as a date; both day-first and month-first, years with two digits in both centuries. Runs of the form
    YYYYMMDD are not among them.
    """
    for match in _GROUPS.finditer(run):
        for text in _readings(match[1].decode(), match[3].decode(), match[4].decode()):
            yield match.start(), text
    for match in _RUN.finditer(run):
        digits = match[0].decode()
        for day_first in (digits[:2] + digits[2:4], digits[2:4] + digits[:2]):
            for text in _valid(int(digits[4:]), int(day_first[2:]), int(day_first[:2])):
                yield match.start(), text


def years_in_run(run: bytes) -> tuple[int, ...]:
    """Offsets where a year may end a date with the name of its month."""
    return tuple(match.start() for match in _YEAR.finditer(run))


def may_be_spelled(data: bytes, year: int) -> bool:
    """Whether the name of a month stands before the year at `year`: a quick look."""
    return _SPELLED.search(data, max(year - _LONGEST_BEFORE_YEAR, 0), year + 4) is not None


def spelled_dates(data: bytes, year: int, first: int, end: int) -> Iterator[tuple[int, str]]:
    """(offset, YYYYMMDD) of the date with the name of its month whose year is at `year` (`data[first:end]` only).

    Read from the beginning of the text around it, so that two dates in a row are told apart as they are written.
    """
    around = year
    while around > first and data[around - 1] in _SPELLING:
        around -= 1
    for match in _SPELLED.finditer(data, around, min(year + 5, end)):
        day = match[1] or match[3]
        word = match[2].decode("utf-8", "replace").replace("\ufffd", "ä").lower()
        month = _MONTHS.get(word)
        if match.end() == year + 4 and day and month:
            yield from ((match.start(), text) for text in _valid(int(match[4]), month, int(day)))


def _readings(first: str, second: str, third: str) -> Iterator[str]:
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


def _valid(year: int, month: int, day: int) -> Iterator[str]:
    try:
        yield f"{date(year, month, day):%Y%m%d}"
    except ValueError:
        return
