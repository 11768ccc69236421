"""One object put together from byte ranges: admitted, decided stretch by stretch, its pixels uncopied.

What `deidentify` says about it is put together here (`decider`, `memo`). Raises `NotTaken` for what the
walk does not take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ImplicitVRLittleEndian

from dicom_nodes.encoding.elements import Element, NotTaken
from dicom_nodes.encoding.headers import PIXEL_DATA, SHORT_BYTES
from dicom_nodes.encoding.octets import Octets
from dicom_nodes.encoding.part10 import file_meta
from dicom_nodes.encoding.uids import is_uid
from gateway.privacy.deidentify.admission import refuse_if_held
from gateway.privacy.deidentify.attributes import AttributeCleaner, PatientContext
from gateway.privacy.deidentify.instance import FINISHED, InstanceDeidentifier
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.fast.decider import Decider
from gateway.privacy.fast.identifying_values import Identifying, ValueReader, Values, divided
from gateway.privacy.fast.memo import (
    MOST_STRETCHES,
    SHIFTING,
    CleanedElement,
    DecisionContext,
    NestingLevel,
    dataset_of,
    runs_of_digits,
    written,
)
from gateway.privacy.fast.pixels import Pixels
from gateway.privacy.fast.raw_elements import ADMISSION, SERIES, ReadAsIs
from gateway.privacy.fast.repeated_elements import Repeats, Stretch
from gateway.privacy.identifiers.values import IdentifyingValue, ValueKind
from gateway.privacy.profile.iod import attributes_of
from gateway.privacy.profile.profile import Profile

KindOf = Callable[[Dataset], str | None]
"""The kind of the series of an object, asked with its SeriesNumber and SeriesInstanceUID."""

_UIDS: Final = frozenset({0x00080018, 0x0020000D, 0x0020000E})
_METHOD_CODES: Final = 0x00120064
_MOST_CONTEXTS: Final = 64
_MOST_REMEMBERED: Final = 50_000
_CLASS, _INSTANCE, _STUDY, _STUDY_DATE = 0x00080016, 0x00080018, 0x0020000D, 0x00080020


@dataclass(frozen=True, slots=True)
class CopyDescription:
    """What was done to an object, and what it is now."""

    actions: Mapping[str, int]
    uids: Mapping[str, str] = field(repr=False)
    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    transfer_syntax_uid: str
    study_date: str


@dataclass(frozen=True, slots=True)
class Assembled(CopyDescription):
    """An object as `deidentify` would have written it: a whole Part 10 file, of which large values are not copied."""

    pieces: Sequence[bytes | memoryview] = field(repr=False)


class Assembler:
    """Puts the objects of one patient together; remembers what they have in common. Not for several threads at once."""

    def __init__(self, profile: Profile, patient: PatientContext) -> None:
        self.profile, self.patient = profile, patient
        self._repeats = Repeats()
        self._reader = ValueReader()
        self._pixels = Pixels()
        self._read: dict[Stretch, ReadAsIs] = {}
        self._contexts: dict[tuple[frozenset[tuple[str, ValueKind]], str | None], DecisionContext] = {}
        self._context_of: dict[
            tuple[tuple[frozenset[tuple[str, ValueKind]], ...], str | None], DecisionContext
        ] = {}
        self._levels: dict[tuple[str, bytes, bool], NestingLevel] = {}
        self._admitted: dict[tuple[bytes | bool, ...], Dataset] = {}
        self._series: dict[bytes, Dataset] = {}
        self._method_codes: dict[bool, bytes] = {}
        self._actions: dict[tuple[str, ...], Mapping[str, int]] = {}

    def assemble(self, data: Octets, kind_of: KindOf, *, released: bool) -> Assembled:
        """One Part 10 file; raises Held as `deidentify` does, and NotTaken."""
        parts = divided(data, self._repeats)
        pixels = _taken_out(parts.stretches)
        read = [self._read_of(stretch) for stretch in parts.stretches]
        raws: dict[int, bytes] = {}
        for one in read:
            raws.update(one.raws)
            if one.overlays:
                raise NotTaken
        admitted = self._admission(raws, parts.charset, parts.implicit, released)
        sop_class = str(admitted.SOPClassUID)
        kind = kind_of(self._series_of(raws, parts.charset, parts.implicit))
        level = self._level(sop_class, parts.charset, parts.implicit)
        values = self._reader.values(parts)
        volatile = list(dict.fromkeys([value for one in values for value in one.volatile]))
        context = self._context(values, kind)
        decider = Decider(data, context, volatile, lambda: self._cleaner(_merged(values), kind))
        counts: list[str] = []
        uids: dict[str, str] = {}
        outs: dict[int, bytes | memoryview] = {}
        for stretch in parts.stretches:
            gathered = decider.stretch(level, stretch)
            counts += gathered.counts
            if gathered.uids:
                uids.update(gathered.uids)
            outs.update(gathered.chunks)
        finish, finished = self._finish(read, level, decider, values, kind)
        counts += finish.counts
        outs.update(finished)
        order = sorted(outs)
        pieces = [outs[tag] for tag in order if tag < PIXEL_DATA]
        if pixels is not None:
            described = b"".join([one.described for one in read])
            pieces += self._pixels.pieces(
                data,
                pixels,
                described,
                level,
                decider,
                counts,
                syntax=parts.transfer_syntax_uid,
                compressed=parts.compressed,
            )
        if order[-1] > PIXEL_DATA:
            pieces += [outs[tag] for tag in order if tag > PIXEL_DATA]
        new_class, new_uid = _text(outs[_CLASS]), _text(outs[_INSTANCE])
        before, after = _around_uid(new_class, parts.transfer_syntax_uid, len(new_uid))
        return Assembled(
            self._counted(counts),
            MappingProxyType(uids),
            new_class,
            new_uid,
            _text(outs[_STUDY]),
            parts.transfer_syntax_uid,
            _text(outs.get(_STUDY_DATE, b"")),
            (before, new_uid.encode("ascii"), after, *pieces),
        )

    def _read_of(self, stretch: Stretch) -> ReadAsIs:
        if not stretch.repeats:
            return ReadAsIs.of(stretch)
        read = self._read.get(stretch)
        if read is None:
            if len(self._read) > MOST_STRETCHES:
                self._read.clear()
            read = self._read[stretch] = ReadAsIs.of(stretch)
        return read

    def _admission(
        self, found: Mapping[int, bytes], charset: bytes, implicit: bool, released: bool
    ) -> Dataset:
        """The attributes that admission looks at; raises Held unless the object may leave."""
        raws = [found.get(tag, b"") for tag in ADMISSION]
        key = (
            *(
                _judged_as_uid(raw, implicit) if tag in _UIDS else raw
                for tag, raw in zip(ADMISSION, raws, strict=True)
            ),
            charset,
            implicit,
            released,
        )
        known = self._admitted.get(key)
        if known is None:
            known = dataset_of(NestingLevel({}, charset, 1, implicit), b"".join(raws))
            refuse_if_held(known, self.profile, released=released)
            if len(self._admitted) > _MOST_REMEMBERED:
                self._admitted.clear()
            self._admitted[key] = known
        return known

    def _series_of(self, found: Mapping[int, bytes], charset: bytes, implicit: bool) -> Dataset:
        """What tells the kind of a series."""
        raw = b"".join((charset, *(found.get(tag, b"") for tag in SERIES)))
        if raw not in self._series:
            self._series[raw] = dataset_of(NestingLevel({}, b"", 1, implicit), raw)
        return self._series[raw]

    def _level(self, sop_class: str, charset: bytes, implicit: bool) -> NestingLevel:
        level = self._levels.get((sop_class, charset, implicit))
        if level is None:
            places = attributes_of(sop_class, also=self.profile.also_allowed)
            level = self._levels[sop_class, charset, implicit] = NestingLevel(places, charset, 1, implicit)
        return level

    def _context(self, values: Sequence[Identifying], kind: str | None) -> DecisionContext:
        """What is known of objects with these values, whatever their own dates and UIDs are."""
        parts = tuple([one.stable for one in values if one.stable]), kind
        context = self._context_of.get(parts)
        if context is None:
            key = (frozenset().union(*parts[0]), kind)
            if len(self._context_of) >= _MOST_CONTEXTS:
                self._context_of.clear()
            if len(self._contexts) >= _MOST_CONTEXTS:
                self._contexts.clear()
            context = self._contexts.get(key)
            if context is None:
                stable = {one: where for one, where in _merged(values).items() if one in key[0]}
                context = self._contexts[key] = DecisionContext(self._cleaner(stable, kind))
            self._context_of[parts] = context
        if len(context) > _MOST_REMEMBERED:
            context.clear()
        return context

    def _cleaner(self, values: Mapping[tuple[str, ValueKind], str], kind: str | None) -> AttributeCleaner:
        return AttributeCleaner(Dataset(), self.patient, self.profile, kind, _identifying(values))

    def _finish(
        self,
        read: Sequence[ReadAsIs],
        level: NestingLevel,
        decider: Decider,
        values: Sequence[Identifying],
        kind: str | None,
    ) -> tuple[CleanedElement, Mapping[int, bytes]]:
        """What `InstanceDeidentifier.finish` adds to the counts, and the attributes it writes, encoded."""
        raw = b"".join([one.judged for one in read])
        digits = runs_of_digits(b"".join([one.with_digits for one in read]))
        key = level, level.charset + raw, decider.among(digits)
        known = decider.context.finished.get(key)
        if known is not None:
            return known
        identifying = _identifying(_merged(values))
        deidentifier = InstanceDeidentifier(
            dataset_of(level, raw), self.patient, self.profile, kind, identifying
        )
        new = deidentifier.cleaned()
        before = Counter(deidentifier.actions)
        deidentifier.finish(new)
        cleaned = CleanedElement(None, tuple((deidentifier.actions - before).elements()))
        result = cleaned, {tag: self._written(new[tag], level.implicit) for tag in FINISHED if tag in new}
        if digits != SHIFTING:
            decider.context.finished[key] = result
        return result

    def _written(self, element: DataElement, implicit: bool) -> bytes:
        if element.tag != _METHOD_CODES:
            return written(element, implicit=implicit)
        # `InstanceDeidentifier.finish` makes it of the profile alone, and a sequence takes as long as all the others.
        if implicit not in self._method_codes:
            self._method_codes[implicit] = written(element, implicit=implicit)
        return self._method_codes[implicit]

    def _counted(self, counts: Sequence[str]) -> Mapping[str, int]:
        """How often each was done, by name."""
        key = tuple(counts)
        known = self._actions.get(key)
        if known is None:
            if len(self._actions) > _MOST_CONTEXTS:
                self._actions.clear()
            known = self._actions[key] = MappingProxyType(dict(sorted(Counter(counts).items())))
        return known


@lru_cache(maxsize=256)
def _around_uid(sop_class: str, syntax: str, length: int) -> tuple[bytes, bytes]:
    """Preamble and file meta information, before and after a SOP Instance UID of `length` characters."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, "2." + "7" * (length - 2)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.set_original_encoding(syntax == ImplicitVRLittleEndian, True, "latin-1")
    file = encode(ds)
    before, _, after = file[: file_meta(file).end].partition(ds.SOPInstanceUID.encode())
    return before, after


