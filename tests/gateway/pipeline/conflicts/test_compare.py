"""Two versions of an object compared behind the answer: the same content is silence, a difference has a kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydicom import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from sqlmodel import select

from gateway.pipeline.conflicts import compare
from gateway.records.tables.administration import Notice
from gateway.records.tables.conflicts import Conflict
from support.engine import Bench, scans


def conflict(pipeline: Bench) -> Conflict:
    """The only conflict."""
    with pipeline.context.database.read() as session:
        return session.exec(select(Conflict)).one()


def implicit(ds: Dataset) -> None:
    """As an archive that keeps implicit VR sends it."""
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian


def filled_in(ds: Dataset) -> None:
    """With what an archive fills in."""
    ds.RetrieveAETitle, ds.InstanceAvailability = "PACS", "ONLINE"


@pytest.mark.parametrize("sent_again", [implicit, filled_in])
def test_the_same_study_in_other_bytes_is_silent(
    pipeline: Bench, sent_again: Callable[[Dataset], None]
) -> None:
    """The case goes to its reader as if nothing had come; nobody is told."""
    pipeline.keep(scans())
    again = scans()
    for dataset in again:
        sent_again(dataset)
    pipeline.keep(again)
    case = pipeline.settled()
    assert (case.state, case.problem, case.generation) == ("FORWARDED", "", 1)
    assert (conflict(pipeline).state, conflict(pipeline).objects) == ("SAME", 0)
    with pipeline.context.database.read() as session:
        assert not session.exec(select(Notice)).all()


def test_a_corrected_identity_is_named_as_such(pipeline: Bench) -> None:
    """How many objects, and which attributes in how many: never a value."""
    pipeline.keep(scans())
    pipeline.keep(scans(PatientID="REAL-7", PatientName="Right^Rita"))
    pipeline.run()
    found = conflict(pipeline)
    assert (found.state, found.kind, found.objects) == ("CONTESTED", "identity corrected", len(scans()))
    assert [(row["path"], row["objects"]) for row in found.differences] == [
        ("PatientID", len(scans())),
        ("PatientName", len(scans())),
    ]
    assert "REAL-7" not in str(found)
    assert "Rita" not in str(found.differences)


def test_a_contested_study_gets_no_case_and_no_copies(pipeline: Bench) -> None:
    """It is complete, and waits there until a lead has decided."""
    study_id = pipeline.keep(scans())
    pipeline.keep(scans(PatientID="REAL-7")[:1])
    pipeline.run(61)
    assert pipeline.study(study_id).state == "COMPLETED"


def test_other_pixels_are_graver_than_another_name(pipeline: Bench) -> None:
    """The conflict is named after the gravest kind, and counts each."""
    pipeline.keep(scans())
    first, second, *_ = scans(PatientName="Right^Rita")
    first.PixelData = bytes(len(first.PixelData))
    pipeline.keep([first, second])
    pipeline.run()
    found = conflict(pipeline)
    assert found.kind == "pixels or geometry differ"
    assert found.kinds == {"pixels or geometry differ": 1, "identity corrected": 1}


def test_what_is_compared_later_is_added(pipeline: Bench) -> None:
    """A re-send that trickles in is one conflict with one count."""
    pipeline.keep(scans())
    for dataset in scans(PatientID="REAL-7")[:3]:
        pipeline.keep([dataset])
        pipeline.run()
    found = conflict(pipeline)
    assert (found.objects, found.differences[0]["objects"]) == (3, 3)


def test_a_version_that_cannot_be_read_is_a_question(pipeline: Bench) -> None:
    """The comparison never parks: what cannot be known is asked."""
    pipeline.keep(scans())
    pipeline.keep(scans(PatientID="REAL-7")[:1])
    with pipeline.context.database.read() as session:
        [(version, _)] = compare.conflict_rows.to_compare(session, 1)
    pipeline.context.blobs.path(version.blob).write_bytes(b"nothing")
    pipeline.run()
    assert (conflict(pipeline).state, conflict(pipeline).kind) == ("CONTESTED", compare.UNREADABLE)
