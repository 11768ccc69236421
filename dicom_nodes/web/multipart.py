"""The body of a STOW-RS request: files one after the other, read from disk while it is sent.

Standard: PS3.18 8.6.1.2 (multipart/related) and 10.5.1.2, RFC 2387.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dicom_nodes.outgoing import OutgoingFile

_BLOCK = 256 * 1024


@dataclass(frozen=True)
class Part:
    """A file and its size when it was last looked at."""

    file: OutgoingFile
    size: int


class PartUnreadable(Exception):
    """A file cannot be read (any more), or not to its end. Not an OSError: those mean the network here."""

    def __init__(self, part: Part, why: str) -> None:
        super().__init__(why)
        self.part = part
        self.why = why


class Multipart:
    """A body of known length, in memory one block at a time. `begun`: whether any of it was asked for."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.boundary = uuid.uuid4().hex
        self.begun = False
        self._parts = parts
        self._head = f"--{self.boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode("ascii")
        self._end = f"--{self.boundary}--\r\n".encode("ascii")

    def __len__(self) -> int:
        framing = len(self._head) + 2
        return sum(part.size + framing for part in self._parts) + len(self._end)

    def __iter__(self) -> Iterator[bytes]:
        self.begun = True
        block = bytearray()
        for part in self._parts:
            block += self._head
            for piece in _pieces(part):
                block += piece
                if len(block) >= _BLOCK:
                    yield bytes(block)
                    block.clear()
            block += b"\r\n"
        yield bytes(block + self._end)


def _pieces(part: Part) -> Iterator[bytes]:
    left = part.size
    try:
        with part.file.path.open("rb", buffering=0) as file:
            while left:
                piece = file.read(min(left, _BLOCK))
                if not piece:
                    raise PartUnreadable(part, "it became shorter while it was sent")
                left -= len(piece)
                yield piece
    except OSError as error:
        raise PartUnreadable(part, error.strerror or type(error).__name__) from error
