"""JPEG 2000 (ISO 15444-1 Annex A), HTJ2K (ISO 15444-15) and the boxes of a JP2 file (ISO 15444-1 Annex I).

Comments are blanked where they stand; lengths of tile-parts and packets have to be the real ones.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from dicom_nodes.encoding.codestreams import jpeg_2000_packets
from dicom_nodes.encoding.codestreams.edits import Edit, UnaccountedBytes, is_encoder, over
from dicom_nodes.encoding.codestreams.jpeg_2000_tiles import BlockCoding, Grid, TileCoding

START: Final = b"\xff\x4f\xff"
JP2_START: Final = b"\0\0\0\x0cjP  \r\n\x87\n"
_SIZ, _CAP, _PRF, _CPF, _COD, _COC = 0x51, 0x50, 0x56, 0x59, 0x52, 0x53
_QCD, _QCC, _RGN, _POC, _CRG, _COM = 0x5C, 0x5D, 0x5E, 0x5F, 0x63, 0x64
_TLM, _PLT, _PPM, _PPT, _SOT, _SOD, _EOC = 0x55, 0x58, 0x60, 0x61, 0x90, 0x93, 0xD9
_KNOWN_PROFILES: Final = frozenset(range(5))  # Rsiz (Table A.10), besides the bit of high throughput
_HIGH_THROUGHPUT: Final = 0x4000
_ENDS: Final = (bytes((_SOT,)), bytes((_SOD,)))


def codestream_of(code: bytes) -> tuple[int, int]:
    """Where the codestream lies: all of `code`, or the one in a JP2 file, which PS3.5 A.4.4 does not want."""
    if not code.startswith(JP2_START):
        return 0, len(code)
    for kind, start, end in _boxes(code, 0, len(code)):
        if kind == b"jp2c":
            return start, end
    raise UnaccountedBytes("A JP2 file has no codestream.")


def is_plain_jp2(code: bytes) -> bool:
    """Whether the boxes around the codestream are headers only, each as long as it has to be (Annex I.5)."""
    for kind, start, end in _boxes(code, 0, len(code)):
        if kind == b"jp2h":
            if not all(_fits_box(*box, code) for box in _boxes(code, start, end)):
                return False
        elif kind == b"jp2c":
            return not code[end:].strip(b"\0")
        elif kind not in (b"jP  ", b"ftyp") or not _fits_box(kind, start, end, code):
            return False
    return False


def _boxes(code: bytes, at: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Type and content of each box (I.4); a length of 0 reaches to the end."""
    while at + 8 <= stop:
        length, kind, head = int.from_bytes(code[at : at + 4], "big"), code[at + 4 : at + 8], 8
        if length == 1:
            length, head = int.from_bytes(code[at + 8 : at + 16], "big"), 16
        end = stop if length == 0 else at + length
        if not at + head <= end <= stop:
            raise UnaccountedBytes("A JP2 file has a box that is cut off.")
        yield kind, at + head, end
        at = end


def _fits_box(kind: bytes, start: int, end: int, code: bytes) -> bool:
    content = code[start:end]
    if kind == b"ftyp":
        brands = {content[at : at + 4] for at in (0, *range(8, len(content), 4))}
        return content[4:8] == bytes(4) and brands <= {b"jp2 ", b"jpx ", b"jpxb"}
    if kind == b"ihdr":
        return len(content) == 14 and content[11] == 7 and content[12] < 2 and content[13] == 0
    if kind == b"colr":
        return len(content) == 7 and content[0] == 1 and content[1] == 0 and content[3:5] == bytes(2)
    return kind == b"jP  " and content == JP2_START[8:]


