"""One report in every form: identity, evidence, bytes, and what independent readers say of it."""

from __future__ import annotations

import random
from datetime import date, timedelta, timezone
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    BasicTextSRStorage,
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    EnhancedSRStorage,
    ExplicitVRLittleEndian,
)

from gateway.reporting.documents.evidence import EvidenceProblem
from gateway.reporting.documents.forms import DocumentForm
from gateway.reporting.example import phantom_form, phantom_report
from gateway.reporting.report import Report, report_from_form
from gateway.reporting.signer import Signature
from support.objects.reports import (
    PRIOR,
    REPORT_UID,
    SIGNED_AT,
    SIGNER,
    STUDY,
    dciodvfy_errors,
    document,
    dumped,
    encoded,
    evidence_uids,
    items,
    mr_headers,
    read_back,
    reports,
    rich_report,
    values,
)

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = {
    DocumentForm.ENHANCED: EnhancedSRStorage,
    DocumentForm.COMPREHENSIVE: ComprehensiveSRStorage,
    DocumentForm.BASIC: BasicTextSRStorage,
    DocumentForm.PDF: EncapsulatedPDFStorage,
}
SR_FORMS = (DocumentForm.ENHANCED, DocumentForm.COMPREHENSIVE, DocumentForm.BASIC)


@pytest.mark.dicom3tools
@pytest.mark.parametrize("form", DocumentForm)
def test_dciodvfy_finds_no_error(form: DocumentForm, tmp_path: Path) -> None:
    """An independent checker of IODs accepts every form of the report."""
    priors = mr_headers(2, PRIOR, "20251103")
    ds = document(rich_report(), priors=priors, date_shift_days=-365, as_=form)
    assert ds.SOPClassUID == CLASSES[form]
    assert dciodvfy_errors(ds, tmp_path) == []


@pytest.mark.dcmtk
@pytest.mark.parametrize("form", SR_FORMS)
@pytest.mark.parametrize("hours", [0, -5])
def test_dcmtk_reads_the_tree(form: DocumentForm, hours: int, tmp_path: Path) -> None:
    """DCMTK reads the document back with patient, codes and times, in any zone."""
    at = SIGNED_AT.astimezone(timezone(timedelta(hours=hours)))
    told = report_from_form({**phantom_form(), "communication.at": at.isoformat()})
    text = dumped(document(told, as_=form, signature=Signature(SIGNER, at)), tmp_path)
    assert "Müßig^Jürgen" in text
    assert "VERIFIED" in text
    assert "(NPS-ACTIVE-4,99NPSR" in text
    assert '"50 mm"' in text if form is DocumentForm.BASIC else 'NUM:(103339001,SCT,"Long axis")="50' in text


