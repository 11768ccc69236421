"""The one intake: what is kept, what is refused, and with which status."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from sqlalchemy.exc import OperationalError

from dicom_nodes.instance import ReceivedInstance, read_instance
from dicom_nodes.node import Role
from gateway.demo.phantom import phantom_study
from gateway.intake import CANNOT_UNDERSTAND, DATA_SET_MISMATCH, OUT_OF_RESOURCES, SUCCESS, Intake
from gateway.records.accounts import Viewer
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.records.tables.cases import Case, PreparedInstance
from gateway.records.views import case_rows, reply_rows, study_rows
from gateway.settings import Settings
from support.empty_records import newest
from support.records import FakeClock, forwarded_case


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    """An intake on SQLite and a local folder."""
    database = Database(f"sqlite:///{tmp_path}/t.sqlite")
    newest(database)
    opened = Intake(Settings(), database, LocalBlobs(tmp_path / "objects"))
    yield opened
    opened.close()
    database.close()


@pytest.fixture
def received() -> ReceivedInstance:
    """One phantom image, as a PACS sends it."""
    buffer = BytesIO()
    next(phantom_study(date(2026, 1, 1), small=True)).save_as(buffer, enforce_file_format=True)
    return read_instance(
        buffer.getvalue(),
        calling_ae_title="HOSPITAL",
        called_ae_title="GATEWAY",
        peer_address="127.0.0.1",
        association_id="a",
        node="hospital-pacs",
        received_by="c-store",
    )


def _refusals(intake: Intake) -> list[str]:
    with intake.database.read() as session:
        return [row.why for row in case_rows.refusals(session)]


def test_success_means_bytes_and_row_are_there(intake: Intake, received: ReceivedInstance) -> None:
    """The kept file holds the data set exactly as received, and its row finds it."""
    kept = intake.keep(received, site="hospital")
    assert kept.status == SUCCESS
    assert kept.study_id is not None
    with intake.database.read() as session:
        [row] = case_rows.instances(session, kept.study_id)
    assert intake.blobs.get(row.blob).endswith(received.dataset)
    assert intake.keep(received, site="hospital").status == SUCCESS


def test_the_same_object_by_another_way_is_no_conflict(intake: Intake, received: ReceivedInstance) -> None:
    """A PACS that sends again under another AE title, or a person who uploads the file too, sends the same object."""
    kept = intake.keep(received, site="hospital")
    for way in ({"calling_ae_title": "BACKUP"}, {"calling_ae_title": "", "received_by": "upload"}):
        assert intake.keep(replace(received, **way), site="hospital").status == SUCCESS
    assert kept.study_id is not None
    with intake.database.read() as session:
        assert len(case_rows.instances(session, kept.study_id)) == 1
        assert case_rows.study(session, kept.study_id).problem == ""


@pytest.mark.parametrize("cut", [1, 500, 5000], ids=lambda cut: f"last {cut} bytes")
def test_a_truncated_object_is_refused_and_shown(
    intake: Intake, received: ReceivedInstance, cut: int
) -> None:
    """The sender hears C000 and keeps the object; the refusal is on the screen."""
    assert intake.keep(replace(received, dataset=received.dataset[:-cut])).status == CANNOT_UNDERSTAND
    assert len(_refusals(intake)) == 1


@pytest.mark.parametrize(
    "garbage", [b"", b"\x00" * 64, b"GET / HTTP/1.1\r\n\r\n" * 20], ids=["nothing", "zeros", "text"]
)
def test_garbage_is_refused(intake: Intake, received: ReceivedInstance, garbage: bytes) -> None:
    """Bytes that are no data set are C000."""
    assert intake.keep(replace(received, dataset=garbage)).status == CANNOT_UNDERSTAND


def test_a_request_about_another_object_is_refused(intake: Intake, received: ReceivedInstance) -> None:
    """A900 when the command names another SOP instance than the data set."""
    assert intake.keep(replace(received, sop_instance_uid="1.2.3")).status == DATA_SET_MISMATCH


@pytest.mark.parametrize("step", ["pwrite", "fdatasync"])
def test_a_full_disk_is_out_of_resources(
    intake: Intake, received: ReceivedInstance, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A700, never Success, when the bytes cannot be written or synced; and nothing is left of them."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as fault:
        fault.setattr(os, step, full)
        assert intake.keep(received).status == OUT_OF_RESOURCES
    assert "could not be kept" in _refusals(intake)[0]
    assert list(intake.blobs.keys("received")) == []
    assert intake.keep(received).status == SUCCESS


def test_a_database_that_is_away_is_out_of_resources(
    intake: Intake, received: ReceivedInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A700 even when the refusal itself cannot be recorded."""

    def away(name: str) -> None:
        raise OperationalError("", {}, Exception("away"))

    monkeypatch.setattr(intake.database, "write", away)
    assert intake.keep(received).status == OUT_OF_RESOURCES


def _rooms(intake: Intake) -> tuple[int, int]:
    """(studies, replies) that the records know."""
    everybody = Viewer(0, "test", "test", "admin", "")
    with intake.database.read() as session:
        return len(study_rows.studies(session, everybody)), len(reply_rows.newest(session, everybody))


def _read_case(intake: Intake) -> int:
    """A case at the reading site, made in its own time."""
    clock = FakeClock()
    database = Database(intake.database.url, clock)
    case_id = forwarded_case(database, clock)
    database.close()
    return case_id


