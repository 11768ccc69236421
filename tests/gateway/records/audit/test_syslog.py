"""What counts as sent over TLS: a server that read everything, never one that refused us or went away."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.records.audit import syslog
from gateway.records.audit.syslog import NotSent, Server, Unconfirmed
from support.nodes.certificates import Authority

LINES = [b"<85>1 - - - - - - one", b"<85>1 - - - - - - two"]


@contextmanager
def listening(
    folder: Path, serve: Callable[[ssl.SSLSocket], None], *, asks: bool = False
) -> Iterator[Server]:
    """A TLS server for one connection; `asks`: it wants a certificate of ours, which we do not have."""
    authority = Authority(folder)
    own = authority.settings("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.file)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            plain, _ = listener.accept()
            with context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as secured:
                try:
                    secured.do_handshake()
                    serve(secured)
                except ssl.SSLError:
                    over.wait(20)  # its refusal has arrived before the connection breaks

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield Server("tls", "127.0.0.1", listener.getsockname()[1], authority.file, timeout=0.3)
        finally:
            over.set()
            thread.join(20)


def read_all(secured: ssl.SSLSocket) -> bytes:
    """Until we end the connection."""
    read = b""
    while part := secured.recv(4096):
        read += part
    return read


def test_what_was_read_to_its_end_is_sent(tmp_path: Path) -> None:
    """Each line with its length before it (RFC 5425)."""
    read: list[bytes] = []
    with listening(tmp_path, lambda secured: read.append(read_all(secured))) as server:
        syslog.send(server, LINES)
    assert read == [b"".join(b"%d %s" % (len(line), line) for line in LINES)]


def test_a_server_that_refuses_our_certificate_has_nothing(tmp_path: Path) -> None:
    """With TLS 1.3 it says so only after we have sent: no row may count as sent for that."""
    with listening(tmp_path, lambda _: None, asks=True) as server, pytest.raises(NotSent, match="TLS"):
        syslog.send(server, LINES)


def test_a_server_that_leaves_its_end_open_is_told_apart(tmp_path: Path) -> None:
    """All of it arrived; whether it was read, nobody says."""
    over = threading.Event()

    def hold(secured: ssl.SSLSocket) -> None:
        secured.recv(4096)
        over.wait(20)

    with listening(tmp_path, hold) as server:
        try:
            with pytest.raises(Unconfirmed, match="does not confirm"):
                syslog.send(server, LINES)
        finally:
            over.set()
