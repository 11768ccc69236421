"""Connections from the outside are few, whoever opens them, and an honest sender gets through meanwhile."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import evt
from pynetdicom.sop_class import StorageCommitmentPushModel  # type: ignore[attr-defined]

from dicom_nodes.commitment import CommitmentRequest
from dicom_nodes.directory import NodeDirectory
from dicom_nodes.scp.places import MOST_STRANGERS, KnownAddresses, Places
from dicom_nodes.sender import echo
from support.nodes.certificates import Authority
from support.nodes.peers import HERE, Kept, node, receiver, wait_until
from support.nodes.raw_peer import ECHO, RawPeer, association_request, command_set, echo_command, message

MODALITY = node("modality", "MODALITY", 4242)
BOUND = replace(MODALITY, certificates=("CN=client",))
STRANGER = "127.0.0.2"
ANOTHER = "127.0.0.3"
FLOOD = 400
FEW_THREADS = 60
"""While the flood is held: those of its connections that were cut have ended theirs, as soon as a core is free."""


def connect(port: int, address: str) -> socket.socket:
    """A connection of this machine from another address of it."""
    return socket.create_connection((HERE, port), timeout=10, source_address=(address, 0))


@contextmanager
def flood(port: int, address: str, count: int = FLOOD) -> Iterator[None]:
    """So many connections that say nothing, one after the other, while the block runs."""
    with ExitStack() as held:
        for _ in range(count):
            held.enter_context(connect(port, address))
        yield


def honest(port: int, **more: Any) -> None:
    """The known modality is answered."""
    assert echo(node("us", "GATEWAY", port, **more), calling_ae_title="MODALITY") < 5


@pytest.mark.parametrize("address", [STRANGER, HERE])
def test_a_flood_of_silent_connections_keeps_nobody_out(address: str) -> None:
    """400 half-open connections, of a stranger or from the very address of a node: few threads, and all is answered."""
    before = threading.active_count()
    with receiver(Kept(), MODALITY, max_associations=8) as running:
        with flood(running.port, address):
            for _ in range(3):
                honest(running.port)
            wait_until(lambda: threading.active_count() - before < FEW_THREADS)
        wait_until(lambda: running.associations == 0, 15)
        honest(running.port)


def test_handshakes_that_never_end_keep_nobody_out(tmp_path: Path) -> None:
    """The same where TLS is on: what has not even begun to speak it counts."""
    authority = Authority(tmp_path)
    before = threading.active_count()
    with receiver(Kept(), BOUND, tls=authority.settings("server"), max_associations=8) as running:
        with flood(running.port, STRANGER):
            honest(running.port, tls=authority.settings("client"))
            wait_until(lambda: threading.active_count() - before < FEW_THREADS)
        wait_until(lambda: running.associations == 0, 15)


def test_strangers_have_few_places_together_and_take_none_of_the_nodes() -> None:
    """A second stranger does not add to them; whoever came first among them is cut first."""
    with receiver(Kept(), MODALITY, max_associations=8) as running, ExitStack() as held:
        first = held.enter_context(connect(running.port, STRANGER))
        others = [held.enter_context(connect(running.port, ANOTHER)) for _ in range(MOST_STRANGERS)]
        first.settimeout(5)
        assert first.recv(1) == b""
        held.enter_context(RawPeer(running.port).associate())
        wait_until(lambda: running.associations == MOST_STRANGERS + 1)
        assert not any(_is_hung_up(each) for each in others)


def test_one_address_has_only_its_share_of_the_associations() -> None:
    """Beyond it, it is told to wait; associations that are open are never cut for new ones."""
    told: list[str] = []
    with (
        receiver(
            Kept(),
            MODALITY,
            node("other", "OTHER", 4243, addresses=(ANOTHER,)),
            max_associations=4,
            max_per_address=2,
            refused=lambda refusal: told.append(refusal.why),
        ) as running,
        ExitStack() as held,
    ):
        peers = [held.enter_context(RawPeer(running.port).associate()) for _ in range(2)]
        third = held.enter_context(RawPeer(running.port))
        third.send(association_request())
        assert third.read()[0] == 3
        assert told == ["More associations were open from its address than the gateway takes from one."]
        other = held.enter_context(connect(running.port, ANOTHER))
        other.sendall(association_request(calling="OTHER"))
        assert other.recv(1) == b"\2"
        for peer in peers:
            peer.send(message(ECHO, echo_command()))
            assert peer.status() == 0


def test_a_request_that_trickles_in_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then is no progress: the whole request has a time."""
    monkeypatch.setattr("dicom_nodes.scp.places._UNASKED_S", 0.5)
    with receiver(Kept(), MODALITY) as running, connect(running.port, HERE) as peer:
        peer.sendall(association_request()[:3])
        assert peer.recv(1) == b""
        wait_until(lambda: running.associations == 0)