def walk(code: bytes, rows: int = 0, columns: int = 0, samples: int = 0) -> tuple[list[Edit], int]:
    """What is to be written over in a codestream, and where it ends (with EOC, or its last tile-part).

    `rows`, `columns` and `samples` of a pixel: what the header of the object says, if it does. Raises
    UnaccountedBytes for what is no JPEG 2000 of that size, or has parts that none has.
    """
    if not code.startswith(START):
        raise UnaccountedBytes("A JPEG 2000 image does not begin as one.")
    main = _Header(code, 2)
    edits, at = list(main.edits), main.end
    if not main.fits:
        raise UnaccountedBytes(
            "The main header of a JPEG 2000 image has more step sizes than subbands, or fewer."
        )
    grid = main.grid
    if grid is None or any(
        said and said != real
        for said, real in (
            (rows, grid.y1 - grid.y0),
            (columns, grid.x1 - grid.x0),
            (samples, len(grid.steps)),
        )
    ):
        raise UnaccountedBytes("A JPEG 2000 image has another size than its header says.")
    lengths: list[tuple[int, int]] = []
    tiles: dict[int, _Tile] = {}
    while code[at : at + 2] == bytes((0xFF, _SOT)):
        if code[at + 2 : at + 4] != b"\0\x0a" or at + 12 > len(code):
            raise UnaccountedBytes("A tile-part of a JPEG 2000 image has a header of another length.")
        index, length, part = (int.from_bytes(code[at + a : at + b]) for a, b in ((4, 6), (6, 10), (10, 11)))
        of_tile = tiles.get(index)
        header = _Header(code, at + 12, main if of_tile is None else of_tile.header)
        if not header.fits:
            raise UnaccountedBytes("A tile of a JPEG 2000 image has more step sizes than subbands, or fewer.")
        if of_tile is None:
            of_tile = tiles[index] = _Tile(header, [], [])
        data = header.end + 2
        end = at + length if length else code.find(bytes((0xFF, _EOC)), data)
        end = len(code) if end < 0 else end
        if code[header.end : data] != bytes((0xFF, _SOD)) or not data <= end <= len(code):
            raise UnaccountedBytes("A JPEG 2000 image is cut off in the middle of a tile-part.")
        if header.packets and sum(header.packets) != end - data:
            raise UnaccountedBytes("The packet lengths of a JPEG 2000 image are not those of its packets.")
        if index >= grid.tiles or part != len(of_tile.parts):
            raise UnaccountedBytes("A JPEG 2000 image has a tile-part that belongs to none of its tiles.")
        edits += header.edits
        lengths.append((index, end - at))
        of_tile.parts.append((data, end))
        of_tile.counts.append((at + 11, code[at + 11]))
        at = end
    if not lengths:
        raise UnaccountedBytes("A JPEG 2000 image has no tile.")
    if (
        main.tile_lengths
        and [
            (index if said is None else said, length)
            for (said, length), (index, _) in zip(main.tile_lengths, lengths, strict=False)
        ]
        != lengths
    ):
        raise UnaccountedBytes("The tile-part lengths of a JPEG 2000 image are not those of its tile-parts.")
    for index, each in tiles.items():
        for place, count in each.counts:  # TNsot may be left open
            if count not in (0, len(each.parts) - 1, len(each.parts)):  # encoders count wrongly by one
                edits += over(code, place, place + 1, bytes([len(each.parts)]))
        edits += jpeg_2000_packets.excess(code, each.parts, grid, index, each.header.coding(grid))
    return sorted(edits), at + 2 if code[at : at + 2] == bytes((0xFF, _EOC)) else at


class _Tile(NamedTuple):
    """A tile while its tile-parts are read: the first header, where the data lie, and how many parts each promises."""

    header: _Header
    parts: list[tuple[int, int]]
    counts: list[tuple[int, int]]


