"""Durable, then acknowledged: objects in pieces, rows in groups, and kill -9 while four senders push."""

from __future__ import annotations

import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from dicom_nodes.node import Role
from gateway.intake import CANNOT_UNDERSTAND, OUT_OF_RESOURCES, SUCCESS
from gateway.records.views import reply_rows
from support.arrivals import announced_object, files_of, intake_in, push, rows_of
from support.nodes.peers import wait_until
from support.nodes.raw_peer import STORAGE, RawPeer, association_request, message, store_command
from support.objects.dicom_files import mr_dataset


def test_an_object_in_pieces_is_the_object(folder: Path) -> None:
    """In pieces or whole, the same file, the same digest: the second time nothing is kept twice."""
    announced, data = announced_object(1)
    with intake_in(folder) as intake:
        assert push(intake, 1, step=7) == SUCCESS
        assert intake.keep(replace(announced, dataset=data), site="hospital").status == SUCCESS
        intake.flush()
        [row] = rows_of(intake)
        assert intake.blobs.get(row.blob).endswith(data)
        assert row.size == len(intake.blobs.get(row.blob))
        assert files_of(intake) == {row.blob}


def test_one_sync_makes_an_object_durable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the first byte and the answer a file is synced once, and no folder: its name was on disk before."""
    calls: list[str] = []
    for name in ("fsync", "fdatasync"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda fd, real=real, name=name: (calls.append(name), real(fd)))
    with intake_in(folder) as intake:
        assert push(intake, 1) == SUCCESS
        assert "fsync" in calls  # the open folder
        calls.clear()
        assert push(intake, 2) == SUCCESS
        assert calls == ["fdatasync"]


def test_rows_of_many_objects_share_a_commit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty acknowledged objects cost a few transactions, and a flush makes all of them visible."""
    transactions: list[str] = []
    with intake_in(folder) as intake:
        write = intake.database.write
        monkeypatch.setattr(
            intake.database, "write", lambda name: (transactions.append(name), write(name))[1]
        )
        for number in range(40):
            assert push(intake, number) == SUCCESS
        assert intake.flush()
        assert len(rows_of(intake)) == 40
        assert len(transactions) < 20


def test_durability_row_waits_for_the_row(folder: Path) -> None:
    """With durability "row" the row is committed when the sender hears Success."""
    with intake_in(folder, durability="row") as intake:
        for number in range(3):
            assert push(intake, number) == SUCCESS
            assert len(rows_of(intake)) == number + 1


def test_an_abandoned_object_leaves_nothing(folder: Path) -> None:
    """Half an object is neither a row nor a file."""
    announced, data = announced_object(1)
    with intake_in(folder) as intake:
        arrival = intake.begin(announced)
        arrival.write(memoryview(data)[:500])
        arrival.abandon()
        assert files_of(intake) == set()
    assert rows_of(intake) == []


def test_a_refused_object_stops_being_written(folder: Path) -> None:
    """What cannot be understood is seen while it passes, and its file is gone before the rest has come."""
    announced, data = announced_object(1)
    with intake_in(folder) as intake:
        arrival = intake.begin(announced)
        arrival.write(memoryview(data[:300] + b"\xff" * 100))
        assert files_of(intake) == set()
        arrival.write(memoryview(data))
        assert arrival.finish() == CANNOT_UNDERSTAND


