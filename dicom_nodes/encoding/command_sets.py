"""The command set of a DIMSE message: elements of group 0000, always in implicit VR little endian (PS3.7 6.3.1)."""

from __future__ import annotations

import struct
from collections.abc import Iterable

_ELEMENT = struct.Struct("<HHL")
_GROUP_LENGTH = struct.Struct("<HHLL")


def command_values(encoded: bytes) -> dict[int, bytes]:
    """The values of a whole command set by element number; ValueError when it is none."""
    values: dict[int, bytes] = {}
    at, end = 0, len(encoded)
    while at < end:
        if at + 8 > end:
            raise ValueError("a command set that ends inside an element")
        group, number, length = _ELEMENT.unpack_from(encoded, at)
        at += 8
        if group or at + length > end:
            raise ValueError("a command set with an element of another group, or one that is cut off")
        values[number] = encoded[at : at + length]
        at += length
    return values


def encoded_command(elements: Iterable[tuple[int, bytes]]) -> bytes:
    """A command set of (element number, value of even length), in ascending order; its group length is put before."""
    group = b"".join([_ELEMENT.pack(0, number, len(value)) + value for number, value in elements])
    return _GROUP_LENGTH.pack(0, 0, 4, len(group)) + group