class _Header:
    """The marker segments of a main or tile-part header from `at` on, up to the first that is none of them."""

    def __init__(self, code: bytes, at: int, main: _Header | None = None) -> None:
        self._main = main
        self.edits: list[Edit] = []
        self.packets: list[int] = []
        self.tile_lengths: list[tuple[int | None, int]] = []
        self._counts: Counter[int] = Counter()
        self._components: int = main._components if main is not None else -1
        self._levels = -1
        self._levels_of: dict[int, int] = {}  # by component, from COC
        self._bands: int | None = -1
        self._bands_of: dict[int, int | None] = {}  # by component, from QCC
        self.grid: Grid | None = None
        self._style: bytes = b""  # COD before the sizes of blocks
        self._blocks: BlockCoding | None = None
        self._blocks_of: dict[int, BlockCoding] = {}  # by component, from COC
        while code[at : at + 1] == b"\xff" and code[at + 1 : at + 2] not in _ENDS:
            length = int.from_bytes(code[at + 2 : at + 4], "big")
            first, end = at + 4, at + 2 + length
            if length < 2 or not first <= end <= len(code):
                raise UnaccountedBytes("A JPEG 2000 image is cut off in the middle of a segment.")
            self._segment(code[at + 1], code, first, end)
            at = end
        self.end = at

    @property
    def fits(self) -> bool:
        """Whether there are as many step sizes as subbands, where both are told."""
        told = [(self._bands, self._levels_for(None))]
        told += [(bands, self._levels_for(component)) for component, bands in self._bands_of.items()]
        return all(bands in (None, -1) or levels < 0 or bands == 3 * levels + 1 for bands, levels in told)

    def _levels_for(self, component: int | None) -> int:
        """Decomposition levels: of a tile before those of the image, of a component before those of all (A.6.2)."""
        if component in self._levels_of:
            return self._levels_of[component]
        if self._levels >= 0 or self._main is None:
            return self._levels
        return self._main._levels_for(component)

    def coding(self, grid: Grid) -> TileCoding:
        """How the tile with this header is coded; raises UnaccountedBytes where that was not told."""
        style, blocks = self._style_of_all(), [self._blocks_for(number) for number in range(len(grid.steps))]
        told = tuple(each for each in blocks if each is not None)
        if len(style) < 5 or len(told) < len(blocks):
            raise UnaccountedBytes("A JPEG 2000 image does not say how it is coded.")
        return TileCoding(style[1], int.from_bytes(style[2:4]), bool(style[0] & 2), bool(style[0] & 4), told)

    def _style_of_all(self) -> bytes:
        return self._style or (self._main._style_of_all() if self._main is not None else b"")

    def _blocks_for(self, component: int) -> BlockCoding | None:
        """In the order of `_levels_for`."""
        own = self._blocks_of.get(component, self._blocks)
        if own is not None or self._main is None:
            return own
        return self._main._blocks_for(component)

    def _segment(self, marker: int, code: bytes, first: int, end: int) -> None:
        content = code[first:end]
        if marker == _COM:
            if content[:2] == b"\0\1" and is_encoder(content[2:]):
                return
            kind = content[:2] if content[:2] in (b"\0\0", b"\0\1") else b"\0\1"
            self.edits += over(code, first, end, (kind + b" " * (len(content) - 2))[: len(content)])
            return
        if not self._fits(marker, content):
            raise UnaccountedBytes("A JPEG 2000 image has a segment that is not as the codec defines it.")
        if marker == _CRG:  # where components lie beside each other: no decoder of one image reads it
            self.edits += over(code, first, end, bytes(len(content)))
        elif marker == _TLM and self._main is None and content[0] == self._count(marker):
            self.tile_lengths += _tile_lengths(content)
        elif marker == _PLT and self._main is not None and content[0] == self._count(marker):
            self.packets += _packet_lengths(content)
        elif marker in (_TLM, _PLT):
            raise UnaccountedBytes("A JPEG 2000 image has lengths where none belong.")
        elif marker == _SIZ:
            profile = int.from_bytes(content[:2])
            if profile & ~_HIGH_THROUGHPUT not in _KNOWN_PROFILES:
                self.edits += over(code, first, first + 2, (profile & _HIGH_THROUGHPUT).to_bytes(2))
        elif marker in (_PRF, _CPF):  # numbers of profiles
            self.edits += over(code, first, end, bytes(len(content)))
        elif marker in (_PPM, _PPT, _POC):
            raise UnaccountedBytes("A JPEG 2000 image has its packets in an order that is not followed here.")

    def _count(self, marker: int) -> int:
        """How many segments of a marker were before this one: their first byte counts them."""
        self._counts[marker] += 1
        return self._counts[marker] - 1

    def _fits(self, marker: int, content: bytes) -> bool:
        length = len(content)
        if marker == _SIZ:
            self._components = int.from_bytes(content[34:36], "big")
            self.grid = _grid(content)
            return length == 36 + 3 * self._components and self.grid is not None
        if marker == _COD:
            levels = content[5] if length > 5 else 99
            self._levels = levels
            self._style = content[:5]
            self._blocks = BlockCoding.read(content[5:], own_precincts=bool(content[0] & 1))
            return (
                self._blocks is not None
                and levels <= 32
                and length == 10 + (levels + 1 if content[0] & 1 else 0)
            )
        if marker == _QCD:
            fits, self._bands = _step_sizes(content)
            return fits
        wide = 2 if self._components > 256 else 1
        component = int.from_bytes(content[:wide], "big")
        if marker == _QCC:
            fits, self._bands_of[component] = _step_sizes(content[wide:])
            return fits and component < self._components
        if marker == _COC and length > wide + 1:
            self._levels_of[component] = content[wide + 1]
            blocks = BlockCoding.read(content[wide + 1 :], own_precincts=bool(content[wide] & 1))
            if blocks is None:
                return False
            self._blocks_of[component] = blocks
        if marker == _CAP:
            return length >= 4 and length == 4 + 2 * int.from_bytes(content[:4], "big").bit_count()
        fixed = {
            _CRG: (4 * self._components,),
            _RGN: (3, 4),
            _PRF: (2, 4),
            _CPF: (2, 4),
            _COC: tuple(range(7, 42)),
        }.get(marker)
        if fixed is not None:
            return length in fixed
        if marker == _POC:
            return length > 0 and length % (5 + 2 * wide) == 0
        if marker == _TLM:
            return length >= 2 and (length - 2) % _tile_entry(content[1]) == 0
        return marker in (_PLT, _PPM, _PPT) and length >= 1


