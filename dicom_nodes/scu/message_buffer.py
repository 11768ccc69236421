"""A C-STORE request laid out as it goes over the wire, in one buffer of bounded size.

The file's bytes are read straight into their places between the PDU headers, so that a buffer leaves in one
call, whatever the peer's maximum length, over TCP and TLS alike. (os.sendfile with a header before each PDU
takes two calls a PDU, cannot be used under TLS, and was not faster.)
"""

from __future__ import annotations

from dicom_nodes.outgoing import Content
from dicom_nodes.upper_layer.dimse_messages import (
    COMMAND,
    DATASET,
    HEADER_BYTES,
    LAST,
    fragment_bytes,
    put_header,
)

BUFFER_BYTES = 512 * 1024
LARGEST_FRAGMENT = 128 * 1024
"""Larger PDUs gain nothing, and a peer that says it takes any need not be believed."""

_MOST_SLOTS = 512  # places in one preadv; the system's limit is 1024


class MessageBuffer:
    """One message at a time: `begin`, then send `ready` and `refill` until that says there is no more."""

    def __init__(self, peer_maximum: int, size: int = BUFFER_BYTES) -> None:
        self.fragment = fragment_bytes(peer_maximum, min(LARGEST_FRAGMENT, size // 4))
        self._buffer = bytearray(size)
        self._view = memoryview(self._buffer)
        self._end = 0

    @property
    def ready(self) -> memoryview:
        """What to send now: whole PDUs."""
        return self._view[: self._end]

    def begin(self, context_id: int, request: bytes, content: Content) -> None:
        """Lay out the command and, behind it, as much of the data as there is room for; raises OSError.

        Command and first data leave in one piece: nothing waits for an acknowledgement in between.
        """
        self._context_id, self._content, self._sent = context_id, content, 0
        at = 0
        for start in range(0, len(request), self.fragment):
            piece = request[start : start + self.fragment]
            last = start + len(piece) == len(request)
            put_header(self._buffer, at, context_id, COMMAND | (LAST if last else 0), len(piece))
            at += HEADER_BYTES
            self._buffer[at : at + len(piece)] = piece
            at += len(piece)
        self._done = False
        self._fill(at)

    def refill(self) -> bool:
        """Lay out what comes next; False when the message is complete. Raises OSError."""
        if self._done:
            return False
        self._fill(0)
        return True

    def _fill(self, at: int) -> None:
        first, sent, total = self._sent, self._sent, self._content.length
        slots: list[memoryview] = []
        while not self._done and len(slots) < _MOST_SLOTS:
            size = min(self.fragment, total - sent)
            if at + HEADER_BYTES + size > len(self._buffer):
                break
            self._done = sent + size == total
            put_header(self._buffer, at, self._context_id, DATASET | (LAST if self._done else 0), size)
            at += HEADER_BYTES
            slots.append(self._view[at : at + size])
            at += size
            sent += size
        if sent > first:
            self._content.fill(slots, first)
        self._sent, self._end = sent, at
