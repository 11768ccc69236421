"""Where each element lies in an encoded Part 10 file: a small walker of its own, independent of the writer it checks.

It is the one reader of DICOM bytes outside `dicom_nodes.encoding`, and stays so on purpose: what leaves was read and
written with that library, and a proof must not repeat the mistakes of what it judges. So nothing of it is imported
here, not even its table of VRs; a contract in pyproject.toml sees to it, and tests/gateway/privacy/leak_search/
test_spans.py compares what both of them find.

It never fails: what it cannot read becomes one span called "(unreadable)", so that nothing escapes the search.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from functools import cache, lru_cache
from mmap import mmap
from typing import Final, NamedTuple

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

Octets = bytes | mmap

_LONG_VRS: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_SHORT_VRS: Final = {
    vr: vr.decode() for vr in b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()
}
_new = tuple.__new__  # a named tuple without the detour by its own constructor
_UNDEFINED: Final = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DEEPEST: Final = 64
UNREADABLE: Final = "(unreadable)"


class Span(NamedTuple):
    """The value of one element: bytes `start`..`end`; `path` is "Sequence/Keyword", `vr` "UN" where unknown."""

    path: str
    vr: str
    start: int
    end: int


class _Unreadable(Exception):
    pass


def transfer_syntax(encoded: Octets) -> tuple[str, int]:
    """The Transfer Syntax UID of a Part 10 file and where its data set begins; ("", 0) when it has none."""
    walker = _Walker(encoded, [])
    with suppress(_Unreadable, struct.error, IndexError):
        walker.file_meta()
    for span in walker.found:
        if span.path == "file meta/TransferSyntaxUID":
            value = encoded[span.start : span.end].strip(b" \0")
            return value.decode("ascii", "replace"), walker.found[-1].end
    return "", 0


def spans(encoded: Octets) -> list[Span]:
    """The leaf values of a Part 10 file in file order, file meta included; items of sequences by their path."""
    walked: list[Span] = []
    walker = _Walker(encoded, walked)
    try:
        start, syntax = walker.file_meta()
        walker.implicit = syntax == ImplicitVRLittleEndian
        walker.order = ">" if syntax == ExplicitVRBigEndian else "<"
        while start < len(encoded):  # a stray delimiter ends no data set: what follows it is searched, too
            start = walker.elements(start, len(encoded), "", 0)
    except (_Unreadable, struct.error, IndexError):
        start = walked[-1].end if walked else 0
        walked.append(Span(UNREADABLE, "UN", start, len(encoded)))
    return walked


class _Walker:
    def __init__(self, data: Octets, found: list[Span]) -> None:
        self.data = data
        self.found = found
        self.implicit = False
        self.order = "<"

    def file_meta(self) -> tuple[int, str]:
        if self.data[128:132] != b"DICM":
            raise _Unreadable
        at, syntax = 132, ""
        while self.data[at : at + 2] == b"\x02\x00":
            known, start = _plain(self.data[at : at + 6]), at + 8
            if known is not None and start <= len(self.data):
                (tag, name, vr), length = known, self.data[at + 6] | self.data[at + 7] << 8
            else:
                tag, vr, length, start = self._header(at)
                name = _name(tag)
            if length == _UNDEFINED or start + length > len(self.data):
                raise _Unreadable
            self.found.append(_new(Span, ("file meta/" + name, vr, start, start + length)))
            if tag == 0x00020010:
                syntax = self.data[start : start + length].decode("ascii", "replace").rstrip(" \0")
            at = start + length
        return at, syntax

    def elements(self, at: int, end: int, path: str, depth: int) -> int:
        """Walk elements until `end` or an item delimiter; the position after it."""
        if depth > _DEEPEST:
            raise _Unreadable
        data, append, plain = self.data, self.found.append, self.order == "<" and not self.implicit
        while at < end:
            if plain:  # nearly all elements of nearly all files
                known = _plain(data[at : at + 6])
                start = at + 8
                if known is not None and start <= end:
                    after = start + (data[at + 6] | data[at + 7] << 8)
                    if after <= end:
                        append(_new(Span, (path + known[1], known[2], start, after)))
                        at = after
                        continue
            tag, vr, length, start = self._header(at)
            if tag == _ITEM_END:
                return start
            here = f"{path}{_name(tag)}"
            if vr == "SQ" or (length == _UNDEFINED and tag != 0x7FE00010):
                at = self._items(start, end if length == _UNDEFINED else start + length, here, depth, length)
            elif length == _UNDEFINED:
                at = self._fragments(start, here, vr)
            else:
                at = start + length
                if at > end:
                    raise _Unreadable
                self.found.append(Span(here, vr, start, at))
        return at

    def _items(self, at: int, end: int, path: str, depth: int, sequence_length: int) -> int:
        while at < end:
            tag, length = self._item(at)
            at += 8
            if tag == _SEQUENCE_END:
                return at
            if tag != _ITEM:
                raise _Unreadable
            at = self.elements(at, end if length == _UNDEFINED else at + length, path + "/", depth + 1)
        if sequence_length == _UNDEFINED:
            raise _Unreadable
        return at

    def _fragments(self, at: int, path: str, vr: str) -> int:
        while True:
            tag, length = self._item(at)
            at += 8
            if tag == _SEQUENCE_END:
                return at
            if tag != _ITEM or at + length > len(self.data):
                raise _Unreadable
            self.found.append(Span(path, vr, at, at + length))
            at += length

    def _item(self, at: int) -> tuple[int, int]:
        group, element, length = struct.unpack_from(self.order + "HHL", self.data, at)
        return (group << 16) | element, length

    def _header(self, at: int) -> tuple[int, str, int, int]:
        group, element = struct.unpack_from(self.order + "HH", self.data, at)
        tag = (group << 16) | element
        if self.implicit or group == 0xFFFE:
            (length,) = struct.unpack_from(self.order + "L", self.data, at + 4)
            return tag, _dictionary_vr(tag), length, at + 8
        vr = self.data[at + 4 : at + 6]
        if not (vr.isalpha() and vr.isupper()):
            raise _Unreadable
        if vr in _LONG_VRS:
            (length,) = struct.unpack_from(self.order + "L", self.data, at + 8)
            return tag, vr.decode("ascii"), length, at + 12
        (length,) = struct.unpack_from(self.order + "H", self.data, at + 6)
        return tag, vr.decode("ascii"), length, at + 8


@lru_cache(maxsize=4096)
def _plain(head: bytes) -> tuple[int, str, str] | None:
    """Tag, name and VR of an element whose header, of eight bytes in explicit little endian, begins so; or None."""
    short = _SHORT_VRS.get(head[4:])
    group, element = head[0] | head[1] << 8, head[2] | head[3] << 8
    if short is None or group == 0xFFFE:
        return None
    return group << 16 | element, _name(group << 16 | element), short


@cache
def _dictionary_vr(tag: int) -> str:
    try:
        return dictionary_VR(tag)[:2]
    except KeyError:
        return "UN"


@cache
def _name(tag: int) -> str:
    return keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
