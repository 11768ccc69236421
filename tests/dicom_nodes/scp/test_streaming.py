"""The data phase on a real connection: memory, time limits, aborts, mixed services, and nothing left behind."""

from __future__ import annotations

import os
import random
import socket
import struct
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.instance import ReceivedInstance
from dicom_nodes.scp import streaming as streaming_module
from dicom_nodes.scp.incoming import Incoming
from dicom_nodes.scp.receiver import Receiver
from dicom_nodes.sender import echo
from dicom_nodes.upper_layer.tls import client_context
from support.nodes.certificates import Authority
from support.nodes.peers import HERE, Kept, node, receiver, wait_until
from support.nodes.raw_peer import (
    ECHO,
    RELEASE,
    STORAGE,
    Pdv,
    RawPeer,
    association_request,
    echo_command,
    message,
    pdu,
    store_command,
)
from support.objects.dicom_files import dataset_bytes, encoded, mr_dataset

MODALITY = node("modality", "MODALITY", 4242)
BOUND = replace(MODALITY, certificates=("CN=client",))
DATA = dataset_bytes(encoded(mr_dataset()))


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@contextmanager
def _nothing_left() -> Iterator[None]:
    """No thread and no descriptor more than before, a moment after the block."""
    threads, files = threading.active_count(), _open_files()
    yield
    wait_until(lambda: threading.active_count() <= threads, 15)
    wait_until(lambda: _open_files() <= files, 15)


def test_services_mix_on_one_association() -> None:
    """Objects and C-ECHOs in turn, then a release: each is answered in its place."""
    kept, took = Kept(), list[float]()
    with receiver(kept, MODALITY) as running, RawPeer(running.port).associate() as peer:
        for number in range(3):
            peer.send(message(STORAGE, store_command(f"2.25.{number}"), DATA))
            assert peer.status() == 0
            start = time.monotonic()
            peer.send(message(ECHO, echo_command()))
            assert peer.status() == 0
            took.append(time.monotonic() - start)
        peer.release()
        wait_until(lambda: running.associations == 0)
    # The middle one: a busy machine may stop any of them for a moment.
    assert sorted(took)[1] < 0.4, "the echoes waited for a tick of the streaming loop"
    assert [instance.dataset for instance in kept.instances] == [DATA] * 3


def test_requests_sent_without_waiting_are_all_answered() -> None:
    """A sender that does not wait for answers gets each of them, in order, and its release after them."""
    kept = Kept()
    with receiver(kept, MODALITY) as running, RawPeer(running.port).associate() as peer:
        stream = b"".join(message(STORAGE, store_command(f"2.25.{n}", n), DATA, 300) for n in range(20))
        peer.send(stream + RELEASE)
        assert [peer.status() for _ in range(20)] == [0] * 20
        assert peer.read()[0] == 6
    assert [instance.sop_instance_uid for instance in kept.instances] == [f"2.25.{n}" for n in range(20)]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_bytes_in_crumbs_arrive(size: int) -> None:
    """The network may cut a stream anywhere, even inside a header."""
    kept = Kept()
    with receiver(kept, MODALITY) as running, RawPeer(running.port).associate() as peer:
        stream = message(STORAGE, store_command("2.25.1"), DATA, 90)
        for at in range(0, len(stream), size):
            peer.send(stream[at : at + size])
        assert peer.status() == 0
    assert kept.instances[0].dataset == DATA


@pytest.mark.parametrize(
    ("sent", "source", "reason"),
    [
        (b"\x09\x00\x00\x00\x00\x00", 2, 1),
        (association_request(), 2, 2),
        (b"\x04\x00\xff\xff\xff\xff", 2, 6),
        (pdu(Pdv(99, True, True, store_command("2.25.1"))), 2, 6),
        (pdu(Pdv(STORAGE, False, True, b"data")), 0, 0),
        (message(ECHO, echo_command().replace(b"\x30\x00", b"\x31\x00")), 0, 0),
    ],
    ids=[
        "unknown type",
        "second request",
        "4 gigabytes",
        "wrong context",
        "data before command",
        "unknown command",
    ],
)
def test_a_violation_is_answered_with_an_abort_that_arrives(sent: bytes, source: int, reason: int) -> None:
    """The A-ABORT reaches the peer although it goes on sending, and the connection ends."""
    with (
        _nothing_left(),
        receiver(Kept(), MODALITY) as running,
        RawPeer(running.port).associate() as peer,
    ):
        peer.send(sent + bytes(300_000))
        assert peer.read() == (7, bytes((0, 0, source, reason)))
        assert peer.read()[0] == 0
        wait_until(lambda: running.associations == 0, 5)


