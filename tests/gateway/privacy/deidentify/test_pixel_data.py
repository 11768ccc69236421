"""Text beside the pixels is overwritten; pixels and clean values stay byte for byte. (The codecs: `codestreams`.)"""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, RLELossless

from gateway.privacy.deidentify.pixel_data import has_true_offsets, is_zero, without_hidden_text
from gateway.privacy.errors import Held, HeldReason

SECRET = b"Probe^Petra"
texts = st.binary(max_size=40).map(lambda around: around[:20] + SECRET + around[20:])


def native(rows: int = 3) -> Dataset:
    """The pixel description of a native image of `rows` by `rows` 16-bit samples."""
    ds = Dataset()
    ds.Rows = ds.Columns = rows
    ds.BitsAllocated, ds.SamplesPerPixel, ds.PhotometricInterpretation = 16, 1, "MONOCHROME2"
    return ds


def compressed(syntax: str) -> Dataset:
    """The same of an image in a compressed transfer syntax."""
    ds = native()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    return ds


def rle(*samples: bytes, behind: bytes = b"") -> bytes:
    """One RLE frame of a segment of literal runs for each byte of a sample (PS3.5 Annex G)."""
    segments = [bytes([len(one) - 1]) + one for one in samples]
    starts = [64 + sum(map(len, segments[:number])) for number in range(len(segments))]
    return (
        struct.pack("<16L", len(segments), *starts, *[0] * (15 - len(starts))) + b"".join(segments) + behind
    )


def test_text_in_a_compressed_image_is_overwritten_where_it_stands() -> None:
    """What is left is the picture; without text the value is the same object."""
    planes = bytes(range(9)), bytes(range(9, 18))
    plain = encapsulate([rle(*planes, behind=bytes(12))])
    hidden = encapsulate([rle(*planes, behind=SECRET.ljust(12, b"\0"))])
    ds = compressed(RLELossless)
    assert without_hidden_text(ds, hidden, encapsulated=True) == plain
    assert without_hidden_text(ds, plain, encapsulated=True) is plain


@pytest.mark.parametrize(
    "syntax", [JPEGBaseline8Bit, JPEG2000Lossless, RLELossless, "1.2.840.10008.1.2.4.102"]
)
def test_what_is_no_picture_of_its_codec_is_held(syntax: str) -> None:
    """The reason says what to do, and quotes nothing."""
    with pytest.raises(Held) as held:
        without_hidden_text(compressed(syntax), encapsulate([SECRET + b" "]), encapsulated=True)
    assert "Probe" not in f"{held.value.problem} {held.value.fix}"
    assert "uncompressed" in held.value.fix


def test_an_extended_offset_table_stays_when_it_is_true() -> None:
    """Both of its attributes, by value: text in either of them takes both away."""
    frames = [rle(bytes(range(9)), bytes(range(9))), rle(bytes(9), bytes(9))]
    ds = compressed(RLELossless)
    ds.NumberOfFrames = 2
    ds.PixelData = encapsulate(frames, has_bot=False)
    ds["PixelData"].is_undefined_length = True
    offsets, lengths = struct.pack("<2Q", 0, len(frames[0]) + 8), struct.pack("<2Q", *map(len, frames))
    for table, long, true in (
        (offsets, lengths, True),
        (SECRET.ljust(16, b"\0"), lengths, False),
        (offsets, SECRET.ljust(16, b"\0"), False),
        (offsets + SECRET.ljust(16, b"\0"), lengths, False),
        (offsets, lengths[:7], False),
    ):
        ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = table, long
        assert has_true_offsets(ds) is true
    del ds.ExtendedOffsetTableLengths
    assert not has_true_offsets(ds)


@given(st.binary(min_size=18, max_size=18), st.integers(0, 5), texts)
@settings(derandomize=True)
def test_bytes_behind_the_last_pixel_are_zeroed(image: bytes, zeros: int, text: bytes) -> None:
    """A native image keeps its pixels and its length."""
    pixels = image + bytes(zeros) + text
    new = without_hidden_text(native(), pixels, encapsulated=False)
    assert new == image + bytes(zeros + len(text))


def test_native_pixels_with_nothing_behind_are_the_same_object() -> None:
    """Zero bytes behind the image are padding; without a pixel description nobody can say where it ends."""
    image, padded = bytes(range(18)), bytes(range(18)) + bytes(6)
    assert without_hidden_text(native(), image, encapsulated=False) is image
    assert without_hidden_text(native(), padded, encapsulated=False) is padded
    assert without_hidden_text(Dataset(), padded, encapsulated=False) is padded


@pytest.mark.parametrize("frames", [1, 2])
def test_native_pixels_that_are_too_few_are_held(frames: int) -> None:
    """One frame of two and then text: nobody can say where the pixels end."""
    ds = native()
    ds.NumberOfFrames = frames
    short = bytes(18 * (frames - 1)) + SECRET
    with pytest.raises(Held) as held:
        without_hidden_text(ds, short, encapsulated=False)
    assert held.value.reason is HeldReason.UNREADABLE
    assert "Probe" not in f"{held.value.problem} {held.value.fix}"


@pytest.mark.parametrize("at", [0, 1, 65535, 65536, 65537, 131072, 140000])
def test_one_byte_anywhere_is_not_zero(at: int) -> None:
    """Long spans are looked at block by block; no byte between two blocks is missed, none outside counts."""
    data = bytearray(140001)
    assert is_zero(bytes(data), 0, len(data))
    data[at] = 1
    assert not is_zero(bytes(data), 0, len(data))
    assert is_zero(bytes(data), 0, at)
    assert is_zero(bytes(data), at + 1, len(data))
