"""The identifying values of one object, read from its byte ranges: what `identifying_values` finds, remembered.

Most elements of a study repeat byte for byte, and so do the values in them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from gateway.privacy.identity import (
    UNREADABLE_VALUE,
    IdentifyingValue,
    Kind,
    as_values,
    is_identifying_uid,
    walk,
)
from gateway.privacy.layout import transfer_syntax
from gateway.privacy.outcomes import CHARACTER_SET, LONGEST_REMEMBERED, Level, dataset_of, private_vr
from gateway.privacy.ranges import SEQUENCE, Element, NotTaken, elements, items
from gateway.privacy.silence import silent_pydicom
from gateway.privacy.verbatim import is_plain

Values = dict[tuple[str, Kind], str]
_Found = tuple[tuple[str, str, Kind], ...]
# Values of these never identify by themselves (`identity.walk`).
_SILENT_VRS: Final = frozenset("AS AT CS DS FD FL IS OB OD OF OL OV OW SL SS SV TM UL US UV".split())  # noqa: SIM905


def walked(data: bytes) -> tuple[str, int, list[Element]]:
    """Transfer syntax, where the data set begins, and its elements; raises NotTaken for files not plainly readable."""
    syntax, start = transfer_syntax(data)
    uid = UID(syntax)
    if syntax not in (ExplicitVRLittleEndian, ImplicitVRLittleEndian) and not (
        uid.is_transfer_syntax and uid.is_encapsulated
    ):
        raise NotTaken
    return syntax, start, elements(data, start, len(data), implicit=syntax == ImplicitVRLittleEndian)


class StudyValues:
    """Collects what the leak search of a study has to look for: `identifying_values`, from files instead of headers."""

    def __init__(self) -> None:
        self._reader = ValueReader()
        self._found: Values = {}

    def add(self, data: bytes, read: Callable[[bytes], Dataset]) -> None:
        """One whole Part 10 file; `read` reads what does not go by byte ranges, and raises what it will."""
        with silent_pydicom():
            try:
                syntax, start, found = walked(data)
                charset = next((data[e.start : e.end] for e in found if e.tag == CHARACTER_SET), b"")
                level = Level({}, charset, 1, syntax == ImplicitVRLittleEndian)
                values = self._reader.values(data, start, found, level)
            except (NotTaken, *UNREADABLE_VALUE):
                original = read(data)
                values = {}
                for part in (original, getattr(original, "file_meta", None)):
                    for attribute, value, kind in walk(part) if part is not None else ():
                        values.setdefault((value, kind), attribute)
        for key, attribute in values.items():
            self._found.setdefault(key, attribute)

    def values(self, date_shift_days: int | None) -> frozenset[IdentifyingValue]:
        """As `identifying_values` gives them."""
        return as_values(self._found, date_shift_days)


class ValueReader:
    """Reads values of many objects; remembers each element it has seen."""

    def __init__(self) -> None:
        self._seen: dict[tuple[bytes, bool], dict[bytes, _Found]] = {}

    def values(self, data: bytes, start: int, found: Sequence[Element], level: Level) -> Values:
        """(value, kind) -> attribute, of the data set whose top-level elements are `found` and of its file meta."""
        values: Values = {}
        self._collect(data, found, level.charset, level.implicit, 0, values)
        meta = elements(data, 132, start, implicit=False)
        self._collect(data, meta, b"", False, 0, values)
        return values

    def _collect(
        self,
        data: bytes,
        found: Sequence[Element],
        charset: bytes,
        implicit: bool,
        depth: int,
        values: Values,
    ) -> None:
        seen = self._seen.setdefault((charset, implicit), {})
        if len(seen) > 50_000:
            seen.clear()
        creators: dict[tuple[int, int], bytes] = {}
        for element in found:
            tag, vr, first, value, stop, end = element
            if vr in _SILENT_VRS:
                continue
            if vr == SEQUENCE:
                self._items(data, element, charset, implicit, depth, values)
                continue
            if tag & 0x10000:
                if implicit:
                    self._refuse_hidden_sequence(data, element, charset, creators)
                continue
            raw = data[first:end]
            known = seen.get(raw)
            if known is None:
                if vr == "UI" and is_plain(vr, data[value:stop]):
                    uid = data[value:stop].rstrip(b"\0").decode("ascii")
                    known = ((keyword_for_tag(tag), uid, Kind.UID),) if is_identifying_uid(uid) else ()
                else:
                    level = Level({}, charset, depth, implicit)
                    known = tuple(walk(dataset_of(level, raw), depth))
                if len(raw) < LONGEST_REMEMBERED:
                    seen[raw] = known
            for attribute, text, kind in known:
                values.setdefault((text, kind), attribute)

    def _items(
        self, data: bytes, element: Element, charset: bytes, implicit: bool, depth: int, values: Values
    ) -> None:
        for item in items(data, element, implicit=implicit, depth=depth):
            found = elements(data, item.start, item.end, implicit=implicit, depth=depth + 1)
            own = next((data[e.start : e.end] for e in found if e.tag == CHARACTER_SET), charset)
            self._collect(data, found, own, implicit, depth + 1, values)

    @staticmethod
    def _refuse_hidden_sequence(
        data: bytes, element: Element, charset: bytes, creators: dict[tuple[int, int], bytes]
    ) -> None:
        """pydicom knows some private attributes of implicit files to be sequences; such files it shall read itself."""
        group, number = element.tag >> 16, element.tag & 0xFFFF
        if 0x10 <= number <= 0xFF:
            creators[group, number] = data[element.start : element.end]
        elif number >= 0x1000 and (group, number >> 8) in creators:
            level = Level({}, charset, 0, True)
            if private_vr(dataset_of(level, creators[group, number >> 8]), element.tag) == SEQUENCE:
                raise NotTaken
