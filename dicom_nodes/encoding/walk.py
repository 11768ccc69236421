"""The walk over a data set, in pieces as it passes or as a whole: is it complete, and what are a few of its values?

`Walk` is fed the encoded data set in pieces of any size and keeps a few bytes: what is left of a value to skip, the
beginning of a header that was cut off, and one entry for each open sequence. It finds what a receiver must know
before it says Success: that no element reaches beyond the end, and the values of a few short elements. Values are not
touched, so a sequence with a length is passed over, not walked.
Standard: PS3.5 section 7 and Annex A.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import NamedTuple

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
    Header,
    header,
    item_header,
    name_of,
)
from dicom_nodes.encoding.uids import IMPLICIT, Encoding, encoding_of, uid_text
from dicom_nodes.encoding.vrs import LONG_FORM, SHORT_FORM

_MAX_DEPTH = 64
_MAX_VALUE = 1024  # bytes kept of a wanted value; UIDs have 64
_INFLATE_STEP = 1 << 20
_MOST_INFLATED = 1 << 29
"""Bytes a deflated data set may have: pydicom inflates it whole, and a 4D enhanced MR, never deflated, has as many."""
_ALWAYS_INFLATED = 64 << 20
_MOST_TIMES = 100
"""How many times its size it may inflate to, beyond `_ALWAYS_INFLATED`: images rarely reach 20, the format 1032."""
_DELIMITERS = (ITEM_END, SEQUENCE_END)


def walk(dataset: bytes, transfer_syntax_uid: str, wanted: Iterable[int] = ()) -> dict[int, str]:
    """Walk over a whole data set: the `wanted` top-level values that are there, by tag.

    Raises NotDicom where the encoding stops making sense, or for a data set that is cut short or empty.
    """
    whole = Walk(transfer_syntax_uid, wanted)
    whole.feed(memoryview(dataset))
    return whole.finish()


class _Level(NamedTuple):
    """An open sequence of undefined length, or an open item in it."""

    is_item: bool
    encoding: Encoding
    has_fragments: bool = False


class Walk:
    """The walk over one data set in `transfer_syntax_uid`; `wanted` are the top-level tags whose values to keep."""

    def __init__(self, transfer_syntax_uid: str, wanted: Iterable[int] = ()) -> None:
        self._encoding = encoding_of(transfer_syntax_uid)
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS) if self._encoding.deflated else None
        self._deflated = self._inflated = 0
        self._wanted = frozenset(wanted)
        self._is_little = self._encoding.little_endian
        self._plain_wanted = frozenset(_swapped(tag) for tag in (*self._wanted, *_DELIMITERS))
        self._values: dict[int, bytes] = {}
        self._keeping: int | None = None
        self._skip = 0
        self._inside = ITEM
        self._tail = b""
        self._levels: list[_Level] = []
        self._count = 0
        self._padding = False
        self._has_ended = False
        self._is_encapsulated = False
        self._above = -1  # behind an element of unknown VR: the tag that the next one must exceed

    @property
    def is_encapsulated(self) -> bool:
        """Whether pixel data came in fragments (PS3.5 A.4)."""
        return self._is_encapsulated

    def feed(self, data: memoryview) -> None:
        """Walk over the next piece; raises NotDicom where the encoding stops making sense."""
        if self._inflater is None:
            self._walk(data)
            return
        rest: bytes | memoryview = data
        self._deflated += len(data)
        most = min(_MOST_INFLATED, max(_ALWAYS_INFLATED, self._deflated * _MOST_TIMES))
        while not self._inflater.eof:
            try:
                inflated = self._inflater.decompress(rest, _INFLATE_STEP)
            except zlib.error as error:
                raise NotDicom("The deflated data set cannot be inflated.") from error
            self._inflated += len(inflated)
            if self._inflated > most:
                raise NotDicom(f"The deflated data set inflates to more than {most >> 20} MB.")
            self._walk(memoryview(inflated))
            rest = self._inflater.unconsumed_tail
            if not rest and len(inflated) < _INFLATE_STEP:
                return

    def finish(self) -> dict[int, str]:
        """The end of the data set: the wanted values that are there, by tag; raises NotDicom if anything is missing."""
        if self._inflater is not None and not self._inflater.eof:
            raise NotDicom("The deflated data set ends in the middle.")
        if self._skip:
            raise NotDicom(f"The data end inside {name_of(self._inside)}: {self._skip} bytes are missing.")
        if self._levels:
            raise NotDicom("The data end inside a sequence.")
        if any(self._tail):
            raise NotDicom("The data end inside an element header.")
        if not self._count:
            raise NotDicom("The data set is empty.")
        return {tag: uid_text(value) for tag, value in self._values.items()}

    def _walk(self, data: memoryview) -> None:
        at, end = 0, len(data)
        while at < end:
            if self._skip:
                at = self._pass_over(data, at)
            elif self._padding:
                if bytes(data[at:]).strip(b"\0"):
                    raise NotDicom("There are bytes after the zeros that end the data set.")
                return
            elif self._tail:
                joined = memoryview(self._tail + data[at : at + LONG_BYTES])
                after = self._header(joined, 0)
                if after < 0:
                    self._tail = bytes(joined)
                    return
                at += after - len(self._tail)
                self._tail = b""
            else:
                if self._is_little and not self._levels and not self._has_ended and self._above < 0:
                    at = self._plain_headers(data, at)
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

    def _plain_headers(
        self,
        data: memoryview,
        at: int,
        explicit: struct.Struct = struct.Struct("<L2sH"),  # noqa: B008 a constant, as a local name
        implicit: struct.Struct = struct.Struct("<LL"),  # noqa: B008
        long_length: struct.Struct = struct.Struct("<L"),  # noqa: B008
    ) -> int:
        """Top-level elements of a little-endian data set whose headers lie in this piece: nearly all of them.

        Stops in front of whatever is less plain (it is left to `_header`), or with a value to skip.
        """
        wanted, short, long, end = self._plain_wanted, SHORT_FORM, LONG_FORM, len(data)
        is_implicit, last, count = self._encoding.implicit, end - LONG_BYTES, 0
        while at <= last:
            if is_implicit:
                tag, length = implicit.unpack_from(data, at)
                after = at + SHORT_BYTES
            else:
                tag, vr, length = explicit.unpack_from(data, at)
                after = at + SHORT_BYTES
                if vr not in short:
                    if vr not in long:
                        break
                    length = long_length.unpack_from(data, after)[0]
                    after = at + LONG_BYTES
            if tag in wanted or length == UNDEFINED or not tag:
                break
            count += 1
            after += length
            if after > end:
                self._inside, self._skip = _swapped(tag), after - end
                at = end
                break
            at = after
        self._count += count
        return at

    def _header(self, data: memoryview, at: int) -> int:
        """Take one header; the offset after it, or -1 when more bytes are needed."""
        if not self._levels:
            return self._element(data, at, self._encoding)
        level = self._levels[-1]
        here = item_header(data, at, little_endian=level.encoding.little_endian)
        if here is None:
            return -1
        tag, length = here
        if level.is_item and tag != ITEM_END:
            return self._element(data, at, level.encoding)
        if level.is_item or tag == SEQUENCE_END:
            self._levels.pop()
            self._above = -1
        elif tag != ITEM:
            raise NotDicom(f"Expected an item, found {name_of(tag)}.")
        elif length != UNDEFINED:
            self._inside, self._skip = ITEM, length
        elif level.has_fragments:
            raise NotDicom("A pixel data fragment has no length.")
        else:
            self._levels.append(_Level(is_item=True, encoding=level.encoding))
        return at + SHORT_BYTES

    def _element(self, data: memoryview, at: int, encoding: Encoding) -> int:
        top = not self._levels
        if top and not any(data[at : at + SHORT_BYTES]):
            if len(data) - at < SHORT_BYTES:
                return -1
            # Some modalities pad with zero bytes; in implicit VR they read as elements without a value.
            self._padding = not encoding.implicit
            return at + SHORT_BYTES
        if top:
            delimiter = item_header(data, at, little_endian=encoding.little_endian)
            if delimiter is None:
                return -1
            if delimiter[0] in _DELIMITERS:
                # Writers that take the data set for an item end it like one; nothing may follow (but the like of it).
                if delimiter[1]:
                    raise NotDicom(f"{name_of(delimiter[0])} stands outside of a sequence and has a length.")
                self._has_ended = True
                return at + SHORT_BYTES
            if self._has_ended:
                raise NotDicom(f"{name_of(delimiter[0])} follows a delimiter that ends no sequence or item.")
        here = header(data, at, encoding, private_vrs=self._inflater is None)
        if here is None:
            return -1
        if here.tag <= self._above:
            raise NotDicom(
                f"{name_of(here.tag)} does not fit behind {name_of(self._above)}, whose VR is unknown."
            )
        self._above = here.tag if here.vr == UNKNOWN_VR else -1
        if top:
            self._count += 1
        if here.length == UNDEFINED:
            self._open(here, encoding)
        else:
            self._inside, self._skip = here.tag, here.length
            if top and here.tag in self._wanted:
                self._values[here.tag] = b""
                self._keeping = here.tag if here.length else None
        return here.value

    def _open(self, sequence: Header, encoding: Encoding) -> None:
        if sum(not level.is_item for level in self._levels) >= _MAX_DEPTH:
            raise NotDicom(f"Sequences are nested more than {_MAX_DEPTH} deep.")
        has_fragments = sequence.vr in ("OB", "OW") and sequence.tag == PIXEL_DATA
        self._is_encapsulated |= has_fragments
        # A value of unknown VR that has no length holds items in implicit VR little endian (PS3.5 6.2.2 note 2).
        inner = IMPLICIT if sequence.vr == "UN" else encoding
        self._levels.append(_Level(is_item=False, encoding=inner, has_fragments=has_fragments))


def _swapped(tag: int) -> int:
    """A tag as it reads in one number of 32 bits, little endian; and back."""
    return (tag & 0xFFFF) << 16 | tag >> 16
