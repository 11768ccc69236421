"""The search for leaks value by value, byte by byte: slow and plain, what the compiled search is compared with."""

from __future__ import annotations

import bisect
import re
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from pydicom.uid import DeflatedExplicitVRLittleEndian

from gateway.privacy.codes import is_standard_meaning
from gateway.privacy.constant_words import VENDOR_ATTRIBUTES, is_standard_code, vendor_words
from gateway.privacy.encoding import IMPLEMENTATION_VERSION_NAME
from gateway.privacy.identity import IdentifyingValue, Kind
from gateway.privacy.layout import Span, spans
from gateway.privacy.leaks import Leak
from gateway.privacy.recognition import words_of
from gateway.privacy.safe_private import safe_creators

# Every character repertoire of PS3.3 C.12.1.1.2 that Python can write; ASCII values need one of the 8-bit ones only.
_8BIT: Final = (
    "utf-8",
    "latin-1",
    "iso8859-2",
    "iso8859-3",
    "iso8859-4",
    "iso8859-5",
    "iso8859-6",
    "iso8859-7",
    "iso8859-8",
    "iso8859-9",
    "iso8859-15",
    "cp1252",
    "tis-620",
    "shift_jis",
    "iso2022_jp",
    "iso2022_jp_2",
    "euc_jp",
    "euc_kr",
    "iso2022_kr",
    "gb18030",
    "gb2312",
    "big5",
    "cp949",
    "cp1250",
    "cp1251",
    "koi8-r",
)
_WIDE: Final = ("utf-16-le", "utf-16-be")
_BULK_VRS: Final = frozenset({"OB", "OW", "OF", "OD", "OL", "OV"})
_BULK_BYTES: Final = 1024
_TEXT_VRS: Final = frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UN", "UR", "UT"})
_CREATOR: Final = re.compile(r"\([0-9A-F]{3}[13579BDF],00[1-9A-F][0-9A-F]\)$")
_OWN_METHOD: Final = re.compile(r"pml-gateway [a-z0-9-]+ [0-9a-f]{16}")
_RUNS: Final = (
    (re.compile(rb"[0-9][0-9.]{3,}"), "ascii"),
    (re.compile(rb"(?:[0-9.]\x00){4,}"), "utf-16-le"),
    (re.compile(rb"(?:\x00[0-9.]){4,}"), "utf-16-be"),
)
_ESCAPE: Final = re.compile(rb"\x1b[$(),*+\-./]+[0-~]")
_LONGEST_WITH_DATE: Final = (
    26  # a DT value; longer runs of digits are derived UIDs, where chance would find dates
)
_SHORTEST_IN_PIXELS: Final = {False: 6, True: 12}


@dataclass(frozen=True)
class _Found:
    offset: int
    value: IdentifyingValue


def find_leaks(encoded: bytes, values: Collection[IdentifyingValue]) -> list[Leak]:
    """Every place of `encoded` (a Part 10 file) where one of `values` occurs; empty means proven clean.

    A deflated data set is inflated first (offsets then count in the inflated file).
    """
    encoded = _inflated(encoded)
    layout = _Layout(encoded)
    leaks = {
        Leak(layout.path_at(found.offset), found.offset)
        for search in (_words, _digits, _short_words)
        for found in search(encoded, values, layout)
    }
    return sorted(leaks, key=lambda leak: (leak.offset, leak.attribute))


