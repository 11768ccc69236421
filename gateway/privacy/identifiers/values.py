"""What identifies a patient, a person or a place in the original objects: the values the leak search looks for.

Table-driven: every attribute Table E.1-1 lists that is an identifier by itself (descriptions are cleaned word by
word instead), and by VR everywhere: all person names, all dates, all UIDs the Standard does not define.

Names are looked for in the forms of `person_names`, numbers also without their punctuation, places also by their
words, and texts also as the UTF-8 they may really have been written in.

Not looked for, because they say nothing alone and would be found everywhere: numbers below 1000 and single characters,
unless they number a person or an order; codes (CS), ages, times, sizes; the words in `COMMON`; titles and particles of
names.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue

from gateway.identity.names import NOBODY
from gateway.identity.numbers import why_no_number
from gateway.identity.patient import NOT_A_BIRTH_DATE
from gateway.privacy.identifiers.pieces import bare, runs_of
from gateway.privacy.profile.profile import table
from gateway.privacy.standard_uids import is_standard_uid
from gateway.privacy.words.constants import vendor_words
from gateway.privacy.words.dates_and_dummies import parse_date, shift_date
from gateway.privacy.words.person_names import initials_of, name_parts
from gateway.privacy.words.radiology import clean_text
from gateway.quiet_pydicom import silent_pydicom

COMMON: Final = NOBODY | frozenset(
    "default research original primary secondary service admin hospital clinic klinik mri mrt head brain kopf test "
    "yes no".split()
)
_TEXT_VRS: Final = frozenset({"AE", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})
# Values of these never identify by themselves.
SILENT_VRS: Final = frozenset("AS AT CS DS FD FL IS OB OD OF OL OV OW SL SS SV TM UL US UV".split()) | {
    "OB or OW"
}
# Known publicly: not the patient's.
_PUBLIC_DATES: Final = frozenset({"ContextGroupVersion", "ContextGroupLocalVersion"})
# Attributes whose single words name a place, and those whose digits name a person or a device in any punctuation.
_PLACES: Final = frozenset(
    {"InstitutionName", "InstitutionAddress", "PatientAddress", "InstitutionalDepartmentName"}
)
# What numbers a person or an order, however short it is.
_PERSON_NUMBERS: Final = frozenset(
    {
        "PatientID",
        "OtherPatientIDs",
        "AccessionNumber",
        "AdmissionID",
        "PlacerOrderNumberImagingServiceRequest",
        "FillerOrderNumberImagingServiceRequest",
    }
)
# The same, but numbers alone only count up what there is of one patient or one request (PS3.3 C.7.2.1, C.4.10, C.4.11).
_COUNTED: Final = frozenset(
    {"StudyID", "RequestedProcedureID", "ScheduledProcedureStepID", "PerformedProcedureStepID"}
)
_LONGEST_SHORT: Final = 3
_SHORTEST_PLACE: Final = 6
_SHORTEST_BARE_NUMBER: Final = 6

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
    BytesLengthException,
)
# The same of a value that is in memory already; a sequence in it that ends too early is an OSError.
UNREADABLE_VALUE: Final = (OSError, *UNREADABLE)


class ValueKind(StrEnum):
    """How a value is looked for."""

    NAME = "name"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    UID = "uid"
    SHORT = "short"
    """A number of a person that everyday words and counters look like: where one is, no free text is kept."""
    INITIALS = "initials"


@dataclass(frozen=True)
class IdentifyingValue:
    """A value that may not leave: `attribute` is where the original had it. The value is not in the repr."""

    attribute: str
    value: str
    kind: ValueKind = ValueKind.TEXT
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
    found: dict[tuple[str, ValueKind], str] = {}
    with silent_pydicom():
        for original in originals:
            for part in (original, getattr(original, "file_meta", None)):
                for attribute, value, kind in walk(part) if part is not None else ():
                    found.setdefault((value, kind), attribute)
    return as_values(found, date_shift_days)


def as_values(
    attributes: Mapping[tuple[str, ValueKind], str], date_shift_days: int | None = None
) -> frozenset[IdentifyingValue]:
    """What was found ((value, kind) -> attribute) as identifying values; `date_shift_days` as above."""
    shifted = {
        shift_date(value, date_shift_days)
        for value, kind in attributes
        if kind is ValueKind.DATE and date_shift_days is not None
    }
    return frozenset(
        IdentifyingValue(attribute, value, kind, kind is ValueKind.DATE and value in shifted)
        for (value, kind), attribute in attributes.items()
    )


def _identifier_tags() -> frozenset[int]:
    return frozenset(
        int(row.tag, 16)
        for row in table()
        if len(row.tag) == 8 and "X" not in row.tag and "clean_descriptors" not in row.options
    )


_IDENTIFIERS: Final = _identifier_tags()


# Levels of nested sequences. Real objects need five; what is deeper is held, and not walked into.
DEEPEST: Final = 16


def walk(ds: Dataset, depth: int = 0) -> Iterator[tuple[str, str, ValueKind]]:
    """(attribute, value, kind) of every identifying value of one dataset; `depth` levels lie above it."""
    for tag in sorted(ds.keys()):
        if tag.is_private and ds.get_item(tag).VR not in ("SQ", None):
            continue  # what a private sequence holds may have public tags; blobs repeat what the header says
        yield from walk_element(ds, tag, depth)


def walk_element(ds: Dataset, tag: int, depth: int = 0) -> Iterator[tuple[str, str, ValueKind]]:
    """The same of one element of `ds`."""
    try:
        element = ds[tag]
    except UNREADABLE_VALUE:
        return  # such an object is held, so there is nothing of it to search for
    if element.VR == "SQ":
        for item in element.value if depth < DEEPEST else ():
            yield from walk(item, depth + 1)
    elif not element.tag.is_private:
        yield from _of_element(element)


def never_identifies(tag: int, vr: str) -> bool:
    """Whether no value of this attribute, read in this VR, is among those `walk` finds."""
    return vr in SILENT_VRS or (vr in _TEXT_VRS and tag not in _IDENTIFIERS)


def _of_element(element: DataElement) -> Iterator[tuple[str, str, ValueKind]]:
    attribute = element.keyword or str(element.tag)
    for value in _texts(element.value):
        if element.VR == "PN":
            for meant in _as_it_may_have_been_meant(value):
                yield from ((attribute, part, ValueKind.NAME) for part in name_parts(meant))
            if attribute == "PatientName":
                yield from ((attribute, pair, ValueKind.INITIALS) for pair in initials_of(value))
        elif element.VR == "UI":
            if is_identifying_uid(value):
                yield attribute, value, ValueKind.UID
        elif element.VR in ("DA", "DT"):
            parsed = parse_date(value[:8]) or parse_date(value[:10])
            if parsed is not None and attribute not in _PUBLIC_DATES:
                text = f"{parsed.year:04d}{parsed.month:02d}{parsed.day:02d}"
                if text not in NOT_A_BIRTH_DATE:
                    yield attribute, text, ValueKind.DATE
        elif element.VR in _TEXT_VRS and element.tag in _IDENTIFIERS:
            for meant in _as_it_may_have_been_meant(value):
                yield from _of_text(attribute, meant)


def is_identifying_uid(value: str) -> bool:
    """Whether a UID is looked for: the Standard does not define it, and it is long enough to say something."""
    return not is_standard_uid(value) and len(value) >= 8


def _of_text(attribute: str, value: str) -> Iterator[tuple[str, str, ValueKind]]:
    if attribute in _PERSON_NUMBERS and why_no_number(value) is not None:
        return
    if _is_short(attribute, value):
        yield attribute, " ".join(runs_of(value)), ValueKind.SHORT
    for part in {value, *re.split(r"[\r\n,;]+", value)}:
        part = " ".join(part.split())
        if part.casefold() in COMMON or len(part) < 2:
            continue
        if part.isdigit():
            if not part.strip("0"):
                continue  # a number of nobody
            if len(part.lstrip("0")) >= 4 or len(part) >= 6:
                yield attribute, part, ValueKind.NUMBER
        elif part == value.strip() or len(part) >= 6:
            yield attribute, part, ValueKind.TEXT
    digits = re.sub(r"\D", "", value)
    if digits != value and len(digits) >= _SHORTEST_BARE_NUMBER and digits.strip("0"):
        yield attribute, digits, ValueKind.NUMBER  # QX 471-19-23 may be 4711923 elsewhere
    if attribute in _PLACES:
        for word in re.split(r"[\W\d_]+", value):
            if len(word) >= _SHORTEST_PLACE and not _is_common(word.casefold()):
                yield attribute, word, ValueKind.TEXT


def _is_short(attribute: str, value: str) -> bool:
    """Whether everyday words and counters look like the number of a person, in one of its spellings."""
    runs = runs_of(value)
    plain = "".join(runs)
    if not plain.strip("0") or value.casefold() in COMMON:
        return False
    if attribute in _COUNTED:
        if plain.isdigit() or plain.isalpha():
            return False
    elif attribute not in _PERSON_NUMBERS or (
        attribute == "AccessionNumber" and re.fullmatch("[0-9]", plain)
    ):
        return False
    return len(plain) <= _LONGEST_SHORT or clean_text(plain) == plain or all(map(_may_stay, map(bare, runs)))


def _may_stay(run: str) -> bool:
    """Whether a text that is reduced to radiology may keep this run of letters or digits, alone or beside another."""
    if run.isdigit():
        return len(run) <= _LONGEST_SHORT
    return clean_text(run) == run or clean_text(f"{run}1") == f"{run}1"


def _is_common(word: str) -> bool:
    return word in COMMON or word in vendor_words() or clean_text(word) == word


def _as_it_may_have_been_meant(text: str) -> Iterator[str]:
    """`text`, and what its bytes say in UTF-8 when the character set of the object does not say so."""
    yield text
    if not text.isascii():
        try:
            yield text.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return


def _texts(value: Any) -> list[str]:
    if value is None or isinstance(value, bytes):
        return []
    if isinstance(value, (MultiValue, list, tuple)):
        return [str(v).strip(" \0") for v in value if v]
    return [str(value).strip(" \0")] if str(value).strip(" \0") else []
