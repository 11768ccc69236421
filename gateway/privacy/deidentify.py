"""One MR object without identity: every attribute at every depth decided by the profile, the rest by the IOD.

The order of decision for an attribute: private -> safe list or gone; listed in the profile -> its action code; not
listed -> kept only if the IOD defines it at this place and its VR is the Standard's, dates shifted, UIDs replaced,
text cleaned, codes checked. At the end any text that still contains an identifier of this very object goes as well.
What cannot be decided is held: nothing is guessed.
"""

from __future__ import annotations

import re
import struct
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

from gateway.privacy.codes import clean_coded_entry
from gateway.privacy.descriptors import clean_contrast_agent, clean_text
from gateway.privacy.encoding import new_file_meta
from gateway.privacy.errors import Held
from gateway.privacy.identity import IdentifyingValue, Kind, identifying_values
from gateway.privacy.iod import CLASSIC_MR, Place, attributes_of
from gateway.privacy.leaks import occurs_in
from gateway.privacy.profile import Action, Profile, resolve
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.privacy.safe_private import creator_of, private_b_value, safe_copy
from gateway.privacy.values import (
    EARLIEST, NUMBER_VRS, REMOVED, TEXT_VRS, age_between, capped_age, dummy, is_time, parse_date, shift_date,
    shift_datetime,
)  # fmt: skip

_NOTHING: Final[Mapping[int, Place]] = MappingProxyType({})
_CS: Final = re.compile(r"[A-Z0-9 _]{0,16}")
_SERIES_DESCRIPTION, _CONTRAST_AGENT, _SEQUENCE_NAME = Tag(0x0008103E), Tag(0x00180010), Tag(0x00180024)
_PIXELS: Final = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_VENDOR_TEXT: Final = ("Manufacturer", "ManufacturerModelName", "SoftwareVersions")
_UNREADABLE: Final = (
    ValueError, TypeError, KeyError, AttributeError, IndexError, NotImplementedError, EOFError, OverflowError,
    struct.error, LookupError,
)  # fmt: skip


@dataclass(frozen=True)
class PatientContext:
    """Who the patient is from now on: the same for all studies and priors of one patient of one sender."""

    pseudonym: str
    date_shift_days: int
    key: PseudonymKey


@dataclass(frozen=True)
class Deidentified:
    """The new dataset (with file meta, ready for `encode`), and what was done.

    `actions` counts "Keyword: what" (private ones by tag); `uids` maps each original UID to its replacement.
    """

    dataset: Dataset
    actions: Mapping[str, int]
    uids: Mapping[str, str] = field(repr=False)


def deidentify(
    ds: Dataset, context: PatientContext, profile: Profile, series_kind: str | None = None
) -> Deidentified:
    """A de-identified copy of `ds` (PS3.15 Annex E); `ds` itself is not changed.

    `series_kind` stands in for a series description of which nothing is left. Raises Held for an object that may not
    leave under this profile or cannot be read completely; its text never quotes a value of the object.
    """
    # pydicom's warnings quote values of the object; they must reach neither a log nor a screen.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _refuse(ds, profile)
            return _Engine(ds, context, profile, series_kind).run()
        except Held:
            raise
        except _UNREADABLE as error:
            raise Held(
                f"The object cannot be read completely ({type(error).__name__}).",
                "Ask the sender to send it again; if it stays so, release or leave out this object.",
            ) from None


