"""Heads of the chain, written outside the database: they show when its end was cut off, or all of it sealed anew.

One line of JSON each, in a file that is only ever opened to append. Where the system lets us, the file itself is set so
that nobody can do more than append (`chattr +a`), which only root can take back.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.errors import SettingsError

_GET_FLAGS: Final = 0x80086601
_SET_FLAGS: Final = 0x40086602
_APPEND_ONLY: Final = 0x20
"""ioctl_iflags(2): what chattr reads and writes."""


@dataclass(frozen=True)
class Anchor:
    """The head of the chain at a moment."""

    at: str
    place: int
    seal: str


def write(path: Path, anchor: Anchor, *, append_only: bool) -> None:
    """Add an anchor, on disk when this returns. Raises SettingsError where the file takes none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            line = (json.dumps(vars(anchor)) + "\n").encode()
            if _is_torn(path):
                line = b"\n" + line
            if os.write(descriptor, line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
            if append_only:
                _let_only_append(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SettingsError(
            f"The head of the audit trail cannot be written to {path} ({error.strerror}).",
            "Correct [audit] anchors, or the folder's permissions.",
        ) from None


def read(path: Path) -> Iterator[Anchor]:
    """The anchors of a file, oldest first; a missing file has none. Raises SettingsError for a line that is none.

    A line that a crash or a full disk cut off is passed over: it was not told in the trail, and is written again.
    """
    with contextlib.suppress(FileNotFoundError), path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.rstrip("\n").endswith("}"):
                continue
            try:
                yield Anchor(**json.loads(line))
            except (TypeError, ValueError):
                raise SettingsError(
                    f"Line {number} of {path} is no anchor of the audit trail.",
                    "Somebody changed the file, or the disk was full: compare it with its backup.",
                ) from None


def _is_torn(path: Path) -> bool:
    """Whether the last line was cut off: in a file that is only ever appended to, it stays."""
    with path.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) == 0:
            return False
        stream.seek(-1, os.SEEK_END)
        return stream.read() != b"\n"


def _let_only_append(descriptor: int) -> None:
    """A file system without the flag, and an account without the right, leave the file as it is."""
    with contextlib.suppress(OSError):
        (flags,) = struct.unpack("l", fcntl.ioctl(descriptor, _GET_FLAGS, struct.pack("l", 0)))
        if not flags & _APPEND_ONLY:
            fcntl.ioctl(descriptor, _SET_FLAGS, struct.pack("l", flags | _APPEND_ONLY))
