"""What stands where in an encoded file, and what counts there: what `search` asks about places, without the search."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from operator import attrgetter
from typing import Final

from dicom_nodes.encoding.octets import Octets
from gateway.privacy.identifiers.numbers import COUNTER
from gateway.privacy.identifiers.values import IdentifyingValue, ValueKind
from gateway.privacy.leak_search.spans import Span, spans
from gateway.privacy.profile.safe_private import safe_creators, safe_elements
from gateway.privacy.words.code_meanings import SNOMED_RT, is_scheme, is_standard_meaning, is_standard_value
from gateway.privacy.words.coded_terms import is_term
from gateway.privacy.words.constants import (
    IMPLEMENTATION_VERSION_NAME,
    VENDOR_ATTRIBUTES,
    is_of_vendor_words,
    vendor_words,
)
from gateway.privacy.words.dates_and_dummies import REMOVED
from gateway.privacy.words.radiology import CONTRAST_GIVEN, NO_CONTRAST
from routing_rules.series.series import SeriesKind

_BULK_VRS: Final = frozenset({"OB", "OW", "OF", "OD", "OL", "OV"})
_BULK_BYTES: Final = 1024
TEXT_VRS: Final = frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UN", "UR", "UT"})
_CREATOR: Final = re.compile(r"\([0-9A-F]{3}[13579BDF],00[1-9A-F][0-9A-F]\)$")
_PRIVATE: Final = re.compile(r"\([0-9A-F]{3}[13579BDF],[0-9A-F]{4}\)$")
# What the gateway itself writes, whoever the patient is: the kind of a series, given or not, pseudonyms.
_OWN_WORDS: Final = {
    "SeriesDescription": frozenset(map(str, SeriesKind)),
    "ContrastBolusAgent": frozenset({CONTRAST_GIVEN, NO_CONTRAST}),
}
_SCHEME_VERSION: Final = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,2})?")
_PSEUDONYM: Final = re.compile(r"PML-[A-Z0-9]{8}|A-[A-Z0-9]{12}")
_OWN_METHOD: Final = re.compile(r"pml-gateway [a-z0-9-]+ [0-9a-f]{16}")
_START: Final = attrgetter("start")
# A DT value; longer runs of digits are derived UIDs, where chance would find dates.
_LONGEST_WITH_DATE: Final = 26


class Layout:
    """Answers: which element is at this offset, what kind is it. The file is walked when the first question comes."""

    def __init__(self, encoded: Octets, walk: Callable[[Octets], list[Span]] = spans) -> None:
        self.encoded, self._walk = encoded, walk

    @cached_property
    def spans(self) -> list[Span]:
        return self._walk(self.encoded)

    def at(self, offset: int) -> Span | None:
        index = bisect.bisect_right(self.spans, offset, key=_START) - 1
        return self.spans[index] if index >= 0 and offset < self.spans[index].end else None

    def path_at(self, offset: int) -> str:
        span = self.at(offset)
        return span.path if span is not None else ("preamble" if offset < 132 else "(between elements)")

    def outside_bulk(self) -> Iterator[tuple[int, int]]:
        """The byte ranges between pixel data and other bulk values."""
        at = 0
        for span in self.spans:
            if is_bulk(span):
                yield at, span.start
                at = span.end
        yield at, len(self.encoded)

    def is_known(self, span: Span, text: str) -> bool:
        """Whether the whole text is one of a table: the gateway's own words, the Standard's, the vendors'."""
        keyword = span.path.rpartition("/")[2]
        return (
            text in _OWN_WORDS.get(keyword, ())
            or text in ("", REMOVED, IMPLEMENTATION_VERSION_NAME)
            or _is_pseudonym(keyword, text)
            or (keyword == "DeidentificationMethod" and _OWN_METHOD.fullmatch(text) is not None)
            or (keyword == "CodeMeaning" and is_standard_meaning(text))
            or (keyword == "CodeValue" and is_standard_value(text))
            or (keyword == "CodingSchemeDesignator" and (is_scheme(text) or text in SNOMED_RT))
            or (keyword == "CodingSchemeVersion" and _SCHEME_VERSION.fullmatch(text) is not None)
            or (keyword in VENDOR_ATTRIBUTES and is_of_vendor_words(text))
            or is_term(keyword, text)
            or (_CREATOR.search(span.path) is not None and text in safe_creators())
        )

    def is_constant(self, span: Span | None, value: IdentifyingValue, at: int = 0, length: int = 0) -> bool:
        """Whether the words at `at` are a constant where they stand, and so no leak (see above)."""
        if span is None or value.kind not in (ValueKind.NAME, ValueKind.TEXT):
            return False
        keyword = span.path.rpartition("/")[2]
        text = value_bytes(self.encoded, span).decode("latin-1")
        if text in _OWN_WORDS.get(keyword, ()) or text == REMOVED or _is_pseudonym(keyword, text):
            return True
        if keyword in VENDOR_ATTRIBUTES:
            return value.value.casefold() in vendor_words() or (
                value.kind is ValueKind.NAME and length > 0 and not self._is_whole_word(at, length, span)
            )
        if keyword == "CodeMeaning":
            return is_standard_meaning(text)
        if span.vr == "CS":
            return all(is_term(keyword, value) or _is_safe(span, value) for value in text.split("\\"))
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


