"""Connections of the web role on real sockets: many, silent, slow; who behaves gets through meanwhile."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import repeat
from pathlib import Path

import httpx
import pytest

from support.nodes.peers import wait_until
from support.web_gateway import WebGateway, running

HERE = "127.0.0.1"
STRANGER = "127.0.0.2"
LIMITS = {
    "connections": 40,
    "connections_per_address": 10,
    "request_seconds": 1.0,
    "progress_seconds": 1.0,
    "uploads_per_account": 2,
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A web role with short times and few places, that trusts no proxy."""
    with running(tmp_path_factory.mktemp("web"), {"limits": LIMITS}, proxies=[]) as gateway:
        gateway.add("cora", "coordinator", "north")
        yield gateway


@contextmanager
def connected(web: WebGateway, address: str = HERE) -> Iterator[socket.socket]:
    """A connection from an address of this machine."""
    port = int(web.address.rsplit(":", 1)[1])
    with socket.create_connection((HERE, port), timeout=10, source_address=(address, 0)) as made:
        yield made


def ends(peer: socket.socket, seconds: float = 8.0) -> bytes:
    """What comes until the other side hangs up, within so many seconds."""
    peer.settimeout(seconds)
    said = b""
    try:
        while piece := peer.recv(65536):
            said += piece
    except ConnectionError:
        pass
    return said


def sent_until_cut(peer: socket.socket, pieces: Iterable[bytes], seconds: float = 15.0) -> None:
    """Send one piece after the other, twenty a second, until the other side has hung up."""
    until = time.monotonic() + seconds
    for piece in pieces:
        assert time.monotonic() < until
        try:
            peer.sendall(piece)
        except TimeoutError:
            continue
        except OSError:
            return
        time.sleep(0.05)
    pytest.fail("never cut")


def honest(web: WebGateway) -> None:
    """A person at another address gets an answer."""
    with httpx.Client(base_url=web.address, timeout=10, trust_env=False) as client:
        assert client.get("/healthz").status_code == 200


def test_four_hundred_silent_connections_keep_nobody_out(web: WebGateway) -> None:
    """Of a stranger, one after the other, held open: others are answered, and few of these are held."""
    with ExitStack() as held:
        silent = [held.enter_context(connected(web, STRANGER)) for _ in range(400)]
        for _ in range(3):
            honest(web)
        for peer in silent[:380]:
            assert ends(peer, 10) == b""


def test_the_same_from_many_addresses(web: WebGateway) -> None:
    """All places together are taken: who says nothing gives way."""
    with ExitStack() as held:
        for last in range(2, 12):
            for _ in range(10):
                held.enter_context(connected(web, f"127.0.0.{last}"))
        for _ in range(3):
            honest(web)


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"])
def test_a_request_that_does_not_come_is_cut(web: WebGateway, said: bytes) -> None:
    """Silent, or stopped in the middle of its headers."""
    with connected(web) as peer:
        peer.sendall(said)
        assert ends(peer) == b""


def test_headers_that_trickle_in_are_cut(web: WebGateway) -> None:
    """A byte now and then is no request (slowloris)."""
    with connected(web) as peer:
        sent_until_cut(peer, (bytes([character]) for character in b"GET / HTTP/1.1\r\nX: " + b"y" * 500))


def test_a_second_request_has_its_time_too(web: WebGateway) -> None:
    """On a connection that is kept after an answer, a byte starts no endless wait."""
    with connected(web) as peer:
        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        peer.settimeout(5)
        assert b"200" in peer.recv(65536)
        peer.sendall(b"G")
        ends(peer)


def _upload_head(web: WebGateway, length: int) -> bytes:
    client = web.client("cora")
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return (
        f"POST /api/uploads?name=x HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nCookie: {cookies}\r\n"
        f"X-CSRF-Token: {client.headers['X-CSRF-Token']}\r\n\r\n"
    ).encode()


def test_a_slow_body_is_cut_and_its_place_is_free_again(web: WebGateway) -> None:
    """Far less than 4 kB in the time that is given: others may upload then."""
    head = _upload_head(web, 10_000_000)
    for _ in range(2):
        with connected(web) as one, connected(web) as other:
            for peer in (one, other):
                peer.sendall(head)
            sent_until_cut(one, repeat(b"x"))
        wait_until(lambda: web.client("cora").post("/api/uploads", content=b"x").status_code == 200)


def test_a_body_that_keeps_coming_is_taken_however_long_it_takes(web: WebGateway) -> None:
    """Ten pieces of 4 kB, two a second, are longer than a second."""
    with connected(web) as peer:
        peer.sendall(_upload_head(web, 40_960).replace(b"Host: x", b"Host: x\r\nConnection: close"))
        for _ in range(10):
            peer.sendall(bytes(4096))
            time.sleep(0.3)
        assert b'"done": true' in ends(peer)


def test_an_answer_that_nobody_takes_is_cut(web: WebGateway) -> None:
    """The other side stops reading: its connection ends, and the memory of the answer with it."""
    page = b"GET /static/app.css HTTP/1.1\r\nHost: x\r\n\r\n"
    port = int(web.address.rsplit(":", 1)[1])
    with socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        peer.connect((HERE, port))
        peer.settimeout(0.5)
        sent_until_cut(peer, repeat(page * 50))


def test_a_proxy_has_no_share_of_its_own(tmp_path: Path) -> None:
    """All people come from its address: only all together count."""
    limits = {"connections": 30, "connections_per_address": 2}
    with running(tmp_path, {"limits": limits}, proxies=[HERE]) as web, ExitStack() as held:
        peers = [held.enter_context(connected(web)) for _ in range(20)]
        for peer in peers:
            peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            peer.settimeout(10)
            assert peer.recv(12) == b"HTTP/1.1 200"
