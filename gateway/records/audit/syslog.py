"""Messages to a syslog server: RFC 5424 in the framing of RFC 5425 over TLS, or one datagram each (RFC 5426).

TLS has no answer for a message. So a batch is a connection: what was sent counts when the server has closed its end
after ours, because only then has it read everything. Where that does not come, the batch is sent again, a few times: a
message may come twice, and none is lost. A datagram may be lost: UDP is for a server on the same machine.
"""

from __future__ import annotations

import fcntl
import os
import select
import socket
import ssl
import struct
import termios
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

PRIORITY: Final = 10 * 8 + 5
"""Facility 10 (security and authorization), severity 5 (notice): what DICOM and IHE use."""

LONGEST: Final = 6
"""Times the timeout that a batch takes at most: less than its lease."""


class NotSent(Exception):
    """The server did not take the messages; with what to do."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem, self.fix = problem, fix


class Unconfirmed(NotSent):
    """All of it reached the server's system, as TCP says; whether the server read it, it does not say."""


@dataclass(frozen=True)
class Server:
    """Where messages go; `ca` None: the authorities of the system."""

    scheme: str
    host: str
    port: int
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    timeout: float = 20.0

    @property
    def address(self) -> str:
        """As the settings have it."""
        return f"{self.scheme}://{self.host}:{self.port}"


def line(body: bytes, at: datetime, place: int, host: str) -> bytes:
    """One syslog message: MSGID is DICOM's and IHE's, `sequenceId` the place in the chain, the body is UTF-8."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds")
    head = (
        f'<{PRIORITY}>1 {moment} {host} pml-gateway {os.getpid()} DICOM+RFC3881 [meta sequenceId="{place}"] '
    )
    return head.encode("ascii") + b"\xef\xbb\xbf" + body


def send(server: Server, lines: Sequence[bytes]) -> None:
    """Send all of them, in order. Raises NotSent: then it is not known which of them came."""
    try:
        if server.scheme == "udp":
            _by_datagrams(server, lines)
        else:
            _by_tls(server, lines)
    except ssl.SSLError as error:
        raise NotSent(
            f"The audit repository {server.address} and we do not agree on TLS "
            f"({error.reason or type(error).__name__}).",
            "Check [audit] syslog_ca, syslog_certificate and syslog_key, and the server's certificate and name.",
        ) from error
    except OSError as error:
        raise NotSent(
            f"The audit repository {server.address} cannot be reached ({type(error).__name__}).",
            "Check [audit] syslog and that server; nothing is lost, it is tried again.",
        ) from error


def context(server: Server) -> ssl.SSLContext:
    """How we speak TLS with a server. Raises NotSent for files that cannot be used."""
    try:
        made = ssl.create_default_context(cafile=server.ca)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if server.certificate is not None:
            made.load_cert_chain(server.certificate, server.key)
    except OSError as error:  # SSLError is one
        raise NotSent(
            f"The certificates for the audit repository {server.address} cannot be used ({error.strerror}).",
            "Correct [audit] syslog_ca, syslog_certificate and syslog_key: PEM files, the key to the certificate.",
        ) from error
    return made


def _by_tls(server: Server, lines: Iterable[bytes]) -> None:
    secure = context(server)
    with (
        socket.create_connection((server.host, server.port), timeout=server.timeout) as plain,
        secure.wrap_socket(plain, server_hostname=server.host, suppress_ragged_eofs=True) as secured,
    ):
        until = time.monotonic() + LONGEST * server.timeout
        for each in lines:
            secured.settimeout(max(0.01, min(server.timeout, until - time.monotonic())))
            secured.sendall(b"%d %s" % (len(each), each))
        secured.settimeout(server.timeout)
        try:
            _close(secured, time.monotonic() + server.timeout)
        except TimeoutError as error:
            if _on_its_way(secured):
                raise
            raise Unconfirmed(
                f"The audit repository {server.address} took everything and does not confirm that it read it: its end "
                "of the connection stays open.",
                "Let it end connections that we end (RFC 5425, 4.4); until then a crash of that server may lose rows, "
                "which gateway audit export has.",
            ) from error


def _on_its_way(connection: socket.socket) -> bool:
    """Whether the other system has not yet acknowledged all bytes (tcp(7), SIOCOUTQ)."""
    (bytes_left,) = struct.unpack(
        "i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    )
    return bool(bytes_left)


def _close(secured: ssl.SSLSocket, until: float) -> None:
    """Say that this was all, and wait until the other side says the same, or ends the connection in good order.

    A connection that is reset had bytes that the server never read: that is an OSError, and no good end. Nor is one
    that ends before we did. `SSLSocket.unwrap` alone takes a refusal for a good end: with TLS 1.3 a server refuses our
    certificate only after we have sent; so what the other side says is read as data would be.
    """
    _say_the_end(secured, until)
    socket.socket.shutdown(
        secured, socket.SHUT_WR
    )  # many servers wait for that; SSLSocket's would forget its TLS
    secured.settimeout(max(0.01, until - time.monotonic()))
    with suppress(
        ssl.SSLEOFError, ssl.SSLZeroReturnError
    ):  # many servers end the connection without close_notify
        while secured.recv(4096):
            if time.monotonic() > until:
                raise TimeoutError("it goes on talking")


def _say_the_end(secured: ssl.SSLSocket, until: float) -> None:
    """Send close_notify and read nothing; an SSLError of a refusal, an OSError where the other side ended before."""
    secured.settimeout(0)
    with suppress(ssl.SSLWantReadError):
        if not secured.recv(1):
            raise ConnectionAbortedError
    while True:
        try:
            secured.unwrap()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLWantWriteError:
            if not select.select([], [secured], [], max(0.0, until - time.monotonic()))[1]:
                raise TimeoutError("it reads nothing") from None
        else:
            raise ConnectionAbortedError


def _by_datagrams(server: Server, lines: Iterable[bytes]) -> None:
    kind = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(kind[0], kind[1]) as sender:
        for each in lines:
            sender.sendto(each, kind[4])
