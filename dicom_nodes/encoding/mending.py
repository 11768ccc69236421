"""What a reader must be given so that it understands what the receiver's walk understood; what is kept stays as it is.

Two liberties of real senders are taken here and misread by pydicom, which would go astray in the middle: private
elements whose VR is none of the Standard's, and what stands behind the last element without ending anything. The first
become UN (PS3.5 6.2.2), with the lengths of the sequences and items around them; the second is cut off. Values are not
touched, and nothing is mended on a guess: what this walk does not understand to its end raises NotDicom.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.headers import (
    ITEM,
    ITEM_END,
    LONG_BYTES,
    PIXEL_DATA,
    SEQUENCE_END,
    SHORT_BYTES,
    UNDEFINED,
    UNKNOWN_VR,
    header,
    item_header,
)
from dicom_nodes.encoding.octets import Octets
from dicom_nodes.encoding.uids import IMPLICIT, Encoding
from dicom_nodes.encoding.vrs import SHORT_FORM

_DEEPEST: Final = 64
_PIXELS: Final = range(0x7FE00008, PIXEL_DATA + 1)
"""Pixels as floating point numbers or integers (PS3.6): the last elements of an image, nearly."""
_DELIMITERS: Final = (ITEM_END, SEQUENCE_END)
_LENGTH: Final = struct.Struct(">L"), struct.Struct("<L")
_plain: Final = struct.Struct("<H2x2sH").unpack_from
_UNKNOWN: Final = struct.Struct(">HH2sHL"), struct.Struct("<HH2sHL")


class Edit(NamedTuple):
    """`new` takes the place of the bytes from `start` on that end before `end`."""

    start: int
    end: int
    new: bytes


def edits(data: Octets, at: int, encoding: Encoding, *, without_pixels: bool = False) -> list[Edit]:
    """What to change in the data set that begins at `at`, in ascending order; nearly always nothing.

    `without_pixels`: only what stands before the pixel data, and nothing behind them need be there. Raises NotDicom.
    """
    if encoding.deflated:
        return []
    mending = _Mending(data, without_pixels)
    after, _ = mending.elements(at, len(data), encoding, 0)
    if after < len(data) and not mending.is_before_pixels:
        if not _ends_nothing(data[after:], encoding):
            raise NotDicom("There are bytes behind the last element.")
        mending.found.append(Edit(after, len(data), b""))
    return sorted(mending.found)


def edited(data: Octets, changes: Sequence[Edit]) -> bytes:
    """The bytes with the changes, which are in ascending order."""
    pieces: list[bytes] = []
    at = 0
    for start, end, new in changes:
        pieces += (data[at:start], new)
        at = end
    return b"".join((*pieces, data[at:]))


def _ends_nothing(rest: bytes, encoding: Encoding) -> bool:
    """Delimiters of nothing, and zeros that fill the file up."""
    at = 0
    while (here := item_header(rest, at, little_endian=encoding.little_endian)) and here[0] in _DELIMITERS:
        if here[1]:
            return False
        at += SHORT_BYTES
    return not any(rest[at:])


class _Mending:
    def __init__(self, data: Octets, without_pixels: bool) -> None:
        self.data = data
        self.found: list[Edit] = []
        self.is_before_pixels = False
        self._without_pixels = without_pixels

    def elements(self, at: int, end: int, encoding: Encoding, depth: int) -> tuple[int, int]:
        """The position behind the elements, where a delimiter may stand, and by how much they grow."""
        if depth > _DEEPEST:
            raise NotDicom(f"Sequences are nested more than {_DEEPEST} deep.")
        data, grown, above = self.data, 0, -1
        is_plain, last = encoding.little_endian and not encoding.implicit, len(data) - SHORT_BYTES
        while at < end:
            if is_plain and above < 0 and at <= last:  # nearly all elements of nearly all files
                group, code, length = _plain(data, at)
                if code in SHORT_FORM and group:
                    at += SHORT_BYTES + length
                    continue
            first = item_header(data, at, little_endian=encoding.little_endian)
            if first is None or first[0] in _DELIMITERS or (not depth and not first[0]):
                break
            tag = first[0]
            if self._without_pixels and not depth and tag in _PIXELS and at + LONG_BYTES <= end:
                self.is_before_pixels = True
                break
            element = header(data, at, encoding, private_vrs=True)
            if element is None or tag <= above:
                raise NotDicom("An element does not fit where it stands.")
            _, vr, length, value = element
            above = -1
            if vr == UNKNOWN_VR:
                above = tag
                new = _UNKNOWN[encoding.little_endian].pack(tag >> 16, tag & 0xFFFF, b"UN", 0, length)
                self.found.append(Edit(at, value, new))
                grown += len(new) - (value - at)
            if length == UNDEFINED:
                at, more = self._undefined(tag, vr, value, end, encoding, depth)
            elif vr == "SQ":
                at, more = self._items(value, value + length, encoding, depth + 1, delimited=False)
                self._longer(value, length, more, encoding)
            else:
                at, more = value + length, 0
            grown += more
        if at > end:
            raise NotDicom("A value reaches beyond the end.")
        return at, grown

    def _undefined(
        self, tag: int, vr: str, value: int, end: int, encoding: Encoding, depth: int
    ) -> tuple[int, int]:
        if tag == PIXEL_DATA and not depth:
            return self._fragments(value, end, encoding), 0
        # A value of unknown VR that has no length holds items in implicit VR little endian (PS3.5 6.2.2 note 2).
        inner = IMPLICIT if vr == "UN" else encoding
        return self._items(value, end, inner, depth + 1, delimited=True)

    def _items(
        self, at: int, end: int, encoding: Encoding, depth: int, *, delimited: bool
    ) -> tuple[int, int]:
        grown = 0
        while delimited or at < end:
            tag, length = self._item(at, end, encoding)
            at += SHORT_BYTES
            if tag == SEQUENCE_END and delimited:
                return at, grown
            if tag != ITEM:
                raise NotDicom("Something else stands in the place of an item.")
            if length == UNDEFINED:
                at, more = self.elements(at, end, encoding, depth)
                if self._item(at, end, encoding)[0] != ITEM_END:
                    raise NotDicom("An item does not end.")
                at += SHORT_BYTES
            else:
                after, more = self.elements(at, at + length, encoding, depth)
                if after != at + length or after > end:
                    raise NotDicom("An item is not as long as it says.")
                self._longer(at, length, more, encoding)
                at = after
            grown += more
        if at != end:
            raise NotDicom("A sequence is not as long as it says.")
        return at, grown

    def _fragments(self, at: int, end: int, encoding: Encoding) -> int:
        while True:
            tag, length = self._item(at, end, encoding)
            at += SHORT_BYTES
            if tag == SEQUENCE_END:
                return at
            if tag != ITEM:
                raise NotDicom("Something else stands in the place of a fragment.")
            at += length

    def _item(self, at: int, end: int, encoding: Encoding) -> tuple[int, int]:
        here = item_header(self.data, at, little_endian=encoding.little_endian)
        if here is None or at + SHORT_BYTES > end:
            raise NotDicom("A sequence does not end.")
        return here

    def _longer(self, value: int, length: int, more: int, encoding: Encoding) -> None:
        if more:
            self.found.append(Edit(value - 4, value, _LENGTH[encoding.little_endian].pack(length + more)))
