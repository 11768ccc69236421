"""Check a data set while it passes, piece by piece: the same verdict as `encoding.elements`, without holding it.

`Walk` is fed the encoded data set in pieces of any size and keeps a few bytes: what is left of a value to skip, the
beginning of a header that was cut off, and one entry for each open sequence. It finds what a receiver must know
before it says Success: that no element reaches beyond the end, and the values of a few short elements.
Standard: PS3.5 section 7 and Annex A.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from functools import lru_cache

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.part10 import LONG_VRS, SHORT_VRS

_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_PIXEL_DATA = 0x7FE00010
_MAX_DEPTH = 64
_MAX_VALUE = 1024  # bytes kept of a wanted value; UIDs have 64
_INFLATE_STEP = 1 << 20
_FIX = "Export the object again from its source; this copy is damaged or is not DICOM."


class _Level:
    """An open sequence of undefined length, or an open item in it."""

    def __init__(self, *, is_item: bool, implicit: bool, little: bool, has_fragments: bool = False) -> None:
        self.is_item = is_item
        self.implicit = implicit
        self.little = little
        self.has_fragments = has_fragments


class Walk:
    """The walk over one data set in `transfer_syntax_uid`; `wanted` are the top-level tags whose values to keep."""

    def __init__(self, transfer_syntax_uid: str, wanted: Iterable[int] = ()) -> None:
        self._implicit, self._little, deflated = _form(transfer_syntax_uid)
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS) if deflated else None
        self._wanted = frozenset(wanted)
        self._fast = not self._implicit and self._little
        self._fast_wanted = frozenset((tag & 0xFFFF) << 16 | tag >> 16 for tag in self._wanted)
        self._values: dict[int, bytes] = {}
        self._keeping: int | None = None
        self._skip = 0
        self._tail = b""
        self._levels: list[_Level] = []
        self._count = 0
        self._padding = False

    def feed(self, data: memoryview) -> None:
        """Walk over the next piece; raises NotDicom where the encoding stops making sense."""
        if self._inflater is None:
            self._walk(data)
            return
        rest: bytes | memoryview = data
        while not self._inflater.eof:
            try:
                inflated = self._inflater.decompress(rest, _INFLATE_STEP)
            except zlib.error as error:
                raise NotDicom("The deflated data set cannot be inflated.", _FIX) from error
            self._walk(memoryview(inflated))
            rest = self._inflater.unconsumed_tail
            if not rest and len(inflated) < _INFLATE_STEP:
                return

    def finish(self) -> dict[int, str]:
        """The end of the data set: the wanted values that are there, by tag; raises NotDicom if anything is missing."""
        if self._inflater is not None and not self._inflater.eof:
            raise NotDicom("The deflated data set ends in the middle.", _FIX)
        if self._skip:
            raise NotDicom(f"The data end inside an element: {self._skip} bytes are missing.", _FIX)
        if self._levels:
            raise NotDicom("The data end inside a sequence.", _FIX)
        if any(self._tail):
            raise NotDicom("The data end inside an element header.", _FIX)
        if not self._count:
            raise NotDicom("The data set is empty.", _FIX)
        return {tag: value.decode("ascii", "replace").strip("\0 ") for tag, value in self._values.items()}

    def _walk(self, data: memoryview) -> None:
        at, end = 0, len(data)
        while at < end:
            if self._skip:
                at = self._pass_over(data, at)
            elif self._padding:
                if bytes(data[at:]).strip(b"\0"):
                    raise NotDicom("There are bytes after the zeros that end the data set.", _FIX)
                return
            elif self._tail:
                joined = memoryview(self._tail + data[at : at + 12])
                after = self._header(joined, 0)
                if after < 0:
                    self._tail = bytes(joined)
                    return
                at += after - len(self._tail)
                self._tail = b""
            else:
                if self._fast and not self._levels:
                    at = self._fast_headers(data, at)
                    if self._skip or at >= end:
                        continue
                after = self._header(data, at)
                if after < 0:
                    self._tail = bytes(data[at:])
                    return
                at = after

    def _pass_over(self, data: memoryview, at: int) -> int:
        step = min(self._skip, len(data) - at)
        if self._keeping is not None:
            kept = self._values[self._keeping]
            self._values[self._keeping] = kept + data[at : at + min(step, _MAX_VALUE - len(kept))]
        self._skip -= step
        if not self._skip:
            self._keeping = None
        return at + step

    def _fast_headers(
        self,
        data: memoryview,
        at: int,
        header: struct.Struct = struct.Struct("<L2sH"),  # noqa: B008 a constant, as a local name
        long_length: struct.Struct = struct.Struct("<L"),  # noqa: B008
    ) -> int:
        """Whole top-level elements of explicit VR little endian that lie in this piece: nearly all of them.

        Stops in front of whatever is not plain (it is left to `_header`), or with a value to keep or to skip.
        """
        end = len(data) - 12
        wanted, short, long = self._fast_wanted, SHORT_VRS, LONG_VRS
        count = 0
        while at <= end:
            tag, vr, length = header.unpack_from(data, at)
            if vr in short:
                if tag in wanted:
                    break
                after = at + 8 + length
            elif vr in long:
                length = long_length.unpack_from(data, at + 8)[0]
                if length == _UNDEFINED or tag in wanted:
                    break
                after = at + 12 + length
            else:
                break
            count += 1
            if after > len(data):
                self._skip = after - len(data)
                at = len(data)
                break
            at = after
        self._count += count
        return at

    def _header(self, data: memoryview, at: int) -> int:
        """Take one header; the offset after it, or -1 when more bytes are needed."""
        if len(data) - at < 8:
            return -1
        level = self._levels[-1] if self._levels else None
        little = level.little if level else self._little
        group, number = struct.unpack_from("<HH" if little else ">HH", data, at)
        tag = group << 16 | number
        if level is None:
            return self._element(data, at, tag, implicit=self._implicit, little=little)
        if level.is_item and tag != _ITEM_END:
            return self._element(data, at, tag, implicit=level.implicit, little=little)
        if level.is_item or tag == _SEQUENCE_END:
            self._levels.pop()
            return at + 8
        if tag != _ITEM:
            raise NotDicom(f"Expected an item, found {_name(tag)}.", _FIX)
        (length,) = struct.unpack_from("<L" if little else ">L", data, at + 4)
        if length != _UNDEFINED:
            self._skip = length
        elif level.has_fragments:
            raise NotDicom("A pixel data fragment has no length.", _FIX)
        else:
            self._levels.append(_Level(is_item=True, implicit=level.implicit, little=little))
        return at + 8

    def _element(self, data: memoryview, at: int, tag: int, *, implicit: bool, little: bool) -> int:
        top = not self._levels
        if top and not any(data[at : at + 8]):
            # Some modalities pad with zero bytes; in implicit VR they read as elements without a value.
            self._padding = not implicit
            return at + 8
        vr, after = b"", at + 8
        if implicit:
            (length,) = struct.unpack_from("<L" if little else ">L", data, at + 4)
        else:
            vr = bytes(data[at + 4 : at + 6])
            if vr in SHORT_VRS:
                (length,) = struct.unpack_from("<H" if little else ">H", data, at + 6)
            elif vr not in LONG_VRS:
                raise NotDicom(f"{_name(tag)} has no known value representation.", _FIX)
            elif len(data) - at < 12:
                return -1
            else:
                (length,) = struct.unpack_from("<L" if little else ">L", data, at + 8)
                after = at + 12
        if top:
            self._count += 1
        if length == _UNDEFINED:
            self._open(tag, vr, implicit=implicit, little=little)
            return after
        self._skip = length
        if top and tag in self._wanted:
            self._values[tag] = b""
            self._keeping = tag if length else None
        return after

    def _open(self, tag: int, vr: bytes, *, implicit: bool, little: bool) -> None:
        if sum(not level.is_item for level in self._levels) >= _MAX_DEPTH:
            raise NotDicom(f"Sequences are nested more than {_MAX_DEPTH} deep.", _FIX)
        if vr == b"UN":  # holds implicit VR little endian items (PS3.5 6.2.2 note 2)
            implicit, little = True, True
        fragments = vr in (b"OB", b"OW") and tag == _PIXEL_DATA
        self._levels.append(_Level(is_item=False, implicit=implicit, little=little, has_fragments=fragments))


@lru_cache(maxsize=64)
def _form(transfer_syntax_uid: str) -> tuple[bool, bool, bool]:
    """Whether it is implicit VR, little endian, deflated; an unknown syntax is explicit VR little endian."""
    from pydicom.uid import UID

    syntax = UID(transfer_syntax_uid)
    if not syntax.is_transfer_syntax or syntax.is_private:
        return False, True, False
    return syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated


def _name(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
