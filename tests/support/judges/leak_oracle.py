"""The search for leaks value by value, byte by byte: slow and plain, what the compiled search is compared with."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pydicom.uid import DeflatedExplicitVRLittleEndian

from gateway.privacy.identifiers.detection import is_short, words_of
from gateway.privacy.identifiers.numbers import NUMBERS, decimal_strings, says
from gateway.privacy.identifiers.pieces import has_initials, pieces_of
from gateway.privacy.identifiers.values import IdentifyingValue, ValueKind
from gateway.privacy.leak_search.encoded_forms import encoded_forms
from gateway.privacy.leak_search.exceptions import (
    TEXT_VRS,
    Layout,
    date_in,
    is_bulk,
    is_standard_code,
    is_vendors,
    number_counts,
    stands_apart,
    value_bytes,
)
from gateway.privacy.leak_search.search import Leak
from gateway.privacy.leak_search.spans import UNREADABLE, Span, spans
from gateway.privacy.words import written_dates as written
from gateway.privacy.words.constants import vendor_words

_RUNS: Final = (
    (re.compile(rb"[0-9][0-9.]{3,}"), "ascii"),
    (re.compile(rb"(?:[0-9.]\x00){4,}"), "utf-16-le"),
    (re.compile(rb"(?:\x00[0-9.]){4,}"), "utf-16-be"),
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
    layout = Layout(encoded)
    leaks = {
        Leak(layout.path_at(found.offset), found.offset)
        for search in (_words, _digits, _short_words)
        for found in search(encoded, values, layout)
    }
    offsets = {leak.offset for leak in leaks}
    leaks |= {
        Leak(span.path, span.start)
        for span in layout.spans
        if not any(span.start <= offset < span.end for offset in offsets)
        if _says_in_pieces(encoded, span, values, layout) or _says_in_numbers(encoded, span, values)
    }
    return sorted(leaks, key=lambda leak: (leak.offset, leak.attribute))


def _says_in_pieces(encoded: bytes, span: Span, values: Collection[IdentifyingValue], layout: Layout) -> bool:
    """Whether the text of an element says a number, a date, a short identifier or initials in pieces."""
    if span.vr not in TEXT_VRS or span.path == UNREADABLE or not 0 < span.end - span.start <= 1 << 14:
        return False
    for text in value_bytes(encoded, span).decode("latin-1").split("\\"):
        if layout.is_known(span, text.strip()):
            continue
        joined, dates, _ = pieces_of(text)
        vendors = is_vendors(span)
        for value in values:
            number = value.value.lstrip("0")
            if value.kind is ValueKind.DATE and value.value in dates:
                return True
            if vendors and (value.kind is ValueKind.INITIALS or value.value in vendor_words()):
                continue
            if value.kind is ValueKind.SHORT and is_short(value.value, text):
                return True
            if value.kind is ValueKind.INITIALS and has_initials(text, {value.value}):
                return True
            of_digits = {one.lstrip("0") for one in joined if one.isdigit()}
            if value.kind is ValueKind.NUMBER and len(number) >= 4 and number in of_digits:
                return True
    return False


def _says_in_numbers(encoded: bytes, span: Span, values: Collection[IdentifyingValue]) -> bool:
    """Whether a value of a number's VR says a number or a date."""
    if span.vr not in NUMBERS or span.path == UNREADABLE or span.start == span.end:
        return False
    said = {v.value.lstrip("0") for v in values if v.kind is ValueKind.NUMBER}
    dates = {v.value for v in values if v.kind is ValueKind.DATE}
    return any(
        says(span.vr, span.path.rpartition("/")[2], text, said, dates)
        for text in decimal_strings(span.vr, encoded[span.start : span.end])
    )


def _words(encoded: bytes, values: Collection[IdentifyingValue], layout: Layout) -> Iterator[_Found]:
    lowered = encoded.lower()
    for value in values:
        if value.kind not in (ValueKind.NAME, ValueKind.TEXT):
            continue
        if value.value.isascii() and len(value.value) < 4:
            continue
        for pattern, wide in encoded_forms(value.value):
            for offset in _occurrences(lowered, pattern):
                span = layout.at(offset)
                if is_bulk(span) and len(pattern) < _SHORTEST_IN_PIXELS[wide]:
                    continue
                if layout.is_constant(span, value, offset, len(pattern)):
                    continue
                width = 2 if wide else 1
                if len(value.value) >= 6 or _stands_alone(lowered, offset, len(pattern), width, span):
                    yield _Found(offset, value)


