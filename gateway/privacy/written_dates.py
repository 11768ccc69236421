"""Dates the way people and programs write them in text: 13.04.1971, 1971-04-13, 04/13/71, 13 Apr 1971, 13041971."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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


def written_dates(data: bytes, texts: Iterable[tuple[int, int]]) -> Iterator[tuple[int, str]]:
    """(offset, YYYYMMDD) of every reading of everything in `data` that can be read as a date; both day-first and
    month-first, years with two digits in both centuries. Runs of the form YYYYMMDD are not among them.

    Names of months are looked for in the byte ranges `texts` only.
    """
    for match in _GROUPS.finditer(data):
        for text in _readings(match[1].decode(), match[3].decode(), match[4].decode()):
            yield match.start(), text
    for match in (match for start, end in texts for match in _SPELLED.finditer(data, start, end)):
        day = match[1] or match[3]
        word = match[2].decode("utf-8", "replace").replace("\ufffd", "ä").lower()
        month = _MONTHS.get(word)
        if day and month:
            yield from ((match.start(), text) for text in _valid(int(match[4]), month, int(day)))
    for match in _RUN.finditer(data):
        run = match[0].decode()
        for day_first in (run[:2] + run[2:4], run[2:4] + run[:2]):
            for text in _valid(int(run[4:]), int(day_first[2:]), int(day_first[:2])):
                yield match.start(), text


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