def test_who_is_known_is_told_without_a_name_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses and networks of the list count, names once they are looked up, and whoever was let in."""
    nodes = NodeDirectory(
        (
            node("network", "A", 1, addresses=("10.1.0.0/16",)),
            node("plain", "B", 1),
        )
    )
    monkeypatch.setattr("dicom_nodes.directory.socket.getaddrinfo", None)
    is_known = KnownAddresses(lambda: nodes)
    assert [is_known(each) for each in ("10.1.2.3", HERE, "::ffff:127.0.0.1", "10.2.0.1", "?")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    is_known.remember("10.2.0.1")
    assert is_known("10.2.0.1")


def test_a_name_is_looked_up_beside() -> None:
    """The first call of a node that the list names may find it unknown; soon it is not."""
    named = node("named", "A", 1)
    nodes = NodeDirectory((type(named)(**{**vars(named), "host": "localhost"}),))
    is_known = KnownAddresses(lambda: nodes)
    wait_until(lambda: is_known(HERE))


def test_nobody_is_known_where_the_list_cannot_be_read() -> None:
    """Then the few places of strangers are what there is; each is told why."""

    def directory() -> NodeDirectory:
        raise OSError

    assert not KnownAddresses(directory)(HERE)


def test_a_closed_connection_has_no_place() -> None:
    """Places are of connections that are open."""
    places = Places(4, 4, 4, lambda _: True)
    one, other = socket.socketpair()
    with one, other:
        assert places.take(one, HERE)
        assert len(places) == 1
        assert places.let_in(one) == (1, 1)
    assert len(places) == 0
    assert places.let_in(one) == (0, 0)


# ---------------------------------------------------------------- many requests on one association


def commitment_command(message_id: int, field: int, *, action: int = 1) -> bytes:
    """N-ACTION-RQ (0130) or N-EVENT-REPORT-RQ (0100) without a data set."""
    is_action = field == 0x0130
    sop_class = str(StorageCommitmentPushModel).encode()
    return command_set(
        [
            (0x0003 if is_action else 0x0002, sop_class + b"\0" * (len(sop_class) % 2)),
            (0x0100, field.to_bytes(2, "little")),
            (0x0110, message_id.to_bytes(2, "little")),
            (0x0800, (0x0101).to_bytes(2, "little")),
            (0x1001 if is_action else 0x1000, b"1.2.840.10008.1.20.1.1"),
            (0x1008 if is_action else 0x1002, action.to_bytes(2, "little")),
        ]
    )


@pytest.mark.parametrize("field", [0x0130, 0x0100], ids=["N-ACTION", "N-EVENT-REPORT"])
def test_four_hundred_requests_at_once_are_served_one_after_the_other(
    field: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent without waiting for an answer: no thread each, none is lost, and others are served meanwhile."""
    at_once, most = 0, 0
    lock = threading.Lock()

    def count(_event: evt.Event) -> tuple[int, None]:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        with lock:
            at_once -= 1
        return 0, None

    monkeypatch.setattr(
        "dicom_nodes.scp.commitment_provider.CommitmentProvider.request", lambda _s, e: count(e)
    )
    monkeypatch.setattr("dicom_nodes.scp.commitment_reports.CommitmentReports.take", lambda _s, e: count(e))
    before = threading.active_count()

    def take(_request: CommitmentRequest) -> None:
        return None

    with (
        receiver(Kept(), MODALITY, on_request=take, on_commitment=lambda _: None) as running,
        RawPeer(running.port, timeout_s=30) as peer,
    ):
        peer.associate(more=((COMMITMENT, StorageCommitmentPushModel),))
        peer.send(b"".join(message(COMMITMENT, commitment_command(n + 1, field)) for n in range(FLOOD)))
        honest(running.port)
        threads = []
        for _ in range(FLOOD):
            assert peer.status() == 0
            threads.append(threading.active_count())
        assert most == 1
        assert max(threads) - before < 20
        peer.release()


COMMITMENT = 5


def test_responses_and_cancels_are_read_and_forgotten() -> None:
    """Nothing here asked or could be cancelled; the association goes on."""
    useless = [
        command_set(
            [
                (0x0100, field.to_bytes(2, "little")),
                (0x0120, b"\1\0"),
                (0x0800, (0x0101).to_bytes(2, "little")),
                (0x0900, b"\0\0"),
            ]
        )
        for field in (0x8030, 0x0FFF)
    ]
    with receiver(Kept(), MODALITY) as running, RawPeer(running.port).associate() as peer:
        peer.send(b"".join(message(ECHO, each) for each in useless * 50))
        peer.send(message(ECHO, echo_command()))
        assert peer.status() == 0
        peer.release()


def _is_hung_up(peer: socket.socket) -> bool:
    peer.setblocking(False)
    try:
        return peer.recv(1) == b""
    except BlockingIOError:
        return False