def is_vendors(span: Span) -> bool:
    """Whether this is one of `VENDOR_ATTRIBUTES`."""
    return span.path.rpartition("/")[2] in VENDOR_ATTRIBUTES


def is_standard_code(layout: Layout, span: Span | None) -> bool:
    """Whether this is a code of PS3.16, the digits of which are nobody's."""
    return (
        span is not None
        and span.path.endswith("/CodeValue")
        and is_standard_value(value_bytes(layout.encoded, span).decode("latin-1"))
    )


def _is_safe(span: Span, value: str) -> bool:
    """Whether a private coded string has one of the few values that the safe list lets stay."""
    return _PRIVATE.search(span.path) is not None and any(
        row.vr == "CS" and row.pattern is not None and re.fullmatch(row.pattern, value)
        for row in safe_elements().values()
    )


def _is_pseudonym(keyword: str, text: str) -> bool:
    return keyword in ("PatientName", "PatientID", "AccessionNumber") and (
        _PSEUDONYM.fullmatch(text) is not None
    )


def is_bulk(span: Span | None) -> bool:
    return span is not None and span.vr in _BULK_VRS and span.end - span.start >= _BULK_BYTES


def value_bytes(encoded: Octets, span: Span) -> bytes:
    return encoded[span.start : span.end].strip(b" \0")


def stands_apart(data: Octets, start: int, end: int, span: Span | None) -> bool:
    first, last = (span.start, span.end) if span is not None else (0, len(data))
    around = data[max(start - 1, first) : start] + data[end : min(end + 1, last)]
    return not any(chr(byte).isalnum() for byte in around)


def number_counts(part: str, span: Span | None, wide_in_pixels: bool, alone: bool) -> bool:
    """Whether a run of digits that says a number of a person counts where it stands (of DS: `numbers.says`)."""
    digits = len(part)
    if wide_in_pixels:
        return digits >= 8
    if span is None:
        return digits >= 5
    if span.vr == "IS" and span.path.rpartition("/")[2] == COUNTER:
        return digits >= 6
    if span.vr in ("DS", "TM"):
        return False
    if is_bulk(span):
        return digits >= 6
    if digits >= 5:
        return True
    return alone and span.vr in TEXT_VRS


def date_in(part: str, dates: dict[str, IdentifyingValue]) -> IdentifyingValue | None:
    if not 8 <= len(part) <= _LONGEST_WITH_DATE:
        return None
    windows = (part[index : index + 8] for index in range(len(part) - 7))
    return next((dates[window] for window in windows if window in dates), None)
