"""The identity is put back on what a reading site sent, or the object waits for a person with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.instance import read_instance
from dicom_nodes.node import DimseNode, Role
from gateway.intake import SUCCESS
from gateway.lifecycle import Choice
from gateway.records.tables.cases import Case, Delivery, Reply
from gateway.records.views import reply_rows
from support.conflicts import case, decide
from support.engine import NOBODY_ANSWERS, RULE, Bench, bench, scans
from support.nodes.replies import sr
from support.patients import sign

READER = DimseNode("reading-site", "READER", "127.0.0.1", 11200, frozenset({Role.READER}))
STRAY = b"\xfe\xff\xdd\xe0\0\0\0\0"


@pytest.fixture
def forwarded(tmp_path: Path) -> Iterator[Bench]:
    """A case that waits for its reader; the reading site fetches its images from the gateway's own queue."""
    with bench(tmp_path, rules=f"{RULE}    replies_from: [reading-site]\n") as made:
        made.use(directory=lambda: NodeDirectory((*NOBODY_ANSWERS, READER)))
        made.keep(scans())
        made.run(61)
        assert case(made).state == "FORWARDED"
        yield made


def encoded(ds: Dataset) -> bytes:
    """As a file."""
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def answer(pipeline: Bench, file: bytes) -> Reply:
    """The reading site sends an object; its row once all that is due is done."""
    received = read_instance(file, calling_ae_title="READER", node="reading-site", received_by="c-store")
    assert pipeline.intake.keep(received, site="hospital", roles=READER.roles).status == SUCCESS
    pipeline.run()
    with pipeline.context.database.read() as session:
        return reply_rows.reply(session, 1)


def test_delimiters_at_the_end_hinder_nothing(forwarded: Bench) -> None:
    """The object goes back under the patient's identity, without what ends nothing."""
    reply = answer(forwarded, encoded(sr(forwarded.copies())) + STRAY * 2)
    assert reply.state == "RESTORED"
    restored = dcmread(forwarded.context.blobs.path(reply.restored["blob"]))
    assert restored.PatientID == scans()[0].PatientID
    assert all(element.tag.group < 0xFFFE for element in restored.iterall())


def test_what_cannot_be_read_waits_for_a_person(forwarded: Bench) -> None:
    """A number of three bytes in an object whose elements can be walked: no crash, and the next step is named."""
    ds = sr(forwarded.copies())
    ds.InstanceNumber = 7
    file = encoded(ds)
    at = file.index(b"\x20\0\x13\0IS\2\0")
    reply = answer(forwarded, file[:at] + b"\x20\0\x13\0US\3\0\1\0\0" + file[at + 10 :])
    assert reply.state == "RECEIVED"
    assert reply.problem.startswith("The object cannot be read")
    assert "discard" in reply.fix


@pytest.fixture
def sent(tmp_path: Path) -> Iterator[Bench]:
    """A case whose copies the reading site took, and no other node may answer for it; nobody answers there now."""
    with bench(tmp_path) as made:
        made.use(directory=lambda: NodeDirectory((*NOBODY_ANSWERS, READER)))
        made.keep(scans())
        made.run(61)
        with made.context.database.write("test") as session:
            session.get_one(Case, 1).destination = READER.name
            for copy in made.copies():
                uid = str(copy.SOPInstanceUID)
                session.add(
                    Delivery(
                        case_id=1,
                        direction="forward",
                        node=READER.name,
                        sop_instance_uid=uid,
                        outcome="accepted",
                        at=made.clock.time,
                    )
                )
        yield made


def corrected(pipeline: Bench, **identity: str) -> Reply:
    """The study sent again with another identity, and a lead decided for it; the object as it is then."""
    pipeline.keep(scans(**identity))
    pipeline.run()
    decide(pipeline, Choice.NEWER)
    pipeline.run(6)
    with pipeline.context.database.read() as session:
        return reply_rows.reply(session, 1)


def test_an_open_case_that_is_sent_again_lets_its_objects_wait(sent: Bench) -> None:
    """What the site made of the withdrawn copies is no stranger's: it goes on with the case, under the new name."""
    assert answer(sent, encoded(sr(sent.copies()))).state == "RESTORED"
    waits = corrected(sent, PatientName="Right^Rita")
    assert (waits.state, waits.problem) == ("RECEIVED", "")
    assert "sent to the reading site again" in waits.waiting_for
    with sent.context.database.write("test") as session:
        session.get_one(Case, 1).state = "FORWARDED"
        session.get_one(Case, 1).problem = ""
    sent.run(6)
    with sent.context.database.read() as session:
        goes_on = reply_rows.reply(session, 1)
    assert (goes_on.state, goes_on.problem) == ("RESTORED", "")
    restored = dcmread(sent.context.blobs.path(goes_on.restored["blob"]))
    assert str(restored.PatientName) == "Right^Rita"


def test_a_signed_case_that_is_another_patients_keeps_its_objects(sent: Bench) -> None:
    """Its copies are withdrawn for good; what the reading site made of them goes back under the right patient."""
    assert answer(sent, encoded(sr(sent.copies()))).state == "RESTORED"
    sign(sent, 1)
    again = corrected(sent, PatientID="REAL-7")
    assert (again.state, again.problem) == ("RESTORED", "")
    assert dcmread(sent.context.blobs.path(again.restored["blob"])).PatientID == "REAL-7"
