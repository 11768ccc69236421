"""The proof before anything leaves: are identifying values of the originals anywhere in the encoded file?

The whole file is searched, preamble, file meta, pixel data and what lies between elements included, in every
character set a value may have been written in. A hit is reported as attribute and offset, never as the value.

Rules that keep chance hits away (and nothing else):
* UIDs, numbers and dates are compared with whole runs of digits and dots, so 1234567 is not found inside 91234567;
  numbers need five digits, with four they count in text elements only; decimal strings (DS) and times (TM) count only
  when the whole value is the number. A date is also found inside longer runs (date and time, file names).
* Words of six and more characters are found anywhere; four and five only between non-letters; two and three only
  as whole words of text elements (and not at all if they are no names).
* In pixel data words need six bytes (in UTF-16: twelve): shorter ones occur there by chance.
* A vendor's name is no leak inside Manufacturer, ManufacturerModelName and SoftwareVersions; the fixed texts of
  private creators on the safe list and of this gateway's own de-identification markers are no leak.
"""

from __future__ import annotations

import bisect
import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pydicom.uid import DeflatedExplicitVRLittleEndian

from gateway.privacy.identity import VENDOR_WORDS, IdentifyingValue, Kind, identifying_values
from gateway.privacy.layout import Span, spans
from gateway.privacy.safe_private import safe_creators

__all__ = ["IdentifyingValue", "Leak", "find_leaks", "identifying_values", "occurs_in"]

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
    "euc_jp",
    "euc_kr",
    "iso2022_kr",
    "gb18030",
    "gb2312",
)
_WIDE: Final = ("utf-16-le", "utf-16-be")
_BULK_VRS: Final = frozenset({"OB", "OW", "OF", "OD", "OL", "OV"})
_BULK_BYTES: Final = 1024
_TEXT_VRS: Final = frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UN", "UR", "UT"})
_VENDOR_PATHS: Final = ("Manufacturer", "ManufacturerModelName", "SoftwareVersions")
_CREATOR: Final = re.compile(r"\([0-9A-F]{3}[13579BDF],00[1-9A-F][0-9A-F]\)$")
_OWN_PATHS: Final = ("DeidentificationMethod", "DeidentificationMethodCodeSequence")
_RUNS: Final = (
    (re.compile(rb"[0-9][0-9.]{3,}"), "ascii"),
    (re.compile(rb"(?:[0-9.]\x00){4,}"), "utf-16-le"),
    (re.compile(rb"(?:\x00[0-9.]){4,}"), "utf-16-be"),
)
_WRITTEN_DATE: Final = re.compile(rb"(\d{1,4})[-./](\d{1,2})[-./](\d{1,4})")
_LONGEST_WITH_DATE: Final = (
    26  # a DT value; longer runs of digits are derived UIDs, where chance would find dates
)
_SHORTEST_IN_PIXELS: Final = {False: 6, True: 12}


@dataclass(frozen=True)
class Leak:
    """An identifying value at byte `offset` of the file, in `attribute` (path of keywords)."""

    attribute: str
    offset: int


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


def occurs_in(text: str, values: Collection[IdentifyingValue], *, vendor_text: bool = False) -> bool:
    """Whether one of `values` occurs in the value `text` of one element, by the same rules as `find_leaks`."""
    folded = text.casefold()
    words = set(re.split(r"[^\w]+|_", folded))
    has_digits = any(character.isdigit() for character in folded)
    for value in values:
        if not has_digits and value.kind in (Kind.UID, Kind.DATE, Kind.NUMBER):
            continue
        wanted = value.value.casefold()
        if vendor_text and wanted in VENDOR_WORDS:
            continue
        if value.kind in (Kind.UID, Kind.DATE):
            found = wanted in folded
        elif value.kind is Kind.NUMBER or (len(wanted) < 4 and value.kind is Kind.NAME):
            found = wanted in words
        elif len(wanted) < 4:
            found = False
        elif len(wanted) < 6:
            found = re.search(rf"(?<![^\W\d_]){re.escape(wanted)}(?![^\W\d_])", folded) is not None
        else:
            found = wanted in folded
        if found:
            return True
    return False


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

    def is_exempt(self, span: Span | None, value: IdentifyingValue) -> bool:
        """Vendors' words where vendors stand, and texts that are always the same: no leak."""
        if span is None:
            return False
        head = span.path.split("/")[0]
        if head in _VENDOR_PATHS:
            return value.value.casefold() in VENDOR_WORDS
        return head in _OWN_PATHS or (
            _CREATOR.search(span.path) is not None
            and _bytes(self.encoded, span).decode("latin-1") in safe_creators()
        )


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
                if layout.is_exempt(span, value):
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
                needle = variant.encode(charset).lower()
            except UnicodeEncodeError:
                continue
            if len(needle) >= 4:
                forms.setdefault(needle, False)
        for charset in _WIDE:
            forms.setdefault(variant.encode(charset).lower(), True)
    return tuple(forms.items())


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
                if number is not None and _number_counts(part, span, whole, wide_in_pixels):
                    yield _Found(match.start(), number)
                date = _date_in(part, dates)
                if date is not None and not (
                    span and (span.vr == "DS" or (date.elsewhere_only and span.vr in _DA))
                ):
                    yield _Found(match.start(), date)
    for match in _WRITTEN_DATE.finditer(encoded):
        for text in _readings(match[1].decode(), match[2].decode(), match[3].decode()):
            span = layout.at(match.start())
            if text in dates and not (span and span.vr == "DS"):
                yield _Found(match.start(), dates[text])


_DA: Final = frozenset({"DA", "DT"})


def _bytes(encoded: bytes, span: Span) -> bytes:
    return encoded[span.start : span.end].strip(b" \0")


def _number_counts(part: str, span: Span | None, whole: bool, wide_in_pixels: bool) -> bool:
    digits = len(part)
    if wide_in_pixels:
        return digits >= 8
    if span is None:
        return digits >= 5
    if span.vr in ("DS", "TM"):
        return span.vr == "DS" and whole and digits >= 6
    if _is_bulk(span):
        return digits >= 6
    return digits >= 5 or (span.vr in _TEXT_VRS and span.path.split("/")[0] not in _VENDOR_PATHS)


def _date_in(part: str, dates: dict[str, IdentifyingValue]) -> IdentifyingValue | None:
    if not 8 <= len(part) <= _LONGEST_WITH_DATE:
        return None
    windows = (part[index : index + 8] for index in range(len(part) - 7))
    return next((dates[window] for window in windows if window in dates), None)


def _readings(first: str, second: str, third: str) -> Iterator[str]:
    if len(first) == 4:
        yield first + second.zfill(2) + third.zfill(2)
    if len(third) == 4:
        yield third + second.zfill(2) + first.zfill(2)
        yield third + first.zfill(2) + second.zfill(2)


def _short_words(encoded: bytes, values: Collection[IdentifyingValue], layout: _Layout) -> Iterator[_Found]:
    short = {v.value.casefold(): v for v in values if v.kind is Kind.NAME and len(v.value) < 4}
    if not short:
        return
    for span in layout.spans:
        if span.vr not in _TEXT_VRS:
            continue
        text = _bytes(encoded, span).decode("utf-8", "replace").casefold()
        for word in re.split(r"[^\w]+|_", text):
            value = short.get(word)
            if value is not None and not layout.is_exempt(span, value):
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
