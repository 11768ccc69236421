"""Just enough of the storage SCU to load a receiver: DICOM messages as bytes, made before the clock starts.

DCMTK's `storescu` stores 1,000 to 1,500 instances/s at most and would measure itself; this sender has nothing left to
do but hand prepared buffers to the kernel. It is the same for every receiver. Association by pynetdicom's PDU classes.
Standard: PS3.8 9.3 (PDUs), Annex E (P-DATA), PS3.7 9.3.1 (C-STORE), E.1 (command dictionary).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.filereader import read_file_meta_info
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import build_context

from bench.study import COPY, RUN

CONTEXT_ID = 1
_P_DATA, _ACCEPTED, _RELEASE_RQ = 0x04, 0x02, b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00"
_LAST, _COMMAND = 0x02, 0x01
_C_STORE_RQ, _STATUS = 0x0001, 0x0900
_PATIENCE_S = 60
_MOST_BUFFERS = 1000
"""Buffers for one sendmsg; Linux takes 1024 (IOV_MAX)."""


class Refused(Exception):
    """The receiver did not take an association or an instance."""


@dataclass
class Message:
    """One instance, ready to be sent: its data set (changed in place for each run) and the marks in it."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset: bytearray
    marks: dict[bytes, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> Message:
        """Read a Part 10 file; the data set follows the file meta group, whose length its first element tells."""
        meta = read_file_meta_info(path)
        part10 = path.read_bytes()
        dataset = bytearray(part10[144 + int.from_bytes(part10[140:144], "little") :])
        head = bytes(dataset[:65536])  # the marks are in the header, long before the pixels
        marks = {mark: _places(head, mark) for mark in (RUN, COPY)}
        uids = (meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, meta.TransferSyntaxUID)
        return cls(*(str(uid) for uid in uids), dataset, marks)

    def mark(self, run: int, copy: int) -> str:
        """Make it the instance of this run and copy; returns the SOP Instance UID."""
        uid = self.sop_instance_uid
        for mark, number in ((RUN, run), (COPY, copy)):
            text = f"{number + 10_000_000:08}".encode()
            for place in self.marks[mark]:
                self.dataset[place : place + len(mark)] = text
            uid = uid.replace(mark.decode(), text.decode())
        return uid

    def buffers(self, uid: str, message_id: int, max_pdu: int) -> list[bytes | memoryview]:
        """The C-STORE request as buffers for sendmsg: P-DATA-TF headers and views of the data set."""
        command = store_request(self.sop_class_uid, uid, message_id)
        found: list[bytes | memoryview] = [_header(len(command), _COMMAND | _LAST) + command]
        step = (max_pdu or 1 << 20) - 6
        view, size = memoryview(self.dataset), len(self.dataset)
        for start in range(0, size, step):
            part = view[start : start + step]
            found += [_header(len(part), _LAST if start + step >= size else 0), part]
        return found


def _places(head: bytes, mark: bytes) -> list[int]:
    found, at = [], head.find(mark)
    while at >= 0:
        found.append(at)
        at = head.find(mark, at + 1)
    return found


def _header(length: int, control: int) -> bytes:
    return struct.pack(">BBLLBB", _P_DATA, 0, length + 6, length + 2, CONTEXT_ID, control)


def store_request(sop_class: str, sop_instance: str, message_id: int) -> bytes:
    """The command set of a C-STORE request (PS3.7 9.3.1.1), implicit VR little endian."""
    elements = (
        (0x0002, _uid(sop_class)),
        (0x0100, struct.pack("<H", _C_STORE_RQ)),
        (0x0110, struct.pack("<H", message_id)),
        (0x0700, struct.pack("<H", 0)),
        (0x0800, struct.pack("<H", 1)),
        (0x1000, _uid(sop_instance)),
    )
    body = b"".join(struct.pack("<HHL", 0, element, len(value)) + value for element, value in elements)
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body


def _uid(text: str) -> bytes:
    encoded = text.encode()
    return encoded + b"\0" * (len(encoded) % 2)


class Sender:
    """One association to a receiver on this machine."""

    def __init__(self, port: int, calling: str, called: str, messages: Sequence[Message]) -> None:
        """Connect and negotiate; raises Refused."""
        self._socket = socket.create_connection(("127.0.0.1", port), 30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Deadlines by the kernel: with Python's own the socket would take only what fits into its buffer.
        self._socket.settimeout(None)
        for side in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._socket.setsockopt(socket.SOL_SOCKET, side, struct.pack("ll", _PATIENCE_S, 0))
        kinds = sorted({(message.sop_class_uid, message.transfer_syntax_uid) for message in messages})
        if len(kinds) != 1:
            raise Refused(f"one kind of object at a time, not {len(kinds)}")
        self._socket.sendall(_association_request(calling, called, *kinds[0]))
        kind, body = self._read_pdu()
        if kind != _ACCEPTED:
            raise Refused(f"{called} at port {port} answered the association with PDU type {kind:02X}")
        answer = A_ASSOCIATE_AC()
        answer.decode(struct.pack(">BBL", kind, 0, len(body)) + body)
        if answer.presentation_context[0].result != 0:
            raise Refused(f"{called} at port {port} does not take {kinds[0]}")
        self.max_pdu = int(answer.user_information.maximum_length or 0)
        self._message_id = 0

    def store(self, message: Message, uid: str) -> None:
        """Send one instance and wait for its answer; raises Refused unless that is Success."""
        self._message_id = self._message_id % 0xFFFF + 1
        buffers = message.buffers(uid, self._message_id, self.max_pdu)
        for start in range(0, len(buffers), _MOST_BUFFERS):
            self._send(buffers[start : start + _MOST_BUFFERS])
        status = self._status()
        if status != 0:
            raise Refused(f"instance {self._message_id} was answered with status {status:04X}")

    def release(self) -> None:
        """End the association (A-RELEASE) and close."""
        self._socket.sendall(_RELEASE_RQ)
        self._read_pdu()
        self._socket.close()

    def _send(self, buffers: list[bytes | memoryview]) -> None:
        sent = self._socket.sendmsg(buffers)
        if sent < sum(len(buffer) for buffer in buffers):
            raise Refused(f"the receiver took no more bytes for {_PATIENCE_S} s")

    def _status(self) -> int:
        command = b""
        while True:
            kind, body = self._read_pdu()
            if kind != _P_DATA:
                raise Refused(f"the receiver ended the association (PDU type {kind:02X})")
            command += body[6:]
            if body[5] & _LAST:
                break
        at = 0
        while at < len(command):
            _, element, length = struct.unpack_from("<HHL", command, at)
            if element == _STATUS:
                return int(struct.unpack_from("<H", command, at + 8)[0])
            at += 8 + length
        raise Refused("an answer without a status")

    def _read_pdu(self) -> tuple[int, bytes]:
        kind, _, length = struct.unpack(">BBL", self._read(6))
        return kind, self._read(length)

    def _read(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            part = self._socket.recv(length - len(data))
            if not part:
                raise Refused("the receiver closed the connection")
            data += part
        return data


def _association_request(calling: str, called: str, sop_class: str, transfer_syntax: str) -> bytes:
    context = build_context(sop_class, [transfer_syntax])
    context.context_id = CONTEXT_ID
    longest, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    longest.maximum_length_received = 131072
    implementation.implementation_class_uid = "2.25.4711"
    primitive = A_ASSOCIATE()
    primitive.application_context_name = "1.2.840.10008.3.1.1.1"
    primitive.calling_ae_title, primitive.called_ae_title = calling, called
    primitive.presentation_context_definition_list = [context]
    primitive.user_information = [longest, implementation]
    request = A_ASSOCIATE_RQ()
    request.from_primitive(primitive)
    return bytes(request.encode())
