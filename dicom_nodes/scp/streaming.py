"""The data phase of a receiver's association: from the socket to the file, in one thread, through one buffer.

pynetdicom asks its `AssociationSocket` whether something is `ready` and then reads it with `recv`. That public class
is the place where the stream is taken over: once the A-ASSOCIATE-AC has gone out (state 6 of PS3.8 Table 9-10,
"association established and ready for data transfer") this socket reads for itself, serves every C-STORE request
where it stands (`dicom_nodes.scp.exchange`) and shows pynetdicom only what is left: other messages, A-RELEASE-RQ,
A-ABORT, the end of the connection. Negotiation, rejection, release, its collision and all other services stay with
pynetdicom's state machine. As soon as that sends A-RELEASE-RQ or -RP or A-ABORT (states 7 to 13), it reads again.

What of PS3.8 Table 9-10 is done here, all in state 6:
    Evt10 P-DATA-TF                     DT-2, to the exchange instead of the P-DATA indication
    Evt3, 4, 6, 13 and 19               AA-8: A-ABORT with source 2 and the reason; state 13: wait for the peer to
    (unexpected, unknown or invalid)    hang up, at most ARTIM; then pynetdicom sees Evt17 and ends the association
    Evt15 by a wrong message order,     AA-1: A-ABORT with source 0, then the same
    by silence or by slowness
Of other requests, pynetdicom gets the next when it has answered the last: it keeps them in a queue without an end, and
starts a thread for each N-EVENT-REPORT. Meanwhile nothing is read, and the peer waits.
The association's own thread, which has nothing to do meanwhile, is parked: it would wake up a thousand times a second.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from pynetdicom.association import Association

from dicom_nodes.scp.exchange import Exchange
from dicom_nodes.scp.incoming import Incoming
from dicom_nodes.scp.readable import in_plain_form, is_readable_command, is_readable_request
from dicom_nodes.scp.refusals import NO_ASSOCIATION_REQUEST
from dicom_nodes.scp.server import BoundedSocket
from dicom_nodes.upper_layer.pdus import (
    BY_PROVIDER,
    BY_USER,
    INVALID_VALUE,
    NO_REASON,
    ProtocolError,
    abort_pdu,
)
from dicom_nodes.upper_layer.pynetdicom_private import is_wanted, park_reactor, report_lost, wake_reactor

log = logging.getLogger("dicom_nodes.scp.receiver")

Open = Callable[[Association, int, Mapping[int, bytes]], Incoming]
Tell = Callable[[Association, str, str], None]
"""Hears of an association that was refused or aborted here: why, and what helps."""

# A PDU of 128 KiB and what follows it; more is not faster (measured), and each association has one.
_BUFFER = 256 * 1024
_TICK_S = 0.5  # how often a waiting thread looks whether it is still wanted
_WRITE_S = 30.0  # how long a peer may leave an answer unread
_ARTIM_S = 2.0  # how long a peer that is aborted may take to hang up
_SLOWEST = 4096  # bytes that must come in one idle time while a message is under way
_HEADER = 6  # bytes of a PDU's type and length
_REQUEST = b"\x01"
_ACCEPT, _DATA, _REQUESTS_END = 0x02, 0x04, frozenset((0x03, 0x05, 0x06, 0x07))
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class StreamingSocket(BoundedSocket):
    """The connection under one association of a receiver."""

    def serve(self, begin: Open, max_pdu: int, idle_timeout_s: float, refused: Tell) -> None:
        """Say what to do with objects; comes before the association starts."""
        self._begin = begin
        self._refused = refused
        self._max_pdu = max_pdu
        self._idle_timeout_s = idle_timeout_s
        self._exchange: Exchange | None = None
        self._buffer = memoryview(b"")
        self._waits = False  # here for the next object, rather than in pynetdicom's poll
        self._has_ended = self._is_told = False
        self._expects_header = True  # the next bytes that pynetdicom reads begin a PDU
        self._rest = bytearray()  # of an A-ASSOCIATE-RQ whose header pynetdicom has read
        self._is_asked = False  # an A-ASSOCIATE-RQ is being answered
        self._deadline = 0.0
        self._progress = 0
        self._handed = 0  # bytes of other messages that pynetdicom has read
        self._is_answering = False  # it has read a request to its end, and has not answered

    # -- what pynetdicom calls, all in its network thread

    @property
    def ready(self) -> bool:
        """Whether there is something for pynetdicom to read; serves C-STORE requests meanwhile."""
        exchange = self._exchange
        if exchange is None:
            return not (self._is_asked or self._has_ended) and super().ready
        if self._is_told:
            return False  # the end is an event that happens once
        if self._is_answering and not self._has_ended and time.monotonic() <= self._deadline:
            return False
        if not exchange.passed and not self._has_ended and (self._waits or super().ready):
            try:
                self._serve(exchange)
            except ProtocolError as error:
                log.warning("%s sent %s; aborted", self._peer, error)
                self._abort(error.source, error.reason)
                self._refused(
                    self.assoc,
                    f"It sent {error}; the association was aborted.",
                    "Report it to whoever makes the sender; PS3.7 and PS3.8 do not allow it.",
                )
            except OSError as error:
                log.warning("the connection from %s ended: %s", self._peer, error)
                self._has_ended = True
            except Exception:
                log.exception("an association from %s failed; aborted", self._peer)
                self._abort(BY_USER, NO_REASON)
        elif time.monotonic() > self._deadline:
            self._abort(BY_USER, NO_REASON)
        if self._has_ended:
            exchange.abandon()
        if exchange.passed or self._has_ended:
            wake_reactor(self.assoc)
            return True
        return False

    def recv(self, nr_bytes: int) -> bytearray:
        exchange = self._exchange
        if exchange is None:
            return self._recv_request(nr_bytes)
        if self._has_ended and self._is_answering:
            exchange.passed.clear()  # nobody waits for what was asked besides
        read = exchange.passed[:nr_bytes]
        self._is_told = not read
        del exchange.passed[:nr_bytes]
        self._handed += len(read)
        if exchange.requests and self._handed >= exchange.requests[0]:
            exchange.requests.popleft()
            self._is_answering = True
            self._expect_more(0)
        return read

    def send(self, bytestream: bytes) -> None:
        if self._exchange is None:
            self._is_asked = False
            super().send(bytestream)
            if bytestream[0] == _ACCEPT:
                self._take_over()
            return
        if bytestream[0] == _DATA:
            self._is_answering = False
            self._expect_more(0)
        try:
            self._send(bytestream)
        except OSError:
            report_lost(self.assoc)
        if bytestream[0] in _REQUESTS_END:
            self._give_back()

    def _recv_request(self, nr_bytes: int) -> bytearray:
        """Before the data phase: header and body of a PDU in turn; an A-ASSOCIATE-RQ is looked at as a whole."""
        if self._rest:
            rest, self._rest = self._rest, bytearray()
            return rest
        if nr_bytes > self.limit:
            return self._refuse(nr_bytes)
        received = super().recv(nr_bytes)
        self._expects_header = not self._expects_header
        if self._expects_header or received[:1] != _REQUEST or len(received) < _HEADER:
            return received
        length = int.from_bytes(received[2:], "big")
        if length > self.limit:
            return self._refuse(length)
        received += super().recv(length)
        if len(received) < _HEADER + length:
            return bytearray()
        request = in_plain_form(bytes(received))
        if not is_readable_request(request):
            return self._refuse(length)
        # What follows it waits for the answer: in state 3 pynetdicom would lose its way over it.
        self._is_asked, self._expects_header = True, True
        self._rest = bytearray(request[_HEADER:])
        return bytearray(request[:_HEADER])

    def _refuse(self, length: int) -> bytearray:
        """A PDU that cannot be one: A-ABORT, and nothing after it is read (cut short, pynetdicom sees Evt17)."""
        log.warning("%s sent a PDU of %d bytes that is no association request; aborted", self._peer, length)
        self._abort(BY_PROVIDER, INVALID_VALUE)
        self._refused(self.assoc, *NO_ASSOCIATION_REQUEST)
        self._wake()
        return bytearray()

    # -- the data phase

    def _take_over(self) -> None:
        association: Any = self.assoc
        self.assoc.network_timeout = None  # silence is measured here from now on
        contexts = frozenset(context.context_id for context in association.accepted_contexts)
        self._exchange = Exchange(
            contexts,
            lambda context_id, command: self._begin(self.assoc, context_id, command),
            self._max_pdu,
            association.requestor.maximum_length or 0,
            is_readable_command,
        )
        if self.socket is not None:
            self.socket.settimeout(_TICK_S)
        self._expect_more(0)

    def _give_back(self) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.abandon()
        if self.socket is not None:
            self.socket.settimeout(self._idle_timeout_s)
        wake_reactor(self.assoc)

    def _serve(self, exchange: Exchange) -> None:
        """Read and serve until there is something for pynetdicom to do."""
        while not exchange.passed and not self._has_ended:
            count = self._receive()
            if count is None:
                if is_wanted(self.assoc):
                    return
                if time.monotonic() > self._deadline:
                    log.warning(
                        "%s was silent or too slow for %g s; aborted", self._peer, self._idle_timeout_s
                    )
                    self._abort(BY_USER, NO_REASON)
                    self._refused(
                        self.assoc,
                        f"It was silent or too slow for {self._idle_timeout_s:g} s; the association was aborted.",
                        "Look at the network and the sender's load; it can send again.",
                    )
                continue
            if not count:
                self._has_ended = True
                return
            was_idle, served = exchange.is_idle, exchange.served
            try:
                exchange.receive(self._buffer[:count])
            finally:
                if exchange.answers:
                    answers = bytes(exchange.answers)
                    exchange.answers.clear()
                    self._send(answers)
            if was_idle or exchange.served > served:
                self._expect_more(0)
            else:
                self._expect_more(count)
            self._waits = not exchange.passed and (
                exchange.is_storing or exchange.served > served or self._waits
            )
            if not self._waits:
                return
            park_reactor(self.assoc)

    def _expect_more(self, count: int) -> None:
        """Give the peer a new idle time: for a message that begins or ends, and for each few bytes in between."""
        self._progress += count
        if not count or self._progress >= _SLOWEST:
            self._progress = 0
            self._deadline = time.monotonic() + self._idle_timeout_s

    def _receive(self) -> int | None:
        """Bytes read into the buffer, 0 at the end of the connection, None when nothing came for a tick."""
        sock = self.socket
        if sock is None:
            return 0
        if not self._buffer:
            self._buffer = memoryview(bytearray(_BUFFER))
        try:
            count = sock.recv_into(self._buffer)
        except TimeoutError:
            return None
        if _QUICKACK is not None and count:
            # Falls back by itself; without it a sender that leaves Nagle on waits 40 ms for each object.
            sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        return count

    def _send(self, data: bytes) -> None:
        deadline = time.monotonic() + _WRITE_S
        left = memoryview(data)
        while left:
            if self.socket is None:
                raise OSError("the connection is closed")
            try:
                left = left[self.socket.send(left) :]
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise

    def _abort(self, source: int, reason: int) -> None:
        """Say why, and read on for a moment: a reset would take the A-ABORT away from the peer."""
        self._has_ended = True
        if self.socket is None:
            return
        with contextlib.suppress(OSError):
            self.socket.settimeout(_TICK_S)
            self._send(abort_pdu(source, reason))
            self.socket.shutdown(socket.SHUT_WR)
            deadline = time.monotonic() + _ARTIM_S
            while time.monotonic() < deadline and self._receive() != 0:
                pass

    @property
    def _peer(self) -> str:
        return f"{self.assoc.requestor.ae_title!r} at {self.assoc.requestor.address}"
