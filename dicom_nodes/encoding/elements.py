"""Where the elements of a little-endian data set lie, as byte ranges; nothing is decoded (PS3.5 section 7).

Strict on purpose: what is not plainly well-formed raises `NotTaken`, and the engine on datasets decides about it.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import struct
from functools import cache
from typing import Final, NamedTuple

from pydicom.datadict import dictionary_VR

from dicom_nodes.encoding.octets import Octets

SEQUENCE: Final = "SQ"
PIXEL_DATA: Final = 0x7FE00010
_SHORT: Final = {
    vr.encode(): vr for vr in "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()
}
_LONG: Final = {vr.encode(): vr for vr in "OB OD OF OL OV OW SQ SV UC UN UR UT UV".split()}
_UNDEFINED: Final = 0xFFFFFFFF
_TRANSFER_SYNTAX: Final = 0x00020010
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DEEPEST: Final = 15
_explicit = struct.Struct("<HH2sH").unpack_from
_implicit = struct.Struct("<HHL").unpack_from
_length = struct.Struct("<L").unpack_from
_new = tuple.__new__  # a named tuple without the detour by its own constructor


class NotTaken(Exception):
    """The walk does not take this object; no value of it is in the text."""


class Element(NamedTuple):
    """Bytes `start`..`end` of an element, its value at `value`..`stop` (delimiters left out).

    `vr` is "UN" where the encoding does not say and the Standard does not know.
    """

    tag: int
    vr: str
    start: int
    value: int
    stop: int
    end: int


class Item(NamedTuple):
    """The data set of one item of a sequence."""

    start: int
    end: int


def elements(data: Octets, at: int, end: int, *, implicit: bool, depth: int = 0) -> list[Element]:
    """The elements of `data[at:end]`, which they fill completely, in ascending order of tags."""
    found, after = _elements(data, at, end, implicit, depth, delimited=False)
    if after != end:
        raise NotTaken
    return found


def elements_between(
    data: Octets, at: int, *, implicit: bool, after: int = -1, below: int = _ITEM
) -> tuple[list[Element], int]:
    """The elements from `at` on with tags above `after` and under `below`, and the position behind them."""
    return _elements(data, at, len(data), implicit, 0, delimited=False, last=after, below=below)


def file_meta(data: Octets) -> tuple[str, int, list[Element]]:
    """The Transfer Syntax UID of a Part 10 file, where its data set begins, and its file meta elements."""
    if data[128:132] != b"DICM":
        raise NotTaken
    syntax, at = "", 132
    found: list[Element] = []
    while data.startswith(b"\2\0", at):
        try:
            group, number, code, length = _explicit(data, at)
            tag, vr, value = group << 16 | number, _SHORT.get(code), at + 8
            if vr is None:
                tag, vr, length, value = _header(data, at, False)
        except struct.error:
            raise NotTaken from None
        stop = value + length
        if (found and tag <= found[-1].tag) or vr == SEQUENCE or stop > len(data):
            raise NotTaken
        if tag == _TRANSFER_SYNTAX:
            syntax = data[value:stop].strip(b" \0").decode("ascii", "replace")
        found.append(_new(Element, (tag, vr, at, value, stop, stop)))
        at = stop
    return syntax, at, found


def items(data: Octets, element: Element, *, implicit: bool, depth: int) -> list[Item]:
    """The items of a sequence."""
    delimited = element.stop != element.end
    found, after = _items(data, element.value, element.end, implicit, depth, delimited=delimited)
    if after != element.end:
        raise NotTaken
    return found


def _elements(
    data: Octets,
    at: int,
    end: int,
    implicit: bool,
    depth: int,
    *,
    delimited: bool,
    last: int = -1,
    below: int = _ITEM,
) -> tuple[list[Element], int]:
    """The elements, and the position after them (and after their delimiter)."""
    if depth > _DEEPEST:
        raise NotTaken
    found: list[Element] = []
    while at < end:
        try:
            if not implicit:  # nearly all elements of nearly all files
                group, number, code, length = _explicit(data, at)
                short = _SHORT.get(code)
                tag, stop = group << 16 | number, at + 8 + length
                if short is not None and last < tag < below and stop <= end:
                    found.append(_new(Element, (tag, short, at, at + 8, stop, stop)))
                    last, at = tag, stop
                    continue
            tag, vr, length, value = _header(data, at, implicit)
        except struct.error:
            raise NotTaken from None
        if tag == _ITEM_END and delimited and not length:
            return found, at + 8
        if tag <= last or tag >= _ITEM:
            raise NotTaken
        if tag >= below:
            return found, at
        last = tag
        if length != _UNDEFINED:
            stop = after = value + length
        elif vr == SEQUENCE:
            _, after = _items(data, value, end, implicit, depth + 1, delimited=True)
            stop = after - 8
        elif tag == PIXEL_DATA:
            after = _after_fragments(data, value, end)
            stop = after - 8
        else:
            raise NotTaken
        if after > end:
            raise NotTaken
        found.append(_new(Element, (tag, vr, at, value, stop, after)))
        at = after
    if delimited:
        raise NotTaken
    return found, at


def _header(data: Octets, at: int, implicit: bool) -> tuple[int, str, int, int]:
    """Tag, VR, length of the value and where it begins."""
    if implicit:
        group, number, length = _implicit(data, at)
        tag = group << 16 | number
        vr = SEQUENCE if length == _UNDEFINED and tag != PIXEL_DATA else dictionary_vr(tag)
        return tag, vr, length, at + 8
    group, number, code, length = _explicit(data, at)
    tag = group << 16 | number
    short = _SHORT.get(code)
    if short is not None:
        return tag, short, length, at + 8
    if code in _LONG:
        return tag, _LONG[code], _length(data, at + 8)[0], at + 12
    if tag == _ITEM_END:
        return tag, "", _length(data, at + 4)[0], at + 8
    raise NotTaken


def _items(
    data: Octets, at: int, end: int, implicit: bool, depth: int, *, delimited: bool
) -> tuple[list[Item], int]:
    found: list[Item] = []
    while at < end:
        try:
            group, number, length = _implicit(data, at)
        except struct.error:
            raise NotTaken from None
        tag = group << 16 | number
        at += 8
        if tag == _SEQUENCE_END and delimited and not length:
            return found, at
        if tag != _ITEM:
            raise NotTaken
        if length == _UNDEFINED:
            _, after = _elements(data, at, end, implicit, depth, delimited=True)
            found.append(Item(at, after - 8))
        else:
            after = at + length
            if after > end:
                raise NotTaken
            found.append(Item(at, after))
        at = after
    if delimited:
        raise NotTaken
    return found, at


def _after_fragments(data: Octets, at: int, end: int) -> int:
    """The position after encapsulated pixel data (PS3.5 A.4)."""
    while at + 8 <= end:
        group, number, length = _implicit(data, at)
        tag = group << 16 | number
        at += 8
        if tag == _SEQUENCE_END and not length:
            return at
        if tag != _ITEM or length == _UNDEFINED:
            break
        at += length
    raise NotTaken


@cache
def dictionary_vr(tag: int) -> str:
    """The Standard's VR of `tag` ("US or SS" where it leaves a choice), "UN" where it knows none."""
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"
