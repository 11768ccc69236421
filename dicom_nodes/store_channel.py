"""The socket of a negotiated association, used for C-STORE alone: requests out, responses in, each in time.

pynetdicom negotiates the association and then gives up its socket (`stack.take_socket`); from there on no
thread but the caller's touches it. That is the point: pynetdicom hands every fragment through two threads and
loses a response about once in 10,000 sends. A request is laid out in one buffer, PDU headers and fragments in
turn, the file's bytes read into their places, and sent in as few calls as it has buffers: memory is bounded
by the buffer whatever the instance's size. It is the same for TLS, which os.sendfile is not.

The requestor's states of PS3.8 9.2 that are left after negotiation, and what is done in them:

    Sta6 data transfer      P-DATA-TF: the response, or for another message and then ignored
                            A-RELEASE-RQ: answered with A-RELEASE-RP, the association is over (AR-2, AR-4)
                            A-ABORT, closed connection: the association is over (AA-3, AA-4)
                            anything else: A-ABORT from the provider, with the reason (AA-8)
    Sta7 release requested  A-RELEASE-RQ collides with ours: answered with A-RELEASE-RP (AR-8, AR-9), wait on
                            A-RELEASE-RP, A-ABORT, closed connection, time up: closed (AR-3, AA-3, AA-4)
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Iterator

from dicom_nodes.outgoing import Content
from dicom_nodes.store_messages import (
    COMMAND,
    DATASET,
    HEADER_BYTES,
    LAST,
    Response,
    fragment_bytes,
    pdvs,
    put_header,
    read_response,
    store_request,
)

BUFFER_BYTES = 512 * 1024
LARGEST_FRAGMENT = 128 * 1024
"""Larger PDUs gain nothing, and a peer that says it takes any need not be believed."""
SLOWEST_BYTES_PER_S = 250_000
"""A peer may take this long per byte on top of the timeout: 60 MB over a slow line is not a hang."""

_MOST_SLOTS = 512  # places in one preadv; the system's limit is 1024
_TLS_WRITE = 64 * 1024  # a TLS write counts as progress only when all of it went out
_MOST_RECEIVED = 1024 * 1024  # a response has some 200 bytes
_RELEASE_S = 5.0
_ASSOCIATION_PDUS = (1, 2, 3)
_P_DATA, _RELEASE_RQ, _RELEASE_RP, _ABORT = 4, 5, 6, 7
_PROVIDER, _USER = 2, 0
_NOT_SPECIFIED, _UNRECOGNISED_PDU, _UNEXPECTED_PDU, _INVALID_VALUE = 0, 1, 2, 6
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)

# PS3.8 Table 9-26; reasons mean something only from the service provider.
_ABORTED_BY = {0: "the peer aborted the association", 2: "the peer's DICOM layer aborted the association"}
_ABORT_REASONS = {
    1: "unrecognised PDU",
    2: "unexpected PDU",
    4: "unrecognised PDU parameter",
    5: "unexpected PDU parameter",
    6: "invalid PDU parameter value",
}


class AssociationLost(Exception):
    """The association is over: `why`, for a person."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class StoreChannel:
    """C-STORE over a socket whose association is established. Not for use by several threads.

    `peer_maximum` is the maximum length the peer announced (PS3.8 D.1), 0 for any. `timeout_s` limits every wait
    for the peer to take or say anything; a whole request gets that plus a second per 250 kB.
    """

    def __init__(self, sock: socket.socket, peer_maximum: int, timeout_s: float) -> None:
        self._sock = sock
        self._timeout_s = timeout_s
        self._fragment = fragment_bytes(peer_maximum, LARGEST_FRAGMENT)
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._most_at_once = _TLS_WRITE if isinstance(sock, ssl.SSLSocket) else BUFFER_BYTES
        self._received = bytearray()
        self._poll = select.poll()
        self._between_pdus = True
        self._message_id = 0
        sock.settimeout(0)

    def store(self, context_id: int, sop_class_uid: str, sop_instance_uid: str, content: Content) -> int:
        """Send one instance and return the status of the response.

        Raises OSError when the content cannot be read and nothing was sent yet: the association can go on.
        Raises AssociationLost when it cannot; the peer may or may not have the instance then.
        """
        self._message_id = self._message_id % 0xFFFF + 1
        allowed_s = self._timeout_s + content.length / SLOWEST_BYTES_PER_S
        request = store_request(self._message_id, sop_class_uid, sop_instance_uid)
        deadline = time.monotonic() + allowed_s
        begun = False
        filled = self._filled(context_id, request, content)
        while True:
            try:
                size = next(filled, 0)
            except OSError as error:
                if not begun:
                    raise
                self.close()  # in the middle of a message: A-ABORT would say no more
                raise AssociationLost("the file could not be read to its end") from error
            if not size:
                break
            begun = True
            self._send(self._view[:size], deadline)
        return self._status(time.monotonic() + allowed_s)

    def release(self) -> None:
        """End the association in order (A-RELEASE), whatever the peer makes of it, and close the socket."""
        deadline = time.monotonic() + min(_RELEASE_S, self._timeout_s)
        with contextlib.suppress(AssociationLost):
            self._send(_pdu(_RELEASE_RQ), deadline)
            while True:
                kind, _ = self._next_pdu(deadline)
                if kind == _RELEASE_RP:
                    break
                if kind == _RELEASE_RQ:
                    self._send(_pdu(_RELEASE_RP), deadline)
        self.close()

    def abort(self) -> None:
        """End the association at once, as its user."""
        self._abort(_USER, _NOT_SPECIFIED)

    def close(self) -> None:
        """Close the socket; may be called again."""
        with contextlib.suppress(OSError):
            self._sock.close()

    def _filled(self, context_id: int, request: bytes, content: Content) -> Iterator[int]:
        """Fill the buffer with the message again and again; how much of it is to be sent each time.

        The command and the first of the data go into one buffer, so that they leave in one piece.
        """
        at = self._put_command(context_id, request)
        sent, total = 0, content.length
        while True:
            slots: list[memoryview] = []
            first = sent
            while len(slots) < _MOST_SLOTS:
                size = min(self._fragment, total - sent)
                if at + HEADER_BYTES + size > BUFFER_BYTES:
                    break
                last = sent + size == total
                put_header(self._buffer, at, context_id, DATASET | (LAST if last else 0), size)
                at += HEADER_BYTES
                slots.append(self._view[at : at + size])
                at += size
                sent += size
                if last:
                    break
            if sent > first:
                content.fill(slots, first)
            yield at
            if sent == total:
                return
            at = 0

    def _put_command(self, context_id: int, request: bytes) -> int:
        at = 0
        for start in range(0, len(request), self._fragment):
            piece = request[start : start + self._fragment]
            last = start + len(piece) == len(request)
            put_header(self._buffer, at, context_id, COMMAND | (LAST if last else 0), len(piece))
            at += HEADER_BYTES
            self._buffer[at : at + len(piece)] = piece
            at += len(piece)
        return at

    def _status(self, deadline: float) -> int:
        """The status in the response to the last request; answers to other messages are not ours to judge."""
        for response in self._responses(deadline):
            if response.is_store and response.answers == self._message_id:
                if response.status is None:
                    break
                return response.status
        raise self._violation("a response without a status", _INVALID_VALUE)

    def _responses(self, deadline: float) -> Iterator[Response]:
        """The messages that come in, without end; a data set behind a command is skipped."""
        command = bytearray()
        response: Response | None = None
        while True:
            kind, body = self._next_pdu(deadline)
            if kind == _RELEASE_RQ:
                self._send(_pdu(_RELEASE_RP), deadline)
                self.close()
                raise AssociationLost("the peer released the association instead of answering")
            if kind != _P_DATA:
                raise self._violation("an unexpected PDU", _UNEXPECTED_PDU)
            try:
                for control, fragment in pdvs(body):
                    is_command = bool(control & COMMAND)
                    if is_command:
                        command += fragment
                    if not control & LAST:
                        continue
                    if is_command:
                        response = read_response(bytes(command))
                        command.clear()
                    if response is not None and is_command != response.has_dataset:
                        yield response
                        response = None
            except ValueError as error:
                raise self._violation(f"a malformed response ({error})", _INVALID_VALUE) from error
            if len(command) > _MOST_RECEIVED:
                raise self._violation("a response without end", _INVALID_VALUE)

    def _next_pdu(self, deadline: float) -> tuple[int, bytes]:
        received = self._received
        while len(received) < 6:
            self._receive(deadline)
        kind, length = received[0], int.from_bytes(received[2:6], "big")
        if not _P_DATA <= kind <= _ABORT:
            known = kind in _ASSOCIATION_PDUS
            what = "an unexpected PDU" if known else "a PDU of an unknown type"
            raise self._violation(what, _UNEXPECTED_PDU if known else _UNRECOGNISED_PDU)
        if length > _MOST_RECEIVED:
            raise self._violation("a response without end", _INVALID_VALUE)
        while len(received) < 6 + length:
            self._receive(deadline)
        body = bytes(received[6 : 6 + length])
        del received[: 6 + length]
        if kind == _ABORT:
            self.close()
            raise AssociationLost(_abort_said(body))
        return kind, body

    def _send(self, data: memoryview | bytes, deadline: float) -> None:
        view = memoryview(data)
        self._between_pdus = False
        while view:
            try:
                sent = self._sock.send(view[: self._most_at_once])
            except (BlockingIOError, ssl.SSLWantWriteError):
                # The peer may have something to say before it has taken everything: an abort, most likely.
                if self._wait(select.POLLOUT | select.POLLIN, deadline) & select.POLLIN:
                    self._listen()
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN, deadline)
            except OSError as error:
                raise self._broken() from error
            else:
                view = view[sent:]
        self._between_pdus = True

    def _listen(self) -> None:
        """Take what has come while we send; only an abort matters before the end of the request."""
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self._take()
        received = self._received
        if received[:1] == bytes((_ABORT,)) and len(received) >= 10:
            self.close()
            raise AssociationLost(_abort_said(bytes(received[6:10])))
        if len(received) > _MOST_RECEIVED:
            raise self._violation("answers to nothing", _UNEXPECTED_PDU)

    def _receive(self, deadline: float) -> None:
        """Wait for at least one more byte."""
        while True:
            try:
                self._take()
            except (BlockingIOError, ssl.SSLWantReadError):
                self._acknowledge_quickly()
                self._wait(select.POLLIN, deadline)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT, deadline)
            else:
                return

    def _take(self) -> None:
        try:
            received = self._sock.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError as error:
            raise self._broken() from error
        if not received:
            raise self._broken()
        self._received += received

    def _acknowledge_quickly(self) -> None:
        """A peer that leaves Nagle on and answers in two pieces waits for our acknowledgement between them."""
        if _QUICK_ACK is not None:
            with contextlib.suppress(OSError):
                self._sock.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)

    def _wait(self, events: int, deadline: float) -> int:
        """Until the socket can do one of `events`, at most the timeout and never past the deadline."""
        allowed_s = min(self._timeout_s, deadline - time.monotonic())
        self._poll.register(self._sock, events)
        ready = self._poll.poll(max(0.0, allowed_s) * 1000)
        if not ready:
            self.abort()
            raise AssociationLost(
                "no answer came in time" if self._between_pdus else "the peer stopped taking data"
            )
        return ready[0][1]

    def _broken(self) -> AssociationLost:
        """What became of a connection that does not work any more: an abort may lie in what was received."""
        received = self._received
        if not self._between_pdus:
            with contextlib.suppress(OSError):
                received += self._sock.recv(65536)
        self.close()
        if received[:1] == bytes((_ABORT,)) and len(received) >= 10:
            return AssociationLost(_abort_said(bytes(received[6:10])))
        return AssociationLost("the peer closed the connection")

    def _violation(self, what: str, reason: int) -> AssociationLost:
        self._abort(_PROVIDER, reason)
        return AssociationLost(f"the peer sent {what}")

    def _abort(self, source: int, reason: int) -> None:
        if self._between_pdus:  # inside a PDU it would be taken for data
            with contextlib.suppress(OSError):
                self._sock.send(_pdu(_ABORT, bytes((0, 0, source, reason))))
        self.close()


def _pdu(kind: int, body: bytes = b"\0\0\0\0") -> bytes:
    return bytes((kind, 0)) + len(body).to_bytes(4, "big") + body


def _abort_said(body: bytes) -> str:
    source, reason = (body[2], body[3]) if len(body) >= 4 else (_USER, 0)
    who = _ABORTED_BY.get(source, _ABORTED_BY[_USER])
    return f"{who} ({_ABORT_REASONS[reason]})" if source == _PROVIDER and reason in _ABORT_REASONS else who
