"""Identity comes back: the right patient, the original UIDs, and nothing that belongs to no case."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import EnhancedSRStorage

from gateway.privacy import Held, deidentify, load_profile, restore
from support.hostile_mr import Person, context, hostile_mr

PROFILE = load_profile()
names = st.text(
    st.characters(min_codepoint=65, max_codepoint=0x17F, categories=("L",)), min_size=2, max_size=12
)


def answer(sent: Dataset, uid: str = "2.25.900") -> Dataset:
    """A new object of the reading site about the images it was sent."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.SourceApplicationEntityTitle = "READING"
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID, ds.SeriesInstanceUID = EnhancedSRStorage, uid, "2.25.901"
    for keyword in (
        "PatientName",
        "PatientID",
        "StudyInstanceUID",
        "StudyDate",
        "AccessionNumber",
        "PatientIdentityRemoved",
        "DeidentificationMethod",
        "DeidentificationMethodCodeSequence",
        "LongitudinalTemporalInformationModified",
    ):
        ds[keyword] = sent[keyword]
    image = Dataset()
    image.ReferencedSOPInstanceUID, image.ReferencedSOPClassUID = sent.SOPInstanceUID, sent.SOPClassUID
    study = Dataset()
    study.StudyInstanceUID, study.ReferencedSOPSequence = sent.StudyInstanceUID, [image]
    study.AccessionNumber, study.PatientID = sent.AccessionNumber, sent.PatientID
    ds.CurrentRequestedProcedureEvidenceSequence = [study]
    ds.ContentDate, ds.SeriesDescription = "20260110", "Second opinion"
    return ds


def back(person: Person) -> tuple[Dataset, Dataset, dict[str, str]]:
    """(original, de-identified, map back)."""
    original = hostile_mr(person, depth=1)
    sent = deidentify(original, context(person), PROFILE)
    return original, sent.dataset, {new: old for old, new in sent.uids.items()}


@given(names, names, st.integers(10**6, 10**9).map(str))
@settings(derandomize=True, max_examples=25, deadline=None)
def test_the_identifiers_that_went_in_come_out_again(family: str, given_name: str, number: str) -> None:
    """Patient, accession, study and every nested reference are the originals again, the markers are gone."""
    original, sent, uid_back = back(
        Person(family=family, given=given_name, patient_id=number, accession="A" + number)
    )
    new = restore(answer(sent), original, uid_back)
    for keyword in (
        "PatientName",
        "PatientID",
        "IssuerOfPatientID",
        "PatientBirthDate",
        "PatientSex",
        "StudyInstanceUID",
        "StudyDate",
        "StudyID",
        "AccessionNumber",
        "StudyDescription",
    ):
        assert new[keyword].value == original[keyword].value, keyword
    study = new.CurrentRequestedProcedureEvidenceSequence[0]
    assert study.StudyInstanceUID == original.StudyInstanceUID
    assert study.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == original.SOPInstanceUID
    assert (study.AccessionNumber, study.PatientID) == (original.AccessionNumber, original.PatientID)
    assert new.SOPInstanceUID == "2.25.900"
    assert new.ContentDate == "20260110"
    for keyword in (
        "PatientIdentityRemoved",
        "DeidentificationMethodCodeSequence",
        "LongitudinalTemporalInformationModified",
    ):
        assert keyword not in new
    assert "SourceApplicationEntityTitle" not in new.file_meta


def test_the_object_that_came_is_not_changed() -> None:
    """Restoring works on a copy."""
    original, sent, uid_back = back(Person())
    came = answer(sent)
    restore(came, original, uid_back)
    assert came == answer(sent)


def test_objects_of_no_case_of_another_study_or_not_new_are_held() -> None:
    """Nothing is passed through on a guess."""
    original, sent, uid_back = back(Person())
    stranger = answer(sent)
    stranger.StudyInstanceUID = "2.25.5"
    other = hostile_mr(Person(uid_root="1.3.12.99"), depth=0)
    for came, about in (
        (stranger, original),
        (answer(sent), other),
        (answer(sent, uid=sent.SOPInstanceUID), original),
    ):
        with pytest.raises(Held):
            restore(came, about, uid_back)


def test_the_original_character_set_is_used_when_it_can_write_the_text() -> None:
    """Latin-1 stays Latin-1 unless the report needs more."""
    original, sent, uid_back = back(Person(family="Müller"))
    original.SpecificCharacterSet = "ISO_IR 100"
    assert restore(answer(sent), original, uid_back).SpecificCharacterSet == "ISO_IR 100"
    came = answer(sent)
    came.SeriesDescription = "Zweitmeinung 意见"
    assert restore(came, original, uid_back).SpecificCharacterSet == "ISO_IR 192"
