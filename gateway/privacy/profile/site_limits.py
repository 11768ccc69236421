"""What a profile may ask for one attribute, and why not: no layer may keep what names a person, place or device.

The measure is the leak search: whatever it looks for may not be kept, or every study would be parked. Free text may
only be cleaned, dates only be shifted, UIDs only be replaced.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

from typing import Final

from pydicom.datadict import dictionary_VR, keyword_for_tag

from dicom_nodes.encoding.vrs import BULK_VRS
from gateway.privacy.profile.table_e1_1 import Action, plain_rows
from gateway.privacy.words.dates_and_dummies import TEXT_VRS

# Attributes that name or number a person, an order or a person's whole record: no action may leave any of it.
_DIRECT: Final = frozenset(
    "PatientName PatientID IssuerOfPatientID IssuerOfPatientIDQualifiersSequence TypeOfPatientID OtherPatientIDs "
    "OtherPatientIDsSequence OtherPatientNames PatientBirthDate PatientBirthTime PatientBirthName "
    "PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar PatientMotherBirthName PatientAddress "
    "PatientTelephoneNumbers PatientTelecomInformation MilitaryRank BranchOfService MedicalRecordLocator "
    "ResponsiblePerson ResponsibleOrganization PatientInsurancePlanCodeSequence PatientReligiousPreference "
    "CountryOfResidence RegionOfResidence AccessionNumber StudyID PatientComments PersonName PersonAddress "
    "OriginalAttributesSequence ModifiedAttributesSequence NonconformingModifiedAttributesSequence "
    "EncryptedAttributesSequence DigitalSignaturesSequence IconImageSequence".split()
)
# The object is found by them: they may neither stay nor be missing.
_NEEDED_UIDS: Final = frozenset(
    "SOPInstanceUID StudyInstanceUID SeriesInstanceUID MediaStorageSOPInstanceUID".split()
)
_WRITTEN_ANEW: Final = frozenset("SOPClassUID SpecificCharacterSet".split())
_COMPUTED: Final = {
    Action.PSEUDONYM: frozenset({"LO", "PN", "SH"}),
    Action.ACCESSION: frozenset({"SH", "LO"}),
    Action.AGE: frozenset({"AS"}),
    Action.UID: frozenset({"UI", "SQ"}),
}
_LEAVING: Final = frozenset({Action.KEEP, Action.CLEAN})
_BULK: Final = BULK_VRS | {"UN"}


def why_not_ruled(tag: int, action: Action, *, dates_move: bool) -> str | None:
    """Why `action` may not be asked for `tag`; None when it may. `dates_move`: the profile shifts dates."""
    keyword, vrs = keyword_for_tag(tag), frozenset(dictionary_VR(tag).split(" or "))
    if _has_own_rule(tag) or keyword in _WRITTEN_ANEW:
        return "always removed or written anew, whatever a profile says"
    if keyword in _NEEDED_UIDS and action is not Action.UID:
        return "a direct identifier without which the object is lost; it can only be replaced (U)"
    if action in _LEAVING and keyword in _DIRECT:
        return "would keep a direct identifier"
    if action in _COMPUTED and not vrs & _COMPUTED[action]:
        return (
            f"this action is for {' and '.join(sorted(_COMPUTED[action]))}, and it is {'/'.join(sorted(vrs))}"
        )
    if action is Action.CLEAN and vrs & {"DA", "DT"} and not dates_move:
        return "shifts a date, but the profile does not apply retain_modified_dates"
    return _why_not_verbatim(tag, vrs) if action is Action.KEEP else None


def _why_not_verbatim(tag: int, vrs: frozenset[str]) -> str | None:
    if "PN" in vrs:
        return "would keep a direct identifier: the name of a person"
    if "UI" in vrs and tag in plain_rows():
        return "would keep a direct identifier: an original UID"
    if vrs & {"DA", "DT"}:
        return "would keep a direct identifier: a real date (and tell the shift)"
    if "AS" in vrs:
        return "would keep a direct identifier: an age above 89 (use age)"
    if vrs & (TEXT_VRS | {"AE", "UR"}):
        return "would keep a direct identifier: text that may name anybody (use C)"
    if vrs & _BULK:
        return "would keep data nobody can judge"
    return None


def why_not_kept(tag: int) -> str | None:
    """Why the text of `tag` may not be kept word for word; None when it may."""
    keyword, vrs = keyword_for_tag(tag), frozenset(dictionary_VR(tag).split(" or "))
    if keyword in _DIRECT or "PN" in vrs:
        return "keeps a direct identifier"
    if tag in plain_rows():
        return "keeps a direct identifier or free text of Table E.1-1; it can only be cleaned by a rule (C)"
    if _has_own_rule(tag) or not vrs <= TEXT_VRS | {"CS"}:
        return "no text attribute of an image"
    return None


def why_not_allowed(tag: int) -> str | None:
    """Why `tag` may not be let in although no MR IOD defines it; None when it may."""
    keyword, vrs = keyword_for_tag(tag), frozenset(dictionary_VR(tag).split(" or "))
    if keyword in _DIRECT:
        return "keeps a direct identifier"
    if tag in plain_rows():
        return "decided by Table E.1-1, in or outside an IOD"
    if _has_own_rule(tag) or vrs & (_BULK | {"PN", "SQ", "UI", "DA", "DT", "AE", "UR"}):
        return "only numbers, codes and text to be cleaned can be allowed"
    return None


def _has_own_rule(tag: int) -> bool:
    """Commands, file meta, curves, overlays, pixel data, group lengths, private attributes: decided elsewhere."""
    group = tag >> 16
    return (
        group in (0x0000, 0x0002, 0x0004, 0x7FE0)
        or group % 2 == 1
        or 0x5000 <= group <= 0x60FF
        or tag & 0xFFFF == 0
    )
