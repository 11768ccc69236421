"""The messages of one association: C-STORE requests are served here, everything else is passed on to pynetdicom.

An `Exchange` is given what the network brought and says what to do: `answers` to send, `passed` to hand to
pynetdicom's own state machine as whole PDUs. It knows no socket and no thread.

Where each message is, as PS3.8 Annex E wants it: all fragments of the command first, the one with the last bit ends
it; then, if the command announces a data set, its fragments, all on the command's presentation context. How the
fragments are spread over PDVs and PDUs means nothing (several PDVs in a PDU, one byte at a time, or none in the last).

    between messages --command fragment--> command --last, C-STORE-RQ-->          storing --last--> answered
                                                   --last, any other, with data--> passing --last--> between messages
A fragment that does not fit its place is a violation by the peer's service user: A-ABORT with source 0. Nothing is
asked of the peer and nothing here can be cancelled: a response or a C-CANCEL is read and forgotten.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping

from dicom_nodes.scp.incoming import OUT_OF_RESOURCES, Discarded, Incoming
from dicom_nodes.upper_layer.pdus import (
    BY_USER,
    C_STORE_RQ,
    COMMAND_FIELD,
    DATA_SET_TYPE,
    MAX_COMMAND,
    MESSAGE_ID,
    NO_DATA_SET,
    NO_REASON,
    Fragment,
    Pdu,
    PduReader,
    ProtocolError,
    data_pdus,
    number_of,
    read_command,
    store_response,
)

log = logging.getLogger("dicom_nodes.scp.receiver")

_C_CANCEL_RQ, _RESPONSE = 0x0FFF, 0x8000
_MAX_PASSED = 4 * 1024 * 1024
"""Bytes of a data set that is no image (a commitment request, a query): pynetdicom holds it in memory."""

Open = Callable[[int, Mapping[int, bytes]], Incoming]


class Exchange:
    """Serves the C-STORE requests of one association through `begin(context_id, command)`.

    `contexts` are the accepted presentation context IDs, `peer_max_pdu` what the peer can take (0: anything),
    `max_pdu` the longest P-DATA-TF we take; `understood` says whether another command can be passed on.
    """

    def __init__(
        self,
        contexts: frozenset[int],
        begin: Open,
        max_pdu: int,
        peer_max_pdu: int,
        understood: Callable[[bytes], bool],
    ) -> None:
        self.answers = bytearray()
        self.passed = bytearray()
        self.requests: deque[int] = deque()
        """Where each request that was passed ends, in bytes passed from the beginning: its answer is still to come."""
        self.served = 0
        self._contexts = contexts
        self._begin = begin
        self._peer_max_pdu = peer_max_pdu
        self._understood = understood
        self._reader = PduReader(max_pdu)
        self._context_id = 0
        self._command = bytearray()
        self._in_command = False
        self._request: dict[int, bytes] = {}
        self._incoming: Incoming | None = None
        self._passing = -1  # bytes passed of the present data set; -1 while none is
        self._is_idle_talk = False  # the present message is passed to nobody
        self._written = 0  # bytes passed from the beginning
        self._over = False

    @property
    def is_idle(self) -> bool:
        """Whether no message has begun."""
        started = self._in_command or self._incoming is not None or self._passing >= 0
        return not started and self._reader.is_between_pdus

    @property
    def is_storing(self) -> bool:
        """Whether the data set of a C-STORE request is under way."""
        return self._incoming is not None

    def receive(self, data: memoryview) -> None:
        """Take what the network brought; raises ProtocolError for what must be answered with A-ABORT."""
        for event in self._reader.feed(data):
            if self._over:
                return  # nothing counts after A-RELEASE-RQ or A-ABORT
            if isinstance(event, Pdu):
                self.abandon()
                self._over = True
                self._pass(event.encoded)
            else:
                self._fragment(event)

    def abandon(self) -> None:
        """The association ends: nothing half received stays."""
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            _abandon(incoming)

    def _fragment(self, piece: Fragment) -> None:
        in_data = self._incoming is not None or self._passing >= 0
        if piece.context_id not in self._contexts:
            raise ProtocolError(f"presentation context {piece.context_id} was not accepted")
        if (in_data or self._in_command) and piece.context_id != self._context_id:
            raise ProtocolError("a message that changes its presentation context", BY_USER, NO_REASON)
        if piece.is_command:
            if in_data:
                raise ProtocolError("a command inside a data set", BY_USER, NO_REASON)
            self._in_command, self._context_id = True, piece.context_id
            self._command += piece.data
            if len(self._command) > MAX_COMMAND:
                raise ProtocolError(f"a command set of more than {MAX_COMMAND} bytes", BY_USER, NO_REASON)
            if piece.is_last:
                self._end_of_command()
        elif self._incoming is not None:
            self._store(self._incoming, piece)
        elif self._passing >= 0:
            self._pass_on(piece)
        else:
            raise ProtocolError("a data set without its command", BY_USER, NO_REASON)

    def _end_of_command(self) -> None:
        encoded, self._command, self._in_command = bytes(self._command), bytearray(), False
        command = read_command(encoded)
        has_data = number_of(command, DATA_SET_TYPE) != NO_DATA_SET
        if (field := number_of(command, COMMAND_FIELD)) != C_STORE_RQ:
            if not self._understood(encoded):
                raise ProtocolError("a command that is not known", BY_USER, NO_REASON)
            self._is_idle_talk = field == _C_CANCEL_RQ or bool(field & _RESPONSE)
            self._passing = 0 if has_data else -1
            self._pass_message(data_pdus(self._context_id, encoded, 0, is_command=True, is_last=True))
            return
        number_of(command, MESSAGE_ID)  # without one there is no answer: abort now rather than after the data
        self._request = command
        try:
            self._incoming = self._begin(self._context_id, command)
        except Exception:
            log.exception("an object could not be opened; the sender is told to try again")
            self._incoming = Discarded(OUT_OF_RESOURCES)
        if not has_data:
            self._answer(self._incoming)

    def _store(self, incoming: Incoming, piece: Fragment) -> None:
        try:
            if piece.data:
                incoming.write(piece.data)
        except Exception:
            log.exception("an object could not be written; the sender is told to try again")
            _abandon(incoming)
            self._incoming = incoming = Discarded(OUT_OF_RESOURCES)
        if piece.is_last:
            self._answer(incoming)

    def _answer(self, incoming: Incoming) -> None:
        try:
            status = incoming.finish()
        except Exception:
            log.exception("an object could not be kept; the sender is told to try again")
            _abandon(incoming)
            status = OUT_OF_RESOURCES
        self._incoming = None
        self.served += 1
        self.answers += store_response(self._context_id, self._request, status, self._peer_max_pdu)

    def _pass_on(self, piece: Fragment) -> None:
        self._passing += len(piece.data)
        if self._passing > _MAX_PASSED:
            raise ProtocolError(f"a data set of more than {_MAX_PASSED} bytes", BY_USER, NO_REASON)
        encoded = data_pdus(piece.context_id, piece.data, 0, is_command=False, is_last=piece.is_last)
        if piece.is_last:
            self._passing = -1
        self._pass_message(encoded)

    def _pass_message(self, encoded: bytes) -> None:
        """The next PDU of a request, whose last one it is when nothing is being passed any more."""
        if self._is_idle_talk:
            return
        self._pass(encoded)
        if self._passing < 0:
            self.requests.append(self._written)

    def _pass(self, encoded: bytes) -> None:
        self.passed += encoded
        self._written += len(encoded)


def _abandon(incoming: Incoming) -> None:
    try:
        incoming.abandon()
    except Exception:
        log.exception("an abandoned object could not be cleaned up")