def _refuse(ds: Dataset, profile: Profile) -> None:
    sop_class = str(ds.get("SOPClassUID") or "")
    if sop_class not in profile.sop_classes:
        kind = "of a private SOP class" if not sop_class.startswith("1.2.840.10008.") else "not an MR image"
        raise Held(
            f"The object is {kind} ({sop_class if kind == 'not an MR image' else 'UID not shown'}).",
            "Such objects stay here; a named person can release one after looking at it.",
        )
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        if not ds.get(keyword):
            raise Held(f"The object has no {keyword}.", "Ask the sender to send a complete object.")
    if str(ds.get("BurnedInAnnotation") or "").strip().upper() not in ("", "NO"):
        raise Held(
            "BurnedInAnnotation says that text is burned into the pixels.",
            "Look at the image; release it only if the text identifies nobody.",
        )
    image_type = ds.get("ImageType") or ()
    values = {str(v).upper() for v in ([image_type] if isinstance(image_type, str) else image_type)}
    if values & profile.hold_image_types:
        raise Held("ImageType says that this is a copy of a screen.", "Look at the image before releasing it.")
    for group in range(0x6000, 0x6020, 2):
        if Tag(group, 0x0010) in ds and Tag(group, 0x3000) not in ds and int(ds.get((group, 0x0102), 0).value or 0):
            raise Held(
                "An overlay is stored in unused bits of the pixel data.",
                "Ask the sender for the image without embedded overlay.",
            )


