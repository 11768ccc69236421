"""The report as SR: who answers for it, what it states, and that every class states the same."""

from __future__ import annotations

import html
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedSRStorage

from gateway.reporting.answers import Language, Suspicion
from gateway.reporting.codes import CODES, EARLIER_CODES, PRIVATE_SCHEME, code, number_text
from gateway.reporting.documents.forms import DocumentForm
from gateway.reporting.example import phantom_form, phantom_report
from gateway.reporting.outline import NOTICE, Restoration, outline
from gateway.reporting.printable import render
from gateway.reporting.report import Report, report_from_form, report_to_form
from gateway.reporting.signer import NOT_SIGNED, Predecessor, Purpose, Signature, Unsigned
from support.objects.reports import (
    DEVICE,
    PRIOR,
    SIGNED_AT,
    SIGNER,
    STUDY,
    dciodvfy_errors,
    document,
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

    from gateway.reporting.codes import EarlierCode

SR_FORMS = (DocumentForm.ENHANCED, DocumentForm.COMPREHENSIVE, DocumentForm.BASIC)


def statements(ds: Dataset) -> list[tuple[str, str]]:
    """Every question and its answer in words, numbers with their unit, in the order of the document."""
    return [(item.ConceptNameCodeSequence[0].CodeMeaning, stated(item)) for item in items(ds)]


def stated(item: Dataset) -> str:
    """The answer of one content item as people read it."""
    match item.ValueType:
        case "CODE":
            return str(item.ConceptCodeSequence[0].CodeMeaning)
        case "TEXT":
            return str(item.TextValue)
        case "NUM":
            measured = item.MeasuredValueSequence[0]
            unit = str(measured.MeasurementUnitsCodeSequence[0].CodeValue)
            number = number_text(Decimal(str(measured.NumericValue)))
            unit = {"1": "", "{ratio}": "", "d": "days", "wk": "weeks", "mo": "months"}.get(unit, unit)
            return f"{number} {unit.removesuffix('s') if number == '1' else unit}".strip()
        case "IMAGE":
            return str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
    return "".join(str(item.get(name, "")) for name in ("Date", "DateTime", "PersonName", "UID"))


def language_of(item: Dataset) -> str | None:
    """The language that a content item declares for itself, None where it is that of the document."""
    below = [each for each in item.get("ContentSequence", []) if each.RelationshipType == "HAS CONCEPT MOD"]
    return str(below[0].ConceptCodeSequence[0].CodeValue) if below else None


@pytest.mark.parametrize("form", SR_FORMS)
def test_the_report_is_complete_and_verified_by_its_signer(form: DocumentForm) -> None:
    """The document names who signed, for whom, and when, with the zone."""
    ds = read_back(document(phantom_report(), as_=form))
    assert (ds.CompletionFlag, ds.VerificationFlag, ds.PreliminaryFlag) == ("COMPLETE", "VERIFIED", "FINAL")
    observer = ds.VerifyingObserverSequence[0]
    assert observer.VerifyingObserverName == "Roth^Anna^^Dr."
    assert observer.VerifyingOrganization == "Reading Site North"
    assert datetime.strptime(str(observer.VerificationDateTime), "%Y%m%d%H%M%S%z") == SIGNED_AT
    assert ds.AuthorObserverSequence[0].PersonName == "Roth^Anna^^Dr."
    assert values(ds, "Person Observer Name")[0].PersonName == "Roth^Anna^^Dr."
    assert ds.ContentTemplateSequence[0].TemplateIdentifier == "2000"
    assert ds.ContentTemplateSequence[0].MappingResource == "DCMR"
    scheme = ds.CodingSchemeIdentificationSequence[0]
    assert (scheme.CodingSchemeDesignator, scheme.CodingSchemeUID) == (
        PRIVATE_SCHEME.designator,
        PRIVATE_SCHEME.uid,
    )


@pytest.mark.dicom3tools
@pytest.mark.parametrize("form", SR_FORMS)
def test_what_nobody_signed_is_preliminary_and_names_no_person(form: DocumentForm, tmp_path: Path) -> None:
    """PARTIAL, UNVERIFIED, PRELIMINARY in the header, the same in words in the tree, and the device as observer."""
    ds = read_back(document(rich_report(), as_=form, signature=Unsigned(SIGNED_AT)))
    assert (ds.CompletionFlag, ds.VerificationFlag, ds.PreliminaryFlag) == (
        "PARTIAL",
        "UNVERIFIED",
        "PRELIMINARY",
    )
    assert ds.CompletionFlagDescription == NOT_SIGNED
    assert "VerifyingObserverSequence" not in ds
    (author,) = ds.AuthorObserverSequence
    assert (author.ObserverType, author.DeviceUID) == ("DEV", DEVICE.uid)
    assert "PNAME" not in {item.ValueType for item in items(ds)}
    assert DEVICE.uid == values(ds, "Device Observer UID")[0].UID
    assert values(ds, "Notice")[0].TextValue == f"{NOT_SIGNED}. {NOTICE}"
    assert dciodvfy_errors(ds, tmp_path) == []


@pytest.mark.parametrize("form", SR_FORMS)
def test_the_report_says_whom_it_is_for(form: DocumentForm) -> None:
    """The notice is the first thing that a reader of the tree sees."""
    ds = document(phantom_report(), as_=form)
    contained = [item for item in ds.ContentSequence if item.RelationshipType == "CONTAINS"]
    assert contained[0].TextValue == NOTICE


@pytest.mark.parametrize("suspicion", [level for level in Suspicion if level.value.isdecimal()])
def test_the_suspicion_is_a_number_beside_its_code(suspicion: Suspicion) -> None:
    """A receiving system sorts and plots the level without knowing the private codes."""
    ds = document(Report.model_construct(**dict(phantom_report()) | {"suspicion": suspicion}))
    (number,) = values(ds, "Suspicion of new or active PML as a number, 0 to 4")
    measured = number.MeasuredValueSequence[0]
    assert measured.NumericValue == int(suspicion.value)
    assert measured.MeasurementUnitsCodeSequence[0].CodeValue == "1"
    (coded,) = values(ds, "Suspicion of new or active PML")
    assert coded.ConceptCodeSequence[0].CodeValue == f"NPS-ACTIVE-{suspicion.value}"


def test_a_whole_number_claims_no_decimal() -> None:
    """31 mm are written as 31: 31.0 would say that tenths were measured."""
    report = report_from_form({**phantom_form(), "lesions.0.long_axis_mm": "31"})
    measured = values(document(report), "Long axis")[0].MeasuredValueSequence[0]
    assert measured["NumericValue"].value.original_string == "31"


@pytest.mark.dcmtk
@pytest.mark.parametrize("form", SR_FORMS)
def test_the_language_declared_is_the_language_of_the_words(form: DocumentForm, tmp_path: Path) -> None:
    """TID 1204: the document is English like its codes, the reader's words are German, the hospital's are unknown."""
    german = report_from_form({**report_to_form(rich_report()), "language": Language.GERMAN.value})
    ds = document(german, as_=form)
    assert language_of(ds) == "en"
    declared = {item.ConceptNameCodeSequence[0].CodeMeaning: language_of(item) for item in items(ds)}
    assert declared["Impression"] == declared["Recommendation in words"] == "de"
    assert declared["Clinical question"] == "und"
    assert declared["Notice"] is None
    (tmp_path / "document.dcm").write_bytes(encoded(ds))
    done = subprocess.run(
        ["dsrdump", tmp_path / "document.dcm"], capture_output=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
    english = document(rich_report(), as_=form)
    assert language_of(values(english, "Impression")[0]) is None


@given(report=reports())
@settings(max_examples=4)
def test_every_class_makes_the_same_statements(report: Report) -> None:
    """Enhanced, Comprehensive and Basic Text SR differ in how a number is written, and the print hides nothing."""
    said = {form: statements(document(report, as_=form)) for form in SR_FORMS}
    assert said[DocumentForm.ENHANCED] == said[DocumentForm.COMPREHENSIVE] == said[DocumentForm.BASIC]
    page = html.unescape(render(outline(report, Restoration()), {}))
    contained = (item for item in items(document(report)) if item.RelationshipType == "CONTAINS")
    printed = [item for item in contained if item.ValueType in ("CODE", "NUM", "TEXT", "IMAGE")]
    for item in printed:
        assert stated(item).replace("\r\n", "\n") in page


def test_every_reference_of_the_document_leads_to_its_evidence() -> None:
    """After identity was restored: one study, its priors, and images that stand in the evidence sequences."""
    priors = mr_headers(2, PRIOR, "20251103")
    ds = read_back(document(rich_report(), priors=priors, date_shift_days=-365))
    current = evidence_uids(ds.CurrentRequestedProcedureEvidenceSequence)
    images = {stated(item) for item in items(ds) if item.ValueType == "IMAGE"}
    assert images
    assert images <= current
    assert {stated(item) for item in items(ds) if item.ValueType == "UIDREF"} == {STUDY, PRIOR}
    assert [each.StudyInstanceUID for each in ds.CurrentRequestedProcedureEvidenceSequence] == [STUDY]
    assert [each.StudyInstanceUID for each in ds.PertinentOtherEvidenceSequence] == [PRIOR]
    assert (ds.StudyInstanceUID, ds.ReferencedRequestSequence[0].StudyInstanceUID) == (STUDY, STUDY)


def requests(*named: str, accession: str = "") -> list[Dataset]:
    """One image for each name of a requested procedure."""
    images = mr_headers(len(named))
    for image, name in zip(images, named, strict=True):
        request = Dataset()
        request.RequestedProcedureID = name
        if accession:
            request.AccessionNumber = accession
        image.RequestAttributesSequence = [request]
    return images


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (requests("RP-1", "RP-1"), "RP-1"),
        (requests("RP-1", ""), "RP-1"),
        (requests("RP-1", "RP-2"), ""),
        (requests("RP-1", accession="SYN-ACC-1"), "RP-1"),
        (requests("RP-1", accession="SYN-ACC-2"), ""),
        (mr_headers(2), ""),
    ],
    ids=["agreed", "named once", "two orders", "of this accession", "of another accession", "none"],
)
def test_the_order_is_named_where_the_images_agree_on_it(images: list[Dataset], expected: str) -> None:
    """A hospital's RIS finds the order by its Requested Procedure ID; a guess would close another one."""
    assert document(phantom_report(), images).ReferencedRequestSequence[0].RequestedProcedureID == expected


