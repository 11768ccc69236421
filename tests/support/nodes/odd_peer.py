"""A DICOM node that negotiates like any other and then does what the test's script says, byte by byte."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ

from dicom_nodes.node import DimseNode
from support.nodes.peers import HERE, node

Script = Callable[["Conversation"], None]


@dataclass
class Conversation:
    """One established association, on the peer's side."""

    sock: socket.socket
    received: list[bytes] = field(default_factory=list)
    """Every PDU after the association request, whole."""
    pause_s: float = 0.0
    """Before each read of at most 64 kB."""

    def pdu(self) -> bytes:
        """The next PDU; b"" when the other side has closed."""
        head = self.exactly(6)
        if len(head) < 6:
            return b""
        whole = head + self.exactly(int.from_bytes(head[2:6], "big"))
        self.received.append(whole)
        return whole

    def request(self) -> tuple[int, int, bytes]:
        """The next C-STORE-RQ to its end: context, message ID and data set. EOFError when none comes."""
        command, dataset = b"", b""
        while True:
            pdu = self.pdu()
            if pdu[:1] != b"\x04":
                raise EOFError
            at = 6
            while at < len(pdu):
                length = int.from_bytes(pdu[at : at + 4], "big")
                context, control = pdu[at + 4], pdu[at + 5]
                fragment = pdu[at + 6 : at + 4 + length]
                if control & 1:
                    command += fragment
                else:
                    dataset += fragment
                    if control & 2:
                        return context, message_id(command), dataset
                at += 4 + length

    def answer(self, context: int, number: int, status: int | None = 0) -> None:
        """A C-STORE-RSP in one piece."""
        self.sock.sendall(p_data(context, 3, response(number, status)))

    def serve(self) -> None:
        """Answer Success to everything, and the release."""
        with contextlib.suppress(EOFError):
            while True:
                context, number, _ = self.request()
                self.answer(context, number)
        if self.received and self.received[-1][:1] == b"\x05":
            self.sock.sendall(RELEASE_RP)

    def exactly(self, size: int) -> bytes:
        """That many bytes, or fewer when the other side has closed."""
        data = b""
        while len(data) < size:
            time.sleep(self.pause_s)
            piece = self.sock.recv(min(size - len(data), 65536))
            if not piece:
                break
            data += piece
        return data


RELEASE_RQ = bytes.fromhex("05000000000400000000")
RELEASE_RP = bytes.fromhex("06000000000400000000")


def abort(source: int, reason: int) -> bytes:
    """An A-ABORT PDU."""
    return bytes((7, 0, 0, 0, 0, 4, 0, 0, source, reason))


def p_data(context: int, control: int, fragment: bytes) -> bytes:
    """A P-DATA-TF PDU with one fragment."""
    pdv = (len(fragment) + 2).to_bytes(4, "big") + bytes((context, control)) + fragment
    return b"\x04\x00" + len(pdv).to_bytes(4, "big") + pdv


def response(number: int, status: int | None = 0, *, dataset: bool = False) -> bytes:
    """The command set of a C-STORE-RSP."""
    elements = _us(0x0100, 0x8001) + _us(0x0120, number) + _us(0x0800, 0x0001 if dataset else 0x0101)
    if status is not None:
        elements += _us(0x0900, status)
    return bytes.fromhex("0000000004000000") + len(elements).to_bytes(4, "little") + elements


def message_id(command: bytes) -> int:
    """Message ID of a command set."""
    at = command.index(bytes.fromhex("0000100102000000"))
    return int.from_bytes(command[at + 8 : at + 10], "little")


def _us(element: int, value: int) -> bytes:
    return b"\0\0" + element.to_bytes(2, "little") + bytes((2, 0, 0, 0)) + value.to_bytes(2, "little")


@dataclass
class OddPeer:
    """Listens, accepts every context with its first transfer syntax, then runs the script for each association."""

    script: Script
    maximum: int = 16384
    conversations: list[Conversation] = field(default_factory=list)

    @property
    def node(self) -> DimseNode:
        return node("odd", "ODD", self._listening.getsockname()[1])

    def __enter__(self) -> OddPeer:
        self._listening = socket.create_server((HERE, 0))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(15)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            with sock, contextlib.suppress(OSError):
                sock.settimeout(10)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                conversation = Conversation(sock)
                self.conversations.append(conversation)
                sock.sendall(self._accepted(conversation.pdu()))
                conversation.received.clear()
                self.script(conversation)

    def _accepted(self, request: bytes) -> bytes:
        asked = A_ASSOCIATE_RQ()
        asked.decode(request)
        primitive = asked.to_primitive()
        for context in primitive.presentation_context_definition_list:
            context.result = 0
            context.transfer_syntax = context.transfer_syntax[:1]
        primitive.presentation_context_definition_results_list = (
            primitive.presentation_context_definition_list
        )
        primitive.result = 0
        primitive.maximum_length_received = self.maximum
        accepted = A_ASSOCIATE_AC()
        accepted.from_primitive(primitive)
        return bytes(accepted.encode())
