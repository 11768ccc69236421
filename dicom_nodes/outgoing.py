"""A file to send: enough about it to negotiate before it is opened, and its bytes where they lie."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.part10 import SOP_CLASS, SOP_INSTANCE, TRANSFER_SYNTAX, FileMeta, file_meta

_HEAD_BYTES = 4096
_MOST_META_BYTES = 1024 * 1024  # private file meta information (0002,0102) may be large, but not like this


@dataclass(frozen=True)
class OutgoingFile:
    """A DICOM Part 10 file on disk, and the three UIDs of its file meta information."""

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str

    @classmethod
    def of(cls, path: Path) -> OutgoingFile:
        """Read the UIDs from the file meta information; raises NotDicom or OSError."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            meta = _meta(descriptor)
        finally:
            os.close(descriptor)
        uids = [meta.uid(tag) for tag in (SOP_CLASS, SOP_INSTANCE, TRANSFER_SYNTAX)]
        if not all(uids):
            raise NotDicom(
                f"{path.name} has incomplete file meta information.", "Export it again from its source."
            )
        return cls(path, *uids)


class Content(Protocol):
    """The bytes of a data set, taken piece by piece."""

    length: int

    def fill(self, slots: Sequence[memoryview], offset: int) -> None:
        """Copy the bytes from `offset` on into the slots, one after the other; OSError if there are too few."""

    def close(self) -> None:
        """Give up what is open; may be called again."""


class StoredContent:
    """The data set of a file as it is stored: read straight into the places it is sent from."""

    def __init__(self, descriptor: int, start: int, length: int) -> None:
        self.length = length
        self._descriptor, self._start = descriptor, start

    @classmethod
    def of(cls, file: OutgoingFile) -> StoredContent:
        """Open the file and find the data set behind its file meta information, without decoding it.

        Raises NotDicom when that is no Part 10 file or is in another transfer syntax than is said (it would
        arrive under a wrong name), OSError when it cannot be read.
        """
        descriptor = os.open(file.path, os.O_RDONLY)
        try:
            meta = _meta(descriptor)
            stored = meta.uid(TRANSFER_SYNTAX)
            if stored != file.transfer_syntax_uid:
                raise NotDicom(
                    f"The file is in transfer syntax {stored or 'unknown'}, not {file.transfer_syntax_uid} as noted.",
                    "Find out what changed the file.",
                )
            return cls(descriptor, meta.end, os.fstat(descriptor).st_size - meta.end)
        except BaseException:
            os.close(descriptor)
            raise

    def fill(self, slots: Sequence[memoryview], offset: int) -> None:
        """Read from `offset` on into the slots; OSError when the file has become shorter."""
        at, left = self._start + offset, [slot for slot in slots if slot]
        while left:
            got = os.preadv(self._descriptor, left, at)
            if got == 0:
                raise OSError(errno.ENODATA, "it became shorter while it was sent")
            at += got
            while left and got >= len(left[0]):
                got -= len(left.pop(0))
            if got:
                left[0] = left[0][got:]

    def close(self) -> None:
        """Close the file; may be called again."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class EncodedContent:
    """A data set that was encoded anew and is in memory."""

    def __init__(self, encoded: bytes) -> None:
        self.length = len(encoded)
        self._encoded = memoryview(encoded)

    def fill(self, slots: Sequence[memoryview], offset: int) -> None:
        """Copy from `offset` on into the slots."""
        for slot in slots:
            slot[:] = self._encoded[offset : offset + len(slot)]
            offset += len(slot)

    def close(self) -> None:
        """Nothing is open."""


def _meta(descriptor: int) -> FileMeta:
    """The file meta information, from as few bytes as need be."""
    size = _HEAD_BYTES
    while True:
        head = os.pread(descriptor, size, 0)
        try:
            meta = file_meta(head)
        except NotDicom:
            if len(head) < size or size >= _MOST_META_BYTES:
                raise
        else:
            if meta.end < len(head) - 8 or len(head) < size:
                return meta
        size *= 16