def test_the_header_that_names_the_patient_is_no_evidence_by_that() -> None:
    """Who the patient is may be taken from an object that was not read."""
    (chosen,) = mr_headers(1, SOPInstanceUID="2.25.71888", PatientName="Neu^Name")
    ds = document(phantom_report(), identity=chosen)
    assert ds.PatientName == "Neu^Name"
    assert evidence_uids(ds.CurrentRequestedProcedureEvidenceSequence) == {
        header.SOPInstanceUID for header in mr_headers()
    }


def test_numbers_keep_their_value_and_unit() -> None:
    """A measured value is the same number in the SR, with its UCUM unit; in Basic Text it is written out."""
    number = values(document(rich_report()), "Volume")[0]
    measured = number.MeasuredValueSequence[0]
    assert (float(measured.NumericValue), measured.MeasurementUnitsCodeSequence[0].CodeValue) == (
        4.125,
        "cm3",
    )
    basic = document(rich_report(), as_=DocumentForm.BASIC)
    assert "NUM" not in {item.ValueType for item in items(basic)}
    assert values(basic, "Volume")[0].TextValue == "4.125 cm3"


def test_only_known_codes_are_used() -> None:
    """Every code of the document is one of the report's own list, under the designator written there."""
    known = {(code.value, code.scheme_designator) for code in CODES.values()}
    for item in items(document(rich_report())):
        for sequence in ("ConceptNameCodeSequence", "ConceptCodeSequence"):
            for used in item.get(sequence, []):
                assert (used.CodeValue, used.CodingSchemeDesignator) in known


