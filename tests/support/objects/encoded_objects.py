"""Data sets as bytes, made by a writer of their own: what readers of bytes are judged by.

It shares nothing with the readers: no table, no constant, no code.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from pydicom.datadict import DicomDictionary

UNDEFINED = 0xFFFFFFFF
PIXEL_DATA = 0x7FE00010
LONG = frozenset("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())  # noqa: SIM905 reads better as text


@dataclass(frozen=True)
class Leaf:
    """An element with a value."""

    tag: int
    vr: str
    value: bytes


@dataclass(frozen=True)
class Nested:
    """A sequence; `undefined`: with delimiters instead of lengths, of itself and of each item."""

    tag: int
    items: tuple[tuple[Node, ...], ...]
    undefined: tuple[bool, bool]
    vr: str = "SQ"


@dataclass(frozen=True)
class Fragments:
    """Encapsulated pixel data: the offset table and what follows."""

    pieces: tuple[bytes, ...]
    tag: int = PIXEL_DATA
    vr: str = "OB"


Node = Leaf | Nested | Fragments


@dataclass(frozen=True)
class Form:
    """How a data set is encoded."""

    implicit: bool = False
    little: bool = True

    def tag(self, tag: int) -> bytes:
        """Group and element number."""
        return struct.pack("<HH" if self.little else ">HH", tag >> 16, tag & 0xFFFF)

    def number(self, value: int, size: int) -> bytes:
        """A length."""
        return value.to_bytes(size, "little" if self.little else "big")

    def header(self, tag: int, vr: str, length: int) -> bytes:
        """Of an element."""
        if self.implicit:
            return self.tag(tag) + self.number(length, 4)
        if vr in LONG:
            return self.tag(tag) + vr.encode() + b"\0\0" + self.number(length, 4)
        return self.tag(tag) + vr.encode() + self.number(length, 2)

    def item(self, content: bytes, *, undefined: bool = False) -> bytes:
        """Of a sequence, or a fragment."""
        if not undefined:
            return self.tag(0xFFFEE000) + self.number(len(content), 4) + content
        return self.tag(0xFFFEE000) + self.number(UNDEFINED, 4) + content + self.tag(0xFFFEE00D) + bytes(4)

    def element(self, node: Node) -> bytes:
        """Of a data set."""
        if isinstance(node, Leaf):
            return self.header(node.tag, node.vr, len(node.value)) + node.value
        if isinstance(node, Fragments):
            content, undefined = b"".join(map(self.item, node.pieces)), True
        else:
            undefined, inside = node.undefined
            content = b"".join(self.item(self.data_set(item), undefined=inside) for item in node.items)
        if not undefined:
            return self.header(node.tag, node.vr, len(content)) + content
        return self.header(node.tag, node.vr, UNDEFINED) + content + self.tag(0xFFFEE0DD) + bytes(4)

    def data_set(self, nodes: Sequence[Node]) -> bytes:
        """Of all elements, in the order they come in."""
        return b"".join(map(self.element, nodes))

    def ends(self, nodes: Sequence[Node]) -> list[int]:
        """Where each top-level element ends."""
        ends, at = [], 0
        for node in nodes:
            at += len(self.element(node))
            ends.append(at)
        return ends


EXPLICIT, IMPLICIT, BIG_ENDIAN = Form(), Form(implicit=True), Form(little=False)
SYNTAXES = {
    EXPLICIT: "1.2.840.10008.1.2.1",
    IMPLICIT: "1.2.840.10008.1.2",
    BIG_ENDIAN: "1.2.840.10008.1.2.2",
}


def file_meta(syntax: str, *more: Leaf) -> bytes:
    """Preamble and file meta information with a transfer syntax and `more` elements."""
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    group = EXPLICIT.data_set([Leaf(0x00020010, "UI", value), *more])
    return (
        bytes(128)
        + b"DICM"
        + EXPLICIT.element(Leaf(0x00020000, "UL", EXPLICIT.number(len(group), 4)))
        + group
    )


def leaves(nodes: Sequence[Node], path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], str, bytes]]:
    """(tags from the outermost, VR, value) of every element with a value, in the order of the file."""
    for node in nodes:
        here = (*path, node.tag)
        if isinstance(node, Leaf):
            yield here, node.vr, node.value
        elif isinstance(node, Fragments):
            yield from ((here, node.vr, piece) for piece in node.pieces)
        else:
            for item in node.items:
                yield from leaves(item, here)


# Attributes of one VR each, so that a data dictionary says in implicit VR what explicit VR says itself.
_BY_VR: dict[str, list[int]] = {}
for _tag, (_vr, *_) in sorted(DicomDictionary.items()):
    if 0x00080000 < _tag < PIXEL_DATA and _tag & 0xFFFF and " " not in _vr:
        _BY_VR.setdefault(_vr, []).append(_tag)
_SEQUENCES = _BY_VR.pop("SQ")[::20]
_PRIVATE = [0x00090010, 0x00091001, 0x00291008, 0x7FE11001]
_ATTRIBUTES = [(tag, vr) for vr, tags in sorted(_BY_VR.items()) for tag in tags[:: max(1, len(tags) // 8)]]


@st.composite
def data_sets(draw: st.DrawFn, depth: int = 3, pixels: bool = True) -> tuple[Node, ...]:
    """Elements in ascending order, of any VR, with values of any length, odd ones too; nested up to `depth`."""
    values = st.binary(max_size=20)
    nodes: dict[int, Node] = {
        tag: Leaf(tag, vr, draw(values))
        for tag, vr in draw(st.lists(st.sampled_from(_ATTRIBUTES), max_size=5 if depth < 3 else 8))
    }
    for tag in draw(st.lists(st.sampled_from(_PRIVATE), max_size=2)):
        nodes[tag] = Leaf(tag, "UN", draw(values))
    if depth:
        for tag in draw(st.lists(st.sampled_from(_SEQUENCES), max_size=2)):
            items = draw(st.lists(data_sets(depth - 1, pixels=False), max_size=2))
            nodes[tag] = Nested(tag, tuple(items), draw(st.tuples(st.booleans(), st.booleans())))
    if pixels and draw(st.booleans()):
        nodes[PIXEL_DATA] = Fragments(tuple(draw(st.lists(values, min_size=1, max_size=3))))
    return tuple(node for _, node in sorted(nodes.items()))
