"""What becomes of each attribute of one object, at every depth: the actions of Table E.1-1a and the rules behind them.

The order of decision: private -> safe list or gone; listed in the profile -> its action code; not listed -> kept only
if the IOD defines it at this place and its VR is the Standard's, then dates shifted, UIDs replaced, text cleaned.
Any text that still contains an identifier of this very object goes as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from dicom_nodes.encoding import vrs
from dicom_nodes.encoding.uids import is_uid
from gateway.privacy.deidentify.coded_entries import clean_coded_entry
from gateway.privacy.deidentify.lookup_tables import (
    SEQUENCES_OF_TABLES,
    TABLES,
    are_tables,
    is_described,
    spectrum,
)
from gateway.privacy.deidentify.pixel_data import BLANKED, has_true_offsets, without_hidden_text
from gateway.privacy.deidentify.texts import TextCleaner, known_texts
from gateway.privacy.elements import has_standard_vr, is_ascii, listed, new_element, vr_to_write
from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.identifiers.values import DEEPEST, IdentifyingValue, identifying_values
from gateway.privacy.profile.iod import AttributeDefinition
from gateway.privacy.profile.profile import Action, Profile, resolve
from gateway.privacy.profile.safe_private import DIFFUSION_KINDS, creator_of, safe_copy, safe_elements
from gateway.privacy.schemes import Replacements
from gateway.privacy.words.coded_terms import is_term
from gateway.privacy.words.dates_and_dummies import (
    NUMBER_VRS,
    REMOVED,
    TEXT_VRS,
    capped_age,
    dummy,
    shift_all,
)
from routing_rules.series.series import SeriesKind

_NOTHING: Final[Mapping[int, AttributeDefinition]] = MappingProxyType({})
_UNSPECIFIED: Final = "US"
_CHARACTER_SET: Final = Tag(0x00080005)
_DELIMITERS: Final = 0xFFFE
_B_VALUE: Final = 0x00189087
# Scanners and programs keep a b-value on other series, where it would make them diffusion for whoever reads the copy.
# In Enhanced MR the functional groups need one (PS3.3 C.8.13.5.9). None: nobody asked what the series is.
_MAY_SAY_B_VALUES: Final = DIFFUSION_KINDS | {SeriesKind.ADC.value, None}
_PIXEL_DATA: Final = 0x7FE00010
_PIXELS: Final = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_OF_PICTURES: Final = frozenset(
    {
        *(0x00280002, 0x00280004, 0x00280010, 0x00280011),  # samples, their meaning, rows and columns
        *range(0x00280100, 0x00280104),  # bits and their representation
        *(0x00200032, 0x00200037, 0x00280030),  # position, orientation and spacing
        *_PIXELS,
    }
)
OFFSET_TABLES: Final = frozenset({0x7FE00001, 0x7FE00002})
"""ExtendedOffsetTable and its lengths, which the fragments of the pixel data prove or not."""
JUDGED_WITH_OTHERS: Final = frozenset({_PIXEL_DATA, *OFFSET_TABLES, *TABLES})
"""Elements of which others of their data set decide."""
# Bulk data that are samples or tables of numbers. Any other (an ICC profile with its texts, a MAC) goes.
_SAMPLES: Final = frozenset(
    {
        *_PIXELS,
        *OFFSET_TABLES,
        0x00283006,  # LUTData
        *range(0x00281201, 0x00281205),  # palette colour lookup tables
        *range(0x00281221, 0x00281225),  # segmented palette colour lookup tables
        0x56000010,  # FirstOrderPhaseCorrectionAngle
        0x56000020,  # SpectroscopyData
    }
)


@dataclass(frozen=True)
class PatientContext:
    """Who the patient is from now on: the same for all studies and priors of one patient of one sender."""

    pseudonym: str
    date_shift_days: int
    key: Replacements


def _needed(element: DataElement, by: str, problem: str) -> Held:
    """The object is held for an attribute that may be neither left out nor made up."""
    return Held(
        f"{element.keyword}, which {by} needs, {problem}.",
        "Sent again as it is, it is held again: ask the sender to correct this attribute, or leave the object out.",
        reason=HeldReason.UNREADABLE,
    )


class AttributeCleaner:
    """Cleans the datasets of one object; `actions` and `uids` say afterwards what was done."""

    def __init__(
        self,
        ds: Dataset,
        context: PatientContext,
        profile: Profile,
        series_kind: str | None,
        identifying: Collection[IdentifyingValue] | None = None,
    ) -> None:
        """`identifying`: the values of `identifying_values([ds])`, when they are known already."""
        self.depth = 0
        self.original = ds
        self.context = context
        self.profile = profile
        self.actions: Counter[str] = Counter()
        self.uids: dict[str, str] = {}
        identifying = identifying_values([ds]) if identifying is None else identifying
        self.series_kind = series_kind
        self.texts = TextCleaner(identifying, series_kind)
        self.listed_actions = {
            Action.REMOVE: self._remove,
            Action.EMPTY: self._empty,
            Action.DUMMY: self._dummy,
            Action.KEEP: self._keep_listed,
            Action.CLEAN: self._clean,
            Action.UID: self._uid,
            Action.PSEUDONYM: self._pseudonym,
            Action.ACCESSION: self._accession,
            Action.AGE: self._age,
        }

    # ---- one level -------------------------------------------------------------------------------------------

    def dataset(self, ds: Dataset, places: Mapping[int, AttributeDefinition]) -> Dataset:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Held(
                f"Sequences of the object are nested more than {DEEPEST} levels deep.",
                "Ask the sender what this object is; no image needs that.",
                reason=HeldReason.UNREADABLE,
            )
        new = self._one_level(ds, places)
        self.depth -= 1
        return new

    def _one_level(self, ds: Dataset, places: Mapping[int, AttributeDefinition]) -> Dataset:
        new = Dataset()
        for tag in sorted(ds.keys()):
            if (
                tag.group == _DELIMITERS
            ):  # one that ends nothing, behind the data set: pydicom cannot read its VR
                self.actions["stray delimiter: removed"] += 1
                continue
            kept = self.element(ds, ds[tag], places)
            if kept is not None:
                new.add(kept)
        tags = [element.tag for element in new if element.tag.is_private]
        blocks = {(tag.group, tag.element >> 8) for tag in tags}
        for tag in tags:
            if tag.element < 0x100 and (tag.group, tag.element) not in blocks:
                del new[tag]
        if clean_coded_entry(new, self.texts.names):
            self.actions["CodeSequence item: cleaned"] += 1
        return new

    def element(
        self, ds: Dataset, element: DataElement, places: Mapping[int, AttributeDefinition]
    ) -> DataElement | None:
        """What becomes of one element of `ds`; a private creator stays if it is a safe one, used or not."""
        tag = element.tag
        if (
            tag.element == 0
            or tag.group in (0x0000, 0x0002)
            or 0x5000 <= tag.group <= 0x50FF
            or tag.group >> 8 == 0x60
        ):
            return self._log(element, "removed", None)  # group lengths, file meta, curves, overlays
        if tag.is_private:
            return self._private(ds, element)
        code = self.profile.code(tag)
        place = places.get(tag)
        if code is not None:
            action = resolve(code, place.type if place is not None else None)
            return self.listed_actions[action](element, place)
        if tag == _CHARACTER_SET:
            return None  # one character set for the whole object is written at the end
        if place is None:
            return self._log(element, "removed, not in the IOD", None)
        if not has_standard_vr(element):
            if tag in _OF_PICTURES:
                raise _needed(
                    element, "the picture", "has another value representation than the Standard gives it"
                )
            return self._log(element, "removed, wrong VR", None)
        return self._unlisted(element, place)

    def _private(self, ds: Dataset, element: DataElement) -> DataElement | None:
        """Creators of safe elements stay for now; `_one_level` drops those whose block is empty in the end."""
        tag = element.tag
        if 0x10 <= tag.element <= 0xFF:
            safe = {creator for group, creator, _ in safe_elements() if group == tag.group}
            creator = creator_of(ds, Tag(tag.group, tag.element << 8))
            return DataElement(tag, "LO", creator) if creator in safe else self._log(element, "removed", None)
        copy = safe_copy(ds, element) if "retain_safe_private" in self.profile.options else None
        if copy is not None and (
            self.texts.identify(copy) or (self.texts.are_dropped and copy.VR in TEXT_VRS)
        ):
            copy = None
        return self._log(element, "removed" if copy is None else "kept, safe private", copy)

    # ---- attributes the profile lists ------------------------------------------------------------------------

    def _remove(self, element: DataElement, _place: AttributeDefinition | None) -> DataElement | None:
        return self._log(element, "removed", None)

    def _empty(self, element: DataElement, _place: AttributeDefinition | None) -> DataElement | None:
        return self._log(element, "emptied", new_element(element.tag, vr_to_write(element), None))

    def _dummy(self, element: DataElement, place: AttributeDefinition | None) -> DataElement | None:
        vr = vr_to_write(element)
        if vr == "SQ":
            return self._sequence(element, place, "items cleaned")
        if vr == "UI":
            return self._uid(element, place)
        return self._log(element, "replaced by a dummy", new_element(element.tag, vr, dummy(vr)))

    def _keep_listed(self, element: DataElement, place: AttributeDefinition | None) -> DataElement | None:
        if not has_standard_vr(element):
            return self._log(element, "removed, wrong VR", None)
        if element.VR == "SQ":
            return self._sequence(element, place, "items cleaned")
        if element.VR == "CS":
            return self._coded(element) or self._empty(element, place)
        if element.VR in NUMBER_VRS and self.texts.identify(element):
            return self._empty(element, place)
        return self._log(element, "kept", new_element(element.tag, element.VR, element.value))

    def _clean(self, element: DataElement, place: AttributeDefinition | None) -> DataElement | None:
        vr = vr_to_write(element)
        cleaned: Any = None
        if vr in ("DA", "DT", "TM"):
            cleaned = self._shifted(element, vr)
        elif vr == "CS":
            coded = self._coded(element) if vr == element.VR else None
            if coded is not None:
                return coded
        elif vr in TEXT_VRS and not isinstance(element.value, bytes):
            cleaned = self.texts.cleaned(element)
        if cleaned:
            done = {"TM": "kept", "DA": "shifted", "DT": "shifted"}.get(vr, "cleaned")
            return self._log(element, done, new_element(element.tag, vr, cleaned))
        # Nothing may stay: the basic action decides what that looks like.
        action = resolve(self.profile.basic(element.tag), place.type if place is not None else None)
        return self.listed_actions[action](element, place)

    def _uid(self, element: DataElement, place: AttributeDefinition | None) -> DataElement | None:
        vr = vr_to_write(element)
        if vr == "SQ":  # X/Z/U*: keep the references, replace the UIDs in them
            return self._sequence(element, place, "UIDs replaced")
        if vr != "UI":
            return self._log(element, "removed, wrong VR", None)
        if isinstance(element.value, bytes):
            return self._log(element, "removed, wrong VR", None)
        values = [str(uid).strip(" \0") for uid in listed(element.value)]
        uids = [uid for uid in values if not uid or is_uid(uid)]
        if values and not any(uids):  # a text, which nobody has to see replaced either
            return self._log(element, "removed, no UID", None)
        new = [self._new_uid(uid) for uid in uids]
        done = "kept" if new == [str(uid) for uid in listed(element.value)] else "UID replaced"
        return self._log(element, done, new_element(element.tag, "UI", new))

    def _pseudonym(self, element: DataElement, _place: AttributeDefinition | None) -> DataElement | None:
        return self._log(
            element, "pseudonym", new_element(element.tag, vr_to_write(element), self.context.pseudonym)
        )

    def _accession(self, element: DataElement, _place: AttributeDefinition | None) -> DataElement | None:
        number = self.context.key.accession(self.context.pseudonym, " ".join(map(str, listed(element.value))))
        return self._log(
            element,
            "pseudonym" if number else "emptied",
            new_element(element.tag, vr_to_write(element), number),
        )

    def _age(self, element: DataElement, _place: AttributeDefinition | None) -> DataElement | None:
        values = listed(element.value)
        age = capped_age(str(values[0])) if values and element.VR == "AS" else None
        return self._log(
            element, "capped" if age else "removed", new_element(element.tag, "AS", age) if age else None
        )

    # ---- attributes only the IOD lists -----------------------------------------------------------------------

    def _unlisted(self, element: DataElement, place: AttributeDefinition) -> DataElement | None:
        vr, tag = element.VR, element.tag
        if tag in SEQUENCES_OF_TABLES and not all(map(are_tables, element.value)):
            return self._log(element, "removed, no look-up table", None)
        if vr == "SQ":
            return self._sequence(element, place, "items checked")
        if element.is_empty:
            return self._log(element, "kept", new_element(tag, vr, None))
        if vr == "UI":
            return self._uid(element, place)
        if vr in ("DA", "DT", "TM"):
            dates_stay = vr == "TM" or "retain_modified_dates" in self.profile.options
            shifted = self._shifted(element, vr) if dates_stay else None
            if shifted:
                return self._log(element, "kept" if vr == "TM" else "shifted", new_element(tag, vr, shifted))
        elif vr in NUMBER_VRS:
            if tag == _B_VALUE and place.type == "3" and self.series_kind not in _MAY_SAY_B_VALUES:
                return self._log(element, "removed, no diffusion", None)
            if tag in OFFSET_TABLES and not has_true_offsets(self.original):
                return self._log(element, "removed, not true", None)
            if not is_described(self.original, tag):
                return self._log(element, "removed, not described", None)
            if (vr not in vrs.BULK_VRS or tag in _SAMPLES) and not self.texts.identify(element):
                return self._log(element, "kept", self._copied(element))
        elif vr == "CS":
            coded = self._coded(element)
            if coded is not None:
                return coded
        elif element.keyword == "RescaleType":
            values = [
                text if is_term("RescaleType", text) else _UNSPECIFIED
                for text in map(str, listed(element.value))
            ]
            done = "kept" if values == list(map(str, listed(element.value))) else "unspecified"
            return self._log(element, done, new_element(tag, vr, values))
        elif tag in self.profile.keep_text:
            kept = known_texts(element)
            if any(kept) and not self.texts.identify(DataElement(tag, vr, kept)) and is_ascii(element):
                done = "kept" if kept == list(map(str, listed(element.value))) else "cleaned"
                return self._log(element, done, new_element(tag, vr, kept))
        elif vr in TEXT_VRS:
            cleaned = self.texts.cleaned(element)
            if cleaned:
                return self._log(element, "cleaned", new_element(tag, vr, cleaned))
        if vr in NUMBER_VRS and place.type in ("1", "1C"):
            # Another number would be a false fact: nothing stands in for it.
            raise _needed(element, "the object", "has a number of the patient, or none that an image has")
        return self.listed_actions[resolve("X/Z/D", place.type)](element, place)

    def _copied(self, element: DataElement) -> DataElement:
        value, encapsulated = element.value, element.is_undefined_length and element.tag in _PIXELS
        if element.tag == _PIXEL_DATA and isinstance(value, bytes):
            value = without_hidden_text(self.original, value, encapsulated=encapsulated)
            if value is not element.value:
                self.actions[BLANKED] += 1
        if element.keyword == "SpectroscopyData" and isinstance(value, bytes):
            value = spectrum(self.original, value)
        copy = DataElement(element.tag, element.VR, value)
        copy.is_undefined_length = encapsulated
        return copy

    def _coded(self, element: DataElement) -> DataElement | None:
        """A coded string with only those values replaced that are no terms of its attribute."""
        values = [str(value) for value in listed(element.value)]
        clean = [is_term(element.keyword, value) for value in values]
        if not clean or not clean[0]:
            return None
        kept = [value if is_clean else REMOVED for value, is_clean in zip(values, clean, strict=True)]
        done = "kept" if all(clean) else "cleaned"
        return self._log(element, done, new_element(element.tag, element.VR, kept))

    def _sequence(
        self, element: DataElement, place: AttributeDefinition | None, done: str
    ) -> DataElement | None:
        children = place.children if place is not None else _NOTHING
        if element.VR != "SQ":
            return self._log(element, "removed, wrong VR", None)
        items = [self.dataset(item, children) for item in element.value]
        if items and not any(items) and (place is None or place.type == "3"):
            return self._log(element, "removed, nothing left", None)
        return self._log(element, done, DataElement(element.tag, "SQ", Sequence(items)))

    # ---- values ----------------------------------------------------------------------------------------------

    def _shifted(self, element: DataElement, vr: str) -> list[str]:
        texts = [str(value) for value in listed(element.value)]
        return shift_all(vr, texts, self.context.date_shift_days)

    def _new_uid(self, original: str) -> str:
        new = self.context.key.uid(original)
        if new != original:
            self.uids[original] = new
        return new

    def _log(self, element: DataElement, what: str, kept: DataElement | None) -> DataElement | None:
        self.actions[f"{element.keyword or element.tag}: {what}"] += 1
        return kept
