"""What remains of a forgotten patient: decided for every column, the numbers kept, the words gone."""

from __future__ import annotations

from gateway.records import erasure
from gateway.records.tables.cases import Case, CaseEvent, Delivery, SignedReport
from gateway.records.tables.columns import METADATA
from gateway.records.tables.studies import Study


def test_every_column_of_every_table_is_decided() -> None:
    """A new table or column fails here until somebody says what is left of it when a patient is forgotten."""
    emptied = {table.__tablename__: set(columns) for table, columns in erasure.EMPTIED.items()}
    remains = {table.__tablename__: set(columns) for table, columns in erasure.REMAINS.items()}
    whole = {table.__tablename__ for table in (*erasure.GONE, *erasure.NOT_ABOUT_PATIENTS)}
    assert set(emptied) == set(remains)
    assert set(emptied) | whole == set(METADATA.tables)
    assert not set(emptied) & whole
    for name, columns in emptied.items():
        assert not columns & remains[name]
        assert columns | remains[name] == set(METADATA.tables[name].columns.keys())


def test_a_study_keeps_its_numbers_and_loses_its_words() -> None:
    """Its UID becomes one that means nothing and is still unique, as the column must be."""
    study = Study(
        id=7,
        site="north",
        sender="pacs",
        state="UNMATCHED",
        study_instance_uid="1.2.3",
        facts={"a": 1},
        facts_of=3,
        patients=1,
        instances=12,
        name_hash="n",
        birth_hash="b",
        accession_hash="a",
        study_date="20260101",
        problem="Muster^Maria",
        explanation=["x"],
        patient_hash="hash",
    )
    erasure.empty(study)
    assert study.study_instance_uid == "forgotten 7"
    assert (study.instances, study.state, study.sender, study.patient_hash) == (
        12,
        "UNMATCHED",
        "pacs",
        "hash",
    )
    assert (study.facts, study.explanation, study.problem, study.study_date) == ({}, [], "", "")


def test_a_case_keeps_what_statistics_need() -> None:
    """Kinds and counts of series, which requirement was met, the numbers of the manifest; no text of any of them."""
    case = Case(
        id=2,
        pseudonym="PML-1",
        series=[{"kind": "flair", "instances": 30, "description": "FLAIR Maria"}],
        verdict={"requirements": [{"name": "flair", "met": True, "note": "read by Dr. X"}], "other": "words"},
        manifest={"copies": 30, "digest": "abc"},
        identity_id=1,
        returned_uid="1.2.3",
        commitment_transactions=["2.25.1"],
    )
    erasure.empty(case)
    assert case.series == [{"kind": "flair", "instances": 30}]
    assert case.verdict == {"requirements": [{"name": "flair", "met": True}]}
    assert case.manifest == {"copies": 30}
    assert (case.pseudonym, case.identity_id, case.returned_uid, case.commitment_transactions) == (
        "PML-1",
        None,
        "",
        [],
    )


def test_emptying_twice_is_emptying_once() -> None:
    """A run that was killed is simply run again."""
    rows = [
        Study(id=1, facts={"a": 1}),
        Case(id=1, verdict={}, series=[], manifest={}),
        CaseEvent(id=1, detail={"why": "x"}),
        Delivery(id=1, sop_instance_uid="1.2", detail="x"),
        SignedReport(id=1, content={"a": 1}, digest="d"),
    ]
    for row in rows:
        erasure.empty(row)
    once = [row.model_dump() for row in rows]
    for row in rows:
        erasure.empty(row)
    assert [row.model_dump() for row in rows] == once


def test_emptied_rows_share_nothing() -> None:
    """A list that one of them gets later is not the other's too."""
    one, two = Study(id=1), Study(id=2)
    for study in (one, two):
        erasure.empty(study)
    one.explanation.append("x")
    one.facts["a"] = 1
    assert (two.explanation, two.facts) == ([], {})
