"""Several processes that receive on one port."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import select

from dicom_nodes.errors import NodeError
from dicom_nodes.scp.listening import listen
from dicom_nodes.sender import echo
from gateway.assembly.gateway import open_gateway
from gateway.assembly.receiver import receiver as open_receiver
from gateway.intake import SUCCESS
from gateway.records.database import Database
from gateway.records.tables.studies import Instance
from gateway.service.serve import receivers
from gateway.settings import Settings, usable_cores
from support.nodes.peers import HERE, free_port, node, wait_until
from support.nodes.raw_peer import STORAGE, RawPeer, message, store_command
from support.objects.dicom_files import dataset_bytes, encoded, mr_dataset

NODES = """\
nodes:
  - {{name: hospital-pacs, kind: dimse, ae_title: MODALITY, host: 127.0.0.1, port: {port}, roles: [sender], site: here}}
"""


def _settings(folder: Path, pacs_port: int = 4242, **dicom: object) -> Settings:
    folder.mkdir(exist_ok=True)
    (folder / "nodes.yaml").write_text(NODES.format(port=pacs_port), encoding="utf-8")
    return Settings.model_validate(
        {
            "dicom": {"port": free_port(), **dicom},
            "storage": {
                "database": f"sqlite:///{folder}/t.sqlite",
                "objects": folder / "objects",
                "keys": folder / "keys",
                "min_free_mb": 0,
            },
            "files": {"nodes": folder / "nodes.yaml"},
        }
    )


@dataclass
class Served:
    """`gateway serve` with the receivers alone."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def receivers(self) -> set[int]:
        """Their process numbers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return {int(pid) for pid in children.split()}

    def answers(self) -> bool:
        """Whether C-ECHO does."""
        with suppress(NodeError):
            return echo(node("us", "GATEWAY", self.port), calling_ae_title="MODALITY", timeout_s=5) >= 0
        return False


@contextmanager
def _served(
    folder: Path, port: int, processes: int, drain: float = 30.0, host: str = HERE, nodes: str = NODES
) -> Iterator[Served]:
    (folder / "nodes.yaml").write_text(nodes.format(port=4242), encoding="utf-8")
    (folder / "gateway.toml").write_text(
        f'[dicom]\nhost = "{host}"\nport = {port}\nprocesses = {processes}\n'
        f"[serve]\nrestart_delay = 0.1\ndrain = {drain}\n"
        '[storage]\ndatabase = "sqlite:///t.sqlite"\nobjects = "objects"\nkeys = "keys"\nmin_free_mb = 0\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "gateway", "serve", "--role", "receiver"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [*command, "--config", str(folder / "gateway.toml")], stderr=log, process_group=0
        ) as process,
    ):
        served = Served(process, port)
        try:
            yield served
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_as_many_receive_as_there_are_cores_but_four_at_most(tmp_path: Path) -> None:
    """0 stands for the cores of this machine; a number is taken as it is."""
    assert receivers(_settings(tmp_path)) == min(4, usable_cores())
    assert receivers(_settings(tmp_path, processes=7)) == 7


@pytest.mark.timeout(120)
def test_a_receiver_that_dies_takes_only_its_own_associations(tmp_path: Path) -> None:
    """The others go on on the same port while it is started again; SIGTERM ends them all and frees the port."""
    with _served(tmp_path, free_port(), processes=2) as served, ExitStack() as held:
        wait_until(lambda: (tmp_path / "log").read_bytes().count(b"GATEWAY listens on") == 2, 60)
        before = served.receivers
        assert len(before) == 2
        peers = [held.enter_context(RawPeer(served.port).associate()) for _ in range(4)]
        os.kill(min(before), signal.SIGKILL)
        answered = 0
        for number, peer in enumerate(peers):
            uid, data = _object(number)
            with suppress(OSError, AssertionError):
                peer.send(message(STORAGE, store_command(uid), data))
                answered += peer.status() == SUCCESS
        assert 0 < answered < len(peers)
        assert served.answers()  # by the other, at once
        wait_until(lambda: len(served.receivers) == 2, 30)
        assert len(served.receivers - before) == 1
        for peer in peers:
            peer.socket.close()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(30) == 0
        listen(HERE, served.port).close()


@pytest.mark.timeout(120)
def test_receivers_that_start_on_a_broken_file_know_the_nodes_of_before(tmp_path: Path) -> None:
    """A typing error in nodes.yaml and a restart turn no known sender away."""
    for nodes in (NODES, "nodes:\n  - {{name: hospital-pacs, port: {port}\n"):
        with _served(tmp_path, free_port(), processes=1, nodes=nodes) as served:
            wait_until(served.answers, 60)
            served.process.send_signal(signal.SIGTERM)
            assert served.process.wait(30) == 0


@pytest.mark.timeout(120)
def test_a_receiver_that_has_received_holds_nothing_that_reads_pixels(tmp_path: Path) -> None:
    """Neither arrays nor decoders of images are in the memory of any process that strangers' bytes reach."""
    with _served(tmp_path, free_port(), processes=2) as served:
        wait_until(served.answers, 60)
        uid, data = _object(1)
        with RawPeer(served.port).associate() as peer:
            peer.send(message(STORAGE, store_command(uid), data))
            assert peer.status() == SUCCESS
        for pid in {served.process.pid, *served.receivers}:
            libraries = Path(f"/proc/{pid}/maps").read_text()
            assert "/sqlalchemy/" in libraries
            assert not re.search(
                r"/(numpy|PIL|pillow|jpeg_ls|gdcm|openjpeg|libjpeg|highdicom)[./]", libraries
            )