def test_what_a_node_that_only_reads_sends_is_a_reply_and_never_a_study(
    intake: Intake, received: ReceivedInstance
) -> None:
    """Acknowledged only when bytes and row are there, once for the same object, in a folder of its own."""
    for _ in range(2):
        assert intake.keep(received, roles=frozenset({Role.READER, Role.ARCHIVE})).status == SUCCESS
    assert _rooms(intake) == (0, 1)
    with intake.database.read() as session:
        row = reply_rows.reply(session, 1)
    assert intake.blobs.get(row.blob).endswith(received.dataset)


def test_a_pseudonymous_study_is_a_reply_whoever_sends_it(
    intake: Intake, received: ReceivedInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a node that is both, or from a sender: what was de-identified here is not forwarded again."""
    # Here one UID is first a scanner's and then ours, which in life it never is.
    monkeypatch.setattr("gateway.intake._LOOK_AGAIN_S", 0.0)
    header = dcmread(BytesIO(received.part10()), stop_before_pixels=True)
    both = frozenset({Role.READER, Role.SENDER})
    assert intake.keep(received, roles=both).status == SUCCESS
    assert _rooms(intake) == (1, 0)
    case_id = _read_case(intake)
    with intake.database.write("test") as session:
        session.get_one(Case, case_id).pseudonymous_study_uid = str(header.StudyInstanceUID)
    for number, roles in enumerate((both, frozenset({Role.SENDER}))):
        another = bytes(received.dataset).replace(
            str(header.SOPInstanceUID).encode(), _same_length(str(header.SOPInstanceUID), number)
        )
        uid = _same_length(str(header.SOPInstanceUID), number).decode()
        sent = replace(received, dataset=another, sop_instance_uid=uid)
        assert intake.keep(sent, roles=roles).status == SUCCESS
    assert _rooms(intake) == (2, 2)


def _same_length(uid: str, number: int) -> bytes:
    return (uid[:-2] + f"{number + 70}").encode()


def test_our_own_copy_that_comes_back_is_acknowledged_and_dropped(
    intake: Intake, received: ReceivedInstance
) -> None:
    """Neither a study nor a reply, and no bytes are kept: the case counts it."""
    case_id = _read_case(intake)
    with intake.database.write("test") as session:
        session.add(
            PreparedInstance(
                case_id=case_id,
                instance_id=1,
                sop_class_uid=received.sop_class_uid,
                sop_instance_uid=received.sop_instance_uid,
                transfer_syntax_uid=received.transfer_syntax_uid,
                blob="prepared/1.dcm",
            )
        )
    assert intake.keep(received, roles=frozenset({Role.READER})).status == SUCCESS
    assert _rooms(intake) == (1, 0)
    assert list(intake.blobs.keys("replies")) == []
    with intake.database.read() as session:
        assert case_rows.case(session, case_id).echoes == 1


def test_a_reply_that_cannot_be_kept_is_out_of_resources(
    intake: Intake, received: ReceivedInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A700, so that the reading site sends it again."""

    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(intake.blobs, "batch", full)
    assert intake.keep(received, roles=frozenset({Role.READER})).status == OUT_OF_RESOURCES
    assert _rooms(intake) == (0, 0)


def test_a_file_system_that_is_really_full_is_out_of_resources(
    intake: Intake, received: ReceivedInstance, tmp_path: Path
) -> None:
    """On a real tmpfs with no room left: A700, no half file under the final name, and Success after room was made."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("This account may not mount a tmpfs; the refusal is also tested with a fault.")
    try:
        (small / "ballast").write_bytes(bytes(120_000))
        settings = Settings.model_validate({"storage": {"min_free_mb": 0}})
        full = Intake(settings, intake.database, LocalBlobs(small / "objects"))
        assert full.keep(received).status == OUT_OF_RESOURCES
        assert list(full.blobs.keys("received")) == []
        (small / "ballast").unlink()
        assert full.keep(received).status == SUCCESS
        full.close()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def _without_an_end(received: ReceivedInstance) -> bytes:
    """The data set up to pixels that claim to be four gigabytes."""
    pixels = b"\xe0\x7f\x10\x00OW\0\0"
    return received.dataset[: received.dataset.index(pixels)] + pixels + b"\xf0\xff\xff\xff"


def test_an_object_without_an_end_is_refused_on_its_way(
    tmp_path: Path, received: ReceivedInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would fill the disk: nothing of it stays, and the refusal says which setting it is."""
    monkeypatch.setattr("gateway.intake._LOOK_EVERY", 1 << 20)
    with closing(Database(f"sqlite:///{tmp_path}/t.sqlite")) as database:
        newest(database)
        settings = Settings.model_validate({"dicom": {"max_object_mb": 64}})
        intake = Intake(settings, database, LocalBlobs(tmp_path / "objects"))
        arrival = intake.begin(replace(received, dataset=b""))
        arrival.write(memoryview(_without_an_end(received)))
        for _ in range(70):
            arrival.write(memoryview(bytes(1 << 20)))
        assert arrival.finish() == CANNOT_UNDERSTAND
        assert (
            sum(file.stat().st_size for file in (tmp_path / "objects").rglob("*") if file.is_file()) < 1 << 20
        )
        assert _refusals(intake) == ["The object is larger than 64 MB."]
        intake.close()


def test_a_disk_that_fills_up_meanwhile_stops_an_object(
    intake: Intake, received: ReceivedInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others need is not taken by one that has begun; the sender tries again."""
    monkeypatch.setattr("gateway.intake._LOOK_EVERY", 1 << 20)
    arrival = intake.begin(replace(received, dataset=b""))
    arrival.write(memoryview(_without_an_end(received)))
    monkeypatch.setattr(intake.blobs, "free_mb", lambda: 1.0)
    arrival.write(memoryview(bytes(2 << 20)))
    assert arrival.finish() == OUT_OF_RESOURCES
    assert _refusals(intake) == ["The disk is nearly full."]
