"""The one door: what is kept, what is refused, and with which status."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from dicom_nodes.instance import ReceivedInstance, read_instance
from gateway.demo.phantom import phantom_study
from gateway.intake import CANNOT_UNDERSTAND, DATA_SET_MISMATCH, OUT_OF_RESOURCES, SUCCESS, Intake
from gateway.records import migrations, queries
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.settings import Settings


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    """An intake on SQLite and a local folder."""
    database = Database(f"sqlite:///{tmp_path}/t.sqlite")
    migrations.upgrade(database)
    yield Intake(Settings(), database, LocalBlobs(tmp_path / "objects"))
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
        return [row.why for row in queries.refusals(session)]


def test_success_means_bytes_and_row_are_there(intake: Intake, received: ReceivedInstance) -> None:
    """The kept file holds the data set exactly as received, and its row finds it."""
    kept = intake.keep(received, site="hospital")
    assert kept.status == SUCCESS
    assert kept.study_id is not None
    with intake.database.read() as session:
        [row] = queries.instances(session, kept.study_id)
    assert intake.blobs.get(row.blob).endswith(received.dataset)
    assert intake.keep(received, site="hospital").status == SUCCESS


def test_the_same_object_by_another_way_is_no_conflict(intake: Intake, received: ReceivedInstance) -> None:
    """A PACS that sends again under another AE title, or a person who uploads the file too, sends the same object."""
    kept = intake.keep(received, site="hospital")
    for way in ({"calling_ae_title": "BACKUP"}, {"calling_ae_title": "", "received_by": "upload"}):
        assert intake.keep(replace(received, **way), site="hospital").status == SUCCESS
    assert kept.study_id is not None
    with intake.database.read() as session:
        assert len(queries.instances(session, kept.study_id)) == 1
        assert queries.study(session, kept.study_id).problem == ""


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


def test_a_full_disk_is_out_of_resources(
    intake: Intake, received: ReceivedInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A700, never Success, when the bytes cannot be written."""

    def full(key: str, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(intake.blobs, "put", full)
    assert intake.keep(received).status == OUT_OF_RESOURCES
    assert "could not be kept" in _refusals(intake)[0]


def test_a_database_that_is_away_is_out_of_resources(
    intake: Intake, received: ReceivedInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A700 even when the refusal itself cannot be recorded."""

    def away(name: str) -> None:
        raise OperationalError("", {}, Exception("away"))

    monkeypatch.setattr(intake.database, "write", away)
    assert intake.keep(received).status == OUT_OF_RESOURCES


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
    finally:
        subprocess.run(["umount", str(small)], check=True)
