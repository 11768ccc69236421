"""The way back: a new object of the reading site under the patient's own identity (PS3.15 E.1.2, Re-identifier).

What comes back is always a new SOP instance: a report built here, or whatever a reading site makes of the copies it
was sent (a report, a presentation state, a segmentation, a capture, a derived image). Patient and study become the
sender's own, every UID that was replaced on the way out becomes the original again at every depth, what speaks of
de-identification go, and dates copied from the shifted study move back.

Which dates are those? Copied dates lie before the study (the shift is at least 30 days into the past), the reading
site's own dates after it: so a date before the original study date, or one that is the shifted form of a date of the
original header, moves back by the shift; every other date is the reading site's and stays. Words typed into free text
are never changed.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from dicom_nodes.encoding.vrs import TEXT_VRS
from gateway.privacy.elements import listed, one_or_many
from gateway.privacy.reidentify.character_sets import write_in
from gateway.privacy.reidentify.references import refuse_if_foreign
from gateway.privacy.words.dates_and_dummies import EARLIEST, parse_date, shift_date
from gateway.quiet_pydicom import silent_pydicom

# Patient and Study attributes that come from the original study, whether the object brought them or not.
_IDENTITY: Final = (
    "PatientName PatientID IssuerOfPatientID IssuerOfPatientIDQualifiersSequence TypeOfPatientID "
    "OtherPatientIDsSequence OtherPatientIDs OtherPatientNames PatientBirthDate PatientBirthTime PatientSex "
    "PatientAge PatientSize PatientWeight "
    "StudyInstanceUID StudyDate StudyTime StudyID StudyDescription AccessionNumber IssuerOfAccessionNumberSequence "
    "ReferringPhysicianName"
).split()
# Types 2 of the Patient and Study modules: present even when the original left them out.
_ALWAYS: Final = frozenset(
    "PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime StudyID AccessionNumber "
    "ReferringPhysicianName".split()
)
_MARKERS: Final = frozenset(
    "PatientIdentityRemoved DeidentificationMethod DeidentificationMethodCodeSequence "
    "LongitudinalTemporalInformationModified".split()
)
# Where the copies lay at the reading site: the originals do not lie there.
_PLACES: Final = frozenset("RetrieveAETitle RetrieveLocationUID RetrieveURI RetrieveURL".split())
_FOREIGN_META: Final = (
    "SourceApplicationEntityTitle SendingApplicationEntityTitle ReceivingApplicationEntityTitle "
    "SourcePresentationAddress SendingPresentationAddress ReceivingPresentationAddress "
    "PrivateInformationCreatorUID PrivateInformation"
).split()
# Dates of devices and code tables: never a date of the study (and removed or replaced on the way out).
_NOT_THE_STUDYS: Final = frozenset(
    "ContextGroupVersion ContextGroupLocalVersion DateOfLastCalibration DateTimeOfLastCalibration "
    "DateOfManufacture DateOfInstallation DateOfSecondaryCapture".split()
)


def restore(
    ds: Dataset,
    original_patient_study: Dataset,
    uid_back: Mapping[str, str],
    *,
    date_shift_days: int | None = None,
    pseudonym: str = "",
    accession_back: Mapping[str, str] = MappingProxyType({}),
) -> Dataset:
    """A copy of `ds` with the identity of `original_patient_study` and with every known UID mapped back.

    `original_patient_study` is the header of an object the study came with. `uid_back` maps the gateway's UIDs to the
    originals, of this case and its priors; an object of the reading site that was accepted before stands in it under
    its own UID, so that later objects may refer to it. With `date_shift_days` (days that were added on the way out)
    dates of the study move back. `pseudonym` is the case's own: an object with another one is held, and where it is a
    whole value it becomes the patient's number or name. `accession_back` maps replaced accession numbers of the case
    and its priors (the object's own is mapped without it).

    Raises Held when the object belongs to no case, to another study or patient, refers to an unknown study or
    instance, or is no new object.
    """
    with silent_pydicom():
        refuse_if_foreign(ds, str(original_patient_study.StudyInstanceUID), uid_back, pseudonym)
        original = copy.deepcopy(original_patient_study)
        new = copy.deepcopy(ds)
        own_names = {str(ds.get(keyword) or "").strip() for keyword in ("PatientID", "PatientName")}
        accessions = {
            str(ds.get("AccessionNumber") or "").strip(): str(original.get("AccessionNumber") or "")
        }
        _Restorer(
            original=original,
            uid_back=uid_back,
            pseudonyms=frozenset({pseudonym, *own_names} - {""}),
            accessions={key: value for key, value in (accessions | dict(accession_back)).items() if key},
            days=date_shift_days,
            study_date=parse_date(str(original.get("StudyDate") or "")),
            known_dates=frozenset(_dates(original)),
        ).restore(new)
        for keyword in _IDENTITY:
            if keyword in original:
                new[keyword] = original[keyword]
            elif keyword in _ALWAYS:
                setattr(new, keyword, "")
            elif keyword in new:
                del new[keyword]
        write_in(new, original.get("SpecificCharacterSet"))
    if hasattr(new, "file_meta"):
        new.file_meta.MediaStorageSOPInstanceUID = new.SOPInstanceUID
        for keyword in _FOREIGN_META:
            if keyword in new.file_meta:
                del new.file_meta[keyword]
    return new


@dataclass(frozen=True)
class _Restorer:
    """Walks one object and gives each element its original value back."""

    original: Dataset
    uid_back: Mapping[str, str]
    pseudonyms: frozenset[str]
    accessions: Mapping[str, str]
    days: int | None
    study_date: date | None
    known_dates: frozenset[str]

    def restore(self, ds: Dataset) -> None:
        for keyword in _MARKERS | _PLACES:
            if keyword in ds:
                del ds[keyword]
        about_patient = str(ds.get("PatientID") or "").strip() in self.pseudonyms
        about_order = str(ds.get("AccessionNumber") or "").strip() in self.accessions
        for element in ds:
            if element.VR == "SQ":
                for item in element.value:
                    self.restore(item)
            elif element.VR == "UI":
                uids = [str(uid).strip(" \0") for uid in listed(element.value)]
                element.value = one_or_many([self.uid_back.get(uid, uid) for uid in uids])
            elif element.VR in TEXT_VRS:
                self._text(element)
            elif element.VR in ("DA", "DT") and element.keyword not in _NOT_THE_STUDYS:
                element.value = one_or_many([self._date(str(text)) for text in listed(element.value)])
        if about_patient:
            self._from_original(ds, "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence")
            if "PatientBirthDate" in ds:
                self._from_original(ds, "PatientBirthDate")
        if about_order:
            self._from_original(ds, "IssuerOfAccessionNumberSequence")

    def _text(self, element: DataElement) -> None:
        text = str(element.value or "").strip()
        if text in self.pseudonyms:
            keyword = "PatientName" if element.VR == "PN" else "PatientID"
            element.value = self.original.get(keyword) or ""
        elif text in self.accessions:
            element.value = self.accessions[text]

    def _date(self, text: str) -> str:
        """DA or DT `text` moved back when it is a shifted date of the study; the rest of a DT stays."""
        found = parse_date(text[:8])
        if self.days is None or found is None or text[:8] == EARLIEST:
            return text
        back = shift_date(text[:8], -self.days)
        before_study = self.study_date is not None and found < self.study_date
        return back + text[8:] if back and (before_study or back in self.known_dates) else text

    def _from_original(self, ds: Dataset, *keywords: str) -> None:
        for keyword in keywords:
            if keyword in self.original:
                ds[keyword] = copy.deepcopy(self.original[keyword])
            elif keyword in ds:
                del ds[keyword]


def _dates(ds: Dataset) -> Iterator[str]:
    for element in ds:
        if element.VR == "SQ":
            for item in element.value:
                yield from _dates(item)
        elif element.VR in ("DA", "DT") and element.keyword not in _NOT_THE_STUDYS | {"PatientBirthDate"}:
            yield from (text for value in _texts(element.value) if (text := value[:8]) and parse_date(text))


def _texts(value: Any) -> list[str]:
    return [str(part).strip(" \0") for part in listed(value)]
