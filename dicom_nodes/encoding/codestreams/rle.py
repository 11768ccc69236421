"""RLE Lossless (PS3.5 Annex G): a header of 64 bytes, and for each byte of a sample a segment of runs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from dicom_nodes.encoding.codestreams.edits import Edit, UnaccountedBytes, over

HEADER: Final = 64  # bytes
_offsets = struct.Struct("<16L").unpack_from


def walk(code: bytes, segments: int, length: int) -> list[Edit]:
    """What is to be written over in one frame of `segments` segments, each of `length` bytes when decoded.

    Bytes behind the run that completes a segment are zeroed, and offsets of segments that do not exist. Raises
    UnaccountedBytes for what is no such frame.
    """
    if len(code) < HEADER:
        raise UnaccountedBytes("An RLE frame is shorter than its header.")
    count, *offsets = _offsets(code)
    starts = offsets[:segments]
    if count != segments or starts != sorted(set(starts)) or starts[0] < HEADER or starts[-1] > len(code):
        raise UnaccountedBytes("An RLE frame has other segments than its image.")
    edits = [*over(code, 4 + 4 * segments, HEADER, bytes(HEADER - 4 - 4 * segments))]
    edits += over(code, HEADER, starts[0], bytes(starts[0] - HEADER))
    for start, end in zip(starts, [*starts[1:], len(code)], strict=True):
        edits += _behind(code, start, end, length)
    return edits


def _behind(code: bytes, at: int, end: int, left: int) -> Iterator[Edit]:
    """What lies in a segment behind its last sample (G.3.2)."""
    while left > 0:
        if at >= end:
            raise UnaccountedBytes("A segment of an RLE frame is cut off.")
        run = code[at]
        if run < 128:
            at += 2 + run
            left -= 1 + run
        elif run > 128:
            at += 2
            left -= 257 - run
        else:
            at += 1
    if at > end:
        raise UnaccountedBytes("A run of an RLE frame reaches into the next segment.")
    surplus = -left if run < 128 else 0  # samples of the last literal run that nobody shows
    yield from over(code, at - surplus, end, bytes(end - at + surplus))
