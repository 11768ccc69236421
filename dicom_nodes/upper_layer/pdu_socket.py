"""Whole PDUs over the socket of an association that pynetdicom negotiated, each in time.

pynetdicom gives up its socket after negotiation (`pynetdicom_setup.take_socket`); from there on no thread but the
caller's touches it. The requestor's states of PS3.8 9.2 that are left, and what is done in them:

    Sta6 data transfer      P-DATA-TF: handed to the caller
                            A-RELEASE-RQ: answered with A-RELEASE-RP, the association is over (AR-2, AR-4)
                            A-ABORT, closed connection: the association is over (AA-3, AA-4)
                            anything else: A-ABORT from the provider, with the reason (AA-8)
    Sta7 release requested  A-RELEASE-RQ collides with ours: answered with A-RELEASE-RP (AR-8, AR-9), wait on
                            A-RELEASE-RP, A-ABORT, closed connection, time up: closed (AR-3, AA-3, AA-4)
"""

from __future__ import annotations

import contextlib
import fcntl
import select
import socket
import ssl
import sys
import termios
import time

P_DATA = 4
INVALID_VALUE = 6
"""Reason of an A-ABORT: a PDU parameter that makes no sense (PS3.8 Table 9-26)."""

_ASSOCIATION_PDUS = (1, 2, 3)
_RELEASE_RQ, _RELEASE_RP, _ABORT = 5, 6, 7
_PDU_HEADER = 6
_USER, _PROVIDER = 0, 2
_NOT_SPECIFIED, _UNRECOGNISED_PDU, _UNEXPECTED_PDU = 0, 1, 2
_ABORT_REASONS = {
    1: "unrecognised PDU",
    2: "unexpected PDU",
    4: "unrecognised PDU parameter",
    5: "unexpected PDU parameter",
    6: "invalid PDU parameter value",
}
_TLS_WRITE = 64 * 1024  # a TLS write counts as progress only when all of it went out
_ANY_SIZE = 1 << 40
_MOST_RECEIVED = 1024 * 1024  # a response has some 200 bytes
_RELEASE_S = 5.0
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class AssociationLost(Exception):
    """The association is over: `why`, for a person."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class PduSocket:
    """Sends bytes that are whole PDUs, receives PDUs. Not for use by several threads.

    No single wait for the peer is longer than `timeout_s`, and none goes past the deadline of its operation
    (time.monotonic). Every method but `abort` and `close` raises AssociationLost; the socket is closed then.
    """

    def __init__(self, sock: socket.socket, timeout_s: float) -> None:
        self._sock = sock
        self._timeout_s = timeout_s
        self._most_at_once = _TLS_WRITE if isinstance(sock, ssl.SSLSocket) else _ANY_SIZE
        self._received = bytearray()
        self._poll = select.poll()
        self._between_pdus = True
        sock.settimeout(0)

    def send(self, pdus: memoryview | bytes, deadline: float) -> None:
        """Send whole PDUs; an abort by the peer ends it early."""
        view = memoryview(pdus)
        self._between_pdus = False
        while view:
            try:
                sent = self._sock.send(view[: self._most_at_once])
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN, deadline, "the peer stopped taking data")
            except _NOT_NOW:
                # The peer may have something to say before it has taken everything: an abort, most likely.
                either = select.POLLOUT | select.POLLIN
                if self._wait(either, deadline, "the peer stopped taking data") & select.POLLIN:
                    self._listen()
            except OSError as error:
                raise self._broken() from error
            else:
                view = view[sent:]
        self._between_pdus = True

    def receive(self, deadline: float) -> bytes:
        """The body of the next P-DATA-TF."""
        kind, body = self._next(deadline)
        if kind == _RELEASE_RQ:
            self.send(_pdu(_RELEASE_RP), deadline)
            self.close()
            raise AssociationLost("the peer released the association instead of answering")
        if kind != P_DATA:
            raise self.violation("an unexpected PDU", _UNEXPECTED_PDU)
        return body

    def release(self) -> None:
        """End the association in order, whatever the peer makes of it, and close the socket."""
        deadline = time.monotonic() + min(_RELEASE_S, self._timeout_s)
        with contextlib.suppress(AssociationLost):
            self.send(_pdu(_RELEASE_RQ), deadline)
            while (kind := self._next(deadline)[0]) != _RELEASE_RP:
                if kind == _RELEASE_RQ:
                    self.send(_pdu(_RELEASE_RP), deadline)
        self.close()

    def abort(self) -> None:
        """End the association at once, as its user."""
        self._abort(_USER, _NOT_SPECIFIED)

    def violation(self, what: str, reason: int = INVALID_VALUE) -> AssociationLost:
        """Abort as the provider, because the peer sent something that must not be; the error to raise."""
        self._abort(_PROVIDER, reason)
        return AssociationLost(f"the peer sent {what}")

    def close(self) -> None:
        """Close the socket; may be called again."""
        with contextlib.suppress(OSError):
            self._sock.close()

    def _next(self, deadline: float) -> tuple[int, bytes]:
        received = self._received
        while len(received) < _PDU_HEADER:
            self._receive_some(deadline)
        kind, length = received[0], int.from_bytes(received[2:6], "big")
        if kind in _ASSOCIATION_PDUS:
            raise self.violation("an unexpected PDU", _UNEXPECTED_PDU)
        if not P_DATA <= kind <= _ABORT:
            raise self.violation("a PDU of an unknown type", _UNRECOGNISED_PDU)
        if length > _MOST_RECEIVED:
            raise self.violation("a PDU longer than anybody asked for")
        while len(received) < _PDU_HEADER + length:
            self._receive_some(deadline)
        body = bytes(received[_PDU_HEADER : _PDU_HEADER + length])
        del received[: _PDU_HEADER + length]
        if kind == _ABORT:
            self.close()
            raise AssociationLost(_abort_said(body))
        return kind, body

    def _receive_some(self, deadline: float) -> None:
        """Wait for at least one more byte."""
        while True:
            try:
                return self._take()
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT, deadline, "no answer came in time")
            except _NOT_NOW:
                self._acknowledge_quickly()
                self._wait(select.POLLIN, deadline, "no answer came in time")

    def _take(self) -> None:
        try:
            received = self._sock.recv(65536)
        except _NOT_NOW:
            raise
        except OSError as error:
            raise self._broken() from error
        if not received:
            raise self._broken()
        self._received += received

    def _listen(self) -> None:
        """Take what has come while we send; only an abort matters before the end of the request."""
        with contextlib.suppress(*_NOT_NOW):
            self._take()
        if (said := self._abort_received()) is not None:
            self.close()
            raise AssociationLost(said)
        if len(self._received) > _MOST_RECEIVED:
            raise self.violation("answers to nothing", _UNEXPECTED_PDU)

    def _acknowledge_quickly(self) -> None:
        """A peer that leaves Nagle on and answers in two pieces waits for our acknowledgement in between (40 ms)."""
        if _QUICK_ACK is not None:
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)

    def _wait(self, events: int, deadline: float, otherwise: str) -> int:
        """Until the socket can do one of `events`; the events."""
        self._poll.register(self._sock, events)
        while True:
            queued = self._queued()
            allowed_s = min(self._timeout_s, deadline - time.monotonic())
            ready = self._poll.poll(max(0.0, allowed_s) * 1000)
            if ready:
                return ready[0][1]
            # The system says "writable" again only when a good part of megabytes has gone out: a slow line
            # that still carries something is no hang.
            if allowed_s < self._timeout_s or not self._queued() < queued:
                self.abort()
                raise AssociationLost(otherwise)

    def _queued(self) -> int:
        """Bytes of ours that have not arrived at the peer's system yet."""
        return int.from_bytes(fcntl.ioctl(self._sock, termios.TIOCOUTQ, bytes(4)), sys.byteorder)

    def _broken(self) -> AssociationLost:
        """What became of a connection that does not work any more: an abort may still lie in it."""
        with contextlib.suppress(OSError):
            self._received += self._sock.recv(65536)
        self.close()
        return AssociationLost(self._abort_received() or "the peer closed the connection")

    def _abort_received(self) -> str | None:
        received = self._received
        if len(received) < 10 or received[0] != _ABORT:
            return None
        return _abort_said(bytes(received[_PDU_HEADER:10]))

    def _abort(self, source: int, reason: int) -> None:
        if self._between_pdus:  # inside a PDU it would be taken for data
            with contextlib.suppress(OSError):
                self._sock.send(_pdu(_ABORT, bytes((0, 0, source, reason))))
        self.close()


def _pdu(kind: int, body: bytes = b"\0\0\0\0") -> bytes:
    return bytes((kind, 0)) + len(body).to_bytes(4, "big") + body


def _abort_said(body: bytes) -> str:
    """Who aborted and why (PS3.8 9.3.8); a reason means something only from the service provider."""
    source, reason = (body[2], body[3]) if len(body) >= 4 else (_USER, _NOT_SPECIFIED)
    if source != _PROVIDER:
        return "the peer aborted the association"
    why = f" ({_ABORT_REASONS[reason]})" if reason in _ABORT_REASONS else ""
    return f"the peer's DICOM layer aborted the association{why}"