@pytest.mark.dicom3tools
@given(report=reports())
@settings(max_examples=12)
def test_any_report_builds_a_valid_document(report: Report, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever the model accepts becomes a valid SR that says every coded answer."""
    ds = document(report)
    folder = tmp_path_factory.mktemp("document")
    assert dciodvfy_errors(ds, folder) == []
    again = read_back(ds)
    assert len(values(again, "Lesion or lesion group")) == len(report.lesions)
    assert values(again, "Impression")[0].TextValue == report.narrative.replace("\n", "\r\n")
    level = values(again, "Suspicion of new or active PML")[0].ConceptCodeSequence[0].CodeValue
    assert level == f"NPS-ACTIVE-{'NASS' if report.suspicion.level is None else report.suspicion.level}"


@pytest.mark.dicom3tools
@given(
    report=reports(), form=st.sampled_from([DocumentForm.PDF, DocumentForm.COMPREHENSIVE, DocumentForm.BASIC])
)
@settings(max_examples=9)
def test_any_report_is_valid_in_every_other_form(
    report: Report, form: DocumentForm, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the model accepts: no error in the PDF, nor in the SRs for archives that take no Enhanced SR."""
    assert dciodvfy_errors(document(report, as_=form), tmp_path_factory.mktemp("document")) == []


@given(report=reports())
@settings(max_examples=8)
def test_any_report_builds_as_basic_text(report: Report) -> None:
    """Basic Text SR never holds a NUM, whatever was measured."""
    assert "NUM" not in {item.ValueType for item in items(document(report, as_=DocumentForm.BASIC))}


@pytest.mark.parametrize("form", DocumentForm)
def test_the_same_report_gives_the_same_bytes(form: DocumentForm) -> None:
    """Order of the files on disk and time of building change nothing, so a second try sends the same object."""
    headers, priors = mr_headers(6), mr_headers(3, PRIOR, "20251103")
    first = encoded(document(phantom_report(), headers, priors=priors, as_=form))
    shuffled = random.Random(4).sample(headers, 6) + headers[:2]
    assert encoded(document(phantom_report(), shuffled, priors=priors[::-1], as_=form)) == first


@pytest.mark.parametrize("form", DocumentForm)
def test_patient_and_study_are_those_of_the_sender(form: DocumentForm) -> None:
    """Identity is taken from the original header, in Unicode, and nothing claims it was removed."""
    headers = mr_headers(
        PatientIdentityRemoved="YES",
        DeidentificationMethod="x",
        LongitudinalTemporalInformationModified="MODIFIED",
    )
    ds = read_back(document(phantom_report(), headers, as_=form))
    assert ds.PatientName == "Müßig^Jürgen"
    assert ds.ReferringPhysicianName == "Überweiser^Uta"
    assert (ds.PatientID, ds.PatientBirthDate, ds.PatientSex) == ("SYN-4711", "19800229", "M")
    assert (ds.StudyInstanceUID, ds.AccessionNumber, ds.StudyID) == (STUDY, "SYN-ACC-1", "77")
    assert (ds.StudyDate, ds.StudyTime, ds.StudyDescription) == ("20260201", "101112", "Schädel MRT")
    assert not [element for element in ds.iterall() if 0x00120062 <= element.tag <= 0x00120064]
    assert "LongitudinalTemporalInformationModified" not in ds
    assert ds.SOPInstanceUID == REPORT_UID
    assert ds.file_meta.MediaStorageSOPInstanceUID == REPORT_UID
    assert ds.file_meta.MediaStorageSOPClassUID == ds.SOPClassUID == CLASSES[form]
    assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert (ds.InstanceCreationDate, ds.ContentDate, ds.ContentTime) == ("20260203", "20260203", "123000")
    assert ds.Manufacturer == "pml-gateway"


@pytest.mark.parametrize("form", [DocumentForm.ENHANCED, DocumentForm.PDF])
@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 100", "Müßig^Jürgen"),
        ("ISO_IR 144", "Люкceмбypг"),
        ("ISO_IR 192", "Νάτα^Άννα"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
    ],
)
def test_names_survive_every_character_set(form: DocumentForm, charset: Any, name: str) -> None:
    """A name in the sender's character set is the same name in the report's."""
    headers = mr_headers(1)[0]
    for element in ("StudyDescription", "ReferringPhysicianName"):
        delattr(headers, element)
    headers.SpecificCharacterSet, headers.PatientName = charset, name
    buffer = BytesIO()
    headers.save_as(buffer, implicit_vr=False, little_endian=True)
    received = dcmread(BytesIO(buffer.getvalue()), force=True)
    ds = read_back(document(phantom_report(), [received], as_=form))
    assert ds.SpecificCharacterSet == "ISO_IR 192"
    assert str(ds.PatientName) == name


@pytest.mark.filterwarnings("ignore:Invalid value for VR")
@pytest.mark.parametrize("form", [DocumentForm.ENHANCED, DocumentForm.PDF])
@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientName", "MONONYM"),
        ("PatientName", ""),
        ("PatientSex", "W"),
        ("PatientBirthDate", "1980"),
        ("StudyTime", ""),
    ],
)
def test_unusual_identity_comes_back_as_it_came(form: DocumentForm, keyword: str, value: str) -> None:
    """What the sender calls its patient is not judged: the same value goes back."""
    ds = document(phantom_report(), mr_headers(**{keyword: value}), as_=form)
    assert str(ds[keyword].value) == value


@pytest.mark.parametrize("form", [DocumentForm.BASIC, DocumentForm.PDF])
def test_a_header_with_little_in_it_is_enough(form: DocumentForm) -> None:
    """Missing Type 2 attributes become empty ones."""
    bare = mr_headers(1)[0]
    for keyword in (
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "StudyID",
        "AccessionNumber",
        "SpecificCharacterSet",
    ):
        delattr(bare, keyword)
    for keyword in ("StudyDescription", "ReferringPhysicianName"):
        delattr(bare, keyword)
    ds = read_back(document(phantom_report(), [bare], as_=form))
    assert "AccessionNumber" in ds
    assert ds.AccessionNumber == ""


