"""A DICOM peer made of bytes: it can send what no library would, in any layout, and reads what comes back.

Written from the Standard (PS3.8 9.3, Annex E; PS3.7 Annex E) and not with the product's helpers, which it judges.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from pynetdicom.sop_class import Verification

STORAGE, ECHO = 1, 3
"""The presentation contexts that `associate` proposes: MR images and verification, explicit VR little endian."""

RELEASE = b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00"


def element(number: int, value: bytes) -> bytes:
    """One element of a command set."""
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHL", 0, number, len(value)) + value


def command_set(elements: Sequence[tuple[int, bytes]]) -> bytes:
    """A command set with its group length."""
    body = b"".join(element(number, value) for number, value in elements)
    return element(0, struct.pack("<L", len(body))) + body


def store_command(sop_instance_uid: str, message_id: int = 1, has_data: bool = True) -> bytes:
    """C-STORE-RQ for an MR image."""
    return command_set(
        (
            (0x0002, str(MRImageStorage).encode()),
            (0x0100, b"\x01\x00"),
            (0x0110, struct.pack("<H", message_id)),
            (0x0700, b"\x00\x00"),
            (0x0800, b"\x00\x00" if has_data else b"\x01\x01"),
            (0x1000, sop_instance_uid.encode()),
        )
    )


def echo_command(message_id: int = 1) -> bytes:
    """C-ECHO-RQ."""
    return command_set(
        (
            (0x0002, str(Verification).encode()),
            (0x0100, b"\x30\x00"),
            (0x0110, struct.pack("<H", message_id)),
            (0x0800, b"\x01\x01"),
        )
    )


@dataclass(frozen=True)
class Pdv:
    """One presentation data value."""

    context_id: int
    is_command: bool
    is_last: bool
    data: bytes

    def encoded(self) -> bytes:
        control = self.is_command | self.is_last << 1
        return struct.pack(">LBB", len(self.data) + 2, self.context_id, control) + self.data


def pdu(*values: Pdv | bytes) -> bytes:
    """A P-DATA-TF."""
    body = b"".join(value if isinstance(value, bytes) else value.encoded() for value in values)
    return struct.pack(">BxL", 4, len(body)) + body


def message(context_id: int, command: bytes, data: bytes | None = None, step: int = 16000) -> bytes:
    """A whole message, one PDV in each PDU."""
    pieces = [Pdv(context_id, True, True, command)]
    if data is not None:
        cuts = range(0, max(len(data), 1), step)
        pieces += [Pdv(context_id, False, at + step >= len(data), data[at : at + step]) for at in cuts]
    return b"".join(pdu(piece) for piece in pieces)


def _item(kind: int, data: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(data)) + data


def association_request(
    calling: str = "MODALITY",
    called: str = "GATEWAY",
    max_pdu: int = 16384,
    more: Sequence[tuple[int, object]] = (),
) -> bytes:
    """A-ASSOCIATE-RQ with the two contexts, and `more`."""
    items = _item(0x10, b"1.2.840.10008.3.1.1.1")
    for context_id, abstract in ((STORAGE, MRImageStorage), (ECHO, Verification), *more):
        syntaxes = _item(0x30, str(abstract).encode()) + _item(0x40, str(ExplicitVRLittleEndian).encode())
        items += _item(0x20, bytes((context_id, 0, 0, 0)) + syntaxes)
    items += _item(0x50, _item(0x51, struct.pack(">L", max_pdu)) + _item(0x52, b"2.25.1"))
    body = struct.pack(">HH16s16s32x", 1, 0, called.ljust(16).encode(), calling.ljust(16).encode()) + items
    return struct.pack(">BxL", 1, len(body)) + body


class RawPeer:
    """A connection; `kind` of a PDU is its first byte, 0 when the other side hung up."""

    def __init__(self, port: int, *, no_delay: bool = True, timeout_s: float = 10.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, no_delay)

    def __enter__(self) -> RawPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def associate(self, **how: object) -> RawPeer:
        """Open an association; fails when it is not accepted."""
        self.socket.sendall(association_request(**how))  # type: ignore[arg-type]
        kind, _ = self.read()
        assert kind == 2, f"not accepted: {kind}"
        return self

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self) -> tuple[int, bytes]:
        """The next PDU: its type and what follows its header; (0, b"") at the end."""
        try:
            header = self._exactly(6)
            if len(header) < 6:
                return 0, b""
            kind, length = struct.unpack(">BxL", header)
            return kind, self._exactly(length)
        except ConnectionError:
            return 0, b""

    def status(self) -> int | None:
        """The status of the next response; None when something else came."""
        kind, body = self.read()
        return dict(_elements(body[6:])).get(0x0900) if kind == 4 else None

    def release(self) -> None:
        self.send(RELEASE)
        assert self.read()[0] == 6

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                break
            data += piece
        return data


def _elements(command: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at + 8 <= len(command):
        _, number, length = struct.unpack_from("<HHL", command, at)
        yield number, int.from_bytes(command[at + 8 : at + 8 + length][:2], "little")
        at += 8 + length
