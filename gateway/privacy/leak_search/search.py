"""The proof before anything leaves: are identifying values of the originals anywhere in the encoded file?

The whole file is searched, preamble, file meta, pixel data and what lies between elements included, in every
character set a value may have been written in. A hit is reported as attribute and offset, never as the value.

Rules that keep chance hits away (and nothing else):
* UIDs, numbers and dates are compared with whole runs of digits and dots, so 1234567 is not found inside 91234567.
  Numbers need five digits; with four they count as whole words of text only (b1000 is no patient). Decimal strings
  (DS) and binary numbers count only when all digits of the value are the number or date, times (TM) never. A date is
  also found inside longer runs (date and time, file names), and in the forms of `written_dates`.
* Words of six and more characters are found anywhere; four and five only between non-letters; two and three only
  as whole words of text elements (and not at all if they are no names).
* In pixel data words need six bytes (in UTF-16: twelve): shorter ones occur there by chance.
* Constants are no leak where they stand, whatever the patient is called: a vendor's word (and a part of a word) in
  Manufacturer, ManufacturerModelName and SoftwareVersions, a coded string of defined terms, the Standard's own meaning
  of a code, a private creator of the safe list, this gateway's own de-identification markers.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from pydicom.uid import DeflatedExplicitVRLittleEndian

from dicom_nodes.encoding.octets import Octets
from gateway.privacy.identifiers import numbers
from gateway.privacy.identifiers.detection import is_short, words_of
from gateway.privacy.identifiers.numbers import LONG_NUMBERS, decimal_strings
from gateway.privacy.identifiers.pieces import has_initials, pieces_of
from gateway.privacy.identifiers.values import IdentifyingValue, ValueKind, identifying_values
from gateway.privacy.leak_search.byte_scan import ByteFinds, ByteScan
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
from gateway.privacy.leak_search.known_spans import KnownLayouts
from gateway.privacy.leak_search.short_names import may_hold
from gateway.privacy.leak_search.spans import UNREADABLE, Span, transfer_syntax
from gateway.privacy.words.constants import vendor_words
from gateway.privacy.words.written_dates import dates_in_run, may_be_spelled, spelled_dates, years_in_run

__all__ = ["IdentifyingValue", "Leak", "LeakSearch", "find_leaks", "identifying_values"]

_NARROW: Final = re.compile(rb"[0-9][0-9.]{3,}")
_WIDE: Final = (
    (re.compile(rb"(?:[0-9.]\x00){4,}"), "utf-16-le"),
    (re.compile(rb"(?:\x00[0-9.]){4,}"), "utf-16-be"),
)
_SHORTEST_IN_PIXELS: Final = {False: 6, True: 12}
_DA: Final = frozenset({"DA", "DT"})
_LONGEST_TEXT: Final = 1 << 14  # bytes; such a text is no longer one that is put together
_REMEMBERED: Final = 50_000


@dataclass(frozen=True)
class Leak:
    """An identifying value at byte `offset` of the file, in `attribute` (path of keywords)."""

    attribute: str
    offset: int


@dataclass(frozen=True)
class _Number:
    """An identifying value in a run of digits (`at`, `length` in bytes); `part`: the digits it is compared with."""

    at: int
    length: int
    value: IdentifyingValue
    part: str = ""
    written: bool = False


@dataclass(frozen=True)
class _Run:
    """What is to say about one run of digits, wherever it stands."""

    found: tuple[_Number, ...]
    years: tuple[int, ...]


_SILENT: Final = _Run((), ())


class _Spelled(NamedTuple):
    """What is looked for in texts put together of their pieces."""

    short: frozenset[str]
    numbers: frozenset[str]
    dates: frozenset[str]
    initials: frozenset[str]

    def in_vendor_text(self) -> _Spelled:
        """What counts where vendors' words stand: no such word, and no initials (`IdentifierDetector`)."""
        return self._replace(short=self.short - vendor_words(), initials=frozenset())

    def are_in(self, text: str) -> bool:
        """Whether the text says one of them."""
        joined, dates, _ = pieces_of(text)
        return (
            bool(dates & self.dates)
            or any(is_short(one, text) for one in self.short)
            or any(one.isdigit() and one.lstrip("0") in self.numbers for one in joined)
            or has_initials(text, self.initials)
        )


