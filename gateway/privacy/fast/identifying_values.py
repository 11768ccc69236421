"""The identifying values of one object, read from its byte ranges: what `identifying_values` finds, remembered.

Most elements of a study repeat byte for byte, and so do the values in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicom_nodes.encoding.elements import SEQUENCE, Element, NotTaken, elements, items
from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.octets import Octets
from dicom_nodes.encoding.part10 import TRANSFER_SYNTAX, FileMeta, file_meta
from gateway.privacy.fast.dictionary import vr_of
from gateway.privacy.fast.memo import (
    CHARACTER_SET,
    LONGEST_REMEMBERED,
    MOST_STRETCHES,
    NestingLevel,
    dataset_of,
    private_vr,
)
from gateway.privacy.fast.plain_values import is_plain
from gateway.privacy.fast.repeated_elements import Repeats, Stretch
from gateway.privacy.identifiers.values import (
    SILENT_VRS,
    UNREADABLE_VALUE,
    IdentifyingValue,
    ValueKind,
    as_values,
    is_identifying_uid,
    never_identifies,
    walk,
    walk_element,
)
from gateway.quiet_pydicom import silent_pydicom

Values = dict[tuple[str, ValueKind], str]
_Found = tuple[tuple[str, str, ValueKind], ...]
_PLAIN_UID: Final = re.compile(r"[0-9.]{8,}")
_MOST_REMEMBERED: Final = 50_000


class Parts(NamedTuple):
    """One object: its encoding, its data set in stretches, its file meta; `charset`: the element as read, or empty."""

    transfer_syntax_uid: str
    implicit: bool
    compressed: bool
    stretches: Sequence[Stretch]
    meta: Stretch
    charset: bytes


def divided(data: Octets, repeats: Repeats) -> Parts:
    """The parts of a Part 10 file; raises NotTaken for files that are not plainly readable."""
    meta = _plain_file_meta(data)
    syntax = meta.uid(TRANSFER_SYNTAX)
    implicit, compressed = _encoding(syntax)
    stretches = repeats.stretches(data, meta.end, implicit=implicit)
    charset = b""
    for stretch in stretches:  # among the first elements, if it is there
        if stretch.found[-1].tag >= CHARACTER_SET:
            charset = charset_in(stretch.data, stretch.found)
            break
    return Parts(syntax, implicit, compressed, stretches, Stretch(data, meta.elements, False), charset)


def _plain_file_meta(data: Octets) -> FileMeta:
    """The file meta information, if it is in order and without sequences."""
    try:
        meta = file_meta(data)
    except NotDicom:
        raise NotTaken from None
    tags = [element.tag for element in meta.elements]
    if tags != sorted(set(tags)) or any(element.vr == SEQUENCE for element in meta.elements):
        raise NotTaken
    return meta


def charset_in(data: Octets, found: Iterable[Element], otherwise: bytes = b"") -> bytes:
    """SpecificCharacterSet as read."""
    return next((data[e.start : e.end] for e in found if e.tag == CHARACTER_SET), otherwise)


@lru_cache(maxsize=64)
def _encoding(syntax: str) -> tuple[bool, bool]:
    """Whether a transfer syntax is implicit, and whether its pixels are compressed."""
    uid = UID(syntax)
    if syntax not in (ExplicitVRLittleEndian, ImplicitVRLittleEndian) and not (
        uid.is_transfer_syntax and uid.is_encapsulated
    ):
        raise NotTaken
    return syntax == ImplicitVRLittleEndian, uid.is_compressed


class StudyValues:
    """Collects what the leak search of a study has to look for: `identifying_values`, from files instead of headers.

    `found` is what was collected so far, so that several can share the files of a study and be put together (`join`).
    """

    def __init__(self) -> None:
        self._repeats = Repeats()
        self._reader = ValueReader()
        self.found: Values = {}
        self._taken: set[Identifying] = set()

    def add(self, data: Octets, read: Callable[[bytes], Dataset]) -> None:
        """One whole Part 10 file; `read` reads what does not go by byte ranges, and raises what it will."""
        with silent_pydicom():
            try:
                parts = divided(data, self._repeats)
                identifying = self._reader.values(parts)
            except (NotTaken, *UNREADABLE_VALUE):
                original = read(data[:])
                values: Values = {}
                for part in (original, getattr(original, "file_meta", None)):
                    for attribute, value, kind in walk(part) if part is not None else ():
                        values.setdefault((value, kind), attribute)
                identifying = [Identifying(values)]
        if len(self._taken) > MOST_STRETCHES:
            self._taken.clear()
        for piece in identifying:
            if piece not in self._taken:
                self._taken.add(piece)
                self.join(piece.values)

    def join(self, found: Values) -> None:
        """What another one collected."""
        for key, attribute in found.items():
            self.found.setdefault(key, attribute)

    def values(self, date_shift_days: int | None) -> frozenset[IdentifyingValue]:
        """As `identifying_values` gives them."""
        return as_values(self.found, date_shift_days)


@dataclass(eq=False, slots=True)
class Identifying:
    """The identifying values ((value, kind) -> attribute) of one stretch of elements."""

    values: Values
    stable: frozenset[tuple[str, ValueKind]] = frozenset()
    """Those that other objects of the study share: all but `volatile`."""
    volatile: tuple[str, ...] = ()
    """Dates and UIDs."""

    @classmethod
    def of(cls, values: Values) -> Identifying:
        """`values`, sorted into what siblings share and what they do not."""
        volatile = [
            key
            for key in values
            if key[1] is ValueKind.DATE or (key[1] is ValueKind.UID and _PLAIN_UID.fullmatch(key[0]))
        ]
        return cls(values, frozenset(values).difference(volatile), tuple(value for value, _ in volatile))


_NOTHING: Final = Identifying({})


_never_identifies = lru_cache(maxsize=1 << 16)(never_identifies)


def _is_read(element: Element) -> bool:
    """Whether the values of an element are read one by one: of a public one, that may identify."""
    return not (element.tag & 0x10000 or element.vr == SEQUENCE or _never_identifies(element.tag, element.vr))


class ValueReader:
    """Reads values of many objects; remembers each element it has seen, and each stretch that repeats."""

    def __init__(self) -> None:
        self._seen: dict[tuple[bytes, bool], dict[bytes, _Found]] = {}
        self._stretches: dict[tuple[bytes, bool, bytes], Identifying] = {}

    def values(self, parts: Parts) -> list[Identifying]:
        """What the stretches of an object hold, in order, and then its file meta."""
        return [
            *(self._of(stretch, parts.charset, parts.implicit) for stretch in parts.stretches),
            self._of(parts.meta, b"", False),
        ]

    def _of(self, stretch: Stretch, charset: bytes, implicit: bool) -> Identifying:
        if not stretch.repeats:
            return self._read(stretch, charset, implicit)
        key = (charset, implicit, stretch.copied)
        known = self._stretches.get(key)
        if known is None:
            if len(self._stretches) > MOST_STRETCHES:
                self._stretches.clear()
            known = self._stretches[key] = self._read(stretch, charset, implicit)
        return known

    def _read(self, stretch: Stretch, charset: bytes, implicit: bool) -> Identifying:
        values: Values = {}
        self._collect(stretch.data, stretch.found, charset, implicit, 0, values)
        return Identifying.of(values) if values else _NOTHING

    def _collect(
        self,
        data: Octets,
        level_elements: Sequence[Element],
        charset: bytes,
        implicit: bool,
        depth: int,
        values: Values,
    ) -> None:
        seen = self._seen.setdefault((charset, implicit), {})
        if len(seen) > _MOST_REMEMBERED:
            seen.clear()
        creators: dict[tuple[int, int], bytes] = {}
        read = None
        for element in level_elements:
            tag, vr, first, value, stop, end = element
            if vr in SILENT_VRS:
                continue
            if vr == SEQUENCE:
                self._items(data, element, charset, implicit, depth, values)
                continue
            if tag & 0x10000:
                if implicit:
                    self._refuse_hidden_sequence(data, element, charset, creators)
                continue
            if _never_identifies(tag, vr):
                continue
            raw = data[first:end]
            known = seen.get(raw)
            if known is None:
                if vr == "UI" and is_plain(vr, data[value:stop]):
                    uid = data[value:stop].rstrip(b"\0").decode("ascii")
                    known = ((keyword_for_tag(tag), uid, ValueKind.UID),) if is_identifying_uid(uid) else ()
                else:
                    if read is None:  # where one is new, others are: they are read together
                        new = b"".join([data[e.start : e.end] for e in level_elements if _is_read(e)])
                        read = dataset_of(NestingLevel({}, charset, depth, implicit), new)
                    known = tuple(walk_element(read, tag, depth))
                if len(raw) < LONGEST_REMEMBERED:
                    seen[raw] = known
            for attribute, text, kind in known:
                values.setdefault((text, kind), attribute)

    def _items(
        self, data: Octets, element: Element, charset: bytes, implicit: bool, depth: int, values: Values
    ) -> None:
        for item in items(data, element, vr_of=vr_of(implicit), depth=depth):
            found = elements(data, item.start, item.end, vr_of=vr_of(implicit), depth=depth + 1)
            own = charset_in(data, found, charset)
            self._collect(data, found, own, implicit, depth + 1, values)

    @staticmethod
    def _refuse_hidden_sequence(
        data: Octets, element: Element, charset: bytes, creators: dict[tuple[int, int], bytes]
    ) -> None:
        """pydicom knows some private attributes of implicit files to be sequences; such files it shall read itself."""
        group, number = element.tag >> 16, element.tag & 0xFFFF
        if 0x10 <= number <= 0xFF:
            creators[group, number] = data[element.start : element.end]
        elif number >= 0x1000 and (group, number >> 8) in creators:
            level = NestingLevel({}, charset, 0, True)
            if private_vr(dataset_of(level, creators[group, number >> 8]), element.tag) == SEQUENCE:
                raise NotTaken
