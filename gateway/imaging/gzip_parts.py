"""A volume as gzip that can be read from the middle, and served with another header, without expanding it.

The header and each piece of the voxels are a part of their own (each ends with a full flush, RFC 1951): what follows a
part needs nothing of it. Where the parts begin is kept beside the file.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

LEVEL: Final = 1
"""Of compression: what is more takes ten times as long and saves a tenth."""
CHUNK: Final = 1 << 18
"""Bytes of a file in memory at a time."""
_BEGIN: Final = (
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"  # no name, no time, fastest, unknown system (RFC 1952)
)
_LAST_BLOCK: Final = b"\x03\x00"
_POLYNOMIAL: Final = 0xEDB88320


@dataclass(frozen=True)
class Parts:
    """Where the parts of a file begin; bytes from its start, and `crc` is of what follows the header."""

    header: int
    """Length of the header, expanded."""
    size: int
    """Length of all, expanded."""
    crc: int
    places: tuple[tuple[int, int], ...]
    """Of each piece after the header: where it begins expanded, and where in the file."""
    end: int
    """Where in the file the last piece ends."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """What `to_json` wrote; raises KeyError, TypeError, ValueError for anything else."""
        places = tuple((int(expanded), int(at)) for expanded, at in stored["places"])
        return cls(int(stored["header"]), int(stored["size"]), int(stored["crc"]), places, int(stored["end"]))


class PartsWriter:
    """Makes the bytes of such a file, one piece at a time; `parts` afterwards says where they begin."""

    def __init__(self, header: bytes) -> None:
        self._header = header
        self._places: list[tuple[int, int]] = []
        self._expanded, self._written = len(header), 0
        self._of_all, self._of_pieces = zlib.crc32(header), 0

    def begin(self) -> bytes:
        """What comes before the first piece."""
        begun = _BEGIN + _deflated(self._header)
        self._written = len(begun)
        return begun

    def piece(self, data: bytes) -> bytes:
        """The next piece."""
        self._places.append((self._expanded, self._written))
        self._of_all, self._of_pieces = zlib.crc32(data, self._of_all), zlib.crc32(data, self._of_pieces)
        packed = _deflated(data)
        self._expanded += len(data)
        self._written += len(packed)
        return packed

    def end(self) -> bytes:
        """What comes after the last one."""
        return _LAST_BLOCK + struct.pack("<II", self._of_all, self._expanded & 0xFFFFFFFF)

    @property
    def parts(self) -> Parts:
        """Of what was written so far."""
        return Parts(len(self._header), self._expanded, self._of_pieces, tuple(self._places), self._written)


def with_header(path: Path, parts: Parts, header: bytes) -> tuple[int, Iterator[bytes]]:
    """The file with another header of the same length: how many bytes, and these, as gzip."""
    begun = _BEGIN + _deflated(header)
    first = parts.places[0][1] if parts.places else parts.end
    crc = _joined(zlib.crc32(header), parts.crc, parts.size - parts.header)
    end = _LAST_BLOCK + struct.pack("<II", crc, parts.size & 0xFFFFFFFF)

    def pieces() -> Iterator[bytes]:
        yield begun
        yield from _read(path, first, parts.end)
        yield end

    return len(begun) + parts.end - first + len(end), pieces()


def expanded(path: Path, parts: Parts, header: bytes, start: int, stop: int) -> Iterator[bytes]:
    """Bytes `start` to `stop` (exclusive) of the file with this header, expanded; raises ValueError where it is cut."""
    if start < parts.header:
        yield header[start : min(stop, parts.header)]
    start = max(start, parts.header)
    if start >= stop:
        return
    place, at = max((each for each in parts.places if each[0] <= start), default=(parts.header, parts.end))
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    for packed in _read(path, at, parts.end):
        left = packed
        while left and place < stop:
            some = inflate.decompress(left, CHUNK)
            left = inflate.unconsumed_tail
            begin, end = max(start - place, 0), min(stop - place, len(some))
            place += len(some)
            if begin < end:
                yield some[begin:end]
        if place >= stop:
            return
    # What the last input still holds back.
    while place < stop and (some := inflate.decompress(inflate.unconsumed_tail, CHUNK)):
        begin, end = max(start - place, 0), min(stop - place, len(some))
        place += len(some)
        if begin < end:
            yield some[begin:end]
    if place < stop:
        raise ValueError("The file ends before it should.")


def _deflated(data: bytes) -> bytes:
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(data) + deflate.flush(zlib.Z_FULL_FLUSH)


def _read(path: Path, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(start)
        left = stop - start
        while left > 0 and (data := stream.read(min(CHUNK, left))):
            left -= len(data)
            yield data


def _joined(first: int, second: int, length: int) -> int:
    """The CRC-32 of two texts one after the other, from theirs and the length of the second.

    Zeros behind a text turn its CRC by a matrix over bits; the matrix of twice as many is its square.
    """
    one_bit = [_POLYNOMIAL, *(1 << bit for bit in range(31))]
    matrix = _square(_square(_square(one_bit)))  # of one byte
    while length:
        if length & 1:
            first = _times(matrix, first)
        length >>= 1
        matrix = _square(matrix)
    return first ^ second


def _times(matrix: list[int], vector: int) -> int:
    found = 0
    for column in matrix:
        if vector & 1:
            found ^= column
        vector >>= 1
        if not vector:
            break
    return found


def _square(matrix: list[int]) -> list[int]:
    return [_times(matrix, column) for column in matrix]
