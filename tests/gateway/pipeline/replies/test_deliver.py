"""A reading site's objects go to the PACS that sent the study or wait for its uploader; a report may end the case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from sqlmodel import select

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import ConfirmsBy, DimseNode, ReportsBy, Role
from gateway.lifecycle import CaseState, ReplyState
from gateway.pipeline.context import Turn
from gateway.pipeline.replies.deliver import confirm_reply, return_reply
from gateway.pipeline.step_result import Done, NotYet, Stuck
from gateway.records.ledger.parking import Claim
from gateway.records.tables.cases import Case, Reply
from support.engine import NOBODY_ANSWERS, Bench, bench, scans
from support.nodes.peers import PretendPacs

READING = DimseNode(
    "reading", "READING", "127.0.0.1", 1, frozenset({Role.READER}), reports_by=ReportsBy.DICOM
)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Bench]:
    """An engine whose nodes are the reading site and, when a test adds it, the hospital's PACS."""
    with bench(tmp_path) as made:
        made.use(directory=lambda: NodeDirectory((READING,)))
        yield made


def _turn(worker: Bench, state: ReplyState) -> Turn:
    return Turn(Claim("reply", 1, state, fence=1, attempts=0, worker="test"), worker.clock())


def _restored(worker: Bench, sender: str, state: CaseState = CaseState.FORWARDED, **changes: object) -> None:
    """A study of this sender, its case in that state, and one object about it with its identity restored."""
    study_id = worker.keep(scans(), node=sender)
    worker.settled()
    image = scans()[0]
    file = {
        "blob": "replies/restored.dcm",
        "sop_class_uid": str(image.SOPClassUID),
        "sop_instance_uid": str(image.SOPInstanceUID),
        "series_instance_uid": str(image.SeriesInstanceUID),
        "transfer_syntax_uid": str(image.file_meta.TransferSyntaxUID),
    }
    with worker.context.database.write("test") as session:
        case = session.exec(select(Case)).one()
        case.state, case.destination = state, "reading"
        values = {
            "node": "reading",
            "calling_ae_title": "READING",
            "address": "127.0.0.1",
            "received_by": "c-store",
            "study_instance_uid": "2.25.1",
            "sop_class_uid": str(image.SOPClassUID),
            "sop_instance_uid": "2.25.2",
            "transfer_syntax_uid": file["transfer_syntax_uid"],
            "digest": "0" * 64,
            "blob": "replies/as-it-came.dcm",
            "size": 1,
            "state": ReplyState.RESTORED,
            "study_id": study_id,
            "case_id": case.id,
            "generation": case.generation,
            "is_report": True,
            "restored": file,
            "returns_to": sender,
            "received_at": worker.clock(),
            "reached_at": worker.clock(),
            "look_again_at": worker.clock(),
            "fence": 1,  # as the claim of `_turn` says
        }
        session.add(Reply(**(values | changes)))
    buffer = BytesIO()
    image.save_as(buffer, enforce_file_format=True)
    worker.context.blobs.put(file["blob"], buffer.getvalue())


def test_a_reply_that_nobody_would_get_waits_for_a_person(worker: Bench) -> None:
    """As the report of its study would: the fix is the line to write in nodes.yaml."""
    _restored(worker, sender="gone")
    worker.use(directory=NodeDirectory)
    returned = return_reply(_turn(worker, ReplyState.RESTORED), worker.context)
    assert isinstance(returned, Stuck)
    assert "gone, which sent the study, is no longer there" in returned.problem
    assert "returns_to" in returned.fix


def test_a_reply_goes_to_the_archive_of_the_site_whoever_sent_the_study(worker: Bench) -> None:
    """And the row says so, for whoever asks later whether it is kept there."""
    _restored(worker, sender="hospital-pacs")
    archive = DimseNode("archive", "ARCHIVE", "127.0.0.1", 1, frozenset({Role.ARCHIVE}), site="hospital")
    worker.use(directory=lambda: NodeDirectory((*NOBODY_ANSWERS, archive)))
    returned = return_reply(_turn(worker, ReplyState.RESTORED), worker.context)
    assert isinstance(returned, NotYet)
    assert returned.record.columns == {"returns_to": "archive"}


def test_an_uploaded_study_s_reply_waits_on_the_page_of_the_upload(worker: Bench) -> None:
    """Nobody is sent anything, and the journal says where it is."""
    _restored(worker, sender="")
    returned = return_reply(_turn(worker, ReplyState.RESTORED), worker.context)
    assert isinstance(returned, Done)
    assert returned.reached == ReplyState.RETURNED
    assert returned.record.note["waits"] == "on the upload's page"
    assert "has no archive" in returned.record.note["why"]
    confirmed = confirm_reply(_turn(worker, ReplyState.RETURNED), worker.context)
    assert isinstance(confirmed, Done)
    assert confirmed.record.note == {"how": "kept here for the uploader"}


def test_the_sender_s_pacs_gets_the_restored_object(worker: Bench) -> None:
    """Over a socket; where the PACS's Success is enough, that is the confirmation."""
    with PretendPacs(commits=None, queries=False) as pacs:
        node = replace(pacs.node, name="hospital-pacs", confirms_by=ConfirmsBy.STORE)
        worker.use(directory=lambda: NodeDirectory((READING, node)))
        _restored(worker, sender="hospital-pacs")
        for _ in range(
            3
        ):  # a peer on a busy machine may let an association fall; the engine would come again
            returned = return_reply(_turn(worker, ReplyState.RESTORED), worker.context)
            if isinstance(returned, Done):
                break
        assert isinstance(returned, Done)
        assert list(pacs.stored) == [scans()[0].SOPInstanceUID]
        confirmed = confirm_reply(_turn(worker, ReplyState.RETURNED), worker.context)
    assert isinstance(confirmed, Done)
    assert confirmed.reached == ReplyState.CONFIRMED
    assert confirmed.record.closes_case


def test_a_report_waits_until_its_case_has_left(worker: Bench) -> None:
    """A reading site can answer before the last copy is acknowledged: the case is not closed under its own feet."""
    _restored(worker, sender="", state=CaseState.PREPARED)
    result = confirm_reply(_turn(worker, ReplyState.RETURNED), worker.context)
    assert isinstance(result, NotYet)
    assert "on its way" in result.why


@pytest.mark.parametrize(
    ("changes", "state", "closes"),
    [
        ({}, CaseState.FORWARDED, True),
        ({"is_report": False}, CaseState.FORWARDED, False),
        ({"generation": 7}, CaseState.FORWARDED, False),
        ({}, CaseState.CONFIRMED, False),
    ],
    ids=["a report", "no report", "of earlier images", "already reported"],
)
def test_only_a_report_about_the_images_as_they_are_ends_the_case(
    worker: Bench, changes: dict[str, object], state: CaseState, closes: bool
) -> None:
    """A segmentation, a report about fewer images or a second one is delivered and changes nothing else."""
    _restored(worker, sender="", state=state, **changes)
    result = confirm_reply(_turn(worker, ReplyState.RETURNED), worker.context)
    assert isinstance(result, Done)
    assert result.record.closes_case is closes


def test_a_site_that_reports_in_the_queue_ends_no_case_by_dicom(worker: Bench) -> None:
    """Its objects are delivered; the report is the one its reader signs."""
    node = replace(READING, reports_by=ReportsBy.WEB)
    worker.use(directory=lambda: NodeDirectory((node,)))
    _restored(worker, sender="")
    result = confirm_reply(_turn(worker, ReplyState.RETURNED), worker.context)
    assert isinstance(result, Done)
    assert not result.record.closes_case