def _taken_out(stretches: Sequence[Stretch]) -> Element | None:
    """PixelData, which is judged with the whole object; it is no longer among the elements then."""
    if not stretches:
        return None
    found = stretches[-1].found
    pixels = next((element for element in reversed(found) if element.tag == PIXEL_DATA), None)
    if pixels is not None:
        found.remove(pixels)
    return pixels


def _merged(values: Sequence[Identifying]) -> Values:
    """All values of an object, each with the first attribute it is in."""
    merged: Values = {}
    for one in values:
        for key, attribute in one.values.items():
            merged.setdefault(key, attribute)
    return merged


def _identifying(values: Mapping[tuple[str, ValueKind], str]) -> list[IdentifyingValue]:
    return [IdentifyingValue(attribute, value, kind) for (value, kind), attribute in values.items()]


def _judged_as_uid(raw: bytes, implicit: bool) -> bytes | bool:
    """All that admission makes of a UID that differs from object to object: whether it is one; or else the element."""
    if not implicit and raw[4:6] != b"UI":
        return raw
    return is_uid(raw[SHORT_BYTES:].decode("latin-1").strip(" \0"))


def _text(out: bytes | memoryview) -> str:
    """The value of a short element as written."""
    return bytes(out)[SHORT_BYTES:].decode("ascii").rstrip(" \0")
