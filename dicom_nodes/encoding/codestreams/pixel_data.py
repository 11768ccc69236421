"""Encapsulated pixel data (PS3.5 A.4): fragments put together to frames, each walked by its codec, offsets by value."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from dicom_nodes.encoding.codestreams import jpeg, jpeg_2000, rle
from dicom_nodes.encoding.codestreams.edits import Edit, UnaccountedBytes
from dicom_nodes.encoding.elements import Item, fragments
from dicom_nodes.encoding.headers import SHORT_BYTES
from dicom_nodes.encoding.octets import Octets

_RLE: Final = "1.2.840.10008.1.2.5"
_JPEG: Final = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (*range(50, 67), 70, 80, 81))
_JPEG_2000: Final = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (90, 91, 92, 93, 201, 202, 203))
_ITEM: Final = b"\xfe\xff\x00\xe0"
_ZEROS: Final = bytes(1 << 16)


class FrameShape(NamedTuple):
    """What the header says of the pixels: their number and the bytes of each sample."""

    frames: int
    rows: int
    columns: int
    samples: int
    sample_bytes: int


@dataclass(frozen=True)
class Account:
    """What is to be written over (in order), and where each frame begins and how long it is afterwards."""

    edits: tuple[Edit, ...]
    offsets: tuple[int, ...] = field(repr=False)
    """In bytes from the first fragment's item on, as in offset tables."""
    lengths: tuple[int, ...] = field(repr=False)


class Walked(NamedTuple):
    """What is to be written over in one codestream, and where it ends; None if it has no end."""

    edits: list[Edit]
    end: int | None


Pieces = Sequence[bytes | memoryview]
"""One after the other a codestream; where it is large, they lie on the disk."""
Walk = Callable[[Pieces, str, FrameShape], Walked]
"""Follows a codestream of a transfer syntax, as `walk_codestream` does."""


def walk_codestream(
    code: bytes, transfer_syntax_uid: str, shape: FrameShape, ends: jpeg.Ends = jpeg.NOTHING_DECODED
) -> Walked:
    """One frame by its codec; raises UnaccountedBytes for what is none of that shape."""
    if transfer_syntax_uid == _RLE:
        planes = shape.samples * shape.sample_bytes
        if not 0 < planes < 16:
            raise UnaccountedBytes("The header does not say what the RLE frames hold.")
        return Walked(rle.walk(code, planes, shape.rows * shape.columns), len(code))
    if transfer_syntax_uid in _JPEG:
        return Walked(*jpeg.walk(code, shape.rows, shape.columns, shape.samples, ends))
    return Walked(*jpeg_2000.walk(code, shape.rows, shape.columns, shape.samples))


def _walk_here(code: Pieces, transfer_syntax_uid: str, shape: FrameShape) -> Walked:
    return walk_codestream(b"".join(code), transfer_syntax_uid, shape)


def account(
    data: Octets,
    start: int,
    stop: int,
    transfer_syntax_uid: str,
    shape: FrameShape,
    walk: Walk = _walk_here,
) -> Account:
    """Every byte of the encapsulated value at `start`..`stop`: the codec's, or to be written over.

    Bytes behind the end of a frame become zero; an offset table that is not true becomes empty. Raises
    UnaccountedBytes for fragments that belong to no frame, and for codecs that are not walked here.
    """
    table, *rest = [*fragments(data, start, stop)] or [Item(start, start)]
    last = rest[-1] if rest else table
    if last.end != stop or data[last.start - 4 : last.start] != struct.pack("<L", last.end - last.start):
        raise UnaccountedBytes("The fragments of the pixel data do not fill them.")
    groups = _groups(data, rest, transfer_syntax_uid)
    if len(groups) > max(shape.frames, 1):
        raise UnaccountedBytes("The pixel data have more fragments than the image has frames.")
    edits: list[Edit] = []
    offsets: list[int] = []
    lengths: list[int] = []
    at = 0
    for group in groups:
        of_frame = _frame(data, group, transfer_syntax_uid, shape, walk)
        shorter = sum(edit.end - edit.start - len(edit.content) for edit in of_frame)
        edits += of_frame
        offsets.append(at)
        lengths.append(sum(item.end - item.start for item in group) - shorter)
        at += lengths[-1] + SHORT_BYTES * len(group)
    said = data[table.start : table.end]
    if said and said != struct.pack(f"<{len(offsets)}L", *offsets):
        edits.insert(0, Edit(table.start - SHORT_BYTES, table.end, _ITEM + bytes(4)))
    return Account(tuple(edits), tuple(offsets), tuple(lengths))


