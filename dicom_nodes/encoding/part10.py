"""Walk the encoding of a data set without decoding a value: is it complete, and where is what?

Used to tell a whole file from a truncated or a garbage one before anybody trusts it. Cost: one step per
element; pixel bytes are never touched. Standard: PS3.5 section 7 and Annex A, PS3.10 section 7.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from dicom_nodes.encoding.errors import NotDicom

LONG_VRS = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
SHORT_VRS = frozenset(
    (
        b"AE",
        b"AS",
        b"AT",
        b"CS",
        b"DA",
        b"DS",
        b"DT",
        b"FD",
        b"FL",
        b"IS",
        b"LO",
        b"LT",
        b"PN",
        b"SH",
        b"SL",
        b"SS",
        b"ST",
        b"TM",
        b"UI",
        b"UL",
        b"US",
    )
)
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_MAX_DEPTH = 64
_FIX = "Export the file again from its source; this copy is damaged or is not DICOM."


class Element(NamedTuple):
    """One top-level element: where its value starts and how many bytes it has (items included)."""

    tag: int
    vr: bytes
    start: int
    length: int


def file_meta(part10: bytes) -> tuple[dict[int, bytes], int]:
    """The raw values of the file meta group (0002) and the offset of the data set; raises NotDicom."""
    if len(part10) < 132 or part10[128:132] != b"DICM":
        raise NotDicom("There is no 'DICM' mark at byte 128: this is not a DICOM Part 10 file.", _FIX)
    values: dict[int, bytes] = {}
    offset = 132
    walker = _Walker(part10, implicit=False, big_endian=False)
    while offset + 8 <= len(part10) and part10[offset : offset + 2] == b"\x02\x00":
        element, offset = walker.element(offset, 0)
        values[element.tag] = part10[element.start : element.start + element.length]
    return values, offset


def elements(dataset: bytes, transfer_syntax_uid: str) -> Iterator[Element]:
    """Every top-level element in order; raises NotDicom where the encoding stops making sense.

    Offsets count in the inflated bytes when the syntax is deflated.
    """
    from pydicom.uid import UID

    syntax = UID(transfer_syntax_uid)
    known = syntax.is_transfer_syntax and not syntax.is_private
    implicit = known and syntax.is_implicit_VR
    big_endian = known and not syntax.is_little_endian
    data = inflate(dataset) if known and syntax.is_deflated else dataset
    walker = _Walker(data, implicit=implicit, big_endian=big_endian)
    offset = 0
    while offset < len(data):
        if not any(data[offset : offset + 8]) and not any(data[offset:]):
            return  # some modalities pad a file with zero bytes; nothing is missing
        element, offset = walker.element(offset, 0)
        yield element


def inflate(dataset: bytes) -> bytes:
    """Inflate a deflated data set (PS3.5 A.5); raises NotDicom for a damaged or cut stream."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(dataset)
    except zlib.error as error:
        raise NotDicom("The deflated data set cannot be inflated.", _FIX) from error
    if not inflater.eof:
        raise NotDicom("The deflated data set ends in the middle.", _FIX)
    return data


def _name(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


class _Walker:
    def __init__(self, data: bytes, *, implicit: bool, big_endian: bool) -> None:
        self._data = data
        self._implicit = implicit
        order = ">" if big_endian else "<"
        self._tag = struct.Struct(order + "HH")
        self._u16 = struct.Struct(order + "H")
        self._u32 = struct.Struct(order + "L")

    def element(self, offset: int, depth: int) -> tuple[Element, int]:
        """The element at `offset` and the offset after it."""
        tag, vr, length, start = self._header(offset)
        if length != _UNDEFINED:
            if start + length > len(self._data):
                missing = start + length - len(self._data)
                raise NotDicom(
                    f"The data end inside {_name(tag)}: {missing} of {length} bytes are missing.", _FIX
                )
            return Element(tag, vr, start, length), start + length
        encapsulated = vr in (b"OB", b"OW") and tag == 0x7FE00010
        # An unknown VR of undefined length holds implicit VR items (PS3.5 6.2.2 note 2).
        walker = (
            self if self._implicit or vr != b"UN" else _Walker(self._data, implicit=True, big_endian=False)
        )
        end = walker.items(start, depth + 1, encapsulated=encapsulated)
        return Element(tag, vr, start, end - start), end

    def items(self, offset: int, depth: int, *, encapsulated: bool) -> int:
        """Past the sequence delimiter of a sequence (or fragments) of undefined length."""
        if depth > _MAX_DEPTH:
            raise NotDicom(f"Sequences are nested more than {_MAX_DEPTH} deep.", _FIX)
        while True:
            tag, length, start = self._item_header(offset)
            if tag == _SEQUENCE_END:
                return start
            if tag != _ITEM:
                raise NotDicom(f"Expected an item at byte {offset}, found {_name(tag)}.", _FIX)
            if length != _UNDEFINED:
                offset = start + length
                if offset > len(self._data):
                    raise NotDicom(f"The data end inside an item at byte {start}.", _FIX)
            elif encapsulated:
                raise NotDicom(f"A pixel data fragment at byte {start} has no length.", _FIX)
            else:
                offset = self._open_item(start, depth)

    def _open_item(self, offset: int, depth: int) -> int:
        while True:
            tag, _, start = self._item_header(offset)
            if tag == _ITEM_END:
                return start
            _, offset = self.element(offset, depth)

    def _item_header(self, offset: int) -> tuple[int, int, int]:
        if offset + 8 > len(self._data):
            raise NotDicom(f"The data end inside a sequence, at byte {offset}.", _FIX)
        group, number = self._tag.unpack_from(self._data, offset)
        return (group << 16) | number, self._u32.unpack_from(self._data, offset + 4)[0], offset + 8

    def _header(self, offset: int) -> tuple[int, bytes, int, int]:
        data = self._data
        if offset + 8 > len(data):
            raise NotDicom(f"The data end inside an element header, at byte {offset}.", _FIX)
        group, number = self._tag.unpack_from(data, offset)
        tag = (group << 16) | number
        if self._implicit:
            return tag, b"", self._u32.unpack_from(data, offset + 4)[0], offset + 8
        vr = bytes(data[offset + 4 : offset + 6])
        if vr in SHORT_VRS:
            return tag, vr, self._u16.unpack_from(data, offset + 6)[0], offset + 8
        if vr not in LONG_VRS:
            raise NotDicom(f"{_name(tag)} at byte {offset} has no known value representation.", _FIX)
        if offset + 12 > len(data):
            raise NotDicom(f"The data end inside an element header, at byte {offset}.", _FIX)
        return tag, vr, self._u32.unpack_from(data, offset + 8)[0], offset + 12
