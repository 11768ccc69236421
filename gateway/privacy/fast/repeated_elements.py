"""The elements of an object in stretches: where one repeats what an earlier object of its series had, it is not read.

Successive objects of a series repeat most of their elements byte for byte, in the same order. Whole elements parse
alike wherever the same bytes stand, so a known stretch is recognised by one comparison of bytes, and what was found out
about it (its values, what becomes of it) holds again. What repeats is learned from the first two objects of a series
and only ever shrinks: a stretch that is not met as it was is divided into the parts of it that were.

A stretch that repeats begins and ends with a public element, so the elements of a private group, which depend on their
creators (PS3.5 7.8.1), lie in it all or not at all. Which series an object is of is a guess that costs time when it is
wrong, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dicom_nodes.encoding.elements import Element, elements_between
from dicom_nodes.encoding.headers import PIXEL_DATA
from dicom_nodes.encoding.octets import Octets
from gateway.privacy.fast.dictionary import vr_of

_MOST_SERIES: Final = 64
_LONGEST_HEADER: Final = 1 << 20
"""Bytes of a header that is worth remembering; longer ones are those of multi-frame images, alone in their series."""
_SHORTEST: Final = 2  # elements


@dataclass(eq=False, slots=True)
class Stretch:
    """Consecutive top-level elements, at places in `data`: the file, or a copy of their bytes alone if it `repeats`."""

    data: Octets
    found: list[Element]
    repeats: bool

    @property
    def copied(self) -> bytes:
        """The bytes of one that `repeats`."""
        assert isinstance(self.data, bytes)
        return self.data


class Repeats:
    """Divides the data sets of many objects into stretches; what repeats comes as the same `Stretch` every time.

    Memory: the headers of one object of each of the last series.
    """

    def __init__(self) -> None:
        self._first: dict[bytes, Stretch] = {}
        """Of a series of which one object was seen: its header."""
        self._known: dict[bytes, list[Stretch]] = {}

    def stretches(self, data: Octets, start: int, *, implicit: bool) -> list[Stretch]:
        """The elements of the data set that begins at `start`, in order; raises NotTaken as `elements` does."""
        series = _series(data, start, implicit)
        known = self._known.get(series)
        if known is None:
            top_level, _ = elements_between(data, start, vr_of=vr_of(implicit))
            first = self._first.pop(series, None)
            common = _common([first], data, top_level) if first is not None else []
            if common or (first is not None and not first.found):
                self._known[series] = common
            else:
                self._begin(series, data, top_level)
            return [Stretch(data, top_level, False)]
        parts, missed = _divided(data, start, known, implicit)
        if missed:
            top_level = [element for part in parts if not part.repeats for element in part.found]
            left = [stretch for stretch in known if stretch not in missed] + _common(missed, data, top_level)
            if 2 * _count(left) > _count(known):
                self._known[series] = sorted(left, key=lambda stretch: stretch.found[0].tag)
            else:  # what was learned from does not look like the others: begin again with this one
                del self._known[series]
                self._begin(series, data, elements_between(data, start, vr_of=vr_of(implicit))[0])
        return parts

    def _begin(self, series: bytes, data: Octets, found: Sequence[Element]) -> None:
        if len(self._first) + len(self._known) >= _MOST_SERIES:
            self._first.clear()
            self._known.clear()
        self._first[series] = _header_of(data, found)


def _divided(
    data: Octets, at: int, known: Sequence[Stretch], implicit: bool
) -> tuple[list[Stretch], list[Stretch]]:
    """The stretches of an object, and those of `known` that are not among them."""
    parts: list[Stretch] = []
    missed: list[Stretch] = []
    single: list[Element] = []
    last = -1
    for stretch in known:
        if not data.startswith(stretch.copied, at):
            between, at = elements_between(
                data, at, vr_of=vr_of(implicit), after=last, below=stretch.found[0].tag
            )
            if between:
                single += between
                last = between[-1].tag
            if not data.startswith(stretch.copied, at):
                missed.append(stretch)
                continue
        if single:
            parts.append(Stretch(data, single, False))
            single = []
        parts.append(stretch)
        last = stretch.found[-1].tag
        at += len(stretch.data)
    between, _ = elements_between(data, at, vr_of=vr_of(implicit), after=last)
    single += between
    if single:
        parts.append(Stretch(data, single, False))
    return parts, missed


def _common(before: Sequence[Stretch], data: Octets, found: Sequence[Element]) -> list[Stretch]:
    """What of earlier stretches is in `data`, too: byte for byte, and with nothing in between."""
    tags = {element.tag: element for element in found}
    common: list[Stretch] = []
    for old in before:
        same: list[Element] = []
        end = -1
        for element in old.found:
            new = tags.get(element.tag)
            if new is None or data[new.start : new.end] != old.data[element.start : element.end]:
                common += _repeating(old.data, same)
                same = []
                continue
            if same and new.start != end:
                common += _repeating(old.data, same)
                same = []
            same.append(element)
            end = new.end
        common += _repeating(old.data, same)
    return common


def _count(stretches: Sequence[Stretch]) -> int:
    return sum(len(stretch.found) for stretch in stretches)


def _repeating(data: Octets, top_level: Sequence[Element]) -> Iterator[Stretch]:
    """`found` as a stretch of its own, from the first to the last public element, if that is worth it."""
    public = [index for index, element in enumerate(top_level) if not element.tag & 0x10000]
    if not public:
        return
    top_level = top_level[public[0] : public[-1] + 1]
    if len(top_level) < _SHORTEST:
        return
    first = top_level[0].start
    yield Stretch(
        data[first : top_level[-1].end],
        [
            Element(tag, vr, start - first, value - first, stop - first, end - first)
            for tag, vr, start, value, stop, end in top_level
        ],
        True,
    )


def _header_of(data: Octets, found: Sequence[Element]) -> Stretch:
    """A copy without the pixels; empty if it is too long to be kept."""
    header = [element for element in found if element.tag < PIXEL_DATA]
    if not header or header[-1].end > _LONGEST_HEADER:
        return Stretch(b"", [], False)
    return Stretch(data[: header[-1].end], header, False)


def _series(data: Octets, start: int, implicit: bool) -> bytes:
    """What looks like the Series Instance UID, read in passing."""
    at = data.find(b"\x20\0\x0e\0", start, start + _LONGEST_HEADER)
    if at < 0:
        return b"implicit" if implicit else b""
    return data[at : at + 8 + data[at + (4 if implicit else 6)]] if at + 8 < len(data) else b""
