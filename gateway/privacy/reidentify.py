"""The way back: a new object of the reading site under the patient's own identity (PS3.15 E.1.2, Re-identifier).

The object that comes back is always a new SOP instance. It belongs to the case whose study it names; one that names
none, or that is one of our own images under its old UID, is held and never passed through.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydicom.charset import convert_encodings
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from gateway.privacy.errors import Held, Reason
from gateway.privacy.silence import silent_pydicom

# Patient and Study attributes that come from the original study, whether the object brought them or not.
_IDENTITY: Final = (
    "PatientName PatientID IssuerOfPatientID IssuerOfPatientIDQualifiersSequence TypeOfPatientID "
    "OtherPatientIDsSequence OtherPatientIDs OtherPatientNames PatientBirthDate PatientBirthTime PatientSex "
    "PatientAge PatientSize PatientWeight "
    "StudyInstanceUID StudyDate StudyTime StudyID StudyDescription AccessionNumber IssuerOfAccessionNumberSequence "
    "ReferringPhysicianName"
).split()
_MARKERS: Final = (
    "PatientIdentityRemoved DeidentificationMethod DeidentificationMethodCodeSequence "
    "LongitudinalTemporalInformationModified"
).split()
# Types 2 of the Patient and Study modules: present even when the original left them out.
_ALWAYS: Final = (
    "PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime StudyID AccessionNumber "
    "ReferringPhysicianName"
).split()


def restore(ds: Dataset, original_patient_study: Dataset, uid_back: Mapping[str, str]) -> Dataset:
    """A copy of `ds` with the identity of `original_patient_study` and with every known UID mapped back.

    `uid_back` maps the gateway's UIDs to the originals (of this case and its priors). Raises Held when the object
    belongs to no case, to another study, or is no new object.
    """
    study = str(ds.get("StudyInstanceUID") or "")
    if study not in uid_back or uid_back[study] != str(original_patient_study.StudyInstanceUID):
        raise Held(
            "The object names no study of this case.",
            "Send it within the study that was sent for reading.",
            reason=Reason.UNKNOWN_STUDY,
        )
    if not ds.get("SOPInstanceUID") or str(ds.SOPInstanceUID) in uid_back:
        raise Held(
            "The object is not new: its SOP Instance UID is one we sent.",
            "Store the result as a new object.",
            reason=Reason.NOT_NEW,
        )
    pseudonym = {str(ds.get(keyword) or "") for keyword in ("PatientID", "PatientName")} - {""}
    with silent_pydicom():
        new = copy.deepcopy(ds)
        _map_back(new, uid_back, original_patient_study, pseudonym, str(ds.get("AccessionNumber") or ""))
        for keyword in _IDENTITY:
            if keyword in original_patient_study:
                new[keyword] = copy.deepcopy(original_patient_study[keyword])
            elif keyword in _ALWAYS:
                setattr(new, keyword, "")
            elif keyword in new:
                del new[keyword]
        _set_character_set(new, original_patient_study)
    if hasattr(new, "file_meta"):
        new.file_meta.MediaStorageSOPInstanceUID = new.SOPInstanceUID
        for keyword in ("SourceApplicationEntityTitle", "PrivateInformationCreatorUID", "PrivateInformation"):
            if keyword in new.file_meta:
                del new.file_meta[keyword]
    return new


def _map_back(
    ds: Dataset, uid_back: Mapping[str, str], original: Dataset, pseudonyms: set[str], accession: str
) -> None:
    for keyword in _MARKERS:
        if keyword in ds:
            del ds[keyword]
    for element in ds:
        if element.VR == "SQ":
            for item in element.value:
                _map_back(item, uid_back, original, pseudonyms, accession)
        elif element.VR == "UI":
            element.value = _mapped(element.value, uid_back)
        elif element.VR in ("PN", "LO", "SH") and str(element.value or "") in pseudonyms:
            _replace(element, original)
        elif element.keyword == "AccessionNumber" and accession and str(element.value) == accession:
            element.value = original.get("AccessionNumber") or ""


def _replace(element: DataElement, original: Dataset) -> None:
    keyword = "PatientName" if element.VR == "PN" else "PatientID"
    element.value = original.get(keyword) or ""


def _mapped(value: Any, uid_back: Mapping[str, str]) -> Any:
    if isinstance(value, (MultiValue, list)):
        return [uid_back.get(str(uid), str(uid)) for uid in value]
    return uid_back.get(str(value), str(value)) if value else value


def _set_character_set(new: Dataset, original: Dataset) -> None:
    """The original character set when it can write every text of the object, UTF-8 otherwise.

    A PACS files the report under the original patient, so the identity should be spelled the way it knows it.
    """
    charset = original.get("SpecificCharacterSet")
    encodings = convert_encodings(charset)
    if all(_encodable(text, encodings) for text in _texts(new)):
        if charset:
            new.SpecificCharacterSet = charset
        elif "SpecificCharacterSet" in new:
            del new.SpecificCharacterSet
    else:
        new.SpecificCharacterSet = "ISO_IR 192"
    for element in new:
        if element.VR == "SQ":
            for item in element.value:
                _drop_character_sets(item)


def _drop_character_sets(item: Dataset) -> None:
    if "SpecificCharacterSet" in item:
        del item.SpecificCharacterSet
    for element in item:
        if element.VR == "SQ":
            for nested in element.value:
                _drop_character_sets(nested)


def _encodable(text: str, encodings: list[str]) -> bool:
    for encoding in encodings:
        try:
            text.encode("ascii" if encoding == "iso8859" else encoding)
        except (UnicodeEncodeError, LookupError):
            continue
        return True
    return False


def _texts(ds: Dataset) -> Iterable[str]:
    for element in ds:
        if element.VR == "SQ":
            for item in element.value:
                yield from _texts(item)
        elif element.VR in ("PN", "LO", "SH", "LT", "ST", "UC", "UT"):
            value = element.value
            yield from (str(v) for v in (value if isinstance(value, (MultiValue, list)) else [value or ""]))
