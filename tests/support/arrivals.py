"""An intake on a folder of its own, objects pushed into it in pieces, and a process that dies in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlmodel import select

from dicom_nodes.instance import ReceivedInstance
from gateway.intake import SUCCESS, Intake
from gateway.records.arrival import open_folders
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.records.tables.studies import Instance
from gateway.settings import Settings
from support.objects.dicom_files import dataset_bytes, encoded, mr_dataset


@contextmanager
def intake_in(folder: Path, **dicom: object) -> Iterator[Intake]:
    """An intake on the database and the objects of a folder; `dicom` are settings."""
    database = Database(f"sqlite:///{folder}/t.sqlite")
    intake = Intake(
        Settings.model_validate({"dicom": dicom, "storage": {"min_free_mb": 0}}),
        database,
        LocalBlobs(folder / "objects"),
    )
    try:
        yield intake
    finally:
        intake.close()
        database.close()


def announced_object(number: int) -> tuple[ReceivedInstance, bytes]:
    """What a sender says of an object, and its data set."""
    ds = mr_dataset(number)
    announced = ReceivedInstance(
        ds.SOPClassUID,
        ds.SOPInstanceUID,
        ds.file_meta.TransferSyntaxUID,
        b"",
        calling_ae_title="HOSPITAL",
        called_ae_title="GATEWAY",
        peer_address="127.0.0.1",
        node="hospital-pacs",
        received_by="c-store",
    )
    return announced, dataset_bytes(encoded(ds))


def sent_object(number: int) -> tuple[str, bytes]:
    """SOP Instance UID and data set of an object."""
    announced, data = announced_object(number)
    return announced.sop_instance_uid, data


def push(intake: Intake, number: int, step: int = 100) -> int:
    """An object in pieces of `step` bytes: the status that its sender hears."""
    announced, data = announced_object(number)
    arrival = intake.begin(announced, site="hospital")
    for at in range(0, len(data), step):
        arrival.write(memoryview(data)[at : at + step])
    return arrival.finish()


def rows_of(intake: Intake) -> list[Instance]:
    """All rows of objects."""
    with intake.database.read() as session:
        return list(session.exec(select(Instance)).all())


def files_of(intake: Intake) -> set[str]:
    """The keys of all files below the folder of received objects."""
    return set(intake.blobs.keys("received"))


def die_without_rows(folder: Path) -> None:
    """A process that gave one object its row, acknowledged three without, has half a fifth, and is killed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "support.arrivals", str(folder)]
    ended = subprocess.run(command, env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL


def _push_and_die(folder: Path) -> None:
    open_folders.READY = 0  # one open folder, however slow the machine is
    with intake_in(folder) as intake:
        assert push(intake, 0) == SUCCESS
        intake.flush()
        intake.rows.add = lambda *_, **__: None  # type: ignore[assignment, method-assign]
        for number in range(1, 4):
            assert push(intake, number) == SUCCESS
        announced, data = announced_object(9)
        half = intake.begin(announced)
        half.write(memoryview(data)[:-20])
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    _push_and_die(Path(sys.argv[1]))
