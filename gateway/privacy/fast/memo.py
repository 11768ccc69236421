"""What becomes of one element, as bytes: decided by `AttributeCleaner`, remembered for the elements that repeat.

The files of a series repeat most of their elements byte for byte, and identical bytes at the same place, in the same
character set, under the same private creator and of the same patient have the same result. Nothing is decided here:
what is not remembered is asked of `deidentify`, one element at a time.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final, Generic, NamedTuple, TypeVar

from pydicom.datadict import private_dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_data_element
from pydicom.tag import Tag

from dicom_nodes.encoding.vrs import BULK_VRS
from gateway.privacy.deidentify.attributes import AttributeCleaner
from gateway.privacy.profile.iod import AttributeDefinition
from gateway.privacy.profile.safe_private import creator_of
from gateway.privacy.words.written_dates import dates_among

WRITTEN_IN: Final = "ISO_IR 100"
CHARACTER_SET: Final = 0x00080005
# CodeValue, CodeMeaning: an item with one of them is cleaned as a whole.
CODED: Final = frozenset({0x00080100, 0x00080104})
LARGE_VRS: Final = BULK_VRS | {"UN"}
BULK_BYTES: Final = 1024
LONGEST_REMEMBERED: Final = 1 << 15
LONGEST_STRETCH: Final = 1 << 20
MOST_STRETCHES: Final = 500
_DIGITS: Final = re.compile(rb"[0-9.]{8,}")
_PIECES: Final = re.compile(rb"[0-9]+")
_MOST_PIECES: Final = 9
_WIDE: Final = re.compile(rb"[\x80-\xff][0-9]")  # a character of several bytes may end in a digit
PROBE: Final = b"a bulk value"
SHIFTING: Final = ("*",)  # an escape sequence may part digits: such text is looked at every time

Among = Callable[[tuple[str, ...]], frozenset[str]]
"""The UIDs and dates of one object that are in a text with these runs of digits."""


class CleanedElement(NamedTuple):  # made for every element: a frozen dataclass would take four times as long
    """`out` is what is written (None: nothing); `digits` are runs of digits in texts that a UID or date might be in."""

    out: bytes | memoryview | None
    counts: tuple[str, ...] = ()
    uids: tuple[tuple[str, str], ...] = ()
    digits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Descend:
    """A sequence whose items are cleaned one by one."""

    children: Mapping[int, AttributeDefinition]
    done: str
    kept_empty: bool


Plans = dict[tuple[int, str, bytes], CleanedElement | None]
"""(tag, VR, private creator as read) -> what becomes of every plain value; None: it depends on the value."""


@dataclass(eq=False)
class NestingLevel:
    """One place in objects: its attributes, its character set (the element as read, or empty), its depth from 1."""

    places: Mapping[int, AttributeDefinition]
    charset: bytes
    depth: int
    implicit: bool
    plain: Plans | None = None
    """What becomes of plain values, shared by all patients (`plain_plans`)."""
    plans: dict[tuple[int, str, bytes], CleanedElement | Descend | None] = field(default_factory=dict)
    below: dict[tuple[int, bytes], NestingLevel] = field(default_factory=dict)

    def child(self, children: Mapping[int, AttributeDefinition], charset: bytes) -> NestingLevel:
        """The level of the items of a sequence."""
        key = id(children), charset
        level = self.below.get(key)
        if level is None:
            level = self.below[key] = NestingLevel(
                children, charset or self.charset, self.depth + 1, self.implicit
            )
        return level


class CleanedRun(NamedTuple):
    """What becomes of a stretch of elements: what is written of it (`chunks`, each by its first tag), and the rest."""

    chunks: tuple[tuple[int, bytes | memoryview], ...]
    counts: tuple[str, ...]
    uids: tuple[tuple[str, str], ...]
    digits: tuple[str, ...]


_Known = TypeVar("_Known", CleanedElement, CleanedRun)


class Memo(Generic[_Known]):
    """Cleaned elements by the bytes they were; of texts with digits by the UIDs and dates found in them, too."""

    def __init__(self, longest: int = LONGEST_REMEMBERED) -> None:
        self.longest = longest
        self.plain: dict[bytes, _Known] = {}
        self.digits: dict[bytes, tuple[str, ...]] = {}
        self.judged: dict[tuple[bytes, frozenset[str]], _Known] = {}

    def __len__(self) -> int:
        return len(self.plain) + len(self.judged)

    def clear(self) -> None:
        """Forget everything."""
        for remembered in (self.plain, self.digits, self.judged):
            remembered.clear()

    def recall(self, key: bytes, among: Among) -> _Known | None:
        """What becomes of these bytes in the object that `among` asks; None when nobody knows it yet."""
        digits = self.digits.get(key)
        return None if digits is None else self.judged.get((key, among(digits)))

    def keep(self, key: bytes, cleaned: _Known, among: Among) -> None:
        """Remember a cleaned element, if it can be."""
        if cleaned.digits is SHIFTING or len(key) >= self.longest:
            return
        if cleaned.digits:
            self.digits[key] = cleaned.digits
            self.judged[key, among(cleaned.digits)] = cleaned
        else:
            self.plain[key] = cleaned


class DecisionContext:
    """All that decisions depend on besides the element: one patient's values, the kind of the series."""

    def __init__(self, cleaner: AttributeCleaner) -> None:
        self.cleaner = cleaner
        self.memo: dict[NestingLevel, Memo[CleanedElement]] = {}
        self.stretches: dict[NestingLevel, Memo[CleanedRun]] = {}
        self.finished: dict[
            tuple[NestingLevel, bytes, frozenset[str]], tuple[CleanedElement, Mapping[int, bytes]]
        ] = {}

    def memo_of(self, level: NestingLevel) -> Memo[CleanedElement]:
        """What is remembered of the elements of one level."""
        memo = self.memo.get(level)
        if memo is None:
            memo = self.memo[level] = Memo()
        return memo

    def stretches_of(self, level: NestingLevel) -> Memo[CleanedRun]:
        """What is remembered of whole stretches of elements of one level."""
        memo = self.stretches.get(level)
        if memo is None:
            memo = self.stretches[level] = Memo(LONGEST_STRETCH)
        elif len(memo) > MOST_STRETCHES:
            memo.clear()
        return memo

    def __len__(self) -> int:
        return sum(map(len, self.memo.values()))

    def clear(self) -> None:
        """Forget what was decided."""
        for remembered in (self.memo, self.stretches, self.finished):
            remembered.clear()