class LeakSearch:
    """The search for the values of one study, compiled once; `leaks` then costs about the same however many there are.

    It remembers what runs of digits and short texts it has seen, because the files of a study repeat them.
    """

    def __init__(self, values: Collection[IdentifyingValue]) -> None:
        self._words: dict[bytes, list[tuple[IdentifyingValue, bool]]] = {}
        for value in values:
            if value.kind not in (ValueKind.NAME, ValueKind.TEXT) or (
                value.value.isascii() and len(value.value) < 4
            ):
                continue
            for pattern, wide in encoded_forms(value.value):
                self._words.setdefault(pattern, []).append((value, wide))
        self._scan = ByteScan([(pattern, wide) for pattern, all_ in self._words.items() for _, wide in all_])
        self._uids = {v.value: v for v in values if v.kind is ValueKind.UID}
        self._numbers = {v.value.lstrip("0"): v for v in values if v.kind is ValueKind.NUMBER}
        self._dates = {v.value: v for v in values if v.kind is ValueKind.DATE}
        self._short = {v.value.casefold(): v for v in values if v.kind is ValueKind.NAME and len(v.value) < 4}
        self._spelled_values = _Spelled(
            frozenset(v.value for v in values if v.kind is ValueKind.SHORT),
            frozenset(
                v.value.lstrip("0")
                for v in values
                if v.kind is ValueKind.NUMBER and len(v.value.lstrip("0")) >= 4
            ),
            frozenset(self._dates),
            frozenset(v.value for v in values if v.kind is ValueKind.INITIALS),
        )
        self._spelled_by_vendors = self._spelled_values.in_vendor_text()
        self._says: dict[tuple[str, str, bytes], bool] = {}
        self._layouts = KnownLayouts()
        self._runs: dict[bytes, _Run] = {}
        self._silent: set[bytes] = set()
        self._short_in: dict[bytes, tuple[IdentifyingValue, ...]] = {}

    def leaks(self, encoded: Octets) -> list[Leak]:
        """Every place of `encoded` (a Part 10 file) where one of the values occurs; empty means proven clean.

        A deflated data set is inflated first (offsets then count in the inflated file).
        """
        encoded = _inflated(encoded)
        layout = Layout(encoded, self._layouts.spans)
        finds = self._scan.over(encoded)
        for remembered in (self._runs, self._silent, self._short_in, self._says):
            if len(remembered) > _REMEMBERED:
                remembered.clear()
        offsets = {
            *self._words_in(encoded, finds, layout),
            *self._digits_in(encoded, finds, layout),
            *self._short_words_in(finds, layout),
        }
        at = sorted(offsets)
        offsets.update(
            span.start
            for span in (*self._pieces_in(layout), *self._said_in_numbers(layout))
            if bisect_left(at, span.start) == bisect_left(at, span.end)  # nothing is known there yet
        )
        return sorted(
            (Leak(layout.path_at(offset), offset) for offset in offsets),
            key=lambda leak: (leak.offset, leak.attribute),
        )

    # ---- words -----------------------------------------------------------------------------------------------

    def _words_in(self, encoded: Octets, finds: ByteFinds, layout: Layout) -> Iterator[int]:
        for offset, pattern in finds.patterns():
            span = layout.at(offset)
            for value, wide in self._words[pattern]:
                if is_bulk(span) and len(pattern) < _SHORTEST_IN_PIXELS[wide]:
                    continue
                if layout.is_constant(span, value, offset, len(pattern)):
                    continue
                if len(value.value) >= 6 or wide or _stands_alone(encoded, offset, len(pattern), span):
                    yield offset

    def _short_words_in(self, finds: ByteFinds, layout: Layout) -> Iterator[int]:
        if not self._short or (finds.text is not None and not may_hold(finds.text, self._short)):
            return
        known = self._short_in
        for span in layout.spans:
            _, vr, start, end = span
            if vr not in TEXT_VRS or start == end:
                continue
            raw = layout.encoded[start:end]
            values = known.get(raw)
            if values is None:
                text = value_bytes(layout.encoded, span)
                words = words_of(f"{text.decode('utf-8', 'replace')} {text.decode('latin-1')}")
                values = known[raw] = tuple(self._short[word] for word in words & self._short.keys())
            if values and any(not layout.is_constant(span, value) for value in values):
                yield start

    def _pieces_in(self, layout: Layout) -> Iterator[Span]:
        """Texts of elements that say a value in pieces: a number, a date, a short identifier, initials."""
        if not any(self._spelled_values):
            return
        for span in layout.spans:
            path, vr, start, end = span
            if vr not in TEXT_VRS or start == end or end - start > _LONGEST_TEXT or path == UNREADABLE:
                continue
            key = path, vr, layout.encoded[start:end]
            says = self._says.get(key)
            if says is None:
                text = value_bytes(layout.encoded, span).decode("latin-1")
                wanted = self._spelled_by_vendors if is_vendors(span) else self._spelled_values
                says = self._says[key] = any(
                    wanted.are_in(one) for one in text.split("\\") if not layout.is_known(span, one.strip())
                )
            if says:
                yield span

    def _said_in_numbers(self, layout: Layout) -> Iterator[Span]:
        """Numbers that say a number of a person or a date with a sign, a point, an exponent, or in binary."""
        if not self._numbers and not self._dates:
            return
        for span in layout.spans:
            path, vr, start, end = span
            if vr not in LONG_NUMBERS or start == end or path == UNREADABLE:
                continue
            key = path, vr, layout.encoded[start:end]
            says = self._says.get(key)
            if says is None:
                keyword = path.rpartition("/")[2]
                texts = decimal_strings(vr, key[2])
                says = self._says[key] = any(
                    numbers.says(vr, keyword, text, self._numbers, self._dates) for text in texts
                )
            if says:
                yield span

    # ---- digits ----------------------------------------------------------------------------------------------

    def _digits_in(self, encoded: Octets, finds: ByteFinds, layout: Layout) -> Iterator[int]:
        runs = self._runs
        for start, end in finds.runs(self._silent):
            text = encoded[start:end]
            run = runs.get(text)
            if run is None:
                run = self._judged(text)
                if run is _SILENT:
                    self._silent.add(text)
                    continue
                runs[text] = run
            yield from (
                start + number.at for number in run.found if _counts(number, start + number.at, layout)
            )
            for year in run.years:
                if may_be_spelled(encoded, start + year):
                    yield from self._spelled(start + year, layout)
        for start, end in finds.wide_runs():
            for pattern, charset in _WIDE:
                for match in pattern.finditer(encoded[start:end]):
                    at = start + match.start()
                    for number in self._numbers_in(match[0].decode(charset), 0, len(match[0])):
                        if _counts(number, at, layout, wide=True):
                            yield at

    def _judged(self, text: bytes) -> _Run:
        numbers = [
            one
            for match in _NARROW.finditer(text)
            for one in self._numbers_in(match[0].decode(), match.start(), len(match[0]))
        ]
        numbers += [
            _Number(at, 0, self._dates[date], written=True)
            for at, date in dates_in_run(text)
            if date in self._dates
        ]
        years = years_in_run(text) if self._dates else ()
        return _Run(tuple(numbers), years) if numbers or years else _SILENT

    def _numbers_in(self, run: str, at: int, length: int) -> Iterator[_Number]:
        run = run.rstrip(".")
        if run in self._uids:
            yield _Number(at, length, self._uids[run])
        for part in run.split("."):
            number = self._numbers.get(part.lstrip("0"))
            # A number of few digits and leading zeros (000042) is not any small number (0.42).
            if number is not None and (len(part.lstrip("0")) >= 4 or part == number.value):
                yield _Number(at, length, number, part)
            date = date_in(part, self._dates)
            if date is not None:
                yield _Number(at, length, date)

    def _spelled(self, year: int, layout: Layout) -> Iterator[int]:
        for first, end in layout.outside_bulk():
            if first <= year < end:
                for at, date in spelled_dates(layout.encoded, year, first, end):
                    if date in self._dates and _counts(
                        _Number(at, 0, self._dates[date], written=True), at, layout
                    ):
                        yield at