class _Engine:
    def __init__(self, ds: Dataset, context: PatientContext, profile: Profile, series_kind: str | None) -> None:
        self.original = ds
        self.context = context
        self.profile = profile
        self.series_kind = series_kind
        self.sop_class = str(ds.SOPClassUID)
        self.actions: Counter[str] = Counter()
        self.uids: dict[str, str] = {}
        identifying = identifying_values([ds])
        # Dates have their own rule (shifted by VR everywhere) and would be found in any long number.
        self.identifying: frozenset[IdentifyingValue] = frozenset(v for v in identifying if v.kind is not Kind.DATE)
        self.names = frozenset(v.value.casefold() for v in identifying if v.kind in (Kind.NAME, Kind.NUMBER))
        self.listed_actions = {
            Action.REMOVE: self._remove, Action.EMPTY: self._empty, Action.DUMMY: self._dummy,
            Action.KEEP: self._keep_listed, Action.CLEAN: self._clean, Action.UID: self._uid,
            Action.PSEUDONYM: self._pseudonym, Action.ACCESSION: self._accession, Action.AGE: self._age,
        }  # fmt: skip

    def run(self) -> Deidentified:
        places = attributes_of(self.sop_class, classic_extension=self.profile.classic_extension)
        new = self._dataset(self.original, places)
        self._recomputed_age(new)
        self._promoted_b_value(new)
        self._described(new)
        self._marked(new)
        if hasattr(self.original, "file_meta"):
            new.file_meta = self.original.file_meta  # only to read the transfer syntax from
        new.set_original_encoding(*self.original.original_encoding, "latin-1")
        new.file_meta = new_file_meta(new)
        new.preamble = b"\0" * 128
        return Deidentified(new, MappingProxyType(dict(sorted(self.actions.items()))), MappingProxyType(self.uids))

    # ---- one level -------------------------------------------------------------------------------------------

    def _dataset(self, ds: Dataset, places: Mapping[int, Place]) -> Dataset:
        new = Dataset()
        for element in ds:
            kept = self._element(ds, element, places)
            if kept is not None:
                new.add(kept)
        for tag in [t for t in new.keys() if t.is_private and t.element < 0x100]:
            if not any(t.group == tag.group and t.element >> 8 == tag.element for t in new.keys()):
                del new[tag]
        if clean_coded_entry(new, self.names):
            self.actions["CodeSequence item: cleaned"] += 1
        return new

    def _element(self, ds: Dataset, element: DataElement, places: Mapping[int, Place]) -> DataElement | None:
        tag = element.tag
        if tag.element == 0 or tag.group in (0x0000, 0x0002) or 0x5000 <= tag.group <= 0x50FF or tag.group >> 8 == 0x60:
            return self._log(element, "removed", None)  # group lengths, file meta, curves, overlays
        if tag.is_private:
            return self._private(ds, element)
        code = self.profile.code(tag)
        place = places.get(tag)
        if code is not None:
            action = resolve(code, place.type if place is not None else None)
            return self.listed_actions[action](element, place)
        if tag == 0x00080005:
            return None  # one character set for the whole object is written at the end
        if place is None:
            return self._log(element, "removed, not in the IOD", None)
        if not _has_standard_vr(element):
            return self._log(element, "removed, wrong VR", None)
        return self._unlisted(element, place)

    def _private(self, ds: Dataset, element: DataElement) -> DataElement | None:
        tag = element.tag
        if 0x10 <= tag.element <= 0xFF:
            safe = {creator for group, creator, _ in _safe_keys() if group == tag.group}
            creator = str(element.value or "").strip(" \0")
            return DataElement(tag, "LO", creator) if creator in safe else self._log(element, "removed", None)
        copy = safe_copy(ds, element) if creator_of(ds, tag) else None
        if copy is not None and copy.VR in ("LO", "SH", "CS", "IS") and self._identifies(str(copy.value)):
            copy = None
        return self._log(element, "removed" if copy is None else "kept, safe private", copy)

    # ---- attributes the profile lists ------------------------------------------------------------------------

    def _remove(self, element: DataElement, place: Place | None) -> DataElement | None:
        return self._log(element, "removed", None)

    def _empty(self, element: DataElement, place: Place | None) -> DataElement | None:
        return self._log(element, "emptied", _element(element.tag, _vr(element), None))

    def _dummy(self, element: DataElement, place: Place | None) -> DataElement | None:
        vr = _vr(element)
        if vr == "SQ":
            return self._sequence(element, place, "items cleaned")
        if vr == "UI":
            return self._uid(element, place)
        return self._log(element, "replaced by a dummy", _element(element.tag, vr, dummy(vr)))

    def _keep_listed(self, element: DataElement, place: Place | None) -> DataElement | None:
        if not _has_standard_vr(element):
            return self._log(element, "removed, wrong VR", None)
        if element.VR == "SQ":
            return self._sequence(element, place, "items cleaned")
        if element.VR == "CS" and not self._is_clean_cs(element):
            return self._empty(element, place)
        return self._log(element, "kept", _element(element.tag, element.VR, element.value))

    def _clean(self, element: DataElement, place: Place | None) -> DataElement | None:
        vr = _vr(element)
        cleaned: Any = None
        if vr in ("DA", "DT", "TM"):
            cleaned = self._moved(vr, element.value)
        elif vr in TEXT_VRS:
            cleaned = self._cleaned_text(element)
        if cleaned:
            done = "cleaned" if vr in TEXT_VRS else ("kept" if vr == "TM" else "shifted")
            return self._log(element, done, _element(element.tag, vr, cleaned))
        # Nothing may stay: the basic action decides what that looks like.
        action = resolve(self.profile.basic(element.tag), place.type if place is not None else None)
        return self.listed_actions[action](element, place)

    def _uid(self, element: DataElement, place: Place | None) -> DataElement | None:
        vr = _vr(element)
        if vr == "SQ":  # X/Z/U*: keep the references, replace the UIDs in them
            return self._sequence(element, place, "UIDs replaced")
        if vr != "UI":
            return self._log(element, "removed, wrong VR", None)
        new = [self._new_uid(str(uid)) for uid in _listed(element.value)]
        done = "kept" if new == [str(uid) for uid in _listed(element.value)] else "UID replaced"
        return self._log(element, done, _element(element.tag, "UI", new))

    def _pseudonym(self, element: DataElement, place: Place | None) -> DataElement | None:
        return self._log(element, "pseudonym", _element(element.tag, _vr(element), self.context.pseudonym))

    def _accession(self, element: DataElement, place: Place | None) -> DataElement | None:
        number = self.context.key.accession(self.context.pseudonym, " ".join(map(str, _listed(element.value))))
        return self._log(element, "pseudonym" if number else "emptied", _element(element.tag, _vr(element), number))

    def _age(self, element: DataElement, place: Place | None) -> DataElement | None:
        values = _listed(element.value)
        age = capped_age(str(values[0])) if values and element.VR == "AS" else None
        return self._log(element, "capped" if age else "removed", _element(element.tag, "AS", age) if age else None)

    # ---- attributes only the IOD lists -----------------------------------------------------------------------

    def _unlisted(self, element: DataElement, place: Place) -> DataElement | None:
        vr, tag = element.VR, element.tag
        if vr == "SQ":
            return self._sequence(element, place, "items checked")
        if element.is_empty:
            return self._log(element, "kept", _element(tag, vr, None))
        if vr == "UI":
            return self._uid(element, place)
        if vr in ("DA", "DT", "TM"):
            moved = self._moved(vr, element.value)
            if moved:
                return self._log(element, "kept" if vr == "TM" else "shifted", _element(tag, vr, moved))
        elif vr in NUMBER_VRS:
            if vr != "IS" or not self._identifies_any(element):
                return self._log(element, "kept", self._copied(element))
        elif vr == "CS":
            if self._is_clean_cs(element):
                return self._log(element, "kept", _element(tag, vr, element.value))
        elif tag in self.profile.keep_text:
            if not self._identifies_any(element) and _is_ascii(element):
                return self._log(element, "kept", _element(tag, vr, element.value))
        elif vr in TEXT_VRS:
            cleaned = self._cleaned_text(element)
            if cleaned:
                return self._log(element, "cleaned", _element(tag, vr, cleaned))
        return self.listed_actions[resolve("X/Z/D", place.type)](element, place)

    def _copied(self, element: DataElement) -> DataElement:
        copy = DataElement(element.tag, element.VR, element.value)
        copy.is_undefined_length = element.is_undefined_length and element.tag in _PIXELS
        return copy

    def _sequence(self, element: DataElement, place: Place | None, done: str) -> DataElement | None:
        children = place.children if place is not None else _NOTHING
        if element.VR != "SQ":
            return self._log(element, "removed, wrong VR", None)
        items = [self._dataset(item, children) for item in element.value]
        if items and not any(items) and (place is None or place.type == "3"):
            return self._log(element, "removed, nothing left", None)
        return self._log(element, done, DataElement(element.tag, "SQ", Sequence(items)))

    # ---- values ----------------------------------------------------------------------------------------------

    def _cleaned_text(self, element: DataElement) -> str | list[str]:
        clean = clean_contrast_agent if element.tag == _CONTRAST_AGENT else clean_text
        values = [clean(str(value), self.names) for value in _listed(element.value)]
        values = ["" if self._identifies(value) else value for value in values]
        if element.tag == _SERIES_DESCRIPTION and not any(values):
            return self.series_kind or ""
        return (values if len(values) > 1 else values[0]) if any(values) else ""

    def _moved(self, vr: str, value: Any) -> list[str] | str | None:
        """Dates and date-times shifted, times as they are; None unless every value is what its VR promises."""
        texts = [str(part).strip(" \0") for part in _listed(value)]
        days = self.context.date_shift_days
        moved = [
            (text if is_time(text) else None)
            if vr == "TM"
            else (shift_date(text, days) if vr == "DA" else shift_datetime(text, days))
            for text in texts
        ]
        complete = [text for text in moved if text]
        if not complete or len(complete) != len(moved):
            return None
        return complete if len(complete) > 1 else complete[0]

    def _new_uid(self, original: str) -> str:
        original = original.strip(" \0")
        new = self.context.key.uid(original)
        if new != original:
            self.uids[original] = new
        return new

    def _is_clean_cs(self, element: DataElement) -> bool:
        return all(_CS.fullmatch(str(v)) for v in _listed(element.value)) and not self._identifies_any(element)

    def _identifies_any(self, element: DataElement) -> bool:
        vendor = element.keyword in _VENDOR_TEXT
        return any(self._identifies(str(value), vendor=vendor) for value in _listed(element.value))

    def _identifies(self, text: str, *, vendor: bool = False) -> bool:
        return bool(text) and occurs_in(text, self.identifying, vendor_text=vendor)

    # ---- the object as a whole -------------------------------------------------------------------------------

    def _recomputed_age(self, new: Dataset) -> None:
        """PatientAge from the real dates, which say more than the recorded age (and agree with it, or win)."""
        birth = parse_date(str(self.original.get("PatientBirthDate") or ""))
        keywords = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
        dates = (parse_date(str(self.original.get(keyword) or "")) for keyword in keywords)
        then = next((found for found in dates if found is not None), None)
        age = age_between(birth, then) if birth and then and birth.year > 1900 else None
        if age is not None and self.profile.rules.get(0x00101010) is Action.AGE:
            new.PatientAge = age
            self.actions["PatientAge: recomputed"] = 1

    def _promoted_b_value(self, new: Dataset) -> None:
        if self.sop_class == CLASSIC_MR and "DiffusionBValue" not in new:
            b_value = private_b_value(self.original)
            if b_value is not None:
                new.DiffusionBValue = b_value
                self.actions["DiffusionBValue: promoted from private"] = 1

    def _described(self, new: Dataset) -> None:
        if self.series_kind and not new.get("SeriesDescription"):
            new.SeriesDescription = self.series_kind
            self.actions["SeriesDescription: recognised kind"] = 1

    def _marked(self, new: Dataset) -> None:
        """The markers of PS3.15 E.1.1 and E.3.7; the text names profile and version, the codes the options."""
        new.SpecificCharacterSet = "ISO_IR 100"  # only ASCII is left, and every reader knows this one
        new.PatientIdentityRemoved = "YES"
        new.DeidentificationMethod = f"pml-gateway {self.profile.name} {self.profile.version}"[:64]
        items = []
        for value, meaning in self.profile.method_codes():
            item = Dataset()
            item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
            items.append(item)
        new.DeidentificationMethodCodeSequence = Sequence(items)
        modified = "retain_modified_dates" in self.profile.options
        new.LongitudinalTemporalInformationModified = "MODIFIED" if modified else "REMOVED"
        for keyword in ("PatientName", "PatientID"):  # Type 2: the reading site lists by them
            if not new.get(keyword):
                setattr(new, keyword, self.context.pseudonym)

    def _log(self, element: DataElement, what: str, kept: DataElement | None) -> DataElement | None:
        self.actions[f"{element.keyword or element.tag}: {what}"] += 1
        return kept


