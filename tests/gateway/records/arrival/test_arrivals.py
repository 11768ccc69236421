"""Durable, then acknowledged: pieces, groups of rows, open folders, and what is found again after kill -9."""

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
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from dicom_nodes.instance import ReceivedInstance
from dicom_nodes.node import Role
from gateway.intake import CANNOT_UNDERSTAND, OUT_OF_RESOURCES, SUCCESS, Intake
from gateway.records.arrival import recovery
from gateway.records.arrival.open_folders import PLACES, READY, OpenFolders
from gateway.records.arrival.recovery import Recovered
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.records.migrations import schema
from gateway.records.tables.studies import Instance
from gateway.records.views import case_rows, reply_rows
from gateway.settings import Settings
from support.nodes.peers import wait_until
from support.nodes.raw_peer import STORAGE, RawPeer, message, store_command
from support.objects.dicom_files import dataset_bytes, encoded, mr_dataset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the gateway keeps everything."""
    schema.upgrade(Database(f"sqlite:///{tmp_path}/t.sqlite"))
    return tmp_path


@contextmanager
def _intake(folder: Path, **dicom: object) -> Iterator[Intake]:
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


def _announced(number: int) -> tuple[ReceivedInstance, bytes]:
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


def _sent(number: int) -> tuple[str, bytes]:
    announced, data = _announced(number)
    return announced.sop_instance_uid, data


def _push(intake: Intake, number: int, step: int = 100) -> int:
    announced, data = _announced(number)
    arrival = intake.begin(announced, site="hospital")
    for at in range(0, len(data), step):
        arrival.write(memoryview(data)[at : at + step])
    return arrival.finish()


def _rows(intake: Intake) -> list[Instance]:
    with intake.database.read() as session:
        return list(session.exec(select(Instance)).all())


def _files(intake: Intake) -> set[str]:
    return set(intake.blobs.keys("received"))


def test_an_object_in_pieces_is_the_object(folder: Path) -> None:
    """In pieces or whole, the same file, the same digest: the second time nothing is kept twice."""
    announced, data = _announced(1)
    with _intake(folder) as intake:
        assert _push(intake, 1, step=7) == SUCCESS
        assert intake.keep(replace(announced, dataset=data), site="hospital").status == SUCCESS
        intake.flush()
        [row] = _rows(intake)
        assert intake.blobs.get(row.blob).endswith(data)
        assert row.size == len(intake.blobs.get(row.blob))
        assert _files(intake) == {row.blob}


def test_one_sync_makes_an_object_durable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the first byte and the answer a file is synced once, and no folder: its name was on disk before."""
    calls: list[str] = []
    for name in ("fsync", "fdatasync"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda fd, real=real, name=name: (calls.append(name), real(fd)))
    with _intake(folder) as intake:
        assert _push(intake, 1) == SUCCESS
        assert "fsync" in calls  # the open folder
        calls.clear()
        assert _push(intake, 2) == SUCCESS
        assert calls == ["fdatasync"]


