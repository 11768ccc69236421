"""The file of one object on its way in: its bytes go to the disk while the rest comes; the mark and the sync end it."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from gateway.records import crash
from gateway.records.arrival import arrival_mark
from gateway.records.arrival.open_folders import ReservedFile
from gateway.records.blobs import START_WRITING

# Bytes that go to the disk while the rest comes and the digest is taken: each stretch as long as all before it, within
# these limits. Not the page of the mark, which is written last.
_SHORTEST_STRETCH = 64 * 1024
_LONGEST_STRETCH = 4 * 1024 * 1024
_MARKED = 4096


class ArrivingFile:
    """A reserved file that is being written; used by one thread. Every method raises OSError."""

    def __init__(self, place: ReservedFile, head: bytes) -> None:
        """`head` is what stands before the data set (`arrival_mark.head`); it is written with the first piece."""
        self._place = place
        self._head = head
        try:
            self._file = os.open(place.path, os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            place.clear()
            raise
        self._on_its_way = _MARKED
        self.size = 0
        """Bytes written, head included."""

    @property
    def path(self) -> Path:
        """Where the bytes are."""
        return self._place.path

    def write(self, piece: memoryview) -> None:
        """The next bytes of the data set."""
        head, self._head = self._head, b""
        self.size += len(head) + len(piece)
        written = os.writev(self._file, (head, piece)) if head else os.write(self._file, piece)
        if written < len(head):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        piece = piece[written - len(head) :]
        while piece:
            piece = piece[os.write(self._file, piece) :]
        stretch = min(_LONGEST_STRETCH, max(_SHORTEST_STRETCH, self._on_its_way))
        if self.size - self._on_its_way >= stretch and START_WRITING is not None:
            # So that the sync at the end has little left to do.
            os.posix_fadvise(self._file, self._on_its_way, self.size - self._on_its_way, START_WRITING)
            self._on_its_way = self.size

    def make_durable(self, digest: bytes) -> ReservedFile:
        """Mark the file as whole and sync it: from here on neither kill -9 nor power loss takes the object away."""
        arrival_mark.set_mark(self._file, self.size, digest)
        crash.point("arrival:before")
        os.fdatasync(self._file)
        crash.point("arrival:after")
        self._close()
        return self._place

    def discard(self) -> None:
        """The rest will never come, or there is nothing to keep. Never raises."""
        with contextlib.suppress(OSError):
            self._close()
            self._place.clear()

    def _close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)
