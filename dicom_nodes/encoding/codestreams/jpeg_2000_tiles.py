"""How a tile of a JPEG 2000 image is divided (ISO 15444-1 Annex B): resolutions, precincts, and their packets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes

BYPASS, TERMINATED, HIGH_THROUGHPUT, _MIXED = 0x01, 0x04, 0x40, 0x80  # styles of code-blocks (A.6.1)
_MOST_BLOCKS: Final = 1 << 16
"""Code-blocks of a tile; an image of 16,384 by 16,384 has as many."""
_ORDERS: Final = {  # progressions (B.12.1): packets sorted by these
    0: "layer resolution component precinct",
    1: "resolution layer component precinct",
    2: "resolution y x component precinct layer",
    3: "y x component resolution precinct layer",
    4: "component y x resolution precinct layer",
}


class Grid(NamedTuple):
    """The reference grid (A.5.1): image, tiles, and what one sample of each component takes."""

    x1: int
    y1: int
    x0: int
    y0: int
    tile_width: int
    tile_height: int
    tile_x0: int
    tile_y0: int
    steps: tuple[tuple[int, int], ...]

    @property
    def across(self) -> int:
        """Tiles in a row."""
        return -(-(self.x1 - self.tile_x0) // self.tile_width)

    @property
    def tiles(self) -> int:
        """All of them."""
        return self.across * -(-(self.y1 - self.tile_y0) // self.tile_height)

    def tile(self, index: int) -> tuple[int, int, int, int]:
        """Left, upper, right and lower side of a tile (B.3)."""
        row, column = divmod(index, self.across)
        x, y = self.tile_x0 + column * self.tile_width, self.tile_y0 + row * self.tile_height
        return (
            max(x, self.x0),
            max(y, self.y0),
            min(x + self.tile_width, self.x1),
            min(y + self.tile_height, self.y1),
        )


class BlockCoding(NamedTuple):
    """How the samples of a component are divided (COD and COC, A.6.1): sizes are powers of two."""

    levels: int
    width: int
    height: int
    style: int
    precincts: tuple[tuple[int, int], ...]
    """By resolution."""

    @classmethod
    def read(cls, content: bytes, *, own_precincts: bool) -> BlockCoding | None:
        """From the SPcod or SPcoc bytes; None if they are none."""
        if len(content) < 5 or content[0] > 32:
            return None
        levels, width, height, style = content[0], content[1] + 2, content[2] + 2, content[3]
        sizes = content[5:] if own_precincts else b"\xff" * (levels + 1)
        if len(sizes) != levels + 1 or width > 10 or height > 10 or width + height > 12 or style & _MIXED:
            return None
        if own_precincts and any(not size & 0xF or not size >> 4 for size in sizes[1:]):
            return None
        return cls(levels, width, height, style, tuple((size & 0xF, size >> 4) for size in sizes))


class Precinct(NamedTuple):
    """How many code-blocks it has across and down, by subband, and their style."""

    bands: tuple[tuple[int, int], ...]
    style: int


@dataclass(frozen=True)
class TileCoding:
    """How a tile is coded: the order of its packets, and its components."""

    progression: int
    layers: int
    has_starts: bool
    has_ends: bool
    blocks: tuple[BlockCoding, ...]


def packets(
    grid: Grid, tile: int, coding: TileCoding, length: int
) -> tuple[list[Precinct], list[tuple[int, int]]]:
    """The precincts of a tile; layer and precinct (as a place in that list) of each of its packets, in their order.

    No more is counted than data of `length` bytes can have: a packet has one at least.
    """
    names = _ORDERS.get(coding.progression)
    if names is None:
        raise UnaccountedBytes("A JPEG 2000 image has a progression that is none.")
    precincts: list[tuple[dict[str, int], Precinct]] = []
    left, blocks_left = length // max(coding.layers, 1), _MOST_BLOCKS
    for component, (step, blocks) in enumerate(zip(grid.steps, coding.blocks, strict=True)):
        for resolution in range(blocks.levels + 1):
            for place, precinct in _precincts(grid.tile(tile), step, blocks, resolution):
                left -= 1
                blocks_left -= sum(across * down for across, down in precinct.bands)
                if left < 0 or blocks_left < 0:
                    raise UnaccountedBytes(
                        "A JPEG 2000 image has more packets than bytes, or too many blocks."
                    )
                precincts.append((place | {"component": component, "resolution": resolution}, precinct))
    ordered = []
    for layer in range(coding.layers):
        for number, (place, _) in enumerate(precincts):
            told = place | {"layer": layer}
            ordered.append(([told[name] for name in names.split()], layer, number))
    return [precinct for _, precinct in precincts], [each[1:] for each in sorted(ordered)]


def _precincts(
    tile: tuple[int, int, int, int], step: tuple[int, int], blocks: BlockCoding, resolution: int
) -> Iterator[tuple[dict[str, int], Precinct]]:
    """The precincts of a resolution, with their number and place on the reference grid (B.6, B.7)."""
    wide, high = blocks.precincts[resolution]
    shrunk = blocks.levels - resolution
    area = [-(-side // step[number % 2]) for number, side in enumerate(tile)]
    x0, y0, x1, y1 = (-(-side // (1 << shrunk)) for side in area)
    if x1 <= x0 or y1 <= y0:
        return
    if resolution == 0:
        bands, less = [(x0, y0, x1, y1)], 0
    else:
        bands, less = [_band(area, shrunk + 1, *which) for which in ((1, 0), (0, 1), (1, 1))], 1
    size = min(blocks.width, wide - less), min(blocks.height, high - less)
    first_x, last_x, first_y, last_y = x0 >> wide, -(-x1 // (1 << wide)), y0 >> high, -(-y1 // (1 << high))
    number = 0
    for row in range(first_y, last_y):
        for column in range(first_x, last_x):
            place = {
                "precinct": number,
                "x": max(tile[0], (column << wide + shrunk) * step[0]),
                "y": max(tile[1], (row << high + shrunk) * step[1]),
            }
            inside = (
                column << wide - less,
                row << high - less,
                column + 1 << wide - less,
                row + 1 << high - less,
            )
            yield place, Precinct(tuple(_block_count(band, inside, size) for band in bands), blocks.style)
            number += 1


def _band(area: list[int], level: int, right: int, lower: int) -> tuple[int, int, int, int]:
    """A subband of a level (B.5)."""
    shifts = (right << level - 1, lower << level - 1) * 2
    x0, y0, x1, y1 = (-(-(side - shift) // (1 << level)) for side, shift in zip(area, shifts, strict=True))
    return x0, y0, x1, y1


def _block_count(
    band: tuple[int, int, int, int], inside: tuple[int, int, int, int], size: tuple[int, int]
) -> tuple[int, int]:
    """Code-blocks across and down of what a precinct has of a subband."""
    x0, y0 = max(band[0], inside[0]), max(band[1], inside[1])
    x1, y1 = min(band[2], inside[2]), min(band[3], inside[3])
    if x1 <= x0 or y1 <= y0:
        return 0, 0
    return -(-x1 // (1 << size[0])) - (x0 >> size[0]), -(-y1 // (1 << size[1])) - (y0 >> size[1])