def test_rows_of_many_objects_share_a_commit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty acknowledged objects cost a few transactions, and a flush makes all of them visible."""
    transactions: list[str] = []
    with _intake(folder) as intake:
        write = intake.database.write
        monkeypatch.setattr(
            intake.database, "write", lambda name: (transactions.append(name), write(name))[1]
        )
        for number in range(40):
            assert _push(intake, number) == SUCCESS
        assert intake.flush()
        assert len(_rows(intake)) == 40
        assert len(transactions) < 20


def test_durability_row_waits_for_the_row(folder: Path) -> None:
    """With durability "row" the row is committed when the sender hears Success."""
    with _intake(folder, durability="row") as intake:
        for number in range(3):
            assert _push(intake, number) == SUCCESS
            assert len(_rows(intake)) == number + 1


def test_an_abandoned_object_leaves_nothing(folder: Path) -> None:
    """Half an object is neither a row nor a file."""
    announced, data = _announced(1)
    with _intake(folder) as intake:
        arrival = intake.begin(announced)
        arrival.write(memoryview(data)[:500])
        arrival.abandon()
        assert _files(intake) == set()
    assert _rows(intake) == []


def test_a_refused_object_stops_being_written(folder: Path) -> None:
    """What cannot be understood is seen while it passes, and its file is gone before the rest has come."""
    announced, data = _announced(1)
    with _intake(folder) as intake:
        arrival = intake.begin(announced)
        arrival.write(memoryview(data[:300] + b"\xff" * 100))
        assert _files(intake) == set()
        arrival.write(memoryview(data))
        assert arrival.finish() == CANNOT_UNDERSTAND


def test_while_the_database_is_away_nothing_more_is_begun(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was acknowledged waits and gets its row when the database is back; what comes meanwhile hears A700."""

    def away(name: str) -> None:
        raise OperationalError("", {}, Exception("away"))

    with _intake(folder) as intake:
        with monkeypatch.context() as fault:
            fault.setattr(intake.database, "write", away)
            assert _push(intake, 1) == SUCCESS
            deadline = time.monotonic() + 10
            while not intake.rows.is_failing and time.monotonic() < deadline:
                time.sleep(0.01)
            assert _push(intake, 2) == OUT_OF_RESOURCES
        assert intake.flush()
        assert len(_rows(intake)) == 1
        assert _push(intake, 2) == SUCCESS


# -- open folders


def test_an_object_is_on_its_way_to_the_disk_before_it_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stretch by stretch, all but the page of the mark, without a gap; and what is kept is what came."""
    asked: list[tuple[int, int]] = []
    real = os.posix_fadvise
    monkeypatch.setattr("gateway.records.arrival.arriving_file._SHORTEST_STRETCH", 50)
    monkeypatch.setattr("gateway.records.arrival.arriving_file._LONGEST_STRETCH", 200)
    monkeypatch.setattr("gateway.records.arrival.arriving_file._MARKED", 100)
    monkeypatch.setattr(
        os, "posix_fadvise", lambda fd, at, count, how: (asked.append((at, count)), real(fd, at, count, how))
    )
    with _intake(folder) as intake:
        assert _push(intake, 1) == SUCCESS
        assert intake.flush()
        [row] = _rows(intake)
        assert intake.blobs.get(row.blob).endswith(_sent(1)[1])
    assert len(asked) > 1
    assert [at for at, _ in asked] == [100, *(at + count for at, count in asked[:-1])]
    assert row.size - 100 - sum(count for _, count in asked) < 200


def test_an_open_folder_is_followed_by_the_next(tmp_path: Path) -> None:
    """More places than an open folder has: no name twice, all there before they are used, and none left at the end."""
    open_folders = OpenFolders(tmp_path / "received")
    places = [open_folders.take() for _ in range(2 * PLACES + 1)]
    assert len({place.key for place in places}) == len(places)
    assert all(place.path.stat().st_size == 0 for place in places)
    for place in places:
        place.clear()
    open_folders.close()
    assert [path for path in (tmp_path / "received").rglob("*") if path.is_file()] == []


def test_the_first_place_can_be_ready_before_it_is_needed(tmp_path: Path) -> None:
    """Nothing is made when it is taken; what is not taken leaves nothing behind."""
    open_folders = OpenFolders(tmp_path / "received")
    open_folders.get_ready()
    (made,) = (tmp_path / "received").glob("*/*")
    open_folders.get_ready()
    place = open_folders.take()
    assert place.path.parent == made
    place.clear()
    open_folders.close()
    assert list((tmp_path / "received").glob("*/*")) == []


def test_open_folders_are_made_while_nobody_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a moment of quiet enough folders are ready, the next places come from them, and none is left at the end."""
    monkeypatch.setattr("gateway.records.arrival.open_folders.QUIET_S", 0.05)
    open_folders = OpenFolders(tmp_path / "received")
    open_folders.take().clear()
    wait_until(lambda: len(list((tmp_path / "received").glob("*/*/.open"))) == READY + 1, 10)
    ready = set((tmp_path / "received").glob("*/*"))
    for place in [open_folders.take() for _ in range(2 * PLACES)]:
        assert place.path.parent in ready
        place.clear()
    open_folders.close()
    assert [path for path in (tmp_path / "received").rglob("*") if path.is_file()] == []


