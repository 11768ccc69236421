"""Messages to a syslog server: RFC 5424 in the framing of RFC 5425 over TLS, or one datagram each (RFC 5426).

TLS has no answer for a message. So a batch is a connection: what was sent counts when the server has closed its end
after ours, because only then has it read everything. Where that does not come, the batch is sent again: a message may
come twice, and none is lost. A datagram may be lost: UDP is for a server on the same machine.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

PRIORITY: Final = 10 * 8 + 5
"""Facility 10 (security and authorization), severity 5 (notice): what DICOM and IHE use."""


class NotSent(Exception):
    """The server did not take the messages; with what to do."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem, self.fix = problem, fix


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


def _by_tls(server: Server, lines: Iterable[bytes]) -> None:
    context = ssl.create_default_context(cafile=server.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if server.certificate is not None:
        context.load_cert_chain(server.certificate, server.key)
    with (
        socket.create_connection((server.host, server.port), timeout=server.timeout) as plain,
        context.wrap_socket(plain, server_hostname=server.host, suppress_ragged_eofs=True) as secured,
    ):
        for each in lines:
            secured.sendall(b"%d %s" % (len(each), each))
        _close(secured)


def _close(secured: ssl.SSLSocket) -> None:
    """Say that this was all, and wait until the other side says the same, or ends the connection in good order.

    A connection that is reset had bytes that the server never read: that is an OSError, and no good end.
    """
    with suppress(ssl.SSLError):  # many servers end the connection without close_notify
        plain = secured.unwrap()
        plain.shutdown(socket.SHUT_WR)
        while plain.recv(4096):
            pass


def _by_datagrams(server: Server, lines: Iterable[bytes]) -> None:
    kind = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(kind[0], kind[1]) as sender:
        for each in lines:
            sender.sendto(each, kind[4])