def _groups(data: Octets, rest: Sequence[Item], syntax: str) -> list[list[Item]]:
    """The fragments of each frame: one with RLE; with others a frame begins where a codestream does."""
    if syntax == _RLE:
        return [[item] for item in rest]
    if syntax in _JPEG:
        starts: tuple[bytes, ...] = (jpeg.START,)
    elif syntax in _JPEG_2000:
        starts = (jpeg_2000.START, jpeg_2000.JP2_START)
    else:
        raise UnaccountedBytes(
            "The pixel data are compressed in a way whose bytes are not accounted for here."
        )
    groups: list[list[Item]] = []
    for item in rest:
        if data[item.start : item.start + 12].startswith(starts):
            groups.append([])
        if not groups:
            raise UnaccountedBytes("The pixel data begin with a fragment that is no image.")
        groups[-1].append(item)
    return groups


def _frame(data: Octets, group: Sequence[Item], syntax: str, shape: FrameShape, walk: Walk) -> list[Edit]:
    view = memoryview(data)
    code = [view[item.start : item.end] for item in group]
    if syntax in _JPEG_2000 and bytes(code[0][: len(jpeg_2000.JP2_START)]) == jpeg_2000.JP2_START:
        return _of_jp2(data, b"".join(code), group, syntax, shape, walk)
    edits, end = walk(code, syntax, shape)
    if end is None and len(group) > 1:
        raise UnaccountedBytes("A JPEG image in several fragments has no end.")
    length = sum(map(len, code))
    return [*_placed(edits, group), *_zeroed(data, length if end is None else end, group)]


def _of_jp2(
    data: Octets, code: bytes, group: Sequence[Item], syntax: str, shape: FrameShape, walk: Walk
) -> list[Edit]:
    """Of a frame that is a JP2 file, which PS3.5 A.4.4 does not want: it is read as a whole."""
    first, last = jpeg_2000.codestream_of(code)
    edits, end = walk([code[first:last]], syntax, shape)
    end = last if end is None else first + end
    if jpeg_2000.is_plain_jp2(code):
        edits = [Edit(edit.start + first, edit.end + first, edit.content) for edit in edits]
        return [*_placed(edits, group), *_zeroed(data, end, group)]
    if len(group) > 1:
        raise UnaccountedBytes("A JP2 file lies in several fragments.")
    return [_bare(code[first:end], edits, group[0])]


def _bare(code: bytes, edits: Sequence[Edit], item: Item) -> Edit:
    """A JP2 file becomes its codestream, item header included."""
    bare = bytearray(code)
    for edit in edits:
        bare[edit.start : edit.end] = edit.content
    bare += bytes(len(bare) % 2)
    return Edit(item.start - SHORT_BYTES, item.end, _ITEM + struct.pack("<L", len(bare)) + bytes(bare))


def _zeroed(data: Octets, end: int, group: Sequence[Item]) -> list[Edit]:
    """Padding behind the end of a frame is zero, or one 0xFF; a whole fragment behind it is none of it."""
    last = group[-1]
    at = last.start + end - sum(item.end - item.start for item in group[:-1])
    if len(group) > 1 and at <= last.start:
        raise UnaccountedBytes("A fragment of the pixel data belongs to no frame.")
    if last.end - at == 1 and data[at] == 0xFF:
        return []
    edits = []
    for start in range(at, last.end, len(_ZEROS)):
        stop = min(start + len(_ZEROS), last.end)
        zeros = _ZEROS[: stop - start]
        if data[start:stop] != zeros:
            edits.append(Edit(start, stop, zeros))
    return edits


def _placed(edits: Sequence[Edit], group: Sequence[Item]) -> list[Edit]:
    """Edits of a frame as edits of the file: one that reaches over several fragments is divided."""
    if not edits:
        return []
    placed: list[Edit] = []
    at = 0
    for item in group:
        length = item.end - item.start
        for edit in edits:
            first, last = max(edit.start - at, 0), min(edit.end - at, length)
            if first < last:
                content = edit.content[first + at - edit.start : last + at - edit.start]
                placed.append(Edit(item.start + first, item.start + last, content))
        at += length
    return placed
