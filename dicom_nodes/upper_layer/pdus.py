"""The bytes of an established association: cut into PDUs and fragments, and the few that we compose ourselves.

Nothing here knows a socket. `PduReader` is fed whatever the network gave, in pieces of any size, and never copies
or holds a fragment of a data set: its memory is one header. What a peer may not send raises ProtocolError, which
names the source and reason of the A-ABORT that PS3.8 wants as an answer.
Standard: PS3.8 9.3.1 and 9.3.5-9.3.8 (PDUs), Annex E.2 (message control header); PS3.7 6.3.1 and Annex E (commands).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from dicom_nodes.encoding.command_sets import command_values, encoded_command
from dicom_nodes.encoding.uids import uid_text

P_DATA, RELEASE_RQ, ABORT = 0x04, 0x05, 0x07
_KNOWN_TYPES = frozenset(range(0x01, 0x08))

# Who aborts (PS3.8 Table 9-26): whoever uses the association, or the upper layer itself, with a reason.
BY_USER, BY_PROVIDER = 0, 2
NO_REASON, UNRECOGNIZED_PDU, UNEXPECTED_PDU, INVALID_VALUE = 0, 1, 2, 6

COMMAND_FIELD, MESSAGE_ID, DATA_SET_TYPE = 0x0100, 0x0110, 0x0800
AFFECTED_CLASS, AFFECTED_INSTANCE = 0x0002, 0x1000
C_STORE_RQ, NO_DATA_SET = 0x0001, 0x0101
MAX_COMMAND = 65536
"""Bytes of a command set: real ones have a few hundred."""

_MAX_OTHER_PDU = 65536
_HEADER = 6  # of a PDU (type, reserved, length) and of a PDV (length, context, control): both have six bytes
_PDU = struct.Struct(">BxL")
_PDV = struct.Struct(">LBB")


class ProtocolError(Exception):
    """What the peer sent is not allowed here; `source` and `reason` are those of the A-ABORT to answer with."""

    def __init__(self, problem: str, source: int = BY_PROVIDER, reason: int = INVALID_VALUE) -> None:
        super().__init__(problem)
        self.source, self.reason = source, reason


class Fragment(NamedTuple):
    """A piece of a message; `data` is a view that is valid until the next `feed`.

    One fragment of the sender may come in several pieces; `is_last` is set on the final piece of the last one.
    """

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


class Pdu(NamedTuple):
    """A whole PDU that is no P-DATA-TF."""

    kind: int
    encoded: bytes


class PduReader:
    """Cuts a byte stream; `limit` is the longest P-DATA-TF, bytes, that is taken."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._head = b""  # the beginning of a header that was cut off
        self._in_pdu = 0  # bytes of the P-DATA-TF still to come, without those of the present PDV
        self._in_value = 0  # bytes of the present PDV's value still to come
        self._context = self._control = 0
        self._other = bytearray()  # a PDU that is no P-DATA-TF
        self._other_length = 0

    @property
    def is_between_pdus(self) -> bool:
        """Whether everything fed so far was whole PDUs."""
        return not (self._head or self._in_pdu or self._in_value or self._other_length)

    def feed(self, data: memoryview) -> Iterator[Fragment | Pdu]:
        """What these bytes hold, in order; raises ProtocolError where it comes to what is not allowed."""
        at, end = 0, len(data)
        while at < end:
            if self._in_value:
                taken = min(self._in_value, end - at)
                self._in_value -= taken
                yield self._fragment(data[at : at + taken])
                at += taken
            elif self._other_length:
                taken = min(self._other_length - len(self._other), end - at)
                self._other += data[at : at + taken]
                at += taken
                if len(self._other) == self._other_length:
                    self._other_length = 0
                    yield Pdu(self._other[0], bytes(self._other))
            else:
                wanted = _HEADER - len(self._head)
                header = self._head + data[at : at + wanted]
                at += wanted
                if len(header) < _HEADER:
                    self._head = header
                    return
                self._head = b""
                if self._in_pdu:
                    self._begin_pdv(header)
                    if not self._in_value:
                        yield self._fragment(data[:0])
                else:
                    self._begin_pdu(header)

    def _fragment(self, data: memoryview) -> Fragment:
        # The other six bits of the control header are "never checked by the receiver" (Annex E.2).
        last = bool(self._control & 2) and not self._in_value
        return Fragment(self._context, bool(self._control & 1), last, data)

    def _begin_pdu(self, header: bytes) -> None:
        kind, length = _PDU.unpack(header)
        if kind == P_DATA:
            if not _HEADER <= length <= self._limit:
                raise ProtocolError(f"a P-DATA-TF of {length} bytes (allowed: {_HEADER} to {self._limit})")
            self._in_pdu = length
        elif kind not in _KNOWN_TYPES:
            raise ProtocolError(f"a PDU of unknown type {kind:02X}", reason=UNRECOGNIZED_PDU)
        elif kind not in (RELEASE_RQ, ABORT):
            raise ProtocolError(f"a PDU of type {kind:02X} on a running association", reason=UNEXPECTED_PDU)
        elif not 4 <= length <= _MAX_OTHER_PDU:
            raise ProtocolError(f"a PDU of type {kind:02X} with {length} bytes")
        else:
            self._other = bytearray(header)
            self._other_length = _HEADER + length

    def _begin_pdv(self, header: bytes) -> None:
        length, self._context, self._control = _PDV.unpack(header)
        left = self._in_pdu - 4 - length
        # Length counts from the context ID; what follows must be nothing or again a whole header.
        if length < 2 or left < 0 or 0 < left < _HEADER:
            raise ProtocolError(f"a presentation data value of {length} bytes in {self._in_pdu}")
        self._in_pdu = left
        self._in_value = length - 2


