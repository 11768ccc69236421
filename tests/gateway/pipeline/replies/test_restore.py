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
from gateway.records.tables.studies import Reply
from gateway.records.views import reply_rows
from support.conflicts import case
from support.engine import NOBODY_ANSWERS, RULE, Bench, bench, scans
from support.nodes.replies import sr

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