def _safe_keys() -> Mapping[tuple[int, str, int], object]:
    from gateway.privacy.safe_private import safe_elements

    return safe_elements()


def _listed(value: Any) -> list[Any]:
    if value is None or value == "" or value == b"":
        return []
    return list(value) if isinstance(value, (MultiValue, list, tuple)) else [value]


def _element(tag: BaseTag, vr: str, value: Any) -> DataElement:
    """A new element; an empty one the way its VR wants it."""
    if isinstance(value, (MultiValue, list, tuple)) and len(value) == 1:
        value = value[0]
    if value is None or (isinstance(value, (list, MultiValue)) and not value):
        value = Sequence() if vr == "SQ" else (b"" if vr in ("OB", "OW", "OF", "OD", "OL", "OV", "UN") else "")
        if vr in ("FD", "FL", "US", "SS", "UL", "SL", "UV", "SV", "AT", "DS", "IS"):
            value = None
    return DataElement(tag, vr, value)


def _standard_vrs(tag: BaseTag) -> frozenset[str]:
    try:
        return frozenset(dictionary_VR(tag).split(" or "))
    except KeyError:
        return frozenset()


def _vr(element: DataElement) -> str:
    """The VR to write a listed attribute with: the Standard's, unless the Standard leaves a choice."""
    standard = _standard_vrs(element.tag)
    return element.VR if element.VR in standard or not standard else sorted(standard)[0]


def _has_standard_vr(element: DataElement) -> bool:
    return element.VR in _standard_vrs(element.tag) or {element.VR} | _standard_vrs(element.tag) <= {"US or SS", "US", "SS"}


def _is_ascii(element: DataElement) -> bool:
    return all(str(value).isascii() for value in _listed(element.value))


__all__ = ["EARLIEST", "REMOVED", "Deidentified", "PatientContext", "deidentify"]