def find_leaks(encoded: Octets, values: Collection[IdentifyingValue]) -> list[Leak]:
    """`LeakSearch(values).leaks(encoded)`: for one file alone."""
    return LeakSearch(values).leaks(encoded)


def _stands_alone(data: Octets, offset: int, length: int, span: Span | None) -> bool:
    before = data[offset - 1 : offset] if span is None or offset > span.start else b""
    after = data[offset + length : offset + length + 1] if span is None or offset + length < span.end else b""
    return not before.isalpha() and not after.isalpha()


def _counts(number: _Number, at: int, layout: Layout, *, wide: bool = False) -> bool:
    """Whether a number or date whose run begins at `at` is more than a coincidence."""
    kind, span = number.value.kind, layout.at(at)
    if kind is ValueKind.UID:
        return True
    if is_standard_code(layout, span):
        return False
    if kind is ValueKind.NUMBER:
        alone = stands_apart(layout.encoded, at, at + number.length, span)
        return number_counts(number.part, span, wide and is_bulk(span), alone)
    in_its_place = span is not None and number.value.elsewhere_only and not number.written and span.vr in _DA
    return span is None or (span.vr != "DS" and not in_its_place)


def _inflated(encoded: Octets) -> Octets:
    syntax, start = transfer_syntax(encoded)
    if syntax != DeflatedExplicitVRLittleEndian:
        return encoded
    try:
        return encoded[:start] + zlib.decompressobj(-zlib.MAX_WBITS).decompress(encoded[start:])
    except zlib.error:
        return encoded