@pytest.mark.parametrize("earlier", EARLIER_CODES, ids=lambda earlier: earlier.was.value)
def test_a_code_that_was_given_up_is_not_used_again_for_the_same_answer(earlier: EarlierCode) -> None:
    """What it replaces has another code, and a private value that is gone means nothing else now."""
    assert code(earlier.key) != earlier.was
    again = [key for key, now in CODES.items() if (now.value, now.scheme_designator) == earlier.was[:2]]
    if earlier.was.scheme_designator == PRIVATE_SCHEME.designator:
        assert {CODES[key].meaning for key in again} <= {earlier.was.meaning}


def test_no_two_private_codes_have_one_value() -> None:
    """One value means one thing: the same meaning wherever it stands."""
    meanings: dict[str, set[str]] = {}
    for each in CODES.values():
        if each.scheme_designator == PRIVATE_SCHEME.designator:
            meanings.setdefault(each.value, set()).add(each.meaning)
    assert {value: said for value, said in meanings.items() if len(said) > 1} == {}


@pytest.mark.dicom3tools
@pytest.mark.parametrize("purpose", Purpose)
def test_a_correction_points_to_what_it_follows(purpose: Purpose, tmp_path: Path) -> None:
    """An addendum is a new document with the report before it as predecessor, and says what it adds."""
    before = Predecessor(
        STUDY, "2.25.71400", EnhancedSRStorage, "2.25.71401", purpose, "Late DWI was read too."
    )
    ds = document(phantom_report(), predecessor=before)
    reference = ds.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert reference.ReferencedSOPInstanceUID == "2.25.71401"
    assert reference.PurposeOfReferenceCodeSequence[0].CodeValue in {"121361", "121360"}
    assert values(ds, "Addendum in words")[0].TextValue == "Late DWI was read too."
    assert dciodvfy_errors(ds, tmp_path) == []


