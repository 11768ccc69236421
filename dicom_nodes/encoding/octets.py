"""The bytes of an object: in memory, or left on the disk where it is large."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Final, Self

LARGE: Final = 4 * 1024 * 1024
"""Bytes of an object that is better left on the disk."""
_BLOCK: Final = 1 << 20


class MappedFile(mmap.mmap):
    """A file's bytes, read when they are looked at: memory that the system takes back whenever it needs it.

    The file must not become shorter meanwhile. It answers what the walks and the search ask of `bytes`.
    """

    @classmethod
    def at(cls, path: Path) -> Self:
        """The bytes of the file at `path`, which is not empty. Raises OSError."""
        with path.open("rb", buffering=0) as file:
            # What a disk cannot read would otherwise end the process in the middle of looking at it.
            block = bytearray(_BLOCK)
            while file.readinto(block):
                pass
            return cls.of(file.fileno())

    @classmethod
    def of(cls, descriptor: int) -> Self:
        """The bytes of an open file, which is not empty and may be closed then. Raises OSError."""
        return cls(descriptor, 0, access=mmap.ACCESS_READ)

    def startswith(self, prefix: bytes, at: int = 0) -> bool:
        """As that of `bytes`."""
        return self[at : at + len(prefix)] == prefix


Octets = bytes | MappedFile


def octets_at(path: Path) -> Octets:
    """What the file at `path` holds, in memory unless it is large. Raises OSError."""
    return MappedFile.at(path) if path.stat().st_size >= LARGE else path.read_bytes()
