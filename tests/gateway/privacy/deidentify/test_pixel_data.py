"""Text beside the pixels is overwritten in place; pixels, lengths and clean values stay byte for byte."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from gateway.privacy.deidentify.pixel_data import hides_text, is_zero, without_hidden_text

SECRET = b"Probe^Petra"
SCAN = (
    b"\xff\xda" + struct.pack(">H", 8) + b"\x01\x01\x00\x00\x3f\x00" + b"\x12\xff\x00\x34" * 3 + b"\xff\xd9"
)
texts = st.binary(max_size=40).map(lambda around: around[:20] + SECRET + around[20:])


def native(rows: int = 3) -> Dataset:
    """The pixel description of a native image of `rows` by `rows` 16-bit samples."""
    ds = Dataset()
    ds.Rows = ds.Columns = rows
    ds.BitsAllocated, ds.SamplesPerPixel, ds.PhotometricInterpretation = 16, 1, "MONOCHROME2"
    return ds


def segment(marker: int, content: bytes) -> bytes:
    """A marker segment of JPEG (ISO 10918-1 B.1.1.4)."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg(*segments: bytes) -> bytes:
    """Encapsulated pixel data of a JPEG image with `segments` in front of its scan."""
    return encapsulate([b"\xff\xd8" + b"".join(segments) + SCAN])


def jpeg_2000(comment: bytes) -> bytes:
    """Encapsulated pixel data of a JPEG 2000 codestream with a comment in its main header (ISO 15444-1 A.9.2)."""
    tile = b"\x93" + b"\x12\x34\x56\x78" * 4
    tile_part = b"\xff\x90" + struct.pack(">HHLBB", 10, 0, 12 + 1 + len(tile), 0, 1) + b"\xff" + tile
    return encapsulate([b"\xff\x4f" + segment(0x64, b"\x00\x01" + comment) + tile_part + b"\xff\xd9"])


def cleaned(pixels: bytes) -> bytes:
    """The encapsulated value without hidden text; `hides_text` has to say beforehand whether it changes."""
    new = without_hidden_text(Dataset(), pixels, encapsulated=True)
    assert hides_text(pixels, 0, len(pixels)) is (new is not pixels)
    return new


@given(texts)
@settings(derandomize=True)
def test_a_comment_is_blanked_where_it_stands(text: bytes) -> None:
    """JPEG and JPEG 2000: the text is gone, and nothing but the text has changed."""
    for pixels in (jpeg(segment(0xFE, text)), jpeg_2000(text)):
        assert cleaned(pixels) == pixels.replace(text, b" " * len(text))


@pytest.mark.parametrize("name", [b"Exif\0\0", b"", b"JFIF\0"])
@pytest.mark.parametrize("marker", [0xE0, 0xE1, 0xEF])
def test_text_in_an_application_segment_is_blanked(marker: int, name: bytes) -> None:
    """Whatever the segment is called; of one that decoders read, what they read stays."""
    pixels = jpeg(segment(marker, name + b"\x01\x02" * 4 + SECRET))
    new = cleaned(pixels)
    assert SECRET not in new
    assert len(new) == len(pixels)
    assert new.endswith(SCAN) or SCAN in new
    if (marker, name) == (0xE0, b"JFIF\0"):
        assert segment(marker, name)[4:] + b"\x01\x02" * 3 in new


@pytest.mark.parametrize(
    "pixels",
    [
        jpeg(),
        jpeg(segment(0xFE, b"Created by OpenJPEG version 2.5.0")),
        jpeg(segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0")),
        jpeg_2000(b"Kakadu-v7.10.2"),
        encapsulate([b"\x00" * 64 + SECRET]),
    ],
)
def test_what_hides_no_text_is_the_same_object(pixels: bytes) -> None:
    """No copy is made; an encoder's name is nobody's, and a codestream of another kind has no comments."""
    assert cleaned(pixels) is pixels


@given(st.integers(0, 80))
@settings(derandomize=True)
def test_a_codestream_that_is_cut_off_is_no_crash(length: int) -> None:
    """Whatever is left of it is looked at, and the length stays."""
    for whole in (jpeg(segment(0xFE, SECRET)), jpeg_2000(SECRET)):
        fragment = whole[16:][:length]
        pixels = encapsulate([fragment + b"\0" * (len(fragment) % 2)]) if fragment else encapsulate([b"\0\0"])
        assert len(cleaned(pixels)) == len(pixels)


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


@pytest.mark.parametrize("at", [0, 1, 65535, 65536, 65537, 131072, 140000])
def test_one_byte_anywhere_is_not_zero(at: int) -> None:
    """Long spans are looked at block by block; no byte between two blocks is missed, none outside counts."""
    data = bytearray(140001)
    assert is_zero(bytes(data), 0, len(data))
    data[at] = 1
    assert not is_zero(bytes(data), 0, len(data))
    assert is_zero(bytes(data), 0, at)
    assert is_zero(bytes(data), at + 1, len(data))
