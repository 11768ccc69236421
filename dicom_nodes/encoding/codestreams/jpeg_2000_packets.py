"""Where the packets of a JPEG 2000 tile end (ISO 15444-1 Annex B, ISO 15444-15): their headers read, nothing decoded.

A packet holds what one layer adds to one precinct: its header says of each code-block whether it is in, and how many
bytes of it follow. Decoders stop behind the last packet, and never look at what the tile-part has besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dicom_nodes.encoding.codestreams.edits import Edit, UnaccountedBytes, over
from dicom_nodes.encoding.codestreams.jpeg_2000_tiles import (
    BYPASS,
    HIGH_THROUGHPUT,
    TERMINATED,
    Grid,
    Precinct,
    TileCoding,
    packets,
)

_SOP, _EPH = b"\xff\x91\0\4", b"\xff\x92"
_MOST_PLANES: Final = 96  # empty bit-planes that a code-block may tell of
_CUT_OFF: Final = "The packets of a JPEG 2000 image are cut off, or not as the codec defines them."


def excess(
    code: bytes, parts: list[tuple[int, int]], grid: Grid, tile: int, coding: TileCoding
) -> list[Edit]:
    """What is to be written over in the data of a tile, which lie in these parts: what stands behind its packets.

    Raises UnaccountedBytes where the packets cannot be followed to the last one.
    """
    edits: list[Edit] = []
    waiting = iter(parts)
    at, end = next(waiting)
    precincts, order = packets(grid, tile, coding, sum(last - first for first, last in parts))
    told = [_Told(precinct) for precinct in precincts]
    for number, (layer, place) in enumerate(order):
        while at == end:
            at, end = next(waiting, (-1, 0))
        if at < 0:
            raise UnaccountedBytes(_CUT_OFF)
        if coding.has_starts and code.startswith(_SOP, at, end):
            edits += over(code, at + 4, at + 6, (number & 0xFFFF).to_bytes(2))
            at += 6
        at = _behind_packet(code, at, end, layer, told[place], has_end=coding.has_ends)
    for first, last in [(at, end), *waiting]:
        edits += over(code, first, last, bytes(last - first))
    return edits


class _Bits:
    """The bits of a packet header: behind 0xFF a byte has seven (B.10.1)."""

    def __init__(self, code: bytes, at: int, end: int) -> None:
        self._code, self.at, self._end = code, at, end
        self._byte = self._left = 0

    def bit(self) -> int:
        if not self._left:
            if self.at >= self._end:
                raise UnaccountedBytes(_CUT_OFF)
            self._left = 7 if self._byte == 0xFF else 8
            self._byte = self._code[self.at]
            self.at += 1
        self._left -= 1
        return self._byte >> self._left & 1

    def number(self, bits: int) -> int:
        value = 0
        for _ in range(bits):
            value = value << 1 | self.bit()
        return value

    def behind(self) -> int:
        """Where the byte is that follows the header."""
        if self._byte == 0xFF:
            if self.at >= self._end:
                raise UnaccountedBytes(_CUT_OFF)
            return self.at + 1
        return self.at

    def passes(self) -> int:
        """How many coding passes are added (Table B.4)."""
        if not self.bit():
            return 1
        if not self.bit():
            return 2
        for bits, first in ((2, 3), (5, 6)):
            value = self.number(bits)
            if value != (1 << bits) - 1:
                return first + value
        return 37 + self.number(7)


class _TagTree:
    """Least values over squares of four, halved until one is left (B.10.2)."""

    def __init__(self, across: int, down: int) -> None:
        self._widths: list[int] = []
        self._values: list[list[int]] = []
        self._known: list[list[bool]] = []
        while True:
            self._widths.append(across)
            self._values.append([0] * (across * down))
            self._known.append([False] * (across * down))
            if across * down <= 1:
                return
            across, down = across + 1 >> 1, down + 1 >> 1

    def is_below(self, x: int, y: int, limit: int, bits: _Bits) -> bool:
        """Whether the value of a leaf is below `limit`; reads no more bits than that takes."""
        least = 0
        for level in range(len(self._widths) - 1, -1, -1):
            place = (y >> level) * self._widths[level] + (x >> level)
            values, known = self._values[level], self._known[level]
            values[place] = max(values[place], least)
            while not known[place] and values[place] < limit:
                if bits.bit():
                    known[place] = True
                else:
                    values[place] += 1
            least = values[place]
        return known[place] and least < limit


class _Told:
    """What the packets of a precinct have told so far, by subband and code-block."""

    def __init__(self, precinct: Precinct) -> None:
        self._sizes, self._style = precinct
        self._trees: list[tuple[_TagTree, _TagTree]] = []
        self._passes: list[list[int]] = []
        self._length_bits: list[list[int]] = []

    def packet(self, layer: int, bits: _Bits) -> int:
        """How many bytes follow the header of the packet of a layer (B.10.3 to B.10.7)."""
        if not self._passes:
            self._trees = [(_TagTree(*size), _TagTree(*size)) for size in self._sizes]
            self._passes = [[0] * (across * down) for across, down in self._sizes]
            self._length_bits = [[3] * (across * down) for across, down in self._sizes]
        if not bits.bit():
            return 0
        return sum(
            self._block(band, block, layer, bits)
            for band, (across, down) in enumerate(self._sizes)
            for block in range(across * down)
        )

    def _block(self, band: int, block: int, layer: int, bits: _Bits) -> int:
        y, x = divmod(block, self._sizes[band][0])
        included, planes = self._trees[band]
        done = self._passes[band][block]
        if done:
            if not bits.bit():
                return 0
        else:
            if not included.is_below(x, y, layer + 1, bits):
                return 0
            if not any(planes.is_below(x, y, limit, bits) for limit in range(1, _MOST_PLANES)):
                raise UnaccountedBytes(_CUT_OFF)
        new = bits.passes()
        while bits.bit():
            self._length_bits[band][block] += 1
        length = 0
        for passes in self._segments(done, new):
            length += bits.number(self._length_bits[band][block] + passes.bit_length() - 1)
        self._passes[band][block] = done + new
        return length

    def _segments(self, done: int, new: int) -> Iterator[int]:
        """Passes of which each length is told (B.10.7; with high throughput, the first pass and the others)."""
        while new:
            if self._style & TERMINATED:
                most = 1
            elif self._style & HIGH_THROUGHPUT:
                most = new if done else 1
            elif self._style & BYPASS:
                most = 10 - done if done < 10 else 2 - (done - 10) % 3 or 1
            else:
                most = new
            yield (taken := min(most, new))
            done, new = done + taken, new - taken


def _behind_packet(code: bytes, at: int, end: int, layer: int, told: _Told, *, has_end: bool) -> int:
    bits = _Bits(code, at, end)
    length = told.packet(layer, bits)
    at = bits.behind()
    if has_end and code.startswith(_EPH, at, end):
        at += 2
    if at + length > end:
        raise UnaccountedBytes(_CUT_OFF)
    return at + length