class _Layout:
    """Answers: which element is at this offset, what kind is it."""

    def __init__(self, encoded: bytes) -> None:
        self.encoded = encoded
        self.spans = spans(encoded)
        self._starts = [span.start for span in self.spans]

    def at(self, offset: int) -> Span | None:
        index = bisect.bisect_right(self._starts, offset) - 1
        return self.spans[index] if index >= 0 and offset < self.spans[index].end else None

    def path_at(self, offset: int) -> str:
        span = self.at(offset)
        return span.path if span is not None else ("preamble" if offset < 132 else "(between elements)")

    def outside_bulk(self) -> Iterator[tuple[int, int]]:
        """The byte ranges between pixel data and other bulk values."""
        at = 0
        for span in self.spans:
            if _is_bulk(span):
                yield at, span.start
                at = span.end
        yield at, len(self.encoded)

    def is_constant(self, span: Span | None, value: IdentifyingValue, at: int = 0, length: int = 0) -> bool:
        """Whether the words at `at` are a constant where they stand, and so no leak (see above)."""
        if span is None or value.kind not in (Kind.NAME, Kind.TEXT):
            return False
        keyword = span.path.rpartition("/")[2]
        text = _bytes(self.encoded, span).decode("latin-1")
        if keyword in VENDOR_ATTRIBUTES:
            return value.value.casefold() in vendor_words() or (
                value.kind is Kind.NAME and length > 0 and not self._is_whole_word(at, length, span)
            )
        if keyword == "CodeMeaning":
            return is_standard_meaning(text)
        if span.vr == "CS":
            return is_standard_code(text)
        if span.path == "file meta/ImplementationVersionName":
            return text == IMPLEMENTATION_VERSION_NAME
        if keyword == "DeidentificationMethod":
            return _OWN_METHOD.fullmatch(text) is not None
        return _CREATOR.search(span.path) is not None and text in safe_creators()

    def _is_whole_word(self, at: int, length: int, span: Span) -> bool:
        around = (
            self.encoded[max(at - 1, span.start) : at]
            + self.encoded[at + length : min(at + length + 1, span.end)]
        )
        return not any(chr(byte).isalnum() for byte in around)


def _is_bulk(span: Span | None) -> bool:
    return span is not None and span.vr in _BULK_VRS and span.end - span.start >= _BULK_BYTES


def _words(encoded: bytes, values: Collection[IdentifyingValue], layout: _Layout) -> Iterator[_Found]:
    lowered = encoded.lower()
    for value in values:
        if value.kind not in (Kind.NAME, Kind.TEXT):
            continue
        if value.value.isascii() and len(value.value) < 4:
            continue
        for needle, wide in _needles(value.value):
            for offset in _occurrences(lowered, needle):
                span = layout.at(offset)
                if _is_bulk(span) and len(needle) < _SHORTEST_IN_PIXELS[wide]:
                    continue
                if layout.is_constant(span, value, offset, len(needle)):
                    continue
                width = 2 if wide else 1
                if len(value.value) >= 6 or _stands_alone(lowered, offset, len(needle), width, span):
                    yield _Found(offset, value)


def _occurrences(data: bytes, needle: bytes) -> Iterator[int]:
    offset = data.find(needle)
    while offset >= 0:
        yield offset
        offset = data.find(needle, offset + 1)


def _stands_alone(data: bytes, offset: int, length: int, width: int, span: Span | None) -> bool:
    before = data[offset - 1 : offset] if span is None or offset > span.start else b""
    after = data[offset + length : offset + length + 1] if span is None or offset + length < span.end else b""
    if width == 2:  # the neighbour's other byte says nothing: a wide word alone is rare enough
        return True
    return not before.isalpha() and not after.isalpha()


@lru_cache(maxsize=4096)
def _needles(word: str) -> tuple[tuple[bytes, bool], ...]:
    """The encoded forms of `word` to look for in ASCII-lowered bytes, and whether each is two bytes a character."""
    forms: dict[bytes, bool] = {}
    for variant in {word, word.lower(), word.upper(), word.title()}:
        for charset in _8BIT[:1] if word.isascii() else _8BIT:
            try:
                encoded = variant.encode(charset).lower()
            except UnicodeEncodeError:
                continue
            for needle in _without_escapes(encoded):
                if len(needle) >= 4:
                    forms.setdefault(needle, False)
        for charset in _WIDE:
            forms.setdefault(variant.encode(charset).lower(), True)
    return tuple(forms.items())


def _without_escapes(encoded: bytes) -> tuple[bytes, ...]:
    """With ISO 2022 a part of a longer run has an escape sequence before it, after it, or neither (PS3.5 6.1.2.5)."""
    escapes = list(_ESCAPE.finditer(encoded))
    if not escapes:
        return (encoded,)
    first = escapes[0].start() == 0
    last = escapes[-1].end() == len(encoded)
    inner = encoded[escapes[0].end() if first else 0 : escapes[-1].start() if last else len(encoded)]
    forms = [encoded[: len(encoded) - len(escapes[-1][0])] if last else encoded]
    forms.append(encoded[escapes[0].end() :] if first else encoded)
    # Bare two-byte characters look like plain letters: only four of them together are no chance.
    return (*forms, inner) if len(inner) >= 8 else tuple(forms)