def test_a_sender_that_does_not_wait_for_the_acceptance_is_served() -> None:
    """Request, object and release in one go: answered one after the other."""
    kept = Kept()
    with receiver(kept, MODALITY) as running, RawPeer(running.port) as peer:
        peer.send(association_request() + message(STORAGE, store_command("2.25.1"), DATA) + RELEASE)
        assert peer.read()[0] == 2
        assert peer.status() == 0
        assert peer.read()[0] == 6
    assert len(kept.instances) == 1


def test_a_store_on_the_verification_context_is_refused() -> None:
    """0122 (SOP class not supported): the object is read over and the association goes on."""
    kept = Kept()
    with receiver(kept, MODALITY) as running, RawPeer(running.port).associate() as peer:
        peer.send(message(ECHO, store_command("2.25.1"), DATA))
        assert peer.status() == 0x0122
        peer.send(message(STORAGE, store_command("2.25.2"), DATA))
        assert peer.status() == 0
    assert len(kept.instances) == 1


class _Counting:
    """An object of which only the size is kept."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.size = 0

    def write(self, piece: memoryview) -> None:
        self.size += len(piece)

    def finish(self) -> int:
        self.sizes.append(self.size)
        return 0

    def abandon(self) -> None:
        self.sizes.append(-1)


def test_memory_does_not_grow_with_the_object() -> None:
    """60 MB pass through a buffer: never more than a few hundred kilobytes are held."""
    sizes: list[int] = []

    def begin(_announced: ReceivedInstance) -> Incoming:
        return _Counting(sizes)

    running = Receiver("GATEWAY", HERE, 0, lambda: NodeDirectory([MODALITY]), begin=begin)
    running.start()
    try:
        with RawPeer(running.port).associate() as peer:
            piece = pdu(Pdv(STORAGE, False, False, bytes(100_000)))
            peer.send(pdu(Pdv(STORAGE, True, True, store_command("2.25.1"))))
            tracemalloc.start()
            for _ in range(600):
                peer.send(piece)
            peer.send(pdu(Pdv(STORAGE, False, True, b"")))
            assert peer.status() == 0
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    finally:
        running.stop(1.0)
    assert sizes == [60_000_000]
    assert peak < 2_000_000


def test_a_slow_loris_is_aborted() -> None:
    """A peer that sends a byte now and then, and never finishes, loses its association; a slow honest one does not."""
    with receiver(Kept(), MODALITY, idle_timeout_s=1.0) as running:
        with RawPeer(running.port).associate() as peer:
            stream = message(STORAGE, store_command("2.25.1"), DATA)
            start = time.monotonic()
            with pytest.raises(OSError):  # noqa: PT012  (which byte is one too many depends on the machine)
                for byte in stream:
                    peer.send(bytes((byte,)))
                    time.sleep(0.05)
            assert 0.9 < time.monotonic() - start < 10
        with RawPeer(running.port).associate() as peer:
            for _ in range(3):
                peer.send(message(ECHO, echo_command()))
                assert peer.status() == 0
                time.sleep(0.6)


def test_a_peer_that_reads_no_answers_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending has a deadline too: a peer that never reads cannot hold a thread."""
    monkeypatch.setattr(streaming_module, "_WRITE_S", 1.0)
    with _nothing_left(), receiver(Kept(), MODALITY) as running:
        peer = RawPeer(running.port)
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.associate()
        stream = message(STORAGE, store_command("2.25.1"), DATA) * 50
        with pytest.raises(OSError):  # noqa: PT012
            for _ in range(3000):
                peer.send(stream)
        peer.socket.close()
        wait_until(lambda: running.associations == 0, 10)


def test_connect_and_close_leaves_nothing() -> None:
    """A hundred port scans, half of them in the middle of a request, cost nothing that stays."""
    with _nothing_left(), receiver(Kept(), MODALITY) as running:
        for number in range(100):
            with socket.create_connection((HERE, running.port), timeout=5) as peer:
                peer.sendall(association_request()[: number * 3])
        time.sleep(0.5)  # the last of them may still wait to be accepted
        wait_until(lambda: running.associations == 0, 20)
        echo(node("gateway", "GATEWAY", running.port), calling_ae_title="MODALITY")