def _occurrences(data: bytes, pattern: bytes) -> Iterator[int]:
    offset = data.find(pattern)
    while offset >= 0:
        yield offset
        offset = data.find(pattern, offset + 1)


def _stands_alone(data: bytes, offset: int, length: int, width: int, span: Span | None) -> bool:
    before = data[offset - 1 : offset] if span is None or offset > span.start else b""
    after = data[offset + length : offset + length + 1] if span is None or offset + length < span.end else b""
    if width == 2:  # the neighbour's other byte says nothing: a wide word alone is rare enough
        return True
    return not before.isalpha() and not after.isalpha()


def _digits(encoded: bytes, values: Collection[IdentifyingValue], layout: Layout) -> Iterator[_Found]:
    uids = {v.value: v for v in values if v.kind is ValueKind.UID}
    numbers = {v.value.lstrip("0"): v for v in values if v.kind is ValueKind.NUMBER}
    dates = {v.value: v for v in values if v.kind is ValueKind.DATE}
    for pattern, charset in _RUNS:
        for match in pattern.finditer(encoded):
            run = match[0].decode(charset).rstrip(".")
            span = layout.at(match.start())
            wide_in_pixels = charset != "ascii" and is_bulk(span)
            if run in uids:
                yield _Found(match.start(), uids[run])
            for part in run.split("."):
                number = numbers.get(part.lstrip("0"))
                if number is not None and len(part.lstrip("0")) < 4 and part != number.value:
                    continue
                if is_standard_code(layout, span):
                    continue
                if number is not None and number_counts(
                    part, span, wide_in_pixels, stands_apart(encoded, match.start(), match.end(), span)
                ):
                    yield _Found(match.start(), number)
                day = date_in(part, dates)
                if day is not None and not (
                    span and (span.vr == "DS" or (day.elsewhere_only and span.vr in ("DA", "DT")))
                ):
                    yield _Found(match.start(), day)
    for start, text in written_dates(encoded, layout.outside_bulk()):
        span = layout.at(start)
        if text in dates and not (span and span.vr == "DS"):
            yield _Found(start, dates[text])


def _short_words(encoded: bytes, values: Collection[IdentifyingValue], layout: Layout) -> Iterator[_Found]:
    short = {v.value.casefold(): v for v in values if v.kind is ValueKind.NAME and len(v.value) < 4}
    if not short:
        return
    for span in layout.spans:
        if span.vr not in TEXT_VRS:
            continue
        raw = value_bytes(encoded, span)
        for word in words_of(f"{raw.decode('utf-8', 'replace')} {raw.decode('latin-1')}"):
            value = short.get(word)
            if value is not None and not layout.is_constant(span, value):
                yield _Found(span.start, value)


def _inflated(encoded: bytes) -> bytes:
    meta = next((s for s in spans(encoded) if s.path == "file meta/TransferSyntaxUID"), None)
    if (
        meta is None
        or value_bytes(encoded, meta).decode("ascii", "replace") != DeflatedExplicitVRLittleEndian
    ):
        return encoded
    last = max(s.end for s in spans(encoded) if s.path.startswith("file meta/"))
    try:
        return encoded[:last] + zlib.decompressobj(-zlib.MAX_WBITS).decompress(encoded[last:])
    except zlib.error:
        return encoded


def written_dates(data: bytes, texts: Iterable[tuple[int, int]]) -> Iterator[tuple[int, str]]:
    """(offset, YYYYMMDD) of every reading of everything in `data` that can be read as a date; both day-first and
    month-first, years with two digits in both centuries. Runs of the form YYYYMMDD are not among them.

    Names of months are looked for in the byte ranges `texts` only.
    """
    for match in written.GROUPS.finditer(data):
        for text in written.readings(match):
            yield match.start(), text
    for match in (match for start, end in texts for match in written.SPELLED.finditer(data, start, end)):
        for text in written.spelled(match):
            yield match.start(), text
    for match in written.EIGHT.finditer(data):
        for text in written.both_orders(match):
            yield match.start(), text