def _grid(content: bytes) -> Grid | None:
    """From SIZ (A.5.1); None where it describes no image."""
    if len(content) < 39:
        return None
    x1, y1, x0, y0, tile_width, tile_height, tile_x0, tile_y0 = struct.unpack(">8L", content[2:34])
    steps = tuple(zip(content[37::3], content[38::3], strict=False))
    if not (
        tile_x0 <= x0 < x1 and tile_y0 <= y0 < y1 and tile_x0 + tile_width > x0 and tile_y0 + tile_height > y0
    ):
        return None
    if any(0 in step for step in steps):
        return None
    return Grid(x1, y1, x0, y0, tile_width, tile_height, tile_x0, tile_y0, steps)


def _step_sizes(content: bytes) -> tuple[bool, int | None]:
    """Whether Sqcd (or Sqcc) and its step sizes are such, and of how many subbands (A.6.4); None: derived from one."""
    style = content[0] & 0x1F if content else -1
    if style == 1:  # one step size, from which those of all subbands are derived
        return len(content) == 3, None
    size = {0: 1, 2: 2}.get(style, 0)
    bands = (len(content) - 1) // size if size else -1
    return size > 0 and len(content) == 1 + size * bands, bands


def _tile_entry(form: int) -> int:
    """Bytes of one entry of TLM (A.7.1)."""
    return (form >> 4 & 3) + (4 if form & 0x40 else 2)


def _tile_lengths(content: bytes) -> Iterator[tuple[int | None, int]]:
    """Tile, where it is told, and length of each tile-part."""
    entry, number = _tile_entry(content[1]), content[1] >> 4 & 3
    for at in range(2, len(content), entry):
        tile = int.from_bytes(content[at : at + number]) if number else None
        yield tile, int.from_bytes(content[at + number : at + entry])


def _packet_lengths(content: bytes) -> Iterator[int]:
    """Seven bits a byte, the first bit says that another follows (A.7.3)."""
    length = 0
    for byte in content[1:]:
        length = length << 7 | byte & 0x7F
        if byte < 0x80:
            yield length
            length = 0
    if content[-1] >= 0x80:
        raise UnaccountedBytes("The packet lengths of a JPEG 2000 image are cut off.")
