"""Many objects of one study prepared fast: de-identified, encoded and searched for leaks, from bytes to bytes.

The result is byte for byte that of `encode(deidentify(...).dataset)` and `find_leaks`; the engine on datasets decides
everything, here its answers are put together (`outcomes`). Objects the walk over byte ranges does not take (other
encodings, anything that is not plainly well-formed, whatever has to be held) go through that engine whole; `whole`
counts them.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from types import MappingProxyType
from typing import Any, Final

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import UID, ImplicitVRLittleEndian

from gateway.privacy.admission import refuse_if_held
from gateway.privacy.attributes import AttributeCleaner, PatientContext
from gateway.privacy.decider import Decider
from gateway.privacy.deidentify import FINISHED, JUDGED_TOGETHER, Engine, deidentify
from gateway.privacy.encoding import encode
from gateway.privacy.errors import Held, Reason
from gateway.privacy.identifying import ValueReader, walked
from gateway.privacy.identity import UNREADABLE_VALUE, IdentifyingValue, Kind
from gateway.privacy.iod import attributes_of
from gateway.privacy.layout import transfer_syntax
from gateway.privacy.leaks import Leak, LeakSearch
from gateway.privacy.outcomes import (
    CHARACTER_SET,
    CODED,
    SHIFTING,
    Context,
    Level,
    Outcome,
    bulk_head,
    dataset_of,
    keeps,
    runs_of_digits,
    written,
)
from gateway.privacy.pixel_data import without_hidden_text
from gateway.privacy.profile import Profile
from gateway.privacy.ranges import PIXEL_DATA, Element, NotTaken
from gateway.privacy.safe_private import B_VALUES
from gateway.privacy.silence import silent_pydicom

_ADMISSION: Final = (0x00080008, 0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00280301)
_UIDS: Final = frozenset({0x00080018, 0x0020000D, 0x0020000E})
_SERIES_NUMBER: Final = 0x00200011
_STUDY_DATE: Final = 0x00080020
_STUDY: Final = 0x0020000D
_B_VALUE_PLACES: Final = frozenset((group, low) for group, _, low in B_VALUES)
_B_VALUE_GROUPS: Final = frozenset(group for group, _ in _B_VALUE_PLACES)
_PLAIN_UID: Final = re.compile(r"[0-9.]{8,}")
_MOST_CONTEXTS: Final = 64
_MOST_REMEMBERED: Final = 50_000
UNREADABLE_FILE: Final = (InvalidDicomError, zlib.error, *UNREADABLE_VALUE)

Read = Callable[[bytes], Dataset]
"""How a whole file is read when it does not go by byte ranges; what it raises goes to the caller."""
KindOf = Callable[[Dataset], str | None]
"""The kind of the series of an object, asked with its SeriesNumber and SeriesInstanceUID."""


@dataclass(frozen=True)
class Prepared:
    """One object that may leave when `leaks` is empty: `file` is a whole Part 10 file."""

    file: bytes = field(repr=False)
    actions: Mapping[str, int]
    uids: Mapping[str, str] = field(repr=False)
    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    transfer_syntax_uid: str
    study_date: str
    leaks: tuple[Leak, ...]


class Preparer:
    """Prepares the objects of one patient in one study; `values` are what its leak search looks for.

    It keeps identifying values in memory while it lives, as `values` does. Not for several threads at once.
    """

    def __init__(
        self,
        profile: Profile,
        patient: PatientContext,
        values: Collection[IdentifyingValue],
        read: Read | None = None,
    ) -> None:
        self.profile, self.patient = profile, patient
        self.search = LeakSearch(values)
        self._read = read or _read
        self.whole = 0
        """Objects that went through the engine on datasets."""
        self._reader = ValueReader()
        self._contexts: dict[tuple[Any, ...], Context] = {}
        self._levels: dict[tuple[str, bytes, bool], Level] = {}
        self._admitted: dict[tuple[bytes | bool, ...], Dataset] = {}
        self._lengths: dict[bytes, tuple[int, ...]] = {}
        self._series: dict[bytes, Dataset] = {}
        self._heads: dict[tuple[str, str, int], tuple[bytes, bytes]] = {}

    def prepare(self, data: bytes, kind_of: KindOf, *, released: bool = False) -> Prepared:
        """One Part 10 file de-identified, encoded and searched; raises Held as `deidentify` does."""
        try:
            with silent_pydicom():
                return self._by_ranges(data, kind_of, released)
        except (NotTaken, Held, *UNREADABLE_VALUE):
            self.whole += 1
        return self._whole(data, kind_of, released)

    # ---- the engine on datasets ------------------------------------------------------------------------------

    def _whole(self, data: bytes, kind_of: KindOf, released: bool) -> Prepared:
        with silent_pydicom():
            original = self._read(data)
            kind = kind_of(original)
        done = deidentify(original, self.patient, self.profile, kind, released=released)
        new = done.dataset
        with held_if_it_cannot_be("written again"):
            file = encode(new)
        return Prepared(
            file,
            done.actions,
            done.uids,
            str(new.SOPClassUID),
            str(new.SOPInstanceUID),
            str(new.StudyInstanceUID),
            str(new.file_meta.TransferSyntaxUID),
            str(new.get("StudyDate", "") or ""),
            tuple(self.search.leaks(file)),
        )

    # ---- by byte ranges --------------------------------------------------------------------------------------

    def _by_ranges(self, data: bytes, kind_of: KindOf, released: bool) -> Prepared:
        syntax, start, found = walked(data)
        implicit, compressed = syntax == ImplicitVRLittleEndian, UID(syntax).is_compressed
        by_tag = {element.tag: element for element in found}
        pixels = by_tag.pop(PIXEL_DATA, None)
        if pixels is not None:
            found.remove(pixels)
        charset = _raw(data, by_tag, CHARACTER_SET)
        admitted = self._admission(data, by_tag, charset, implicit, released)
        sop_class = str(admitted.SOPClassUID)
        series = charset + _raw(data, by_tag, 0x0020000E) + _raw(data, by_tag, _SERIES_NUMBER)
        if series not in self._series:
            self._series[series] = dataset_of(Level({}, b"", 1, implicit), series)
        kind = kind_of(self._series[series])
        level = self._levels.get((sop_class, charset, implicit))
        if level is None:
            places = attributes_of(sop_class, also=self.profile.also_allowed)
            level = self._levels[sop_class, charset, implicit] = Level(places, charset, 1, implicit)
        values = self._reader.values(data, start, found, level)
        context, volatile = self._context(values, kind)
        decider = Decider(data, context, volatile, lambda: self._cleaner(values, kind))
        counts: list[str] = []
        uids: dict[str, str] = {}
        outs: dict[int, bytes | memoryview] = {}
        for tag, outcome in decider.level(level, found):
            counts += outcome.counts
            if outcome.uids:
                uids.update(outcome.uids)
            if outcome.out is not None:
                outs[tag] = outcome.out
        finish, finished = self._finish(data, found, level, decider, kind, values)
        counts += finish.counts
        for tag in FINISHED:
            outs.pop(tag, None)
        outs.update(finished)
        if not CODED.isdisjoint(outs):  # an image that is a coded entry, too
            raise NotTaken
        parts = [outs[tag] for tag in sorted(outs) if tag < PIXEL_DATA]
        if pixels is not None:
            parts += self._pixels(data, pixels, by_tag, level, decider, counts, compressed=compressed)
        parts += [outs[tag] for tag in sorted(outs) if tag > PIXEL_DATA]
        new_class, new_uid = (_text(outs[tag]) for tag in (0x00080016, 0x00080018))
        file = b"".join((*self._head(new_class, new_uid, syntax), *parts))
        return Prepared(
            file,
            MappingProxyType(dict(sorted(Counter(counts).items()))),
            MappingProxyType(uids),
            new_class,
            new_uid,
            _text(outs[_STUDY]),
            syntax,
            _text(outs.get(_STUDY_DATE, b"")),
            tuple(self.search.leaks(file)),
        )

    def _admission(
        self, data: bytes, by_tag: Mapping[int, Element], charset: bytes, implicit: bool, released: bool
    ) -> Dataset:
        """The attributes that admission looks at; raises Held unless the object may leave."""
        overlays = [tag for tag in by_tag if tag >> 24 == 0x60 and tag & 0xFFFF in (0x0102, 0x3000)]
        if overlays:
            raise NotTaken
        raws = [_raw(data, by_tag, tag) for tag in _ADMISSION]
        key = (
            *(
                raw[8:].strip(b" \0") != b"" if tag in _UIDS else raw
                for tag, raw in zip(_ADMISSION, raws, strict=True)
            ),
            charset,
            implicit,
            released,
        )
        known = self._admitted.get(key)
        if known is None:
            known = dataset_of(Level({}, charset, 1, implicit), b"".join(raws))
            refuse_if_held(known, self.profile, released=released)
            if len(self._admitted) > _MOST_REMEMBERED:
                self._admitted.clear()
            self._admitted[key] = known
        return known

    def _context(self, values: Mapping[tuple[str, Kind], str], kind: str | None) -> tuple[Context, list[str]]:
        volatile = [
            value
            for value, what in values
            if what is Kind.DATE or (what is Kind.UID and _PLAIN_UID.fullmatch(value))
        ]
        gone = set(volatile)
        stable = {
            key: where
            for key, where in values.items()
            if key[0] not in gone or key[1] not in (Kind.UID, Kind.DATE)
        }
        key = (frozenset(stable), kind)
        context = self._contexts.get(key)
        if context is None or sum(map(len, context.memo.values())) > _MOST_REMEMBERED:
            if len(self._contexts) >= _MOST_CONTEXTS:
                self._contexts.clear()
            context = self._contexts[key] = Context(self._cleaner(stable, kind))
        return context, volatile

    def _cleaner(self, values: Mapping[tuple[str, Kind], str], kind: str | None) -> AttributeCleaner:
        return AttributeCleaner(Dataset(), self.patient, self.profile, kind, _identifying(values))

    def _finish(
        self,
        data: bytes,
        found: Sequence[Element],
        level: Level,
        decider: Decider,
        kind: str | None,
        values: Mapping[tuple[str, Kind], str],
    ) -> tuple[Outcome, Mapping[int, bytes]]:
        """What `Engine.finish` adds to the counts, and the attributes it writes, encoded."""
        raw = b"".join(
            data[e.start : e.end] for e in found if e.tag in JUDGED_TOGETHER or _may_hold_b_value(e.tag)
        )
        digits = runs_of_digits(
            b"".join(data[e.start : e.end] for e in found if e.tag in (0x0008103E, 0x00280301))
        )
        key = level, level.charset + raw, decider.among(digits)
        known = decider.context.finished.get(key)
        if known is not None:
            return known
        identifying = _identifying(values)
        engine = Engine(dataset_of(level, raw), self.patient, self.profile, kind, identifying)
        new = engine.cleaned()
        before = Counter(engine.actions)
        engine.finish(new)
        outcome = Outcome(None, tuple((engine.actions - before).elements()))
        result = outcome, {tag: written(new[tag], implicit=level.implicit) for tag in FINISHED if tag in new}
        if digits != SHIFTING:
            decider.context.finished[key] = result
        return result

    def _pixels(
        self,
        data: bytes,
        pixels: Element,
        by_tag: Mapping[int, Element],
        level: Level,
        decider: Decider,
        counts: list[str],
        *,
        compressed: bool,
    ) -> list[bytes | memoryview]:
        """PixelData as the engine leaves it, uncopied; text beside the pixels sends the object to the engine."""
        encapsulated = pixels.end != pixels.stop
        length = pixels.stop - pixels.value
        if encapsulated != compressed or length % 2 or not length:
            raise NotTaken
        if encapsulated:
            value = data[pixels.value : pixels.stop]
            if without_hidden_text(Dataset(), value, encapsulated=True) is not value:
                raise NotTaken
        else:
            described = b"".join(
                data[e.start : e.end] for tag, e in by_tag.items() if 0x00280002 <= tag <= 0x00280103
            )
            expected = self._expected_length(level, described)
            if (
                expected is not None
                and length > expected
                and data[pixels.value + expected : pixels.stop].strip(b"\0")
            ):
                raise NotTaken
        plan = decider.bulk_plan(level, pixels)
        counts += plan.counts
        if plan.out is None:
            return []
        if not keeps(plan):
            raise NotTaken
        head = bulk_head(plan, 0xFFFFFFFF if encapsulated else length)
        body = memoryview(data)[pixels.value : pixels.stop]
        return [head, body, b"\xfe\xff\xdd\xe0\0\0\0\0"] if encapsulated else [head, body]

    def _expected_length(self, level: Level, described: bytes) -> int | None:
        known = self._lengths.get(described)
        if known is None:
            try:
                expected = get_expected_length(dataset_of(level, described), unit="bytes")
                known = (expected + expected % 2,)
            except UNREADABLE_VALUE:
                known = ()
            self._lengths[described] = known
        return known[0] if known else None

    def _head(self, sop_class: str, uid: str, syntax: str) -> tuple[bytes, bytes, bytes]:
        """Preamble and file meta information."""
        key = (sop_class, syntax, len(uid))
        if key not in self._heads:
            ds = Dataset()
            ds.SOPClassUID, ds.SOPInstanceUID = sop_class, "2." + "7" * (len(uid) - 2)
            ds.file_meta = FileMetaDataset()
            ds.file_meta.TransferSyntaxUID = UID(syntax)
            ds.set_original_encoding(syntax == ImplicitVRLittleEndian, True, "latin-1")
            file = encode(ds)
            before, _, after = file[: transfer_syntax(file)[1]].partition(ds.SOPInstanceUID.encode())
            self._heads[key] = before, after
        before, after = self._heads[key]
        return before, uid.encode("ascii"), after


@contextmanager
def held_if_it_cannot_be(done: str) -> Iterator[None]:
    """Bytes in memory: what fails here lies in them, OSError for a value that ends too early included."""
    try:
        yield
    except UNREADABLE_FILE as error:
        raise Held(
            f"The object cannot be {done} ({type(error).__name__}).",
            "Ask the sender to send it again, or leave it out.",
            reason=Reason.UNREADABLE,
        ) from None


def _read(data: bytes) -> Dataset:
    with held_if_it_cannot_be("read"):
        return dcmread(BytesIO(data))


def _identifying(values: Mapping[tuple[str, Kind], str]) -> list[IdentifyingValue]:
    return [IdentifyingValue(attribute, value, kind) for (value, kind), attribute in values.items()]


def _raw(data: bytes, by_tag: Mapping[int, Element], tag: int) -> bytes:
    element = by_tag.get(tag)
    return data[element.start : element.end] if element is not None else b""


def _text(out: bytes | memoryview) -> str:
    """The value of a short element as written."""
    return bytes(out)[8:].decode("ascii").rstrip(" \0")


def _may_hold_b_value(tag: int) -> bool:
    group, number = tag >> 16, tag & 0xFFFF
    return group in _B_VALUE_GROUPS and (
        0x10 <= number <= 0xFF or (number >= 0x1000 and (group, number & 0xFF) in _B_VALUE_PLACES)
    )
