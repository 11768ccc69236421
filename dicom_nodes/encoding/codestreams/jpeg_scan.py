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
from typing import Final, NamedTuple, Protocol

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes

LOSSLESS: Final = 0xC3
_RESTART: Final = re.compile(rb"\xff+[\xd0-\xd7]")
_WINDOW: Final = 16  # bits of the longest code
_BLOCK: Final = 64  # coefficients
_SYMBOLS: Final = 256
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


class Seen(NamedTuple):
    """Which codes were seen of the tables of a component: 1 for each of 256 symbols that was."""

    differences: bytes
    coefficients: bytes
    places: bytes
    """1 for each of 64 coefficients that was not zero, in the order of the zigzag (A.3.6)."""


class Counted(NamedTuple):
    """What was seen of one piece of entropy-coded data."""

    end: int
    """The byte behind the last code."""
    symbols: tuple[Seen, ...]
    """By table."""


class Count(Protocol):
    """`count_codes`, or another that gives the same."""

    def __call__(
        self, data: bytes, units: int, tables: Sequence[ScanTables], *, lossless: bool
    ) -> Counted | None:
        """As `count_codes` does."""


class Excess(NamedTuple):
    """What a scan has behind its codes, and which symbols they stand for."""

    spans: list[tuple[int, int]]
    """Where anything stands behind the last code of the units; bytes all zero or all ones are padding."""
    symbols: list[Seen]
    """By component."""


def excess(
    data: bytes,
    frame: Frame,
    components: Sequence[Component],
    tables: Sequence[ScanTables],
    interval: int,
    count: Count,
) -> Excess:
    """What the entropy-coded `data` of a scan hold besides the codes of their units.

    `interval`: units between restart markers, 0 for none. Raises UnaccountedBytes for data that are not its units.
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
    owners = [
        number
        for number, each in enumerate(components)
        for _ in range(each.across * each.down if len(components) > 1 else 1)
    ]
    used = [tables[number] for number in owners]
    excess = Excess([], [Seen(bytes(_SYMBOLS), bytes(_SYMBOLS), bytes(_BLOCK))] * len(components))
    for at, (first, last) in enumerate(pieces):
        piece = data[first:last]
        bare = piece.replace(b"\xff\0", b"\xff")
        counted = count(bare, min(interval, units - at * interval), used, lossless=lossless)
        if counted is None:
            raise UnaccountedBytes(
                "A JPEG image has codes that its tables do not explain, or fewer than samples."
            )
        if bare[counted.end :].strip(b"\0") and bare[counted.end :].strip(b"\xff"):
            excess.spans.append((first + _stuffed(piece, counted.end), last))
        for number, seen in zip(owners, counted.symbols, strict=True):
            known = zip(excess.symbols[number], seen, strict=True)
            excess.symbols[number] = Seen(*[_either(one, other) for one, other in known])
    return excess


def _either(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) | int.from_bytes(other)).to_bytes(len(one))


def _stuffed(piece: bytes, end: int) -> int:
    """Where the byte stands in `piece` that is at `end` when stuffed zeros are taken out."""
    at = end
    while (further := end + piece.count(b"\xff\0", 0, at)) > at:
        at = further
    return at


def count_codes(data: bytes, units: int, tables: Sequence[ScanTables], *, lossless: bool) -> Counted | None:
    """The codes of `units` minimum coded units; None if they cannot be followed so far."""
    octets, last, at = data + b"\xff" * 3, 8 * len(data), 0
    kind = "lossless" if lossless else "dc"
    codes = [(*codes_of(each.differences, kind), *codes_of(each.coefficients, "ac")) for each in tables]
    seen = [(bytearray(_SYMBOLS), bytearray(_SYMBOLS), bytearray(_BLOCK)) for _ in tables]
    steps = [
        (bits, symbols, of_unit[0], more_bits, skips, more_symbols, *of_unit[1:])
        for (bits, _, symbols, more_bits, skips, more_symbols), of_unit in zip(codes, seen, strict=True)
    ]
    for _ in range(units):
        for bits, symbols, mark, more_bits, skips, more_symbols, more_marks, places in steps:
            byte = at >> 3
            window = (octets[byte] << 16 | octets[byte + 1] << 8 | octets[byte + 2]) >> 8 - (at & 7) & 0xFFFF
            at += bits[window]
            mark[symbols[window]] = 1
            place = 1
            while place < _BLOCK and not lossless and at < last:
                byte = at >> 3
                window = (octets[byte] << 16 | octets[byte + 1] << 8 | octets[byte + 2]) >> 8 - (
                    at & 7
                ) & 0xFFFF
                at += more_bits[window]
                symbol = more_symbols[window]
                more_marks[symbol] = 1
                place += skips[window]
                if symbol & 0xF and place <= _BLOCK:
                    places[place - 1] = 1
            if at > last or (place < _BLOCK and not lossless):
                return None
    return Counted((at + 7) >> 3, tuple(Seen(*map(bytes, each)) for each in seen))


@lru_cache(maxsize=32)
def codes_of(table: bytes, kind: str) -> tuple[Sequence[int], bytes, bytes]:
    """For each window of 16 bits: bits of the code it begins with and of what follows it, coefficients, and symbol.

    `table` has the counts of codes by length and the symbols (C.2); `kind`: of "dc" and "ac" coefficients, or
    "lossless". What is no code reaches beyond all data.
    """
    bits, skips = [_NO_CODE] * (1 << _WINDOW), bytearray([_BLOCK] * (1 << _WINDOW))
    symbols = bytearray(1 << _WINDOW)
    code = at = 0
    for length, count in enumerate(table[:16], 1):
        for symbol in table[16 + at : 16 + at + count]:
            end = code + (1 << _WINDOW - length)
            run, size = (symbol >> 4, symbol & 0xF) if kind == "ac" else (0, symbol)
            told = length + (0 if kind == "lossless" and symbol == _NO_BITS else size)
            bits[code:end] = [told] * (end - code)
            skips[code:end] = bytes([run + 1 if size or run == 15 else _BLOCK]) * (end - code)
            symbols[code:end] = bytes([symbol]) * (end - code)
            code = end
        at += count
    return bits, bytes(skips), bytes(symbols)
