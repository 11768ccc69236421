"""RLE frames: segments where the header says, each no longer than its samples."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.pixels.decoders.rle import _rle_decode_frame
from pydicom.pixels.encoders.native import _encode_segment

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes
from dicom_nodes.encoding.codestreams.rle import HEADER, walk

SECRET = b"Probe^Petra "


def frame(*segments: bytes, gap: bytes = b"", unused: int = 0) -> bytes:
    """A frame of these segments."""
    first = HEADER + len(gap)
    starts = [first + sum(map(len, segments[:number])) for number in range(len(segments))]
    offsets = [*starts, *[unused] * (15 - len(starts))]
    return struct.pack("<16L", len(segments), *offsets) + gap + b"".join(segments)


def cleaned(code: bytes, segments: int, length: int) -> bytes:
    """The frame after the edits."""
    new = bytearray(code)
    for edit in walk(code, segments, length):
        new[edit.start : edit.end] = edit.content
    return bytes(new)


@given(st.integers(1, 12), st.integers(1, 12), st.data())
@settings(derandomize=True, max_examples=60)
def test_text_anywhere_beside_the_runs_is_gone_and_the_samples_stay(
    rows: int, columns: int, data: st.DataObject
) -> None:
    """Behind any segment, between header and first segment, in offsets of segments that do not exist."""
    planes = [data.draw(st.binary(min_size=rows * columns, max_size=rows * columns)) for _ in range(2)]
    encoded = [bytes(_encode_segment(bytes(plane), columns)) for plane in planes]
    plain = frame(*encoded)
    assert walk(plain, 2, rows * columns) == []
    for hidden in (
        frame(encoded[0] + SECRET, encoded[1]),
        frame(encoded[0], encoded[1] + SECRET),
        frame(*encoded, unused=0x626F7250),
        frame(*encoded, gap=SECRET),
    ):
        new = cleaned(hidden, 2, rows * columns)
        assert SECRET not in new
        assert b"Prob" not in new[12:HEADER]
        assert len(new) == len(hidden)
    decoded = _rle_decode_frame(plain, rows, columns, 1, 16, "<")
    assert _rle_decode_frame(cleaned(plain, 2, rows * columns), rows, columns, 1, 16, "<") == decoded


def test_samples_behind_the_last_one_are_zero() -> None:
    """A literal run that goes on where the image ends is blanked from there."""
    code = frame(b"\x0f" + bytes(4) + SECRET)
    assert cleaned(code, 1, 4) == frame(b"\x0f" + bytes(4) + bytes(12))


@pytest.mark.parametrize(
    "code",
    [
        b"\1\0\0\0",
        frame(b"\x03abcd", b"\x03abcd"),
        frame(b"\x03ab"),
        frame(b"\x01ab"),
        frame(b"\x03abcd")[:4] + struct.pack("<L", 32) + frame(b"\x03abcd")[8:],
    ],
)
def test_what_is_no_frame_of_the_image_is_refused(code: bytes) -> None:
    """Shorter than a header, other segments, a run that ends too early, an offset into the header."""
    with pytest.raises(UnaccountedBytes):
        walk(code, 1, 4)
