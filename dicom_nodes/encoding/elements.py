"""Where the elements of a little-endian data set lie, as byte ranges; nothing is decoded (PS3.5 section 7).

Strict on purpose: what is not plainly well-formed raises `NotTaken`, and `deidentify` decides about it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.headers import (
    ENCODED_SEQUENCE_END,
    ITEM,
    ITEM_END,
    PIXEL_DATA,
    SEQUENCE_END,
    SHORT_BYTES,
    UNDEFINED,
    header,
    item_header,
)
from dicom_nodes.encoding.octets import Octets
from dicom_nodes.encoding.uids import EXPLICIT
from dicom_nodes.encoding.vrs import SHORT_FORM

SEQUENCE: Final = "SQ"
_DEEPEST: Final = 15
_explicit = struct.Struct("<HH2sH").unpack_from
_implicit = struct.Struct("<HHL").unpack_from
_new = tuple.__new__  # a named tuple without the detour by its own constructor

VrOf = Callable[[int], str]
"""Tells the VR of a tag, "UN" where nobody knows it: implicit VR leaves that to a data dictionary (PS3.6)."""


class NotTaken(Exception):
    """The walk does not take this object; no value of it is in the text."""


class Element(NamedTuple):
    """Bytes `start`..`end` of an element, its value at `value`..`stop` (delimiters left out)."""

    tag: int
    vr: str
    start: int
    value: int
    stop: int
    end: int


class Item(NamedTuple):
    """The data set of one item of a sequence, or one fragment of pixel data."""

    start: int
    end: int


def elements(data: Octets, at: int, end: int, *, vr_of: VrOf | None, depth: int = 0) -> list[Element]:
    """The elements of `data[at:end]`, which they fill completely, in ascending order of tags.

    Here and below, `vr_of` is that of implicit VR, and None where the elements tell their VRs.
    """
    found, after = _elements(data, at, end, vr_of, depth, delimited=False)
    if after != end:
        raise NotTaken
    return found


def elements_between(
    data: Octets, at: int, *, vr_of: VrOf | None, after: int = -1, below: int = ITEM
) -> tuple[list[Element], int]:
    """The elements from `at` on with tags above `after` and under `below`, and the position behind them."""
    return _elements(data, at, len(data), vr_of, 0, delimited=False, last=after, below=below)


def items(data: Octets, element: Element, *, vr_of: VrOf | None, depth: int) -> list[Item]:
    """The items of a sequence."""
    delimited = element.stop != element.end
    found, after = _items(data, element.value, element.end, vr_of, depth, delimited=delimited)
    if after != element.end:
        raise NotTaken
    return found


def fragments(data: Octets, at: int, end: int) -> Iterator[Item]:
    """The fragments of encapsulated pixel data from `at` on, offset table first (PS3.5 A.4); ends where none follows.

    The last one may reach beyond `end`: it is cut off there.
    """
    while at + SHORT_BYTES <= end:
        group, number, length = _implicit(data, at)
        if group << 16 | number != ITEM:
            return
        at += SHORT_BYTES
        yield Item(at, min(at + length, end))
        at += length


def _elements(
    data: Octets,
    at: int,
    end: int,
    vr_of: VrOf | None,
    depth: int,
    *,
    delimited: bool,
    last: int = -1,
    below: int = ITEM,
) -> tuple[list[Element], int]:
    """The elements, and the position after them (and after their delimiter)."""
    if depth > _DEEPEST:
        raise NotTaken
    walked: list[Element] = []
    append, short_vr = walked.append, SHORT_FORM.get
    while at < end:
        value = at + SHORT_BYTES
        try:  # nearly all elements of nearly all files
            if vr_of is None:
                group, number, code, length = _explicit(data, at)
                tag, vr, stop = group << 16 | number, short_vr(code), value + length
                if vr is not None and last < tag < below and stop <= end:
                    append(_new(Element, (tag, vr, at, value, stop, stop)))
                    last, at = tag, stop
                    continue
            else:
                group, number, length = _implicit(data, at)
                tag, stop = group << 16 | number, value + length
                if last < tag < below and stop <= end and length != UNDEFINED:
                    append(_new(Element, (tag, vr_of(tag), at, value, stop, stop)))
                    last, at = tag, stop
                    continue
        except struct.error:
            raise NotTaken from None
        if tag == ITEM_END and delimited and item_header(data, at) == (ITEM_END, 0):
            return walked, at + SHORT_BYTES
        if tag <= last or tag >= ITEM:
            raise NotTaken
        if tag >= below:
            return walked, at
        element = _other(data, at, end, vr_of, depth)
        append(element)
        last, at = tag, element.end
    if delimited:
        raise NotTaken
    return walked, at


def _other(data: Octets, at: int, end: int, vr_of: VrOf | None, depth: int) -> Element:
    """The element at `at`, whose VR has the long form or whose length is undefined."""
    if vr_of is None:
        try:
            here = header(data, at, EXPLICIT)
        except NotDicom:
            raise NotTaken from None
        if here is None:
            raise NotTaken
        tag, vr, length, value = here
    else:
        group, number, length = _implicit(data, at)
        tag, vr, value = group << 16 | number, SEQUENCE, at + SHORT_BYTES
    if length != UNDEFINED:
        stop = after = value + length
    elif tag == PIXEL_DATA and (vr_of is not None or vr != SEQUENCE):
        vr = vr if vr_of is None else vr_of(tag)
        stop = value
        for fragment in fragments(data, value, end):
            stop = fragment.end
        after = stop + len(ENCODED_SEQUENCE_END)
        if data[stop:after] != ENCODED_SEQUENCE_END:
            raise NotTaken
    elif vr == SEQUENCE:
        _, after = _items(data, value, end, vr_of, depth + 1, delimited=True)
        stop = after - SHORT_BYTES
    else:
        raise NotTaken
    if after > end:
        raise NotTaken
    return _new(Element, (tag, vr, at, value, stop, after))


def _items(
    data: Octets, at: int, end: int, vr_of: VrOf | None, depth: int, *, delimited: bool
) -> tuple[list[Item], int]:
    """The items, and the position after them (and after their delimiter)."""
    walked: list[Item] = []
    while at < end:
        here = item_header(data, at)
        if here is None:
            raise NotTaken
        tag, length = here
        at += SHORT_BYTES
        if tag == SEQUENCE_END and delimited and not length:
            return walked, at
        if tag != ITEM:
            raise NotTaken
        if length == UNDEFINED:
            _, after = _elements(data, at, end, vr_of, depth, delimited=True)
            walked.append(Item(at, after - SHORT_BYTES))
        else:
            after = at + length
            walked.append(Item(at, after))
        at = after
    if delimited:
        raise NotTaken
    return walked, at
