"""The bytes of an object: in memory, or left on the disk where it is large."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Final

LARGE: Final = 4 * 1024 * 1024
"""Bytes of an object that is better left on the disk."""


class MappedFile(mmap.mmap):
    """A file's bytes, read when they are looked at: memory that the system takes back whenever it needs it.

    The file must not become shorter meanwhile. It answers what the walks and the search ask of `bytes`.
    """

    path: Path

    @classmethod
    def of(cls, path: Path) -> MappedFile:
        """The bytes of the file at `path`, which is not empty. Raises OSError."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            mapped = cls(descriptor, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(descriptor)
        mapped.path = path
        return mapped

    def startswith(self, prefix: bytes, at: int = 0) -> bool:
        """As that of `bytes`."""
        return self[at : at + len(prefix)] == prefix


Octets = bytes | MappedFile


def octets_of(path: Path) -> Octets:
    """What the file at `path` holds, in memory unless it is large. Raises OSError."""
    return MappedFile.of(path) if path.stat().st_size >= LARGE else path.read_bytes()
