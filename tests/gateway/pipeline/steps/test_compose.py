"""The report's objects: one of each form, under the original identity, the same however often they are made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from sqlalchemy import delete

from dicom_nodes.node import DimseNode, Role
from gateway.pipeline.context import Turn
from gateway.pipeline.step_result import Done, Stuck
from gateway.pipeline.steps.compose import compose
from gateway.pipeline.steps.document_forms import RICHEST_FIRST
from gateway.records.ledger.work import Claim
from gateway.records.tables.cases import SignedReport
from gateway.records.tables.critical import ContactMessage, CriticalResult
from support.engine import scans
from support.nodes.returning import Returning, returning

PACS = DimseNode("hospital-pacs", "PACS", "127.0.0.1", 1, frozenset({Role.ARCHIVE}))


@pytest.fixture
def report(tmp_path: Path) -> Iterator[Returning]:
    """A case whose report is signed and composed; its node takes nothing."""
    with returning(tmp_path, PACS) as found:
        yield found


def _again(report: Returning) -> object:
    claim = Claim("case", report.case_id, "REPORTED", fence=1, attempts=0, worker="test")
    return compose(Turn(claim, report.bench.clock()), report.bench.context)


def _objects(report: Returning) -> dict[str, Dataset]:
    blobs = report.bench.context.blobs
    return {name: dcmread(blobs.path(made["blob"])) for name, made in report.case.composed.items()}


def test_every_form_is_made_of_the_patient_the_hospital_sent(report: Returning) -> None:
    """Name, number and study are the original's in each object, and nothing in it is pseudonymous."""
    [first, *_] = scans()
    objects = _objects(report)
    assert set(RICHEST_FIRST) <= set(objects)
    for made in objects.values():
        assert (made.PatientID, made.PatientName) == (first.PatientID, first.PatientName)
        assert (made.PatientBirthDate, made.AccessionNumber) == (
            first.PatientBirthDate,
            first.AccessionNumber,
        )
        assert made.StudyInstanceUID == first.StudyInstanceUID
        assert report.case.pseudonym not in str(made)


def test_each_object_has_a_uid_of_its_own_and_each_form_a_series(report: Returning) -> None:
    """A PACS that was given two forms of one report keeps both; the row names what is in the file."""
    objects = _objects(report)
    assert len({made.SOPInstanceUID for made in objects.values()}) == len(objects)
    assert len({objects[form].SeriesInstanceUID for form in RICHEST_FIRST}) == len(RICHEST_FIRST)
    for name, made in objects.items():
        row = report.case.composed[name]
        assert (row["sop_instance_uid"], row["sop_class_uid"], row["series_instance_uid"]) == (
            made.SOPInstanceUID,
            made.SOPClassUID,
            made.SeriesInstanceUID,
        )


def test_the_report_names_the_images_it_was_read_from(report: Returning) -> None:
    """By their original UIDs: the hospital does not know ours."""
    sent = {str(image.SOPInstanceUID) for image in scans()}
    [evidence] = _objects(report)["enhanced"].CurrentRequestedProcedureEvidenceSequence
    named = {
        str(reference.ReferencedSOPInstanceUID)
        for series in evidence.ReferencedSeriesSequence
        for reference in series.ReferencedSOPSequence
    }
    assert named == sent


def test_a_step_that_runs_twice_makes_the_same_objects(report: Returning) -> None:
    """A crash between the files and the row: the second run writes the same UIDs over them."""
    before = report.case.composed
    result = _again(report)
    assert isinstance(result, Done)
    assert result.record.columns == {"composed": before, "returns_to": "hospital-pacs"}


def test_a_case_without_its_report_waits_for_a_person(report: Returning) -> None:
    """A row that is gone is never replaced by an empty report."""
    with report.bench.context.database.write("test") as session:
        session.exec(delete(ContactMessage))
        session.exec(delete(CriticalResult))
        session.exec(delete(SignedReport))
    result = _again(report)
    assert isinstance(result, Stuck)
    assert "backup" in result.fix
