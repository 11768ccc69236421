"""One study, several cases: each destination has its own, late images amend all, and one bad file loses none."""

from __future__ import annotations

from typing import Any

from sqlmodel import select

from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.tables.cases import Case, CaseEvent
from gateway.records.tables.studies import Instance
from gateway.records.views import study_rows
from routing_rules.protocol.verdict import Readability
from routing_rules.rule_files import rules_from_text
from support.engine import Bench, scans
from support.records import reader

TWO = """
rules:
  - id: twice
    title: Read here and at the other hospital
    when: {called_ae_title: {is: NATALIZUMAB}}
    destinations: [first-reader, second-reader]
    completion: {quiet_s: 60, hard_cap_s: 600, at_hard_cap: go_on}
"""


def _cases(bench: Bench) -> list[Case]:
    with bench.context.database.read() as session:
        return list(session.exec(select(Case).order_by(Case.destination)))


def test_both_destinations_get_a_case_and_late_images_amend_both(pipeline: Bench) -> None:
    """Both open with the limits, a lead overrules one, the missing series comes late: both have a new verdict."""
    rules = rules_from_text(TWO)
    pipeline.use(rules=lambda: rules)
    study = scans()
    late = [one for one in study if "flair" in str(one.SeriesDescription).lower()]
    assert late
    study_id = pipeline.keep([one for one in study if one not in late])
    pipeline.run(601)
    first, second = _cases(pipeline)
    assert (first.destination, second.destination) == ("first-reader", "second-reader")
    assert {case.readability for case in (first, second)} == {"not_readable"}
    assert {case.study_id for case in (first, second)} == {study_id}
    database = pipeline.context.database
    lea = reader(database, "lea", "lead")
    assert first.id is not None
    ledger.overrule_verdict(
        database, first.id, lea, Readability.READABLE, "FLAIR was seen there", anybodys=True
    )
    pipeline.keep(late)
    pipeline.run(61)
    amended = _cases(pipeline)
    assert [case.id for case in amended] == [first.id, second.id]
    assert [case.generation for case in amended] == [2, 2]
    assert [case.overrule for case in amended] == [{}, {}]
    assert all("flair" in {row["kind"] for row in case.series} for case in amended)
    assert "not_readable" not in {case.readability for case in amended}
    with database.read() as session:
        told = [(line.case_id, line.what) for line in session.exec(select(CaseEvent))]
        [row] = study_rows.studies(session, Viewer(0, "x", "x", "admin", ""))
    for case in amended:
        assert (case.id, "amended by late images") in told
    assert (first.id, "overruled verdict dropped: a new one was made") in told
    assert [(one.id, one.destination) for one in row.cases] == [
        (case.id, case.destination) for case in amended
    ]


def test_one_unreadable_file_loses_no_other(pipeline: Bench) -> None:
    """Facts, verdict and case are made of the rest; the preparation keeps the bad one here and asks about it."""
    study = scans()
    study_id = pipeline.keep(study)
    with pipeline.context.database.read() as session:
        blob = session.exec(select(Instance.blob).order_by(Instance.id)).first()
    assert blob is not None
    pipeline.context.blobs.put(blob, b"not a DICOM file")
    pipeline.run(61)
    found: dict[str, Any] = pipeline.study(study_id).facts
    assert found["instances"] == len(study) - 1
    [case] = _cases(pipeline)
    assert case.rule_id == "by-address"
    assert [(row.reason, row.stops_case) for row in pipeline.held()] == [("unreadable", True)]
