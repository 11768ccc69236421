"""One MR object without identity (PS3.15 Annex E): admission, every attribute, then the object as a whole.

What cannot be decided is held: nothing is guessed. The input is never changed, and the same input gives the same
output, byte for byte.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from gateway.privacy.deidentify.admission import refuse_if_held
from gateway.privacy.deidentify.attributes import AttributeCleaner, PatientContext
from gateway.privacy.deidentify.part10 import new_file_meta, refuse_unknown_syntax
from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.identifiers.values import UNREADABLE_VALUE, IdentifyingValue
from gateway.privacy.profile.iod import CLASSIC_MR, attributes_of
from gateway.privacy.profile.profile import Action, Profile
from gateway.privacy.profile.safe_private import proven_b_value
from gateway.privacy.words.dates_and_dummies import age_between, parse_date
from gateway.quiet_pydicom import silent_pydicom

__all__ = ["Deidentified", "PatientContext", "deidentify"]


_LATERALITY: Final = 0x00200060
# What `InstanceDeidentifier.finish` writes, and what it reads besides.
FINISHED: Final = frozenset(
    {
        0x00080005,  # SpecificCharacterSet
        0x0008103E,  # SeriesDescription
        0x00100010,  # PatientName
        0x00100020,  # PatientID
        0x00101010,  # PatientAge
        0x00120062,  # PatientIdentityRemoved
        0x00120063,  # DeidentificationMethod
        0x00120064,  # DeidentificationMethodCodeSequence
        0x00189087,  # DiffusionBValue
        0x00200060,  # Laterality
        0x00280301,  # BurnedInAnnotation
        0x00280302,  # RecognizableVisualFeatures
        0x00280303,  # LongitudinalTemporalInformationModified
    }
)
JUDGED_TOGETHER: Final = FINISHED | {
    0x00080008,  # ImageType
    0x00080016,  # SOPClassUID
    0x00080020,  # StudyDate
    0x00080021,  # SeriesDate
    0x00080022,  # AcquisitionDate
    0x00080023,  # ContentDate
    0x00100030,  # PatientBirthDate
    0x00180015,  # BodyPartExamined
    0x00180020,  # ScanningSequence
    0x00200062,  # ImageLaterality
}


@dataclass(frozen=True)
class Deidentified:
    """The new dataset (with file meta, ready for `encode`), and what was done.

    `actions` counts "Keyword: what" (private ones by tag); `uids` maps each original UID to its replacement.
    """

    dataset: Dataset
    actions: Mapping[str, int]
    uids: Mapping[str, str] = field(repr=False)


def deidentify(
    ds: Dataset,
    context: PatientContext,
    profile: Profile,
    series_kind: str | None = None,
    *,
    released: bool = False,
) -> Deidentified:
    """A de-identified copy of `ds` (PS3.15 Annex E); `ds` itself is not changed.

    `series_kind`, what recognition proved the series to be, stands in for a series description of which nothing is
    left, and decides whether a private b-value is one. `released`: a named person has looked at this very object and
    vouches that its pixels identify nobody, so what the profile declares releasable does not
    stop it; every attribute is treated as ever. Raises Held for an object that may not leave under this profile or
    cannot be read completely; its text never quotes a value of the object.
    """
    with silent_pydicom():
        try:
            refuse_if_held(ds, profile, released=released)
            refuse_unknown_syntax(ds)
            return InstanceDeidentifier(ds, context, profile, series_kind).run()
        except Held:
            raise
        except UNREADABLE_VALUE as error:
            raise Held(
                f"The object cannot be read completely ({type(error).__name__}).",
                "Ask the sender to send it again; if it stays so, leave out this object.",
                reason=HeldReason.UNREADABLE,
            ) from None


class InstanceDeidentifier:
    """One object: its attributes, then what depends on more than one of them (`finish`)."""

    def __init__(
        self,
        ds: Dataset,
        context: PatientContext,
        profile: Profile,
        series_kind: str | None,
        identifying: Collection[IdentifyingValue] | None = None,
    ) -> None:
        self.original = ds
        self.context = context
        self.profile = profile
        self.series_kind = series_kind
        self.sop_class = str(ds.SOPClassUID)
        self.cleaner = AttributeCleaner(ds, context, profile, series_kind, identifying)
        self.actions = self.cleaner.actions

    def run(self) -> Deidentified:
        new = self.cleaned()
        self.finish(new)
        if hasattr(self.original, "file_meta"):
            new.file_meta = self.original.file_meta  # only to read the transfer syntax from
        implicit, little = self.original.original_encoding
        new.set_original_encoding(implicit, little, "latin-1")
        new.file_meta = new_file_meta(new)
        new.preamble = b"\0" * 128
        return Deidentified(
            new, MappingProxyType(dict(sorted(self.actions.items()))), MappingProxyType(self.cleaner.uids)
        )

    def cleaned(self) -> Dataset:
        """A new dataset, attribute by attribute."""
        return self.cleaner.dataset(
            self.original, attributes_of(self.sop_class, also=self.profile.also_allowed)
        )

    def finish(self, new: Dataset) -> None:
        """Change `new` where several attributes decide together, and say in it what was done.

        Reads `JUDGED_TOGETHER`, `safe_private.B_VALUES` and `GE_FLAG` only, writes `FINISHED` only.
        """
        self._recomputed_age(new)
        self._promoted_b_value(new)
        self._described(new)
        self._sided(new)
        self._vouched_for(new)
        self._marked(new)

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
            b_value = proven_b_value(self.original, self.series_kind)
            if b_value is not None:
                new.DiffusionBValue = b_value
                self.actions["DiffusionBValue: promoted from private"] = 1

    def _described(self, new: Dataset) -> None:
        if self.series_kind and not new.get("SeriesDescription"):
            new.SeriesDescription = self.series_kind
            self.actions["SeriesDescription: recognised kind"] = 1

    def _sided(self, new: Dataset) -> None:
        """Laterality, empty, where the body part went that made it needless (Type 2C, PS3.3 C.7.3.1)."""
        gone = bool(self.original.get("BodyPartExamined")) and not new.get("BodyPartExamined")
        told = any(keyword in new for keyword in ("Laterality", "ImageLaterality"))
        if gone and not told and _LATERALITY in attributes_of(self.sop_class):
            new.Laterality = ""
            self.actions["Laterality: empty, the body part is gone"] = 1

    def _vouched_for(self, new: Dataset) -> None:
        """BurnedInAnnotation of a released image becomes NO.

        PS3.3 C.7.6.1 asks for YES where there is "sufficient burned in annotation to identify the patient"; whoever
        released the image has denied just that, and PatientIdentityRemoved YES speaks for the pixel data too. Nothing
        was blacked out, so the Clean Pixel Data Option (113101) is not claimed.
        """
        if str(new.get("BurnedInAnnotation") or "NO") != "NO":
            new.BurnedInAnnotation = "NO"
            self.actions["BurnedInAnnotation: NO, vouched for by a person"] = 1

    def _marked(self, new: Dataset) -> None:
        """The markers of PS3.15 E.1.1 and E.3.7; the text names the profile by its fingerprint, the codes the options.

        (A site chooses the name of its own profile: it could name the hospital, so it stays here.)
        """
        new.SpecificCharacterSet = "ISO_IR 100"  # only ASCII is left, and every reader knows this one
        new.PatientIdentityRemoved = "YES"
        new.DeidentificationMethod = f"pml-gateway {self.profile.base} {self.profile.fingerprint[:16]}"
        items = []
        for value, meaning in self.profile.method_codes():
            item = Dataset()
            item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
            items.append(item)
        new.DeidentificationMethodCodeSequence = Sequence(items)
        modified = "retain_modified_dates" in self.profile.options
        new.LongitudinalTemporalInformationModified = "MODIFIED" if modified else "REMOVED"
        if self.profile.faces_out:
            new.RecognizableVisualFeatures = "NO"  # PS3.15 E.3.2; the code of the option is among those above
        for keyword in ("PatientName", "PatientID"):  # Type 2: the reading site lists by them
            if not new.get(keyword):
                setattr(new, keyword, self.context.pseudonym)