@pytest.mark.timeout(120)
def test_a_role_that_is_just_being_started_hears_the_signal(tmp_path: Path) -> None:
    """However early SIGTERM comes after a role was forked, its supervisor does not wait for it."""
    with _served(tmp_path, free_port(), processes=8) as served:
        wait_until(lambda: served.receivers, 60)
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(15) == 0


@pytest.mark.timeout(120)
def test_what_a_dying_process_left_is_found_without_a_restart(tmp_path: Path) -> None:
    """An open folder that somebody still held when the receivers started is looked at again once that has let go."""
    before = open_gateway(_settings(tmp_path / "before"))
    uid, data = _object(1)
    (tmp_path / "objects").mkdir()
    with before.database.write("busy"):  # so that it has no row
        receiver = open_receiver(before)
        receiver.start()
        with RawPeer(receiver.port).associate() as peer:
            peer.send(message(STORAGE, store_command(uid), data))
            assert peer.status() == SUCCESS
        receiver.stop(1.0)
        shutil.copytree(tmp_path / "before" / "objects" / "received", tmp_path / "objects" / "received")
    before.intake.close()
    before.database.close()
    (mark,) = (mark for mark in (tmp_path / "objects").rglob(".open") if _holds(mark.parent, data))
    with mark.open("r+b") as held, _served(tmp_path, free_port(), processes=2, drain=1.0) as served:
        fcntl.flock(held, fcntl.LOCK_EX)
        wait_until(served.answers, 60)
        now = Database(f"sqlite:///{tmp_path}/t.sqlite")
        assert _kept(now) == []
        held.close()
        wait_until(lambda: _kept(now) == [uid], 30)
        now.close()


@pytest.mark.timeout(120)
def test_nobody_waits_at_a_gateway_that_drains(tmp_path: Path) -> None:
    """While the last association ends, a new caller is refused at once, and a successor may have the port."""
    port = free_port()
    with _served(tmp_path, port, processes=2) as served:
        wait_until(served.answers, 60)
        with RawPeer(port).associate() as peer:
            served.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not _listens(port), 10)
            with _ours(port):
                uid, data = _object(1)
                peer.send(message(STORAGE, store_command(uid), data))
                assert peer.status() == SUCCESS
        assert served.process.wait(30) == 0


@pytest.mark.timeout(120)
def test_a_host_that_is_nobodys_stops_no_other_role(tmp_path: Path) -> None:
    """An address that cannot be listened on is said with its fix, again and again; the supervisor lives on."""
    with _served(tmp_path, free_port(), processes=1, host="no-such-host.invalid") as served:
        wait_until(lambda: (tmp_path / "log").read_bytes().count(b"an address of this machine") > 1, 60)
        assert served.process.poll() is None


@pytest.mark.timeout(120)
def test_a_port_that_is_taken_is_said_and_tried_again(tmp_path: Path) -> None:
    """With the fix in the log; once the other program has gone the receivers take the port without a person."""
    port = free_port()
    other = listen(HERE, port)
    with _served(tmp_path, port, processes=2) as served:
        wait_until(lambda: b"Choose a free port" in (tmp_path / "log").read_bytes(), 60)
        other.close()
        wait_until(served.answers, 60)


def _listens(port: int) -> bool:
    with suppress(ConnectionError), socket.create_connection((HERE, port), 1):
        return True
    return False


@contextmanager
def _ours(port: int) -> Iterator[None]:
    listening = listen(HERE, port)
    yield
    listening.close()


def _kept(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.exec(select(Instance.sop_instance_uid)))


def _holds(open_folder: Path, data: bytes) -> bool:
    return any(path.read_bytes().endswith(data) for path in open_folder.glob("*.dcm"))


def _object(number: int) -> tuple[str, bytes]:
    ds = mr_dataset(number)
    return str(ds.SOPInstanceUID), dataset_bytes(encoded(ds))