def keeps(plan: CleanedElement) -> bool:
    """Whether the large value itself is kept."""
    return plan.out is not None and bytes(plan.out[-len(PROBE) :]) == PROBE


def bulk_head(plan: CleanedElement, length: int) -> bytes:
    """The header of a large value of `length` bytes that is kept."""
    assert plan.out is not None
    return bytes(plan.out[: -len(PROBE) - 4]) + struct.pack("<L", length)


def dataset_of(level: NestingLevel, raw: bytes) -> Dataset:
    """Elements as read, in the character set of their level."""
    return read_dataset(BytesIO(level.charset + raw), level.implicit, True)


def written(element: DataElement, *, implicit: bool) -> bytes:
    """One element as `encode` writes it."""
    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = implicit, True
    write_data_element(stream, element, WRITTEN_IN)
    return stream.getvalue()


def runs_of_digits(raw: bytes) -> tuple[str, ...]:
    """What a UID or a date might be part of."""
    pieces = _PIECES.findall(raw)
    if b"\x1b" in raw or len(pieces) > _MOST_PIECES or (pieces and _WIDE.search(raw)):
        return SHIFTING
    runs = [run.decode("ascii") for run in _DIGITS.findall(raw)]
    # A date may be written in pieces, of which cleaning leaves some.
    return (*runs, *sorted(set(dates_among([piece.decode("ascii") for piece in pieces]))))


def private_vr(ds: Dataset, tag: int) -> str:
    """The VR pydicom takes a private element for whose VR is not told."""
    try:
        return private_dictionary_VR(Tag(tag), creator_of(ds, Tag(tag)))
    except KeyError:
        return "UN"
