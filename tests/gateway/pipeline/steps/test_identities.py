"""Whose study it is: what has no number is its own person, and the report still goes back with real dates."""

from __future__ import annotations

from datetime import date

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid
from sqlmodel import select

from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows
from support.engine import SQLITE_IS_ENOUGH, Bench, scans
from support.patients import sign
from support.records import journal


def another(number: str, name: str) -> list[Dataset]:
    """A study of its own, of a patient with this Patient ID."""
    study = scans(date(2026, 2, 3), PatientID=number, PatientName=name, AccessionNumber="")
    uids: dict[str, str] = {}
    for dataset in study:
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            old = str(dataset[keyword].value)
            setattr(dataset, keyword, uids.setdefault(old, generate_uid()))
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return study


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize("number", ["", "UNKNOWN", "0000"])
def test_two_people_without_a_number_are_two(pipeline: Bench, number: str) -> None:
    """Each study has a pseudonym and a hash of its own, none is the prior of another, and the journal says so."""
    for name in ("First^Fred", "Second^Sue"):
        pipeline.keep(another(number, name))
    pipeline.run(61)
    with pipeline.context.database.read() as session:
        first, second = session.exec(select(Case).order_by(Case.ids())).all()
        studies = session.exec(select(Study)).all()
        assert case_rows.other_studies(session, first) == {}
    assert first.state == second.state == "FORWARDED"
    assert first.pseudonym != second.pseudonym
    assert first.identity_id != second.identity_id
    assert len({study.patient_hash for study in studies}) == 2
    [line] = [line for line in journal(pipeline.context.database, 1, 1) if line.reached == "PREPARED"]
    assert "stands alone" in line.detail["patient"]


def test_two_studies_of_one_number_are_one_person(pipeline: Bench) -> None:
    """As before: one pseudonym, and each is the prior of the other."""
    for _ in range(2):
        pipeline.keep(another("4711", "First^Fred"))
    pipeline.run(61)
    with pipeline.context.database.read() as session:
        first, second = session.exec(select(Case).order_by(Case.ids())).all()
        assert case_rows.other_studies(session, first) == {second.study_id: (2,)}
    assert first.pseudonym == second.pseudonym


@SQLITE_IS_ENOUGH
def test_the_report_of_a_study_without_a_number_goes_back(pipeline: Bench) -> None:
    """Under the name that the study states, with its own dates."""
    pipeline.keep(another("", "First^Fred"))
    pipeline.run(61)
    sign(pipeline, 1)
    pipeline.run()
    with pipeline.context.database.read() as session:
        case = case_rows.case(session, 1)
    report = dcmread(pipeline.context.blobs.path(case.composed["enhanced"]["blob"]))
    assert (str(report.PatientName), report.PatientID, report.StudyDate) == ("First^Fred", "", "20260203")
