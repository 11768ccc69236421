"""Asks `deidentify` what becomes of elements given as bytes, and remembers its answers (`memo`).

Nothing is decided here. What is not remembered is asked of `AttributeCleaner`, one element at a time; large values are
asked about with a small one in their place, plain ones (`plain_values`) once for each attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from operator import itemgetter
from typing import Final

from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.tag import Tag

from dicom_nodes.encoding.elements import (
    SEQUENCE,
    Element,
    Item,
    NotTaken,
    elements,
    items,
)
from dicom_nodes.encoding.headers import encoded_element, encoded_item
from dicom_nodes.encoding.octets import Octets
from gateway.privacy.deidentify.attributes import JUDGED_WITH_OTHERS, AttributeCleaner
from gateway.privacy.fast.ask_cleaner import answer, may_be_safe, of_element
from gateway.privacy.fast.attribute_plans import plain_plans
from gateway.privacy.fast.dictionary import dictionary_vr, vr_of
from gateway.privacy.fast.memo import (
    BULK_BYTES,
    CHARACTER_SET,
    CODED,
    LARGE_VRS,
    LONGEST_REMEMBERED,
    PROBE,
    SHIFTING,
    WRITTEN_IN,
    CleanedElement,
    CleanedRun,
    DecisionContext,
    Descend,
    Memo,
    NestingLevel,
    Plans,
    bulk_head,
    dataset_of,
    keeps,
    private_vr,
    runs_of_digits,
    written,
)
from gateway.privacy.fast.plain_values import NEVER, PLAIN, is_plain
from gateway.privacy.fast.repeated_elements import Stretch
from gateway.privacy.fast.runs import cleaned_run
from gateway.privacy.profile.iod import AttributeDefinition

_NOT_TEXT: Final = frozenset("AS AT DA DS DT FD FL IS OB OD OF OL OV OW SL SS SV TM UI UL US UV".split())  # noqa: SIM905

_UNKNOWN: Final = CleanedElement(None)


class _Asker(AttributeCleaner):
    """Tells how a sequence is treated, without going into it."""

    told: Descend | None = None

    def _sequence(
        self, element: DataElement, place: AttributeDefinition | None, done: str
    ) -> DataElement | None:
        if element.VR != SEQUENCE:
            raise NotTaken
        children = place.children if place is not None else {}
        self.told = Descend(children, done, not (place is None or place.type == "3"))
        return None


class Decider:
    """What becomes of the elements of one object. `volatile`: its UIDs and dates, which its siblings do not share."""

    def __init__(
        self,
        data: Octets,
        context: DecisionContext,
        volatile: Sequence[str],
        whole: Callable[[], AttributeCleaner],
    ) -> None:
        self.data, self.context, self.volatile, self._make_whole = data, context, volatile, whole

    @cached_property
    def _whole(self) -> AttributeCleaner:
        """Knows every identifying value of this object."""
        return self._make_whole()

    def stretch(self, level: NestingLevel, stretch: Stretch) -> CleanedRun:
        """What becomes of a stretch of elements; raises NotTaken if it makes the object a coded entry, too."""
        if not stretch.repeats:
            return cleaned_run(self.level(level, stretch.found))
        memo = self.context.stretches_of(level)
        key = stretch.copied
        known = memo.plain.get(key) or memo.recall(key, self.among)
        if known is None:
            own = Decider(key, self.context, self.volatile, self._make_whole)
            known = cleaned_run(own.level(level, stretch.found))
            memo.keep(key, known, self.among)
        return known

    def level(
        self, level: NestingLevel, level_elements: Sequence[Element]
    ) -> Iterator[tuple[int, CleanedElement]]:
        """(tag, cleaned element) of the elements of one data set that leave anything or count; creators last."""
        memo = self.context.memo_of(level)
        plain, plans = memo.plain, self._plain_plans(level)
        data = self.data
        creators: dict[tuple[int, int], bytes] = {}
        reserved: dict[tuple[int, int], tuple[int, CleanedElement]] = {}
        for element in level_elements:
            tag, vr, start, value, stop, end = element
            creator = b""
            # Judged with the whole object; in a sequence that is another one.
            if tag in JUDGED_WITH_OTHERS:
                raise NotTaken
            if tag & 0x10000:
                number = tag & 0xFFFF
                group = tag >> 16
                if 0x10 <= number <= 0xFF:
                    creators[group, number] = data[start:end]
                elif number >= 0x1000:
                    creator = creators.get((group, number >> 8), b"")
            plan = plans.get((tag, vr, creator)) if vr in PLAIN else None
            if plan is not None and not plan.uids and is_plain(vr, data[value:stop], tag):
                # Removed or kept as it is, whatever the value: nothing to look up by it.
                if plan.out is None:
                    yield tag, plan
                    continue
                cleaned = CleanedElement(data[start:end], plan.counts)
            elif vr == SEQUENCE and tag & 0x10000:
                cleaned = self._large(level, element, creator)
            elif end - start < BULK_BYTES or (vr not in LARGE_VRS and end - start < LONGEST_REMEMBERED):
                key = creator + data[start:end]
                cleaned = plain.get(key) or self._decided(level, element, creator, key, memo)
            else:
                cleaned = self._large(level, element, creator)
            if tag & 0x10000 and cleaned.out is not None:
                if 0x10 <= tag & 0xFFFF <= 0xFF:
                    reserved[tag >> 16, tag & 0xFFFF] = tag, cleaned
                    continue
                block = (tag >> 16, (tag & 0xFFFF) >> 8)
                if block in reserved:
                    yield reserved.pop(block)
            yield tag, cleaned

    def among(self, digits: tuple[str, ...]) -> frozenset[str]:
        """The UIDs and dates of this object that are in a text with these digits."""
        runs = " ".join(digits)
        return frozenset([value for value in self.volatile if value in runs])

    def cleaner_for(self, digits: tuple[str, ...]) -> AttributeCleaner:
        """Who decides about a text: the one who knows this object's UIDs and dates if any of them is in it."""
        if digits is SHIFTING or self.among(digits):
            return self._whole
        return self.context.cleaner

    # ---- one element -----------------------------------------------------------------------------------------

    def _decided(
        self, level: NestingLevel, element: Element, creator: bytes, key: bytes, memo: Memo[CleanedElement]
    ) -> CleanedElement:
        tag, vr, start, value, stop, end = element
        if vr in PLAIN and tag not in NEVER and is_plain(vr, self.data[value:stop], tag):
            plan = self._plan(level, element, creator)
            if plan is not None:
                if plan.out is None:  # whatever the value is: nothing to remember
                    return plan
                cleaned = self._plain(plan, level, element)
                memo.keep(key, cleaned, self.among)
                return cleaned
        known = memo.recall(key, self.among)
        if known is None:
            if vr == SEQUENCE:
                known = self._sequence(level, element)
            else:
                known = self._asked(level, tag, vr, creator, self.data[start:end])
            memo.keep(key, known, self.among)
        return known

    def _asked(self, level: NestingLevel, tag: int, vr: str, creator: bytes, raw: bytes) -> CleanedElement:
        """The answer of `deidentify` for one element."""
        digits = () if vr in _NOT_TEXT else runs_of_digits(raw)
        return of_element(self.cleaner_for(digits), level, tag, creator + raw, digits)

    def _plain_plans(self, level: NestingLevel) -> Plans:
        if level.plain is None:
            known = plain_plans(self.context.cleaner.profile)
            level.plain = known.of(level.places, level.charset, level.implicit)
        return level.plain

    def _plan(self, level: NestingLevel, element: Element, creator: bytes) -> CleanedElement | None:
        """What `deidentify` makes of a plain value here: the same, a new UID, or nothing; None: ask again."""
        plans, key = self._plain_plans(level), (element.tag, element.vr, creator)
        plan = plans.get(key, _UNKNOWN)
        if plan is not _UNKNOWN:
            return plan
        return plain_plans(self.context.cleaner.profile).add(plans, level, key)

    def _plain(self, plan: CleanedElement, level: NestingLevel, element: Element) -> CleanedElement:
        """The outcome of a plain value that is kept, or is a UID that becomes another one."""
        tag, vr, start, value, stop, end = element
        raw = self.data[start:end]
        if vr != "UI" or not plan.uids:
            return CleanedElement(raw, plan.counts)
        original = self.data[value:stop].rstrip(b"\0").decode("ascii")
        new = self.context.cleaner.context.key.uid(original)
        if new == original:
            return CleanedElement(raw, tuple(one.replace("UID replaced", "kept") for one in plan.counts))
        out = encoded_element(tag, vr, new.encode("ascii"), implicit=level.implicit)
        return CleanedElement(out, plan.counts, ((original, new),))

    def _large(self, level: NestingLevel, element: Element, creator: bytes) -> CleanedElement:
        """A large value, which `deidentify` keeps whole or not at all whatever it is; or it is asked after all."""
        tag, vr, start, value, stop, end = element
        if vr == SEQUENCE:
            return (
                self._private_sequence(level, element, creator)
                if tag & 0x10000
                else self._sequence(level, element)
            )
        if (
            vr not in LARGE_VRS
            or may_be_safe(tag, creator, vr)
            or (vr == "UN" and self._known_vr(level, tag, creator))
        ):
            return self._asked(level, tag, vr, creator, self.data[start:end])
        plan = self.bulk_plan(level, element, creator)
        if not keeps(plan):
            return plan
        if (stop - value) % 2 or stop != end:
            raise NotTaken
        return CleanedElement(bulk_head(plan, stop - value) + self.data[value:stop], plan.counts)

    def bulk_plan(self, level: NestingLevel, element: Element, creator: bytes = b"") -> CleanedElement:
        """What `deidentify` does with a large value, asked with a small one in its place."""
        key = (element.tag, element.vr, creator)
        if key not in level.plans:
            probe = encoded_element(element.tag, element.vr, PROBE, implicit=level.implicit)
            level.plans[key] = self._asked(level, element.tag, element.vr, creator, probe)
        plan = level.plans[key]
        assert isinstance(plan, CleanedElement)
        return plan

    def _private_sequence(self, level: NestingLevel, element: Element, creator: bytes) -> CleanedElement:
        """Gone, whatever is in it: no sequence is on the list of safe ones."""
        key = (element.tag, SEQUENCE, creator)
        if key not in level.plans:
            empty = encoded_element(element.tag, SEQUENCE, b"", implicit=level.implicit)
            level.plans[key] = self._asked(level, element.tag, SEQUENCE, creator, empty)
        plan = level.plans[key]
        assert isinstance(plan, CleanedElement)
        return plan

    def _known_vr(self, level: NestingLevel, tag: int, creator: bytes) -> bool:
        """Whether pydicom knows what a UN really is (and so may fail to decode it)."""
        if not tag & 0x10000:
            return True
        return private_vr(dataset_of(level, creator), tag) not in LARGE_VRS

    # ---- sequences -------------------------------------------------------------------------------------------

    def _sequence(self, level: NestingLevel, element: Element) -> CleanedElement:
        # By its attribute it is no sequence: what `deidentify` does depends on its value.
        if dictionary_vr(element.tag) != SEQUENCE:
            return self._asked(level, element.tag, SEQUENCE, b"", self.data[element.start : element.end])
        plan = self._sequence_plan(level, element)
        if isinstance(plan, CleanedElement):
            return plan
        counts: list[str] = []
        uids: list[tuple[str, str]] = []
        digits: list[str] = []
        contents: list[bytes] = []
        for item in items(self.data, element, vr_of=vr_of(level.implicit), depth=level.depth):
            found = elements(self.data, item.start, item.end, vr_of=vr_of(level.implicit), depth=level.depth)
            charset = next((self.data[e.start : e.end] for e in found if e.tag == CHARACTER_SET), b"")
            below = level.child(plan.children, charset)
            if any(e.tag in CODED for e in found):
                all_cleaned = [self._coded(below, item)]
            else:
                all_cleaned = [cleaned for _, cleaned in sorted(self.level(below, found), key=itemgetter(0))]
            for cleaned in all_cleaned:
                counts += cleaned.counts
                uids += cleaned.uids
                digits += cleaned.digits
            contents.append(b"".join([cleaned.out for cleaned in all_cleaned if cleaned.out]))
        name = _name(element.tag)
        shifting = SHIFTING if "*" in digits else tuple(digits)
        if contents and not any(contents) and not plan.kept_empty:
            return CleanedElement(None, (*counts, f"{name}: removed, nothing left"), tuple(uids), shifting)
        value = b"".join([encoded_item(content) for content in contents])
        out = encoded_element(element.tag, SEQUENCE, value, implicit=level.implicit)
        return CleanedElement(out, (*counts, f"{name}: {plan.done}"), tuple(uids), shifting)

    def _sequence_plan(self, level: NestingLevel, element: Element) -> CleanedElement | Descend:
        key = (element.tag, SEQUENCE, b"")
        plan = level.plans.get(key)
        if plan is None:
            base = self.context.cleaner
            asker = _Asker(base.original, base.context, base.profile, base.series_kind, ())
            empty = DataElement(element.tag, SEQUENCE, DicomSequence())
            ds = Dataset()
            ds.add(empty)
            new = asker.element(ds, empty, level.places)
            plan = asker.told or CleanedElement(
                None if new is None else written(new, implicit=level.implicit),
                tuple(asker.actions.elements()),
            )
            level.plans[key] = plan
        return plan

    def _coded(self, level: NestingLevel, item: Item) -> CleanedElement:
        """An item that is a coded entry, or looks like one: its attributes depend on one another."""
        raw = self.data[item.start : item.end]
        memo = self.context.memo_of(level)
        key = b"item" + raw
        known = memo.plain.get(key) or memo.recall(key, self.among)
        if known is not None:
            return known
        digits = runs_of_digits(raw)
        cleaner = self.cleaner_for(digits)
        ds = dataset_of(level, raw)
        cleaner.depth = level.depth - 1
        try:
            new, counts, uids = answer(cleaner, lambda: cleaner.dataset(ds, level.places))
        finally:
            cleaner.depth = 0
        stream = DicomBytesIO()
        stream.is_implicit_VR, stream.is_little_endian = level.implicit, True
        write_dataset(stream, new, WRITTEN_IN)
        cleaned = CleanedElement(stream.getvalue(), counts, uids, digits)
        memo.keep(key, cleaned, self.among)
        return cleaned


@cache
def _name(tag: int) -> str:
    return keyword_for_tag(tag) or str(Tag(tag))
