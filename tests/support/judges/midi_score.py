"""A scorer with the ten actions of the MIDI-B challenge, stricter where the challenge is lenient.

For each element of an original the answer is worked out from the shipped standards tables alone (Table E.1-1, the
IODs), never from the engine. Stricter: a shifted date must lie exactly the shift away; numbers of the IOD must be equal
at every depth; an identifier may be nowhere in the output's bytes, not only not in its attribute.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import imagecodecs
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit, UID_dictionary

from gateway.privacy.deidentify.instance import PatientContext
from support.judges.privacy_tables import PROFILE_ROWS, iod_tree
from support.objects.hostile_mr import Person

ACTIONS = (
    "tag_retained",
    "text_notnull",
    "text_retained",
    "text_removed",
    "date_shifted",
    "uid_changed",
    "uid_consistent",
    "patid_consistent",
    "pixels_retained",
    "pixels_hidden",
)
_NUMBERS = {"DS", "IS", "FD", "FL", "US", "SS", "UL", "SL"}
_CODE = re.compile(r"[A-Z0-9 _]{0,16}")
# Decided by the profile pml-read itself, with its reason there.
_BY_PROFILE = {
    "PatientSex",
    "PatientAge",
    "BodyPartExamined",
    "SequenceName",
    "TimezoneOffsetFromUTC",
    "ICCProfile",
}
_OWN = {
    "SpecificCharacterSet",
    "BurnedInAnnotation",
    "PatientIdentityRemoved",
    "LongitudinalTemporalInformationModified",
}
_STUDY_DATES = {"StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"}  # these may neither stay nor go
_TIMES = {"StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime"}
_VENDOR = {"Manufacturer", "ManufacturerModelName", "SoftwareVersions"}
_DATES_GONE = {
    "PatientBirthDate",
    "DateOfLastCalibration",
    "DateTimeOfLastCalibration",
    "DateOfManufacture",
    "DateOfInstallation",
    "ContextGroupVersion",
    "ContextGroupLocalVersion",
}


@dataclass(frozen=True)
class Expected:
    """One answer: what has to be true of the element at `path` of the output."""

    action: str
    path: tuple[tuple[int, int], ...]  # (tag, item) of each sequence, then (tag, -1)
    answer: Any = None


@dataclass
class Score:
    """Correct and required actions, and what failed."""

    correct: Counter[str] = field(default_factory=Counter)
    required: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    files: int = 0
    held: int = 0

    def add(self, name: str, expected: Expected, right: bool) -> None:
        """Count one action."""
        self.required[expected.action] += 1
        self.correct[expected.action] += right
        if not right:
            where = "/".join(keyword_for_tag(tag) or f"{tag:08X}" for tag, _ in expected.path)
            self.failed.append(f"{name}: {expected.action} {where}")

    def __str__(self) -> str:
        rows = [
            f"{action:17} {self.correct[action]:7} of {self.required[action]:7}  "
            f"{100 * self.correct[action] / max(self.required[action], 1):6.2f} %"
            for action in ACTIONS
        ]
        total, right = sum(self.required.values()), sum(self.correct.values())
        rows.append(f"{'all':17} {right:7} of {total:7}  {100 * right / max(total, 1):6.2f} %")
        rows.append(f"{self.files} files, {self.held} held, {len(self.leaked)} with identity in their bytes")
        return "\n".join(rows)


def expectations(original: Dataset, who: Person) -> Iterator[Expected]:
    """Every action required of the output of `original`, which is full of the identity of `who`."""
    tokens = tuple(
        part
        for part in (who.family, who.given, who.patient_id, who.accession, who.serial, who.institution)
        if part
    )
    yield from _of_dataset(original, iod_tree(str(original.SOPClassUID)), (), True, tokens)
    if "PixelData" in original:
        yield Expected("pixels_retained", ((0x7FE00010, -1),), pixels_digest(original))


def pixels_digest(ds: Dataset) -> str:
    """Of the bytes; of lossy JPEG, whose tables lose numbers that no pixel has, of what they decode to.

    Of JPEG 2000, of its codestreams, because a JP2 file leaves as its own (PS3.5 A.4.4).
    """
    value: bytes = ds.PixelData
    fragments = value.split(b"\xfe\xff\x00\xe0")[2:]
    if fragments and ds.file_meta.TransferSyntaxUID in (JPEGBaseline8Bit, JPEGExtended12Bit):
        pictures = [imagecodecs.jpeg8_decode(fragment[4:]) for fragment in fragments]
        return hashlib.sha256(b"".join(picture.tobytes() for picture in pictures)).hexdigest()
    at = [fragment.find(b"\xff\x4f\xff\x51") for fragment in fragments]
    if fragments and min(at) >= 0:
        codes = [fragment[first:].rstrip(b"\0") for fragment, first in zip(fragments, at, strict=True)]
        value = b"".join(codes)
    return hashlib.sha256(value).hexdigest()


def _of_dataset(
    ds: Dataset,
    places: Mapping[str, Any],
    path: tuple[tuple[int, int], ...],
    kept: bool,
    tokens: tuple[str, ...],
) -> Iterator[Expected]:
    for element in ds:
        tag = int(element.tag)
        here = (*path, (tag, -1))
        if element.tag.is_private or element.tag.group in (0x7FE0,) or element.tag.element == 0:
            continue
        place = places.get(f"{tag:08X}")
        row = PROFILE_ROWS.get(f"{tag:08X}")
        if element.VR == "SQ":
            stays = kept and place is not None and row is None
            for number, item in enumerate(element.value):
                inner = place[1] if place is not None else {}
                yield from _of_dataset(item, inner, (*path, (tag, number)), stays, tokens)
            continue
        yield from _of_value(element, here, place if kept else None, row, tokens)


def _of_value(
    element: Any, path: tuple[tuple[int, int], ...], place: Any, row: Any, tokens: tuple[str, ...]
) -> Iterator[Expected]:
    vr, keyword = element.VR, element.keyword
    texts = _texts(element.value)
    if keyword == "PatientID":
        yield Expected("patid_consistent", path)
    elif vr == "UI":
        own = [uid for uid in texts if uid not in UID_dictionary]
        if own:
            yield Expected("uid_changed", path, own)
            yield Expected("uid_consistent", path, texts)
            if keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
                yield Expected("tag_retained", path)
    elif vr in ("DA", "DT"):
        if all(re.fullmatch(r"\d{8}.*", text) for text in texts) and texts:
            yield Expected("date_shifted", path, texts)
    elif vr in ("PN", "LO", "SH", "LT", "ST", "UC", "UT", "CS", "AE", "UR"):
        said = [token for token in tokens for text in texts if token.lower() in text.lower()]
        if said:
            yield Expected("text_removed", path, said)
    if place is None or keyword in _OWN | _BY_PROFILE or element.is_empty:
        return
    if row is None and vr in _NUMBERS and vr in dictionary_VR(element.tag):
        yield Expected("text_retained", path, texts)
    elif row is None and vr == "CS" and all(_CODE.fullmatch(text) for text in texts):
        if not any(token.upper() in text for token in tokens for text in texts):
            yield Expected("text_retained", path, texts)
    elif keyword in _TIMES or (keyword in _VENDOR and all(map(str.isascii, texts))):
        yield Expected("text_retained", path, texts)
    if len(path) == 1 and place[0] in ("1", "2"):
        yield Expected("tag_retained", path)
    if len(path) == 1 and place[0] == "1":
        yield Expected("text_notnull", path)


def judge(expected: Expected, output: Dataset | None, context: PatientContext) -> bool:
    """Whether the output does what is expected; an absent output passes what is about removing only."""
    if output is None:
        return expected.action in ("text_removed", "date_shifted", "uid_changed", "pixels_hidden")
    element = _at(output, expected.path)
    if element is None and _is_study_date(expected):
        return False
    if element is None:
        return expected.action in (
            "text_removed",
            "date_shifted",
            "uid_changed",
            "uid_consistent",
            "patid_consistent",
        )
    if expected.action == "pixels_retained":
        return pixels_digest(output) == expected.answer
    texts = _texts(element.value)
    return {
        "tag_retained": lambda: True,
        "text_notnull": lambda: not element.is_empty,
        "text_retained": lambda: texts == expected.answer or _same_numbers(texts, expected.answer),
        "text_removed": lambda: not any(t.lower() in text.lower() for t in expected.answer for text in texts),
        "date_shifted": lambda: (
            not texts or _shifted(expected.answer, texts, element, context.date_shift_days)
        ),
        "uid_changed": lambda: not set(expected.answer) & set(texts),
        "uid_consistent": lambda: texts == [_new_uid(uid, context) for uid in expected.answer],
        "patid_consistent": lambda: texts == [context.pseudonym],
    }[expected.action]()


def bytes_leaked(data: bytes, who: Person) -> list[str]:
    """Which identifiers of `who` are anywhere in the file, in any usual encoding."""
    words = {
        part
        for text in (
            who.family,
            who.given,
            who.patient_id,
            who.accession,
            who.serial,
            who.institution,
            who.uid_root,
        )
        for part in (text, *text.split("="))
    } | {"Quastenberg", "Ottokar"}
    lowered = data.lower()
    found = []
    for word in words:
        for charset in ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "iso8859-5", "gb18030"):
            try:
                pattern = word.encode(charset).lower()
            except UnicodeEncodeError:
                continue
            if len(pattern) >= 4 and pattern in lowered:
                found.append(charset)
    return found


def _is_study_date(expected: Expected) -> bool:
    return (
        expected.action == "date_shifted"
        and len(expected.path) == 1
        and (keyword_for_tag(expected.path[0][0]) in _STUDY_DATES)
    )


def _at(ds: Dataset, path: tuple[tuple[int, int], ...]) -> Any:
    for tag, number in path[:-1]:
        if tag not in ds or len(ds[tag].value) <= number:
            return None
        ds = ds[tag].value[number]
    return ds.get(path[-1][0])


def _texts(value: Any) -> list[str]:
    if value is None or isinstance(value, bytes):
        return []
    values = list(value) if isinstance(value, (MultiValue, list, tuple)) else [value]
    return [str(v).strip(" \0") for v in values if v is not None and str(v).strip(" \0")]


def _same_numbers(one: list[str], other: list[str]) -> bool:
    try:
        return [float(text) for text in one] == [float(text) for text in other]
    except ValueError:
        return False


def _new_uid(uid: str, context: PatientContext) -> str:
    return uid if uid in UID_dictionary else context.key.uid(uid)


def _shifted(old: list[str], new: list[str], element: Any, days: int) -> bool:
    if set(old) & set(new):
        return False
    dummies = all(text.startswith("19000101") for text in new)  # also when nothing is left
    if element.keyword in _DATES_GONE or (dummies and element.keyword not in _STUDY_DATES):
        return True
    moved = [f"{datetime.strptime(text[:8], '%Y%m%d') + timedelta(days=days):%Y%m%d}" for text in old]  # noqa: DTZ007
    return [text[:8] for text in new] == moved
