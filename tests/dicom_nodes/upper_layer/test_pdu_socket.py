"""Whole PDUs over a socket: each in time, and every way in which the other side can end it has its own words."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_nodes.upper_layer.pdu_socket import AssociationLost, PduSocket
from support.nodes.odd_peer import RELEASE_RP, RELEASE_RQ, abort, p_data


@pytest.fixture
def pair() -> Iterator[tuple[PduSocket, socket.socket]]:
    """One end as a PduSocket that waits for a second at most, and the peer's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        peer, _ = server.accept()
    peer.settimeout(10)
    with contextlib.closing(PduSocket(ours, 1.0)) as pdus, peer:
        yield pdus, peer


def soon(seconds: float = 5.0) -> float:
    """A deadline."""
    return time.monotonic() + seconds


def everything(peer: socket.socket) -> bytes:
    """What the peer gets until we hang up."""
    received = b""
    while piece := peer.recv(65536):
        received += piece
    return received


def lost(action: Callable[[], object]) -> str:
    """Why it is over."""
    with pytest.raises(AssociationLost) as caught:
        action()
    return caught.value.why


Pair = tuple[PduSocket, socket.socket]


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(1, 40))
def test_bodies_come_whole_and_in_order(bodies: list[bytes], step: int) -> None:
    """However the network cuts them."""
    ours, peer = socket.socketpair()
    stream = b"".join(p_data(1, 3, body) for body in bodies)

    def dribble() -> None:
        for at in range(0, len(stream), step):
            peer.sendall(stream[at : at + step])

    pdus = PduSocket(ours, 5.0)
    thread = threading.Thread(target=dribble)
    thread.start()
    with peer, contextlib.closing(pdus):
        assert [pdus.receive(soon())[6:] for _ in bodies] == bodies
        thread.join(5)


@pytest.mark.parametrize(
    ("sent", "why", "told"),
    [
        (abort(0, 0), "the peer aborted the association", b""),
        (abort(2, 6), "the peer's DICOM layer aborted the association (invalid PDU parameter value)", b""),
        (abort(2, 77), "the peer's DICOM layer aborted the association", b""),
        (RELEASE_RQ, "the peer released the association instead of answering", RELEASE_RP),
        (RELEASE_RP, "the peer sent an unexpected PDU", abort(2, 2)),
        (b"\x02\0\0\0\0\x04abcd", "the peer sent an unexpected PDU", abort(2, 2)),
        (b"\x08\0\0\0\0\x04abcd", "the peer sent a PDU of an unknown type", abort(2, 1)),
        (b"\x04\0\xff\xff\xff\xff", "the peer sent a PDU longer than anybody asked for", abort(2, 6)),
    ],
)
def test_each_end_has_its_own_words(pair: Pair, sent: bytes, why: str, told: bytes) -> None:
    """For a person, and what PS3.8 9.2 wants for the peer; then the connection is closed."""
    pdus, peer = pair
    peer.sendall(sent)
    assert lost(lambda: pdus.receive(soon())) == why
    assert everything(peer) == told


def test_a_peer_that_hangs_up_has_closed_the_connection(pair: Pair) -> None:
    """Between PDUs or in the middle of one; half a PDU is no answer."""
    pdus, peer = pair
    peer.sendall(p_data(1, 3, b"half")[:-2])
    peer.close()
    assert lost(lambda: pdus.receive(soon())) == "the peer closed the connection"
    assert lost(lambda: pdus.send(RELEASE_RQ, soon())) == "the peer closed the connection"


@pytest.mark.parametrize("allowed_s", [0.2, 5.0])
def test_silence_ends_by_whatever_comes_first(pair: Pair, allowed_s: float) -> None:
    """The deadline of the operation, or the longest single wait; the peer is told by A-ABORT of the user."""
    pdus, peer = pair
    start = time.monotonic()
    assert lost(lambda: pdus.receive(soon(allowed_s))) == "no answer came in time"
    assert time.monotonic() - start < 3
    assert everything(peer) == abort(0, 0)


def test_a_slow_reader_gets_everything(pair: Pair) -> None:
    """Longer than one wait may take, as long as it goes on taking."""
    pdus, peer = pair
    data = bytes(range(256)) * 40_000
    received = bytearray()

    def slowly() -> None:
        while len(received) < len(data):
            received.extend(peer.recv(1_000_000))
            time.sleep(0.2)

    reader = threading.Thread(target=slowly)
    reader.start()
    pdus.send(data, soon(30))
    reader.join(30)
    assert bytes(received) == data


def test_a_peer_that_stops_reading_is_left_without_a_word(pair: Pair) -> None:
    """Inside a PDU an A-ABORT would be taken for data: the connection is closed, and nothing follows the data."""
    pdus, peer = pair
    data = bytes(30_000_000)
    assert lost(lambda: pdus.send(data, soon(20))) == "the peer stopped taking data"
    assert set(everything(peer)) <= {0}


def test_an_abort_ends_a_long_sending(pair: Pair) -> None:
    """The peer need not take the rest: what it said while we sent is heard, and in its own words."""
    pdus, peer = pair
    peer.sendall(abort(2, 1))
    assert "unrecognised PDU" in lost(lambda: pdus.send(bytes(30_000_000), soon(20)))


def test_a_release_waits_for_its_answer(pair: Pair) -> None:
    """What comes before that is read over; then the connection is closed, and once more does nothing."""
    pdus, peer = pair
    peer.sendall(p_data(1, 3, b"late") + RELEASE_RP)
    pdus.release()
    assert everything(peer) == RELEASE_RQ
    pdus.close()


def test_a_release_that_collides_is_answered(pair: Pair) -> None:
    """Both ask at once: we answer theirs and wait for the answer to ours (PS3.8 AR-8, AR-9)."""
    pdus, peer = pair
    peer.sendall(RELEASE_RQ + RELEASE_RP)
    pdus.release()
    assert everything(peer) == RELEASE_RQ + RELEASE_RP


@pytest.mark.parametrize(
    "rest", [b"", abort(0, 0), b"\x09\0\0\0\0\x04abcd"], ids=["silence", "abort", "rubbish"]
)
def test_a_release_ends_whatever_the_peer_makes_of_it(pair: Pair, rest: bytes) -> None:
    """In time and without an exception: there is nothing left to lose."""
    pdus, peer = pair
    peer.sendall(rest)
    start = time.monotonic()
    pdus.release()
    assert time.monotonic() - start < 4
    assert everything(peer).startswith(RELEASE_RQ)


def test_an_abort_of_ours_is_that_of_the_user(pair: Pair) -> None:
    """Source 0 and no reason (PS3.8 Table 9-26): nothing was wrong with what the peer sent."""
    pdus, peer = pair
    pdus.abort()
    assert everything(peer) == abort(0, 0)


def test_a_violation_has_its_reason(pair: Pair) -> None:
    """The error to raise says what the peer sent, the A-ABORT why it is over."""
    pdus, peer = pair
    assert pdus.violation("nonsense").why == "the peer sent nonsense"
    assert everything(peer) == abort(2, 6)
