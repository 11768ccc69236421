"""What follows a report that went back is signed once, names the one before, and is sent like the first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from sqlmodel import col, select

from gateway.errors import StaleDraft, WrongState
from gateway.records import ledger
from gateway.records.ledger import NewDocument
from gateway.records.tables.cases import Case, DocumentKind, SignedReport
from gateway.records.views.case_rows import signed_documents
from support.nodes.peers import PretendPacs
from support.nodes.returning import Returning, returning

KINDS = (DocumentKind.ADDENDUM, DocumentKind.CORRECTION, DocumentKind.WITHDRAWAL)


@pytest.fixture
def report(tmp_path: Path) -> Iterator[Returning]:
    """A report that was returned and confirmed."""
    with PretendPacs(commits="same", queries=False) as pacs, returning(tmp_path, pacs.node) as made:
        assert made.until("CONFIRMED").state == "CONFIRMED"
        yield made


def documents(report: Returning) -> list[SignedReport]:
    """All that were signed, oldest first."""
    with report.bench.context.database.read() as session:
        return list(session.exec(select(SignedReport).order_by(col(SignedReport.version))))


def following(report: Returning, kind: DocumentKind, note: str = "Said later.", **changes: object) -> int:
    """Sign a document after the newest one."""
    newest = documents(report)[-1]
    content = {**newest.content, **changes}
    changed = ("Impression in words: other",) if kind is DocumentKind.CORRECTION else ()
    new = NewDocument(kind, content, note, newest.saved_id, changed)
    return ledger.sign_document(report.bench.context.database, report.case_id, 1, new)


def sent(report: Returning) -> Dataset:
    """The object that went back last."""
    case = report.case
    return dcmread(report.bench.context.blobs.path(case.composed[case.returned_as]["blob"]))


def words_of(document: Dataset) -> str:
    """Every text and code meaning of a document."""
    return "\n".join(str(element.value) for element in document.iterall() if element.VR in ("UT", "LO"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_is_built_returned_and_confirmed_and_names_the_one_before(
    report: Returning, kind: DocumentKind
) -> None:
    """Another object, with the purpose that DICOM has for it; the first one, its file and its delivery stay."""
    first, before = sent(report), report.case.composed
    following(report, kind)
    assert report.case.state == "REPORTED"
    assert report.until("CONFIRMED").state == "CONFIRMED"
    document = sent(report)
    assert document.SOPInstanceUID != first.SOPInstanceUID
    [study] = document.PredecessorDocumentsSequence
    [reference] = study.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert reference.ReferencedSOPInstanceUID == first.SOPInstanceUID
    [purpose] = reference.PurposeOfReferenceCodeSequence
    assert purpose.CodeValue == ("121361" if kind is DocumentKind.ADDENDUM else "121360")
    first_section = next(each for each in document.ContentSequence if each.ValueType == "CONTAINER")
    assert first_section.ConceptNameCodeSequence[0].CodeMeaning == "Addendum", (
        "it is read before the findings"
    )
    assert "Said later." in words_of(first_section)
    kept = dcmread(report.bench.context.blobs.path(before["enhanced"]["blob"]))
    assert kept.SOPInstanceUID == first.SOPInstanceUID
    assert len({delivery.sop_instance_uid for delivery in report.deliveries}) == 2
    assert [each.kind for each in documents(report)] == ["report", kind]


def test_a_withdrawal_repeats_nothing_of_the_findings(report: Returning) -> None:
    """What was taken back must not be read as said once more."""
    words = str(documents(report)[0].content["narrative"])
    assert words in words_of(sent(report))
    following(report, DocumentKind.WITHDRAWAL, "Wrong patient.")
    report.until("CONFIRMED")
    document = words_of(sent(report))
    assert words not in document
    assert "Impressions" not in document
    assert "This report is withdrawn" in document
    assert "Wrong patient." in document


def test_what_follows_is_a_chain(report: Returning) -> None:
    """An addendum to an addendum names that; a correction names the newest; each is another object."""
    seen = [sent(report)]
    for kind in (DocumentKind.ADDENDUM, DocumentKind.ADDENDUM, DocumentKind.CORRECTION):
        following(report, kind)
        report.until("CONFIRMED")
        document = sent(report)
        named = document.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
        assert named.ReferencedSOPInstanceUID == seen[-1].SOPInstanceUID
        seen.append(document)
    assert len({each.SOPInstanceUID for each in seen}) == 4
    assert [each.version for each in documents(report)] == [1, 2, 3, 4]


def test_two_authors_at_once_sign_once(report: Returning) -> None:
    """Who had an older document before them is told, and nothing is signed."""
    newest = documents(report)[-1]
    new = NewDocument(DocumentKind.ADDENDUM, newest.content, "One.", newest.saved_id)
    database = report.bench.context.database
    ledger.sign_document(database, report.case_id, 1, new)
    report.until("CONFIRMED")
    with pytest.raises(StaleDraft):
        ledger.sign_document(database, report.case_id, 1, new)
    assert len(documents(report)) == 2


def test_nothing_follows_a_report_that_is_on_its_way(report: Returning) -> None:
    """The object to name is not certain yet; it says what to do."""
    following(report, DocumentKind.ADDENDUM)
    with pytest.raises(WrongState, match="has not gone back yet"):
        following(report, DocumentKind.ADDENDUM)


def test_after_a_withdrawal_only_a_correction_follows(report: Returning) -> None:
    """There is nothing that an addendum could add to."""
    following(report, DocumentKind.WITHDRAWAL)
    report.until("CONFIRMED")
    for kind in (DocumentKind.ADDENDUM, DocumentKind.WITHDRAWAL):
        with pytest.raises(WrongState, match="withdrawn"):
            following(report, kind)
    following(report, DocumentKind.CORRECTION)
    assert report.until("CONFIRMED").state == "CONFIRMED"


def test_an_identity_corrected_after_an_addendum_replaces_it(report: Returning) -> None:
    """The same words under the identity that stands: what went back last is replaced, whatever it was."""
    following(report, DocumentKind.ADDENDUM)
    report.until("CONFIRMED")
    before = sent(report)
    with report.bench.context.database.write("test") as session:
        session.get_one(Case, report.case_id).correction_wanted = True
    with pytest.raises(WrongState, match="identity that was corrected"):
        following(report, DocumentKind.ADDENDUM)
    ledger.correct_report(report.bench.context.database, report.case_id, "lea")
    report.until("CONFIRMED")
    document = sent(report)
    reference = document.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0]
    assert reference.ReferencedSOPInstanceUID == before.SOPInstanceUID != document.SOPInstanceUID
    assert reference.PurposeOfReferenceCodeSequence[0].CodeValue == "121360"
    assert "Said later." in words_of(document)


def test_late_images_are_answered_by_an_addendum(report: Returning) -> None:
    """The case asks for nothing more then; a withdrawal answers nothing."""

    def wanted(value: bool) -> None:
        with report.bench.context.database.write("test") as session:
            session.get_one(Case, report.case_id).addendum_wanted = value

    wanted(True)
    following(report, DocumentKind.ADDENDUM)
    assert not report.case.addendum_wanted
    report.until("CONFIRMED")
    wanted(True)
    following(report, DocumentKind.WITHDRAWAL)
    assert report.case.addendum_wanted


def test_the_newest_document_is_in_force(report: Returning) -> None:
    """Digests of all stay as they were signed."""
    digest = documents(report)[0].digest
    following(report, DocumentKind.CORRECTION, narrative="Other words.")
    with report.bench.context.database.read() as session:
        newest, first = signed_documents(session, report.case_id)
    assert newest.content["narrative"] == "Other words."
    assert (first.digest, first.kind) == (digest, "report")
    assert newest.digest != digest
