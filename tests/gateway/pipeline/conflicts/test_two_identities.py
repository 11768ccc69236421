"""A merge between two pushes: one study, two identities; a lead decides whose it is, and the report can leave."""

from __future__ import annotations

import pytest
from pydicom import Dataset, dcmread
from sqlmodel import select

from gateway.lifecycle import Choice
from gateway.records.tables.conflicts import Conflict
from support.conflicts import case, decide, state
from support.engine import Bench, scans
from support.patients import sign
from support.records import audit_events

REAL = {"PatientID": "REAL-7", "PatientName": "Müller^Rita"}
TEMPORARY = str(scans()[0].PatientID)


def pushes() -> tuple[list[Dataset], list[Dataset]]:
    """A study in two parts: all but the last image, and that one under the real number."""
    return scans()[:-1], scans(**REAL)[-1:]


def the_conflict(pipeline: Bench) -> Conflict:
    """The newest conflict."""
    with pipeline.context.database.read() as session:
        return session.exec(select(Conflict).order_by(Conflict.ids())).all()[-1]


def report(pipeline: Bench) -> Dataset:
    """The Enhanced SR of the first case."""
    return dcmread(pipeline.context.blobs.path(case(pipeline).composed["enhanced"]["blob"]))


@pytest.mark.parametrize(("choice", "number"), [(Choice.NEWER, "REAL-7"), (Choice.FIRST, TEMPORARY)])
def test_the_report_can_leave_whatever_was_chosen(pipeline: Bench, choice: Choice, number: str) -> None:
    """Late images before the signature: the case is amended under the chosen identity, read, signed and built."""
    early, late = pushes()
    pipeline.keep(early)
    pipeline.run(61)
    before = case(pipeline).pseudonym
    pipeline.keep(late)
    pipeline.run(61)
    found = the_conflict(pipeline)
    assert (found.state, found.kind, found.objects) == ("CONTESTED", "two identities", 1)
    assert [row["path"] for row in found.differences] == ["PatientID", "PatientName"]
    decide(pipeline, choice)
    after = case(pipeline)
    assert (state(pipeline), after.state, after.generation) == (
        "SETTLED",
        "FORWARDED",
        pipeline.study(1).generation,
    )
    assert len(pipeline.copies()) == len(scans())
    assert {copy.PatientID for copy in pipeline.copies()} == {after.pseudonym}
    assert (after.pseudonym == before) == (choice == Choice.FIRST)
    sign(pipeline, 1)
    pipeline.run()
    assert case(pipeline).state == "COMPOSED"
    assert report(pipeline).PatientID == number


@pytest.mark.parametrize(("choice", "number"), [(Choice.NEWER, "REAL-7"), (Choice.FIRST, TEMPORARY)])
def test_late_images_after_the_signature_hold_no_report_for_ever(
    pipeline: Bench, choice: Choice, number: str
) -> None:
    """Signed before the merge was seen: the report is built again under the identity chosen; an addendum is wanted."""
    early, late = pushes()
    pipeline.keep(early)
    pipeline.run(61)
    sign(pipeline, 1)
    pipeline.keep(late)
    pipeline.run()  # the report is due before the late images are complete: compose finds the merge
    assert (case(pipeline).state, the_conflict(pipeline).kind) == ("REPORTED", "two identities")
    pipeline.run(61)
    decide(pipeline, choice)
    after = case(pipeline)
    assert (after.state, after.addendum_wanted) == ("COMPOSED", True)
    assert report(pipeline).PatientID == number
    if choice == Choice.NEWER:
        assert str(report(pipeline).PatientName) == "Müller^Rita"


def test_neither_waits_for_the_study_to_be_sent_again(pipeline: Bench) -> None:
    """All of it; what comes under one identity is in force without a question."""
    early, late = pushes()
    pipeline.keep([*early, *late])
    pipeline.run(61)
    decide(pipeline, Choice.NEITHER)
    assert (state(pipeline), pipeline.study(1).instances) == ("AWAITED", 0)
    pipeline.keep(scans(PatientID="THIRD-3"))
    pipeline.run(61)
    pipeline.run(61)
    assert (state(pipeline), case(pipeline).state) == ("SETTLED", "FORWARDED")


def test_a_third_patient_is_asked_about_again(pipeline: Bench) -> None:
    """The chosen identity is no blank cheque; images that name it go on without a question."""
    study = scans()
    pipeline.keep([*study[:-3], *scans(**REAL)[-3:-2]])
    pipeline.run(61)
    decide(pipeline, Choice.NEWER)
    pipeline.keep(scans(**REAL)[-2:-1])
    pipeline.run(61)
    assert (state(pipeline), case(pipeline).state) == ("SETTLED", "FORWARDED")
    pipeline.keep(scans(PatientID="THIRD-3", PatientName="Other^One")[-1:])
    pipeline.run(61)
    assert state(pipeline) == "CONTESTED"
    assert the_conflict(pipeline).first_id != 1


def test_part_of_a_study_corrected_is_two_identities_next(pipeline: Bench) -> None:
    """The newer versions of three objects stand; whose study it is, is then asked."""
    pipeline.keep(scans())
    pipeline.run(61)
    pipeline.keep(scans(**REAL)[:3])
    pipeline.run()
    decide(pipeline, Choice.NEWER)
    assert (the_conflict(pipeline).kind, state(pipeline)) == ("two identities", "CONTESTED")
    decide(pipeline, Choice.FIRST)
    assert case(pipeline).state == "FORWARDED"


def test_the_choice_is_in_the_audit_trail(pipeline: Bench) -> None:
    """Once, with who and why."""
    early, late = pushes()
    pipeline.keep([*early, *late])
    pipeline.run(61)
    decide(pipeline, Choice.FIRST)
    assert [event.who for event in audit_events(pipeline.context.database, "conflict decided")] == ["lea"]
