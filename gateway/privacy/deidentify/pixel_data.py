"""Text that hides beside the pixels: comments in compressed codestreams, and bytes behind the last pixel.

Both are overwritten in place (same length, so that offset tables stay right) and the pixels decode to the same values.
Pixel data with neither is returned as it is, byte for byte.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import islice
from typing import Final

from pydicom.dataset import Dataset
from pydicom.pixels.utils import get_expected_length

from dicom_nodes.encoding.elements import Item, fragments
from dicom_nodes.encoding.octets import Octets
from gateway.privacy.identifiers.values import UNREADABLE

_BLOCK: Final = 1 << 16  # bytes looked at together
# What encoders write about themselves; any other comment is somebody's text.
_ENCODERS: Final = re.compile(
    rb"Kakadu-v?[0-9.]+|Kdu-Layer-Info: [\x20-\x7e\r\n]*|Created by (?:GDCM/)?OpenJPEG version [0-9.]+|"
    rb"Creator: JasPer Version [0-9.]+|LEAD Technologies Inc\. V[0-9.]+|Lav[cf][0-9.]+"
)
_READABLE: Final = re.compile(rb"[\x20-\x7e\x80-\xff]{4}|(?:[\x20-\x7e]\0){3}")
# JPEG application segments that decoders need, with the number of bytes they read; the rest of a segment is blanked.
_NEEDED_SEGMENTS: Final = {
    (0xE0, b"JFIF\0"): 12,
    (0xE8, b"mrfx"): 6,
    (0xE8, b"SPIFF\0"): 30,
    (0xEE, b"Adobe"): 12,
}
_COM, _SOS, _EOI = 0xFE, 0xDA, 0xD9
_J2K_COM, _J2K_SOT, _J2K_SOD, _J2K_EOC = 0x64, 0x90, 0x93, 0xD9


def without_hidden_text(ds: Dataset, pixels: bytes, *, encapsulated: bool) -> bytes:
    """The value of PixelData (7FE0,0010) of `ds` without text beside the pixels; the same object when there is none."""
    if encapsulated:
        return _without_comments(pixels)
    try:
        expected = get_expected_length(ds, unit="bytes")
    except UNREADABLE:  # no pixel description to judge by; the leak search reads every byte all the same
        return pixels
    expected += expected % 2
    behind = pixels[expected:]
    return pixels[:expected] + bytes(len(behind)) if behind.strip(b"\0") else pixels


def hides_text(data: Octets, start: int, stop: int) -> bool:
    """Whether `without_hidden_text` changes the encapsulated value at `start`..`stop`."""
    return any(True for one in _image_fragments(data, start, stop) for _ in _texts(data, *one))


def is_zero(data: Octets, start: int, stop: int) -> bool:
    """Whether nothing but zero bytes is at `start`..`stop`."""
    return not any(data[at : min(at + _BLOCK, stop)].strip(b"\0") for at in range(start, stop, _BLOCK))


def _without_comments(pixels: bytes) -> bytes:
    blanked: bytearray | None = None
    for start, end in _image_fragments(pixels, 0, len(pixels)):
        for first, last in _texts(pixels, start, end):
            blanked = blanked if blanked is not None else bytearray(pixels)
            blanked[first:last] = b" " * (last - first)
    return bytes(blanked) if blanked is not None else pixels


def _image_fragments(data: Octets, at: int, stop: int) -> Iterator[Item]:
    """The fragments of encapsulated pixel data, the offset table left out."""
    return islice(fragments(data, at, stop), 1, None)


def _texts(data: Octets, start: int, end: int) -> Iterator[tuple[int, int]]:
    head = data[start : start + 2]
    try:
        if head == b"\xff\xd8":
            yield from _jpeg_texts(data, start + 2, end)
        elif head == b"\xff\x4f":
            yield from _jpeg_2000_texts(data, start + 2, end)
    except struct.error:  # cut off in the middle of a segment: what came before has been seen
        return


def _jpeg_texts(data: Octets, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Comments and application segments of JPEG and JPEG-LS (ISO 10918-1 B.2.4, 14495-1 C)."""
    while at + 4 <= end:
        if (
            data[at] != 0xFF
            or data[at + 1] in (0x00, 0xFF)
            or data[at + 1] < 0xC0
            or 0xD0 <= data[at + 1] <= 0xD8
        ):
            at = data.find(b"\xff", at + 1, end)  # entropy-coded data: on to the next marker
            if at < 0:
                return
            continue
        marker = data[at + 1]
        if marker == _EOI:
            return
        (length,) = struct.unpack_from(">H", data, at + 2)
        first, last = at + 4, min(at + 2 + length, end)
        if marker == _COM and not _ENCODERS.fullmatch(data[first:last].strip(b" \0")):
            yield first, last
        elif 0xE0 <= marker <= 0xEF:
            needed = next(
                (
                    n
                    for (m, name), n in _NEEDED_SEGMENTS.items()
                    if m == marker and data.startswith(name, first)
                ),
                0,
            )
            if _READABLE.search(data[first + needed : last].strip(b" ")):
                yield first + needed, last
        at = at + 2 + length


def _jpeg_2000_texts(data: Octets, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Comments in the main header and in tile-part headers (ISO 15444-1 A.9.2)."""
    tile_end = end
    while at + 4 <= end and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == _J2K_EOC:
            return
        if marker == _J2K_SOD:
            at = tile_end
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker == _J2K_SOT:
            (tile_length,) = struct.unpack_from(">L", data, at + 6)
            tile_end = at + tile_length if tile_length else end
        elif marker == _J2K_COM:
            first, last = at + 6, min(at + 2 + length, end)
            if not _ENCODERS.fullmatch(data[first:last].strip(b" \0")):
                yield first, last
        at = at + 2 + length