def test_every_instance_is_evidence_and_priors_are_kept_apart() -> None:
    """Instances of the study stand in the current evidence, those of priors in the other."""
    headers, priors = mr_headers(5), mr_headers(3, PRIOR, "20251103")
    ds = read_back(document(phantom_report(), headers, priors=priors))
    assert evidence_uids(ds.CurrentRequestedProcedureEvidenceSequence) == {h.SOPInstanceUID for h in headers}
    assert evidence_uids(ds.PertinentOtherEvidenceSequence) == {h.SOPInstanceUID for h in priors}
    assert ds.ReferencedRequestSequence[0].AccessionNumber == "SYN-ACC-1"


def test_the_date_of_the_prior_is_real_again() -> None:
    """The reader saw a shifted date; the report names the real one and the study it belongs to."""
    report = phantom_report(prior_study_date=date(2024, 11, 3))
    ds = document(report, priors=mr_headers(1, PRIOR, "20251103"), date_shift_days=-365)
    assert [str(item.Date) for item in values(ds, "Study Date")] == ["20251103"]
    uids = [item.UID for item in values(ds, "Procedure Study Instance UID")]
    assert uids == [STUDY, PRIOR]
    assert b"20241103" not in encoded(ds)


def test_an_unknown_shift_never_lets_a_shifted_date_out() -> None:
    """Who builds the document must say by how much dates were shifted, when the report names one."""
    with pytest.raises(EvidenceProblem, match="shifted"):
        document(phantom_report(), date_shift_days=None)
    document(phantom_report(prior_study_date=None), date_shift_days=None)


def test_key_images_are_referenced_by_their_original_uid() -> None:
    """The reader marked a pseudonymous image; the report points to the sender's."""
    report = report_from_form({**phantom_form(), "lesions.0.key_images": ["2.25.5"]})
    original = f"{STUDY}.2.1"
    ds = document(report, original_uids={"2.25.5": original})
    (image,) = values(ds, "Key image")
    assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == original
    assert b"2.25.5\0" not in encoded(ds)


def test_a_key_image_that_is_not_there_is_named() -> None:
    """A reference to an image outside the evidence would make the document invalid; it is refused."""
    report = report_from_form({**phantom_form(), "lesions.0.key_images": ["2.25.5"]})
    with pytest.raises(EvidenceProblem) as refused:
        document(report)
    assert "2.25.5" in refused.value.problem
    assert refused.value.fix


@pytest.mark.parametrize(
    ("evidence", "priors", "told"),
    [
        ([], [], "No instance"),
        (mr_headers(1) + mr_headers(1, "2.25.9"), [], "StudyInstanceUID"),
        (mr_headers(2) + mr_headers(3, PatientID="SYN-2")[2:], [], "PatientID"),
        (mr_headers(1), mr_headers(1, PRIOR, PatientID="SYN-2"), "another PatientID"),
        (mr_headers(1, SOPInstanceUID=""), [], "SOPInstanceUID"),
    ],
)
def test_evidence_of_several_studies_is_refused(
    evidence: list[Dataset], priors: list[Dataset], told: str
) -> None:
    """A report is about one study of one patient; the refusal names no patient."""
    with pytest.raises(EvidenceProblem, match=told) as refused:
        document(phantom_report(), evidence, priors=priors)
    assert "SYN" not in str(refused.value)


def test_one_number_written_in_two_ways_is_one_patient() -> None:
    """Padding and leading zeros of a few objects, or of a prior, do not keep the report here."""
    evidence = mr_headers(2, PatientID="4711") + mr_headers(3, PatientID="004711")[2:]
    priors = mr_headers(1, PRIOR, PatientID="04711 ")
    assert document(phantom_report(), evidence, priors=priors).PatientID == "4711"


def test_times_follow_the_zone_the_study_declares() -> None:
    """Timezone Offset From UTC governs every time of an instance, so the report's times are given in it."""
    ds = read_back(document(phantom_report(), mr_headers(TimezoneOffsetFromUTC="-0500")))
    assert (ds.ContentDate, ds.ContentTime, ds.TimezoneOffsetFromUTC) == ("20260203", "073000", "-0500")


def test_the_builder_leaves_its_input_alone() -> None:
    """Headers given as evidence are not changed."""
    headers = mr_headers(2)
    before = [encoded_header(ds) for ds in headers]
    document(phantom_report(), headers)
    assert [encoded_header(ds) for ds in headers] == before


def encoded_header(ds: Dataset) -> bytes:
    """A header's bytes."""
    buffer = BytesIO()
    ds.save_as(buffer, implicit_vr=False, little_endian=True)
    return buffer.getvalue()
