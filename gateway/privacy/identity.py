"""What identifies a patient, a person or a place in the original objects: the values the leak search looks for.

Table-driven: every attribute Table E.1-1 lists that is an identifier by itself (descriptions are cleaned word by
word instead), and by VR everywhere: all person names, all dates, all UIDs the Standard does not define.

Not looked for, because they say nothing alone and would be found everywhere: one character; numbers below 1000;
codes (CS), ages, times, sizes; the words in `COMMON`; titles and particles of names.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from gateway.privacy.profile import table
from gateway.privacy.pseudonyms import is_standard_uid
from gateway.privacy.silence import silent_pydicom
from gateway.privacy.values import parse_date, shift_date

_NOBODY: Final = frozenset(
    "anonymous anonymized anonymised anonym unknown unbekannt none removed n/a na".split()
)
COMMON: Final = _NOBODY | frozenset(
    "default research original primary secondary service admin hospital clinic klinik mri mrt head brain kopf test "
    "yes no".split()
)
# Words of the trade: no leak inside Manufacturer, ManufacturerModelName and SoftwareVersions, a leak elsewhere.
VENDOR_WORDS: Final = frozenset(
    "siemens healthineers philips medical systems ge healthcare general electric canon toshiba hitachi fujifilm "
    "hyperfine bruker uih united imaging lx mr syngo release software achieva ingenia intera prisma skyra vida lumina "
    "sola aera avanto verio trio triotim signa discovery premier".split()
)
_TITLES: Final = frozenset(
    "dr med prof mr mrs ms herr frau von van der den de la el al bin di da le du jr sr md phd".split()
)
_TEXT_VRS: Final = frozenset({"AE", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})
# Known publicly or set by every writer: not the patient's.
_NOT_DATES: Final = frozenset({"19000101", "00010101", "18000101", "99991231"})
_PUBLIC_DATES: Final = frozenset({"ContextGroupVersion", "ContextGroupLocalVersion"})
_TRANSLITERATED: Final = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "æ": "ae"}
)


# What pydicom raises, element by element, for bytes that are not what they claim to be.
UNREADABLE: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    NotImplementedError,
    EOFError,
    OverflowError,
    RecursionError,
    struct.error,
)


class Kind(StrEnum):
    """How a value is looked for."""

    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    UID = "uid"


@dataclass(frozen=True)
class IdentifyingValue:
    """A value that may not leave: `attribute` is where the original had it. The value is not in the repr."""

    attribute: str
    value: str
    kind: Kind = Kind.TEXT
    elsewhere_only: bool = False  # a date that is also another date's shifted value: legal in date elements

    def __repr__(self) -> str:
        return f"IdentifyingValue({self.attribute}, {self.kind})"


def identifying_values(
    originals: Iterable[Dataset], date_shift_days: int | None = None
) -> frozenset[IdentifyingValue]:
    """Every identifying value of the original headers, at any depth, file meta included.

    With `date_shift_days` an original date that is also the right replacement of another original date is looked for
    outside date elements only. Headers without pixel data are enough.
    """
    found: dict[tuple[str, Kind], str] = {}
    with silent_pydicom():
        for original in originals:
            for part in (original, getattr(original, "file_meta", None)):
                for attribute, value, kind in _walk(part) if part is not None else ():
                    found.setdefault((value, kind), attribute)
    shifted = {
        shift_date(value, date_shift_days)
        for value, kind in found
        if kind is Kind.DATE and date_shift_days is not None
    }
    return frozenset(
        IdentifyingValue(attribute, value, kind, kind is Kind.DATE and value in shifted)
        for (value, kind), attribute in found.items()
    )


def _identifier_tags() -> frozenset[int]:
    return frozenset(
        int(row.tag, 16)
        for row in table()
        if len(row.tag) == 8 and "X" not in row.tag and "clean_descriptors" not in row.options
    )


_IDENTIFIERS: Final = _identifier_tags()


def _walk(ds: Dataset) -> Iterator[tuple[str, str, Kind]]:
    for tag in sorted(ds.keys()):
        try:
            element = ds[tag]
        except UNREADABLE:
            continue  # such an object is held, so there is nothing of it to search for
        if element.VR == "SQ":
            for item in element.value:
                yield from _walk(item)
        elif not element.tag.is_private:
            yield from _of_element(element)


def _of_element(element: DataElement) -> Iterator[tuple[str, str, Kind]]:
    attribute = element.keyword or str(element.tag)
    for value in _texts(element.value):
        if element.VR == "PN":
            yield from ((attribute, part, Kind.NAME) for part in name_parts(value))
        elif element.VR == "UI":
            if not is_standard_uid(value) and len(value) >= 8:
                yield attribute, value, Kind.UID
        elif element.VR in ("DA", "DT"):
            parsed = parse_date(value[:8]) or parse_date(value[:10])
            if parsed is not None and attribute not in _PUBLIC_DATES:
                text = f"{parsed.year:04d}{parsed.month:02d}{parsed.day:02d}"
                if text not in _NOT_DATES:
                    yield attribute, text, Kind.DATE
        elif element.VR in _TEXT_VRS and element.tag in _IDENTIFIERS:
            yield from _of_text(attribute, value)


def _of_text(attribute: str, value: str) -> Iterator[tuple[str, str, Kind]]:
    for part in {value, *re.split(r"[\r\n,;]+", value)}:
        part = " ".join(part.split())
        if part.casefold() in COMMON or len(part) < 2:
            continue
        if part.isdigit():
            if len(part.lstrip("0")) >= 4 or len(part) >= 6:
                yield attribute, part, Kind.NUMBER
        elif part == value.strip() or len(part) >= 6:
            yield attribute, part, Kind.TEXT


def name_parts(name: str) -> set[str]:
    """The searchable parts of a person name (all component groups), with variants without accents and umlauts.

    Parts that are numbers count too; one character, titles and particles do not.
    """
    words = {word for word in re.split(r"[\^=\s,.;/()\\]+", name) if word}
    words |= {piece for word in words for piece in re.split(r"[-'’_]", word) if piece}
    words |= {_without_accents(word) for word in words} | {
        word.lower().translate(_TRANSLITERATED) for word in words
    }
    return {word for word in words if len(word) >= 2 and word.casefold() not in _NOBODY | _TITLES}


def _without_accents(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def _texts(value: Any) -> list[str]:
    if value is None or isinstance(value, bytes):
        return []
    if isinstance(value, (MultiValue, list, tuple)):
        return [str(v).strip(" \0") for v in value if v]
    return [str(value).strip(" \0")] if str(value).strip(" \0") else []