@pytest.mark.dicom3tools
@pytest.mark.parametrize("form", SR_FORMS)
def test_a_withdrawal_is_a_valid_document_without_findings(form: DocumentForm, tmp_path: Path) -> None:
    """Whatever archive reads it."""
    before = Predecessor(
        STUDY, "2.25.71400", EnhancedSRStorage, "2.25.71401", Purpose.REPLACED, "Withdrawn.", withdraws=True
    )
    ds = document(phantom_report(), predecessor=before, as_=form)
    assert values(ds, "Addendum in words")[0].TextValue == "Withdrawn."
    assert "CODE" not in {
        item.ValueType for item in items(ds) if "PML" in str(item.get("ConceptCodeSequence"))
    }
    assert dciodvfy_errors(ds, tmp_path) == []


def test_the_time_of_signing_may_be_anywhere() -> None:
    """The instant of verification is the same in every zone."""
    east = SIGNED_AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    ds = document(phantom_report(), signature=Signature(SIGNER, east))
    written = str(ds.VerifyingObserverSequence[0].VerificationDateTime)
    assert datetime.strptime(written, "%Y%m%d%H%M%S%z").astimezone(UTC) == SIGNED_AT


@pytest.mark.soak
@pytest.mark.skipif(shutil.which("DicomSRValidator") is None, reason="pixelmed-apps is not installed")
@pytest.mark.parametrize(
    "signature", [Signature(SIGNER, SIGNED_AT), Unsigned(SIGNED_AT)], ids=["signed", "unsigned"]
)
@pytest.mark.parametrize("form", SR_FORMS)
def test_pixelmed_finds_no_error(form: DocumentForm, signature: Signature | Unsigned, tmp_path: Path) -> None:
    """The validator of PixelMed knows the IODs and TID 2000; without the limits Java 17 sets to its expressions."""
    (tmp_path / "document.dcm").write_bytes(encoded(document(rich_report(), as_=form, signature=signature)))
    limits = " ".join(f"-Djdk.xml.xpath{name}Limit=0" for name in ("ExprOp", "TotalOp", "ExprGrp"))
    done = subprocess.run(
        ["DicomSRValidator", tmp_path / "document.dcm"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "JAVA_TOOL_OPTIONS": limits},
    )
    said = (done.stdout + done.stderr).splitlines()
    assert "Root Template Validation Complete" in said
    assert "IOD validation complete" in said
    assert [line for line in said if "rror" in line] == []
