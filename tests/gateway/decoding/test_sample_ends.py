"""Where samples end is told fast, and the same as code for code; behind the last sample of JPEG-LS nothing stays."""

from __future__ import annotations

from collections.abc import Sequence

import imagecodecs
import numpy as np
import pytest

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes, applied
from dicom_nodes.encoding.codestreams.jpeg import Ends, walk
from dicom_nodes.encoding.codestreams.jpeg_scan import Counted, ScanTables, count_codes
from gateway.decoding import sample_ends
from gateway.decoding.sample_ends import ENDS, count, end_of_jpeg_ls

SECRET = b"Probe^Petra"
NOISE = np.random.default_rng(20261201)


def image(steps: int, *, flat: bool = False) -> np.ndarray:
    """Twelve bits that wander by so much from sample to sample, below an edge that does not."""
    values = (NOISE.integers(-steps, steps + 1, (200, 190)).cumsum(axis=1) + 2048).clip(0, 4095)
    values[: 150 if flat else 20] = 0
    return values.astype(np.uint16)


def cleaned(code: bytes) -> bytes:
    """The codestream after the edits."""
    return b"".join(applied(code, 0, len(code), walk(code, 200, 190, 1, ENDS)[0]))


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("steps", [1, 3, 40, 400])
def test_lossless_codes_are_counted_as_one_after_the_other(steps: int, flat: bool) -> None:
    """The end and the symbols seen; also where one code is repeated, so that nobody falls into step."""
    compared = []

    def both(data: bytes, units: int, tables: Sequence[ScanTables], *, lossless: bool) -> Counted | None:
        expected = count_codes(data, units, tables, lossless=lossless)
        compared.append(len(data))
        assert count(data, units, tables, lossless=lossless) == expected
        assert sample_ends._counted_at_once(data, units, tables[0]) == expected
        return expected

    code = bytes(imagecodecs.ljpeg_encode(image(steps, flat=flat), bitspersample=12))
    for text in (b"", SECRET, SECRET * 3000, b"\0" * 50):
        dirty = code[:-2] + text + code[-2:]
        clean = b"".join(applied(dirty, 0, len(dirty), walk(dirty, 200, 190, 1, Ends(both))[0]))
        assert clean == code[:-2] + bytes(len(text)) + code[-2:]
    short = code[:-30] + code[-2:]
    with pytest.raises(UnaccountedBytes):
        walk(short, 200, 190, 1, Ends(both))
    assert len(compared) == 5


def test_data_that_no_code_explains_are_none() -> None:
    """Wherever it begins to be wrong."""
    tables = ScanTables(bytes([0, 2, 2]) + bytes(13) + b"\0\1\2\x08", b"")
    assert count(b"\xff" * 9000, 100, [tables], lossless=True) is None
    assert count(bytes(9000), 1 << 40, [tables], lossless=True) is None


LS = bytes(imagecodecs.jpegls_encode(image(40)))
COLOUR = bytes(imagecodecs.jpegls_encode(np.stack([image(9) >> 4] * 3, axis=-1).astype(np.uint8)))


def test_what_encoders_write_is_the_picture_to_its_last_sample() -> None:
    """Nothing but an encoder's own segment is written over."""
    for code, samples in ((LS, 1), (COLOUR, 3)):
        edits, end = walk(code, 200, 190, samples, ENDS)
        assert end == len(code)
        assert all(code[edit.start - 4 : edit.start - 2] == b"\xff\xe8" for edit in edits)


@pytest.mark.parametrize(
    "text", [SECRET, b"P\1", b"\xff\x45" + SECRET, b"\0" + SECRET, bytes(9), SECRET * 999]
)
def test_text_behind_the_last_sample_of_jpeg_ls_becomes_fill_bytes(text: bytes) -> None:
    """And CharLS, which refuses such an image, shows it."""
    for code, samples in ((LS, 1), (COLOUR, 3)):
        dirty = code[:-2] + text + code[-2:]
        if text.strip(b"\0"):
            with pytest.raises(imagecodecs.JpeglsError):
                imagecodecs.jpegls_decode(dirty)
        clean = b"".join(applied(dirty, 0, len(dirty), walk(dirty, 200, 190, samples, ENDS)[0]))
        assert text.strip(b"\0") not in clean or not text.strip(b"\0")
        assert np.array_equal(imagecodecs.jpegls_decode(clean), imagecodecs.jpegls_decode(code))
        assert walk(clean, 200, 190, samples, ENDS)[0] == []


def test_samples_that_lack_are_refused() -> None:
    """Of an image that ends too early nobody can tell what stands where."""
    for missing in (3, 100):
        code = LS[: -2 - missing] + LS[-2:]
        with pytest.raises(UnaccountedBytes):
            end_of_jpeg_ls(code, 25, len(code) - 2)
