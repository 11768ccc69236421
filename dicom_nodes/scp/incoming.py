"""An object on its way in: what a receiver does with the pieces of a data set as they come.

`begin` opens one for each C-STORE request; then come `write` for each piece and either `finish`, once, when the last
fragment has come, or `abandon` when it never will. An error in any of them costs the sender that object only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from dicom_nodes.instance import ReceivedInstance

CANNOT_UNDERSTAND = 0xC000
OUT_OF_RESOURCES = 0xA700  # PS3.4 Table B.2-1: the sender keeps the object and tries again


class Incoming(Protocol):
    """One object, open for its data set."""

    def write(self, piece: memoryview) -> None:
        """The next bytes; the view is valid only during the call."""

    def finish(self) -> int:
        """All bytes have come: the DIMSE status to answer, 0x0000 only once the object is safe."""

    def abandon(self) -> None:
        """The rest will never come: leave nothing behind. Must not raise."""


Begin = Callable[[ReceivedInstance], Incoming]
"""Opens an object; what it is given names everything but the data set, which is empty."""

Keep = Callable[[ReceivedInstance], int]
"""Takes a whole object and returns the DIMSE status."""


class Discarded:
    """An object that is refused: its bytes are read, because the protocol wants them read, and forgotten."""

    def __init__(self, status: int) -> None:
        self._status = status

    def write(self, piece: memoryview) -> None:
        """Forget it."""

    def finish(self) -> int:
        return self._status

    def abandon(self) -> None:
        """Nothing was kept."""


class Collected:
    """An object held in memory and given to `keep` as a whole."""

    def __init__(self, announced: ReceivedInstance, keep: Keep) -> None:
        self._announced = announced
        self._keep = keep
        self._data = bytearray()

    def write(self, piece: memoryview) -> None:
        self._data += piece

    def finish(self) -> int:
        if not self._data:
            return CANNOT_UNDERSTAND
        return self._keep(replace(self._announced, dataset=bytes(self._data)))

    def abandon(self) -> None:
        self._data.clear()