def read_command(encoded: bytes) -> dict[int, bytes]:
    """The values of a command set by element number; raises ProtocolError."""
    try:
        return command_values(encoded)
    except ValueError as error:
        raise ProtocolError(str(error), BY_USER, NO_REASON) from None


def number_of(command: Mapping[int, bytes], element: int) -> int:
    """An unsigned short of the command set; raises ProtocolError where it is missing."""
    value = command.get(element, b"")
    if len(value) != 2:
        raise ProtocolError(f"a command set without a usable (0000,{element:04X})", BY_USER, NO_REASON)
    return int.from_bytes(value, "little")


def uid_of(command: Mapping[int, bytes], element: int) -> str:
    """A UID of the command set; empty where it is missing."""
    return uid_text(command.get(element, b""))


def store_response(context_id: int, request: Mapping[int, bytes], status: int, max_pdu: int) -> bytes:
    """C-STORE-RSP (PS3.7 9.3.1.2) as P-DATA-TFs; all of it, so that one send is enough.

    `max_pdu` is what the peer can take (PS3.8 D.1.1), 0 for no limit.
    """
    command = encoded_command(
        (
            (AFFECTED_CLASS, request.get(AFFECTED_CLASS, b"")),
            (COMMAND_FIELD, b"\x01\x80"),
            (0x0120, request[MESSAGE_ID]),
            (DATA_SET_TYPE, NO_DATA_SET.to_bytes(2, "little")),
            (0x0900, status.to_bytes(2, "little")),
            (AFFECTED_INSTANCE, request.get(AFFECTED_INSTANCE, b"")),
        )
    )
    return data_pdus(context_id, command, max_pdu, is_command=True, is_last=True)


def data_pdus(
    context_id: int, data: bytes | memoryview, max_pdu: int, *, is_command: bool, is_last: bool
) -> bytes:
    """A fragment as P-DATA-TFs of at most `max_pdu` bytes, each with one PDV."""
    step = max(max_pdu - _HEADER, 1) if max_pdu else max(len(data), 1)
    parts: list[bytes | memoryview] = []
    for at in range(0, max(len(data), 1), step):
        piece = data[at : at + step]
        ends = is_last and at + step >= len(data)
        parts.append(_PDU.pack(P_DATA, len(piece) + _HEADER))
        parts.append(_PDV.pack(len(piece) + 2, context_id, is_command | (ends << 1)))
        parts.append(piece)
    return b"".join(parts)


def abort_pdu(source: int, reason: int) -> bytes:
    """A-ABORT (PS3.8 9.3.8)."""
    return struct.pack(">BxLxxBB", ABORT, 4, source, reason)