def test_tidying_up_does_not_forget_an_open_folder(folder: Path) -> None:
    """Half-written files of crashes go when they are old; the lock file of an open folder stays, however old it is."""
    _die_without_rows(folder)
    with _intake(folder) as intake:
        (folder / "objects" / "received" / ".half").write_bytes(b"half")
        assert intake.blobs.delete_abandoned(timedelta(seconds=-60)) == 1
        assert intake.recover().whole == 4


def test_a_reply_leaves_nothing_in_an_open_folder(folder: Path) -> None:
    """What a reading site made is no object of a study: not in its open folders, and not for a recovery."""
    announced, data = _announced(1)
    with _intake(folder) as intake:
        arrival = intake.begin(announced, roles=frozenset({Role.READER}))
        arrival.write(memoryview(data)[:300])
        arrival.write(memoryview(data)[300:])
        assert arrival.finish() == SUCCESS
        assert _files(intake) == set()
        [reply] = intake.blobs.keys("replies")
        assert intake.blobs.get(reply).endswith(data)
        assert _rows(intake) == []


def test_one_look_tells_for_the_objects_of_a_study(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a UID is one of ours is looked up once for a series that arrives, and again a little later."""
    looks: list[str] = []
    real = reply_rows.is_pseudonymous
    monkeypatch.setattr(
        reply_rows, "is_pseudonymous", lambda session, uid: (looks.append(uid), real(session, uid))[1]
    )
    monkeypatch.setattr("gateway.intake._LOOK_AGAIN_S", 0.3)
    with _intake(folder) as intake:
        for _ in range(5):
            assert not intake.is_reply("2.25.3001", frozenset({Role.SENDER}))
        assert looks == ["2.25.3001"]
        time.sleep(0.4)
        assert not intake.is_reply("2.25.3001", frozenset({Role.SENDER}))
        assert len(looks) == 2


def test_the_open_folders_of_a_living_process_are_left_alone(folder: Path) -> None:
    """A recovery beside a process at work touches nothing of it."""
    announced, data = _announced(1)
    with _intake(folder) as busy, _intake(folder) as other:
        arrival = busy.begin(announced, site="hospital")
        arrival.write(memoryview(data)[:500])
        assert other.recover() == Recovered()
        arrival.write(memoryview(data)[500:])
        assert arrival.finish() == SUCCESS
        busy.flush()
        assert len(_rows(other)) == 1


# -- recovery

_DIE_WITHOUT_ROWS = """
import os, sys
sys.path[:0] = [{tests!r}]
from pathlib import Path
from gateway.records.arrival import open_folders
from test_arrivals import _announced, _intake, _push
open_folders.READY = 0  # one open folder, however slow the machine is
with _intake(Path({folder!r})) as intake:
    assert _push(intake, 0) == 0
    intake.flush()
    intake.rows.add = lambda *_, **__: None
    for number in range(1, 4):
        assert _push(intake, number) == 0
    announced, data = _announced(9)
    half = intake.begin(announced)
    half.write(memoryview(data)[:-20])
    os.kill(os.getpid(), 9)
"""


def _die_without_rows(folder: Path) -> None:
    here = Path(__file__).resolve()
    code = _DIE_WITHOUT_ROWS.format(tests=str(here.parent), folder=str(folder))
    path = os.pathsep.join([str(here.parents[4]), str(here.parents[3])])
    ended = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=False)
    assert ended.returncode == -signal.SIGKILL


def test_a_recovery_finds_what_was_acknowledged(folder: Path) -> None:
    """Three objects without a row get one, half an object goes, and a second recovery finds nothing to do."""
    _die_without_rows(folder)
    with _intake(folder) as intake:
        assert len(_rows(intake)) == 1
        assert intake.recover() == Recovered(whole=4, cleared=PLACES - 4)
        rows = _rows(intake)
        assert len(rows) == 4
        assert {row.blob for row in rows} == _files(intake)
        sent = dict(map(_sent, range(4)))
        assert all(intake.blobs.get(row.blob).endswith(sent[row.sop_instance_uid]) for row in rows)
        with intake.database.read() as session:
            study = case_rows.study(session, rows[0].study_id)
        assert (study.site, study.sender, study.calling_ae_title, study.received_by) == (
            "hospital",
            "hospital-pacs",
            "HOSPITAL",
            "c-store",
        )
        assert intake.recover() == Recovered()


def test_a_recovery_reads_only_what_has_no_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An open folder of large objects that have their rows is settled without reading them."""
    _die_without_rows(folder)
    read: list[str] = []
    with _intake(folder) as intake:
        known = _rows(intake)[0].blob
        real = recovery.read_back
        monkeypatch.setattr(recovery, "read_back", lambda path, key: (read.append(key), real(path, key))[1])
        assert intake.recover().whole == 4
    assert known not in read
    assert len(read) == PLACES - 1


@pytest.mark.parametrize("damage", ["cut", "changed", "longer"])
def test_a_file_that_was_not_synced_is_no_object(folder: Path, damage: str) -> None:
    """After power loss a file may have its mark but not all its bytes: it was never acknowledged, and goes."""
    _die_without_rows(folder)
    with _intake(folder) as intake:
        known = _rows(intake)[0].blob
        victim = intake.blobs.path(next(key for key in sorted(_files(intake)) if key != known))
        data = bytearray(victim.read_bytes())
        if damage == "changed":
            data[-1] ^= 1
        victim.write_bytes(data[:-1] if damage == "cut" else data + b"\0" * (damage == "longer"))
        assert intake.recover().whole == 3
        assert not victim.exists()
        assert len(_rows(intake)) == 3


def test_a_recovery_without_a_database_clears_nothing_that_counts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails, the role is started again, and then every object is still there."""
    _die_without_rows(folder)

    def away(name: str) -> None:
        raise OperationalError("", {}, Exception("away"))

    with _intake(folder) as intake:
        with monkeypatch.context() as fault:
            fault.setattr(intake.database, "write", away)
            with pytest.raises(OperationalError):
                intake.recover()
        assert intake.recover().whole == 4
        assert len(_rows(intake)) == 4


def test_an_object_kept_twice_is_one_file(folder: Path) -> None:
    """The copy of an object goes; but when the first file was lost, the copy takes its place."""
    with _intake(folder) as intake:
        assert _push(intake, 1) == SUCCESS
        intake.flush()
        [row] = _rows(intake)
        for lost in (False, True):
            if lost:
                intake.blobs.delete(row.blob)
            assert _push(intake, 1) == SUCCESS
            intake.flush()
            assert _files(intake) == {row.blob}


# -- kill -9 while four senders push

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
    _, template = _announced(1)
    uid_of_template = str(mr_dataset(1).SOPInstanceUID)

    def push(sender: int, turn: int) -> None:
        with suppress(OSError), RawPeer(gateway.port).associate() as peer:
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
    with _intake(folder) as intake:
        rows = {row.sop_instance_uid: row for row in _rows(intake)}
        assert acknowledged.keys() <= rows.keys()
        for uid, data in acknowledged.items():
            assert intake.blobs.get(rows[uid].blob).endswith(data)
        assert _files(intake) == {row.blob for row in rows.values()}


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
