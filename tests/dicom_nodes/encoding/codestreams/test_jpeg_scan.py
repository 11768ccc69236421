"""Scans of JPEG: their codes are counted to the last, and nothing stands behind them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from io import BytesIO

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes, applied
from dicom_nodes.encoding.codestreams.jpeg import walk

NOISE = np.random.default_rng(20261130)
SECRET = b"Probe^Petra "


def _baseline(mode: str, **options: object) -> Callable[[], tuple[int, int, bytes]]:
    def encode() -> tuple[int, int, bytes]:
        shape = (45, 67) if mode == "L" else (45, 67, 3)
        file = BytesIO()
        Image.fromarray(NOISE.integers(0, 255, shape, np.uint8)).save(file, "JPEG", **options)
        return 45, 67, file.getvalue()

    return encode


def _lossless(bits: int, columns: int, predictor: int) -> Callable[[], tuple[int, int, bytes]]:
    def encode() -> tuple[int, int, bytes]:
        steps = NOISE.integers(-40, 40, (40, columns)).cumsum(axis=1)
        image = (steps + (1 << bits - 1)).clip(0, (1 << bits) - 1).astype(np.uint16)
        return 40, columns, bytes(imagecodecs.ljpeg_encode(image, bitspersample=bits))

    return encode


ENCODED = {
    "grey": _baseline("L"),
    "flat grey": lambda: (16, 16, bytes(imagecodecs.jpeg8_encode(np.full((16, 16), 7, np.uint8)))),
    "colour, all samples": _baseline("RGB", subsampling=0),
    "colour, half of the columns": _baseline("RGB", subsampling=1),
    "colour, a quarter": _baseline("RGB", subsampling=2, optimize=True),
    "restart markers": _baseline("RGB", subsampling=2, restart_marker_blocks=2),
    "restart markers, grey": _baseline("L", restart_marker_rows=1),
    "12 bits": lambda: (
        33,
        50,
        bytes(imagecodecs.jpeg8_encode(NOISE.integers(0, 4095, (33, 50), np.uint16), bitspersample=12)),
    ),
    "lossless, 12 bits": _lossless(12, 61, 1),
    "lossless, 16 bits": _lossless(16, 62, 1),
    "lossless, wide": _lossless(16, 1200, 1),
}
encoders = pytest.mark.parametrize("encoder", ENCODED)


@encoders
def test_what_encoders_write_is_the_picture_to_its_last_code(encoder: str) -> None:
    """Nothing is written over, whatever the sampling, the restarts and the process."""
    rows, columns, code = ENCODED[encoder]()
    assert walk(code, rows, columns) == ([], len(code))


@encoders
def test_text_behind_the_last_sample_is_zeroed(encoder: str) -> None:
    """No decoder looks at it, libjpeg warns and goes on: a study need not stop for it."""
    rows, columns, code = ENCODED[encoder]()
    decode = imagecodecs.ljpeg_decode if encoder.startswith("lossless") else imagecodecs.jpeg8_decode
    for text in (SECRET, b"P", SECRET + b"\xff\x00", b"\xff\x00" + SECRET):
        dirty = code[:-2] + text + code[-2:]
        clean = b"".join(applied(dirty, 0, len(dirty), walk(dirty, rows, columns)[0]))
        assert SECRET not in clean
        assert len(clean) == len(dirty)
        assert np.array_equal(decode(clean), decode(code))
        assert walk(clean, rows, columns)[0] == []


def test_a_restart_marker_behind_the_last_unit_is_no_data() -> None:
    """Encoders write it, and nothing stands behind it."""
    rows, columns, code = ENCODED["restart markers"]()
    assert walk(code[:-2] + b"\xff\xd0" + code[-2:], rows, columns)[0] == []


@encoders
def test_padding_behind_the_last_sample_stays(encoder: str) -> None:
    """Zeros and fill bytes say nothing."""
    rows, columns, code = ENCODED[encoder]()
    for padding in (b"\0", b"\0\0\0", b"\xff\xff"):
        padded = code[:-2] + padding + code[-2:]
        assert walk(padded, rows, columns) == ([], len(padded))


@encoders
def test_a_scan_that_ends_too_early_is_refused(encoder: str) -> None:
    """Of fewer codes than samples nobody can tell which are missing."""
    rows, columns, code = ENCODED[encoder]()
    with pytest.raises(UnaccountedBytes):
        walk(code[: len(code) - 6].rstrip(b"\xff") + b"\xff\xd9", rows, columns)


def test_text_behind_the_samples_of_a_restart_interval_is_zeroed_and_one_more_interval_refused() -> None:
    """Every interval ends where its codes do, and there are as many as the header says."""
    rows, columns, code = ENCODED["restart markers"]()
    at = code.index(b"\xff\xd0")
    dirty = code[:at] + SECRET + code[at:]
    clean = b"".join(applied(dirty, 0, len(dirty), walk(dirty, rows, columns)[0]))
    assert SECRET not in clean
    assert np.array_equal(imagecodecs.jpeg8_decode(clean), imagecodecs.jpeg8_decode(code))
    with pytest.raises(UnaccountedBytes):
        walk(code[:-2] + b"\xff\xd0" + SECRET + code[-2:], rows, columns)


def _with_symbols(code: bytes, at: int, more: bytes) -> tuple[bytes, bytes]:
    """The codestream whose Huffman table of class and number at `at` has more codes of 16 bits, and the new table."""
    counts = code[at + 1 : at + 17]
    symbols = code[at + 17 : at + 17 + sum(counts)]
    table = counts[:15] + bytes([counts[15] + len(more)]) + symbols + more
    length = struct.pack(">H", int.from_bytes(code[at - 2 : at]) + len(more))
    return code[: at - 2] + length + code[at : at + 1] + table + code[at + 17 + len(symbols) :], table


def test_symbols_whose_code_no_sample_has_say_nothing() -> None:
    """A table may have codes that are never used: what they stand for is room for a name."""
    file = BytesIO()
    image = np.full((45, 67), 100, np.uint8)
    image[:20] = 140
    Image.fromarray(image).save(file, "JPEG", optimize=True)
    code = file.getvalue()
    letters = b"Petr"  # each once, as symbols are
    dirty, table = _with_symbols(code, code.index(b"\xff\xc4", code.index(b"\xff\xc4") + 1) + 4, letters)
    assert dirty[dirty.index(table) - 1] == 0x10
    clean = b"".join(applied(dirty, 0, len(dirty), walk(dirty, 45, 67)[0]))
    assert letters in dirty
    assert not {*letters} & {*clean[dirty.index(table) + 16 :][: len(table) - 16]}
    assert np.array_equal(imagecodecs.jpeg8_decode(clean), imagecodecs.jpeg8_decode(code))
    assert walk(clean, 45, 67)[0] == []


def test_divisors_of_coefficients_that_no_block_has_say_nothing() -> None:
    """Of a flat image hardly one of 63 divides anything."""
    code = bytes(imagecodecs.jpeg8_encode(np.full((16, 16), 7, np.uint8)))
    at = code.index(b"\xff\xdb") + 5
    dirty = code[: at + 20] + SECRET + code[at + 20 + len(SECRET) :]
    clean = b"".join(applied(dirty, 0, len(dirty), walk(dirty, 16, 16)[0]))
    assert clean == dirty[: at + 1] + b"\1" * 63 + dirty[at + 64 :]
    assert np.array_equal(imagecodecs.jpeg8_decode(clean), imagecodecs.jpeg8_decode(code))


def test_usual_tables_stay_whether_their_codes_are_seen_or_not() -> None:
    """Those of Annex K.3, which most encoders write: they say nothing."""
    code = bytes(imagecodecs.jpeg8_encode(np.full((16, 16), 7, np.uint8)))
    assert walk(code, 16, 16)[0] == []


def test_symbols_of_lossless_codes_that_no_sample_has_are_in_order() -> None:
    """The values of categories that do not occur, the smallest first."""
    image = NOISE.integers(0, 2, (40, 61)).astype(np.uint16)
    code = bytes(imagecodecs.ljpeg_encode(image, bitspersample=12))
    at = code.index(b"\xff\xc4") + 4
    symbols = code[at + 17 : at + 17 + sum(code[at + 1 : at + 17])]
    more = bytes(each for each in (9, 15, 11, 3) if each not in symbols)
    dirty, table = _with_symbols(code, at, more)
    clean = b"".join(applied(dirty, 0, len(dirty), walk(dirty, 40, 61)[0]))
    left = [each for each in range(17) if each not in symbols]
    assert clean == dirty.replace(table, table[: -len(more)] + bytes(left[: len(more)]))
    assert np.array_equal(imagecodecs.ljpeg_decode(clean), image)