def test_many_associations_at_once() -> None:
    """Forty associations store at the same time, and each is answered."""
    kept = Kept()
    answers: list[int | None] = []

    def push(port: int, number: int) -> None:
        with RawPeer(port, timeout_s=30).associate() as peer:
            for turn in range(5):
                peer.send(message(STORAGE, store_command(f"2.25.{number}.{turn}"), DATA))
                answers.append(peer.status())
            peer.release()

    with _nothing_left(), receiver(kept, MODALITY, max_associations=40) as running:
        peers = [threading.Thread(target=push, args=(running.port, number)) for number in range(40)]
        for peer in peers:
            peer.start()
        for peer in peers:
            peer.join(60)
    assert answers == [0] * 200
    assert len({instance.sop_instance_uid for instance in kept.instances}) == 200


@pytest.mark.parametrize("how", ["close", "reset", "half"])
def test_a_peer_that_goes_without_release_leaves_nothing(how: str) -> None:
    """Between objects or in one, by FIN or by RST: the association ends and half an object is not kept."""
    kept = Kept()
    with _nothing_left(), receiver(kept, MODALITY) as running:
        with RawPeer(running.port).associate() as peer:
            peer.send(message(STORAGE, store_command("2.25.1"), DATA))
            assert peer.status() == 0
            if how != "close":
                peer.send(message(STORAGE, store_command("2.25.2"), DATA)[:-10])
            if how == "reset":
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wait_until(lambda: running.associations == 0, 5)
    assert [instance.sop_instance_uid for instance in kept.instances] == ["2.25.1"]


def test_over_tls_the_same(tmp_path: Path) -> None:
    """Objects in crumbs and in one go, echoes and a violation, inside TLS."""
    authority = Authority(tmp_path)
    kept = Kept()
    with receiver(kept, BOUND, tls=authority.settings("server")) as running:
        peer = RawPeer(running.port)
        client = client_context(authority.settings("client"))
        peer.socket = client.wrap_socket(peer.socket, server_hostname=HERE)
        with peer.associate():
            stream = message(STORAGE, store_command("2.25.1"), DATA * 200, 16000)
            peer.send(stream)
            assert peer.status() == 0
            peer.send(message(ECHO, echo_command()))
            assert peer.status() == 0
            for at in range(0, 2000, 100):
                peer.send(message(STORAGE, store_command("2.25.2"), DATA, 90)[at : at + 100])
            peer.send(message(STORAGE, store_command("2.25.2"), DATA, 90)[2000:])
            assert peer.status() == 0
            peer.send(pdu(Pdv(STORAGE, False, True, b"data")))
            assert peer.read()[0] == 7
    assert [instance.dataset for instance in kept.instances] == [DATA * 200, DATA]


def _mutate_over_the_network(count: int, seed: int) -> None:
    chance = random.Random(seed)
    kept = Kept()
    valid = (
        message(STORAGE, store_command("2.25.1"), DATA, 300)
        + message(ECHO, echo_command())
        + message(STORAGE, store_command("2.25.2"), b"short")
        + RELEASE
    )
    with _nothing_left(), receiver(kept, MODALITY, idle_timeout_s=2.0, max_associations=32) as running:
        for number in range(count):
            stream = bytearray((association_request() if number % 2 else b"") + valid)
            for _ in range(chance.randint(1, 3)):
                stream[chance.randrange(len(stream))] = chance.randrange(256)
            with RawPeer(running.port, timeout_s=5) as peer:
                if not number % 2:
                    peer.associate()
                try:
                    peer.send(bytes(stream[: chance.choice((len(stream), chance.randrange(len(stream))))]))
                    peer.socket.shutdown(socket.SHUT_WR)
                    while peer.read()[0]:
                        pass
                except OSError:
                    pass
            if number % 20 == 0:
                wait_until(lambda: running.associations < 16, 20)
        wait_until(lambda: running.associations == 0, 20)
        echo(node("gateway", "GATEWAY", running.port), calling_ae_title="MODALITY")
    assert {len(instance.dataset) for instance in kept.instances} >= {len(DATA), 5}


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_mutations_over_the_network_leave_nothing() -> None:
    """Changed and cut streams, half of them from the request on: the receiver serves the next caller as before."""
    _mutate_over_the_network(150, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_many_mutations_over_the_network_leave_nothing() -> None:
    """The same ten thousand times."""
    _mutate_over_the_network(10_000, seed=2)
