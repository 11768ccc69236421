"""The two command sets of a C-STORE as bytes, and the fragments in which a message travels.

A command set is always Implicit VR Little Endian, its elements in ascending order (PS3.7 6.3.1); what a
C-STORE's hold is in PS3.7 9.3.1 and E.1. A message is cut into fragments, each in a presentation data value
(PDV) with the message control header of PS3.8 Annex E, and these into P-DATA-TF PDUs (PS3.8 9.3.5):

    type 04H | 00H | PDU length (4)        PDV length (4) | context ID | control | fragment
                                           control: bit 0 = command, bit 1 = last fragment of it

Here each PDU carries one PDV: some receivers take only that, and it costs six bytes in a hundred thousand.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from dicom_nodes.encoding.command_sets import command_values, encoded_command

HEADER_BYTES = 12
"""PDU header and PDV header before each fragment."""
UNLIMITED = 0
"""A peer's maximum length of 0: it takes any (PS3.8 D.1.1)."""
DATASET, COMMAND, LAST = 0x00, 0x01, 0x02

_P_DATA = 0x04
_HEADER = struct.Struct(">BBLLBB")
_C_STORE_RQ, _C_STORE_RSP = 0x0001, 0x8001
_PRIORITY_MEDIUM, _HAS_DATASET, _NO_DATASET = 0x0000, 0x0001, 0x0101


class Response(NamedTuple):
    """What matters of a received command set; a missing element is None."""

    command_field: int | None
    answers: int | None
    """Message ID Being Responded To."""
    status: int | None
    has_dataset: bool

    @property
    def is_store(self) -> bool:
        """Whether it answers a C-STORE."""
        return self.command_field == _C_STORE_RSP


def store_request(message_id: int, sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """The command set of a C-STORE-RQ (PS3.7 Table 9.3-1)."""
    return encoded_command(
        (
            (0x0002, _uid(sop_class_uid)),
            (0x0100, _us(_C_STORE_RQ)),
            (0x0110, _us(message_id)),
            (0x0700, _us(_PRIORITY_MEDIUM)),
            (0x0800, _us(_HAS_DATASET)),
            (0x1000, _uid(sop_instance_uid)),
        )
    )


def read_response(command: bytes) -> Response:
    """The elements of a command set that decide; ValueError when it is no command set."""
    values = command_values(command)
    data_set_type = _number(values, 0x0800)
    return Response(
        _number(values, 0x0100),
        _number(values, 0x0120),
        _number(values, 0x0900),
        data_set_type is not None and data_set_type != _NO_DATASET,
    )


def fragment_bytes(peer_maximum: int, most: int) -> int:
    """How many bytes of a message one PDU to this peer may carry, at most `most`; ValueError when none.

    The peer's maximum length counts what follows the PDU header, so the PDV's six bytes come off. Fragments
    are even, except where the data set itself is not (PS3.8 Annex E.2 counts on even lengths).
    """
    size = most if peer_maximum == UNLIMITED else min(peer_maximum - 6, most)
    size -= size % 2
    if size < 2:
        raise ValueError(f"a maximum length of {peer_maximum} leaves no room for data")
    return size


def put_header(buffer: bytearray, at: int, context_id: int, control: int, length: int) -> None:
    """Write the PDU and PDV header of a fragment of `length` bytes at `at`."""
    _HEADER.pack_into(buffer, at, _P_DATA, 0, length + 6, length + 2, context_id, control)


def pdvs(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The (control, fragment) pairs in the body of a received P-DATA-TF; ValueError when its lengths lie."""
    offset = 0
    while offset < len(body):
        if offset + 6 > len(body):
            raise ValueError("the PDU ends inside a PDV header")
        length = int.from_bytes(body[offset : offset + 4], "big")
        end = offset + 4 + length
        if length < 2 or end > len(body):
            raise ValueError("a PDV is longer than its PDU")
        yield body[offset + 5], body[offset + 6 : end]
        offset = end


def _number(values: Mapping[int, bytes], element: int) -> int | None:
    value = values.get(element, b"")
    return int.from_bytes(value, "little") if len(value) == 2 else None


def _us(value: int) -> bytes:
    return value.to_bytes(2, "little")


def _uid(value: str) -> bytes:
    encoded = value.encode("ascii")
    return encoded + b"\0" * (len(encoded) % 2)