def _digits(encoded: bytes, values: Collection[IdentifyingValue], layout: _Layout) -> Iterator[_Found]:
    uids = {v.value: v for v in values if v.kind is Kind.UID}
    numbers = {v.value.lstrip("0"): v for v in values if v.kind is Kind.NUMBER}
    dates = {v.value: v for v in values if v.kind is Kind.DATE}
    for pattern, charset in _RUNS:
        for match in pattern.finditer(encoded):
            run = match[0].decode(charset).rstrip(".")
            span = layout.at(match.start())
            whole = "." not in run and span is not None and match[0] == _bytes(encoded, span)
            wide_in_pixels = charset != "ascii" and _is_bulk(span)
            if run in uids:
                yield _Found(match.start(), uids[run])
            for part in run.split("."):
                number = numbers.get(part.lstrip("0"))
                if number is not None and _number_counts(
                    part, span, whole, wide_in_pixels, _alone(encoded, match, span)
                ):
                    yield _Found(match.start(), number)
                day = _date_in(part, dates)
                if day is not None and not (
                    span and (span.vr == "DS" or (day.elsewhere_only and span.vr in _DA))
                ):
                    yield _Found(match.start(), day)
    for start, text in written_dates(encoded, layout.outside_bulk()):
        span = layout.at(start)
        if text in dates and not (span and span.vr == "DS"):
            yield _Found(start, dates[text])


_DA: Final = frozenset({"DA", "DT"})


def _bytes(encoded: bytes, span: Span) -> bytes:
    return encoded[span.start : span.end].strip(b" \0")


def _alone(data: bytes, match: re.Match[bytes], span: Span | None) -> bool:
    first, last = (span.start, span.end) if span is not None else (0, len(data))
    around = (
        data[max(match.start() - 1, first) : match.start()] + data[match.end() : min(match.end() + 1, last)]
    )
    return not any(chr(byte).isalnum() for byte in around)


def _number_counts(part: str, span: Span | None, whole: bool, wide_in_pixels: bool, alone: bool) -> bool:
    digits = len(part)
    if wide_in_pixels:
        return digits >= 8
    if span is None:
        return digits >= 5
    if span.vr in ("DS", "TM"):
        return span.vr == "DS" and whole and digits >= 6
    if _is_bulk(span):
        return digits >= 6
    if digits >= 5:
        return True
    return alone and span.vr in _TEXT_VRS and span.path.rpartition("/")[2] not in VENDOR_ATTRIBUTES


def _date_in(part: str, dates: dict[str, IdentifyingValue]) -> IdentifyingValue | None:
    if not 8 <= len(part) <= _LONGEST_WITH_DATE:
        return None
    windows = (part[index : index + 8] for index in range(len(part) - 7))
    return next((dates[window] for window in windows if window in dates), None)


def _short_words(encoded: bytes, values: Collection[IdentifyingValue], layout: _Layout) -> Iterator[_Found]:
    short = {v.value.casefold(): v for v in values if v.kind is Kind.NAME and len(v.value) < 4}
    if not short:
        return
    for span in layout.spans:
        if span.vr not in _TEXT_VRS:
            continue
        raw = _bytes(encoded, span)
        for word in words_of(f"{raw.decode('utf-8', 'replace')} {raw.decode('latin-1')}"):
            value = short.get(word)
            if value is not None and not layout.is_constant(span, value):
                yield _Found(span.start, value)


def _inflated(encoded: bytes) -> bytes:
    meta = next((s for s in spans(encoded) if s.path == "file meta/TransferSyntaxUID"), None)
    if meta is None or _bytes(encoded, meta).decode("ascii", "replace") != DeflatedExplicitVRLittleEndian:
        return encoded
    last = max(s.end for s in spans(encoded) if s.path.startswith("file meta/"))
    try:
        return encoded[:last] + zlib.decompressobj(-zlib.MAX_WBITS).decompress(encoded[last:])
    except zlib.error:
        return encoded


_GROUPS: Final = re.compile(rb"(?<![0-9.])(\d{1,4})([-./])(\d{1,2})\2(\d{1,4})(?![0-9])")
_SPELLED: Final = re.compile(
    rb"(?:(\d{1,2})[. ,_-]{0,3})?(jan|feb|m(?:a|\xe4|\xc3\xa4)r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]{0,6}"
    rb"[. ,_-]{0,3}(?:(\d{1,2})[. ,_-]{1,3})?((?:19|20)\d{2})(?![0-9])",
    re.IGNORECASE,
)
_EIGHT: Final = re.compile(rb"(?<![0-9.])\d{8}(?![0-9.])")
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
    for match in _EIGHT.finditer(data):
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
