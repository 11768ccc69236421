"""Where the entropy-coded data of a JPEG scan end: its Huffman codes counted (ISO 10918-1 F.2.2, H.2), not decoded.

A decoder stops after the last sample, and never looks at what stands between that and the next marker. The values of
samples are not worked out: a table tells how long the code is that begins with the next 16 bits, and the codes are
followed from one to the next.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes

LOSSLESS: Final = 0xC3
_RESTART: Final = re.compile(rb"\xff+[\xd0-\xd7]")
_WINDOW: Final = 16  # bits of the longest code
_BLOCK: Final = 64  # coefficients
_NO_CODE: Final = 1 << 40  # bits, more than any data have
_NO_BITS: Final = 16  # the category of a lossless difference that is followed by none (H.1.2.2)


class Component(NamedTuple):
    """A component of a frame, and how many samples of it lie in one minimum coded unit (A.1.1)."""

    number: int
    across: int
    down: int
    quantisation: int


@dataclass(frozen=True)
class Frame:
    """What a frame header says (B.2.2)."""

    marker: int
    rows: int
    columns: int
    components: tuple[Component, ...]

    @classmethod
    def read(cls, marker: int, content: bytes) -> Frame:
        """From the content of a frame header that has the length it promises."""
        components = tuple(
            Component(content[at], content[at + 1] >> 4, content[at + 1] & 0xF, content[at + 2])
            for at in range(6, len(content), 3)
        )
        return cls(
            marker, int.from_bytes(content[1:3], "big"), int.from_bytes(content[3:5], "big"), components
        )

    def units(self, components: Sequence[Component]) -> int:
        """Minimum coded units of a scan of these components (A.2)."""
        side = 1 if self.marker == LOSSLESS else 8
        across, down = (
            max(each) for each in zip(*((c.across, c.down) for c in self.components), strict=True)
        )
        if len(components) > 1:
            return -(-self.columns // (side * across)) * -(-self.rows // (side * down))
        columns = -(-self.columns * components[0].across // across)
        rows = -(-self.rows * components[0].down // down)
        return -(-columns // side) * -(-rows // side)


class ScanTables(NamedTuple):
    """The Huffman tables of one component of a scan, as they stand in the image (B.2.4.2)."""

    differences: bytes
    coefficients: bytes
    """Empty where the process is lossless."""


def excess(
    data: bytes, frame: Frame, components: Sequence[Component], tables: Sequence[ScanTables], interval: int
) -> list[tuple[int, int]]:
    """Where the entropy-coded `data` of a scan hold anything behind the last code of their units.

    `interval`: units between restart markers, 0 for none. Bytes that are all zero or all ones are padding. Raises
    UnaccountedBytes for data that are not its units.
    """
    lossless = frame.marker == LOSSLESS
    units = frame.units(components)
    markers = [(0, 0), *(match.span() for match in _RESTART.finditer(data)), (len(data), len(data))]
    pieces = [(one[1], other[0]) for one, other in pairwise(markers)]
    interval = interval or max(units, 1)
    wanted = max(-(-units // interval), 1)
    if len(pieces) == wanted + 1 and pieces[-1][0] == pieces[-1][1]:
        pieces.pop()  # a restart marker behind the last unit: libjpeg's warning, and no data
    if len(pieces) != wanted:
        raise UnaccountedBytes("A JPEG image has other restart markers than its header says.")
    repeats = [c.across * c.down if len(components) > 1 else 1 for c in components]
    used = [table for each, count in zip(tables, repeats, strict=True) for table in [each] * count]
    beyond = []
    for at, (first, last) in enumerate(pieces):
        piece = data[first:last]
        bare = piece.replace(b"\xff\0", b"\xff")
        end = _end(bare, min(interval, units - at * interval), used, lossless=lossless)
        if end is None:
            raise UnaccountedBytes(
                "A JPEG image has codes that its tables do not explain, or fewer than samples."
            )
        if bare[end:].strip(b"\0") and bare[end:].strip(b"\xff"):
            beyond.append((first + _stuffed(piece, end), last))
    return beyond


def _stuffed(piece: bytes, end: int) -> int:
    """Where the byte stands in `piece` that is at `end` when stuffed zeros are taken out."""
    at = end
    while (further := end + piece.count(b"\xff\0", 0, at)) > at:
        at = further
    return at


def _end(data: bytes, units: int, tables: Sequence[ScanTables], *, lossless: bool) -> int | None:
    """The byte behind the last code of `units` minimum coded units; None if the codes cannot be followed so far."""
    octets, last, at = data + b"\xff" * 3, 8 * len(data), 0
    kind = "lossless" if lossless else "dc"
    codes = [(_codes(each.differences, kind)[0], *_codes(each.coefficients, "ac")) for each in tables]
    for _ in range(units):
        for differences, coefficients, skips in codes:
            byte = at >> 3
            window = (octets[byte] << 16 | octets[byte + 1] << 8 | octets[byte + 2]) >> 8 - (at & 7) & 0xFFFF
            at += differences[window]
            place = 1
            while place < _BLOCK and not lossless and at < last:
                byte = at >> 3
                window = (octets[byte] << 16 | octets[byte + 1] << 8 | octets[byte + 2]) >> 8 - (
                    at & 7
                ) & 0xFFFF
                at += coefficients[window]
                place += skips[window]
            if at > last or (place < _BLOCK and not lossless):
                return None
    return (at + 7) >> 3


@lru_cache(maxsize=32)
def _codes(table: bytes, kind: str) -> tuple[Sequence[int], bytes]:
    """For each window of 16 bits: bits of the code it begins with and of what follows it, and coefficients told.

    `table` has the counts of codes by length and the symbols (C.2). What is no code reaches beyond all data.
    """
    bits, skips = [_NO_CODE] * (1 << _WINDOW), bytearray([_BLOCK] * (1 << _WINDOW))
    code = at = 0
    for length, count in enumerate(table[:16], 1):
        for symbol in table[16 + at : 16 + at + count]:
            end = code + (1 << _WINDOW - length)
            run, size = (symbol >> 4, symbol & 0xF) if kind == "ac" else (0, symbol)
            told = length + (0 if kind == "lossless" and symbol == _NO_BITS else size)
            bits[code:end] = [told] * (end - code)
            skips[code:end] = bytes([run + 1 if size or run == 15 else _BLOCK]) * (end - code)
            code = end
        at += count
    return bits, bytes(skips)