def test_while_the_database_is_away_nothing_more_is_begun(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was acknowledged waits and gets its row when the database is back; what comes meanwhile hears A700."""

    def away(name: str) -> None:
        raise OperationalError("", {}, Exception("away"))

    with intake_in(folder) as intake:
        with monkeypatch.context() as fault:
            fault.setattr(intake.database, "write", away)
            assert push(intake, 1) == SUCCESS
            deadline = time.monotonic() + 10
            while not intake.rows.is_failing and time.monotonic() < deadline:
                time.sleep(0.01)
            assert push(intake, 2) == OUT_OF_RESOURCES
        assert intake.flush()
        assert len(rows_of(intake)) == 1
        assert push(intake, 2) == SUCCESS


def test_a_reply_leaves_nothing_in_an_open_folder(folder: Path) -> None:
    """What a reading site made is no object of a study: not in its open folders, and not for a recovery."""
    announced, data = announced_object(1)
    with intake_in(folder) as intake:
        arrival = intake.begin(announced, roles=frozenset({Role.READER}))
        arrival.write(memoryview(data)[:300])
        arrival.write(memoryview(data)[300:])
        assert arrival.finish() == SUCCESS
        assert files_of(intake) == set()
        [reply] = intake.blobs.keys("replies")
        assert intake.blobs.get(reply).endswith(data)
        assert rows_of(intake) == []


def test_one_look_tells_for_the_objects_of_a_study(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a UID is one of ours is looked up once for a series that arrives, and again a little later."""
    looks: list[str] = []
    real = reply_rows.is_pseudonymous
    monkeypatch.setattr(
        reply_rows, "is_pseudonymous", lambda session, uid: (looks.append(uid), real(session, uid))[1]
    )
    monkeypatch.setattr("gateway.intake._LOOK_AGAIN_S", 0.3)
    with intake_in(folder) as intake:
        for _ in range(5):
            assert not intake.is_reply("2.25.3001", frozenset({Role.SENDER}))
        assert looks == ["2.25.3001"]
        time.sleep(0.4)
        assert not intake.is_reply("2.25.3001", frozenset({Role.SENDER}))
        assert len(looks) == 2


# -- kill -9 while four senders push

ACCEPTED = 2  # A-ASSOCIATE-AC
_NODES = """\
nodes:
  - {name: hospital-pacs, kind: dimse, ae_title: MODALITY, host: 127.0.0.1, port: 4242, roles: [sender], site: hospital}
"""


class _Gateway:
    """Receivers in processes of their own, on one port, that can be killed all at once and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        (folder / "nodes.yaml").write_text(_NODES, encoding="utf-8")
        (folder / "gateway.toml").write_text(
            f"[dicom]\nport = {self.port}\nprocesses = 2\n"
            '[storage]\ndatabase = "sqlite:///t.sqlite"\nobjects = "objects"\n'
            'min_free_mb = 0\nkeys = "keys"\n[log]\nlevel = "ERROR"\n',
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "gateway", "serve", "--role", "receiver"]
        self._process = subprocess.Popen(
            [*command, "--config", str(self.folder / "gateway.toml")], process_group=0
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        raise AssertionError("the receiver did not start")

    def end(self, how: signal.Signals) -> None:
        assert self._process is not None
        pid = self._process.pid
        receivers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.killpg(pid, how)
        self._process.wait(40)
        wait_until(lambda: not any(map(_lives, receivers)))


def _lives(pid: str) -> bool:
    """Not so a zombie that nobody has asked about yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _kill_while_pushing(folder: Path, times: int, seed: int) -> None:
    chance = random.Random(seed)
    gateway = _Gateway(folder)
    acknowledged: dict[str, bytes] = {}
    _, template = announced_object(1)
    uid_of_template = str(mr_dataset(1).SOPInstanceUID)

    def push(sender: int, turn: int) -> None:
        with suppress(OSError), RawPeer(gateway.port) as peer:
            peer.send(association_request())
            if peer.read()[0] != ACCEPTED:  # the others were quicker: killed already
                return
            for number in range(10_000):
                uid = f"2.25.{sender + 1}{turn:03}{number:06}".ljust(len(uid_of_template), "7")
                data = template.replace(uid_of_template.encode(), uid.encode()) + _padding(number)
                peer.send(message(STORAGE, store_command(uid), data))
                if peer.status() != 0:
                    return
                acknowledged[uid] = data

    for turn in range(times):
        gateway.start()
        senders = [threading.Thread(target=push, args=(sender, turn)) for sender in range(4)]
        before = len(acknowledged)
        for sender in senders:
            sender.start()
        deadline = time.monotonic() + 30
        while len(acknowledged) < before + 40 and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(chance.random() * 0.5)
        gateway.end(signal.SIGKILL)
        for sender in senders:
            sender.join(30)
    assert len(acknowledged) >= 40 * times
    gateway.start()
    gateway.end(signal.SIGTERM)
    with intake_in(folder) as intake:
        rows = {row.sop_instance_uid: row for row in rows_of(intake)}
        assert acknowledged.keys() <= rows.keys()
        for uid, data in acknowledged.items():
            assert intake.blobs.get(rows[uid].blob).endswith(data)
        assert files_of(intake) == {row.blob for row in rows.values()}


def _padding(number: int) -> bytes:
    size = (number % 50) * 1000
    return struct.pack("<HH2sHL", 0xFFFC, 0xFFFC, b"OB", 0, size) + bytes(size)


@pytest.mark.timeout(300)
def test_kill_9_while_four_senders_push(folder: Path) -> None:
    """Killed twice in the middle of four pushes: every acknowledged object is there, and no other."""
    _kill_while_pushing(folder, times=2, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_kill_9_ten_times(folder: Path) -> None:
    """The same ten times, over what the nine before left."""
    _kill_while_pushing(folder, times=10, seed=2)
