"""JPEG and JPEG-LS codestreams: each segment as its standard defines it, and nothing besides."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicom_nodes.encoding.codestreams.edits import Edit, UnaccountedBytes
from dicom_nodes.encoding.codestreams.jpeg import walk

SECRET = b"Probe^Petra"


def segment(marker: int, content: bytes) -> bytes:
    """A marker segment (ISO 10918-1 B.1.1.4)."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


SPIFF = b"SPIFF\0\2\0\0\3" + struct.pack(">2L", 100, 100) + b"\n\x08\6\2" + struct.pack(">2L", 2, 2)
FRAME = segment(0xC3, b"\x10\0\x04\0\x04\x01\x01\x11\0")
HUFFMAN = segment(0xC4, b"\0" + bytes([0, 2, 2]) + bytes(13) + b"\0\1\2\x08")
TABLE = segment(0xDD, b"\0\x08") + HUFFMAN
INTERVAL = b"\x9d\xff\0\0\x0f"  # two differences, of 2 and of 8 bits, six that are zero, and padding
SCAN = segment(0xDA, b"\1\1\0\1\0\0") + INTERVAL + b"\xff\xd0" + INTERVAL
JPEG = b"\xff\xd8" + FRAME + TABLE + SCAN + b"\xff\xd9"


def with_parts(*parts: bytes) -> bytes:
    """A codestream with more in front of its scan."""
    return b"\xff\xd8" + FRAME + b"".join(parts) + TABLE + SCAN + b"\xff\xd9"


def cleaned(code: bytes) -> bytes:
    """The codestream after the edits."""
    new = bytearray(code)
    for edit in walk(code)[0]:
        assert len(edit.content) == edit.end - edit.start
        new[edit.start : edit.end] = edit.content
    return bytes(new)


def test_a_plain_codestream_has_nothing_to_be_written_over() -> None:
    """Stuffed bytes and restart markers are pictures; the end is behind EOI."""
    assert walk(JPEG + b"behind") == ([], len(JPEG))
    assert walk(JPEG[:-2]) == ([], None)


@given(st.binary(max_size=40).map(lambda around: around[:20] + SECRET + around[20:]))
@settings(derandomize=True)
def test_comments_and_application_segments_are_blank(text: bytes) -> None:
    """Whatever they are called and hold."""
    for marker in (0xFE, 0xE0, 0xE1, 0xEC, 0xEF):
        code = with_parts(segment(marker, text))
        assert cleaned(code) == code.replace(text, b" " * len(text))


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"JFIF\0\1\2\1\0\x48\0\x48\0\0" + SECRET, b"JFIF\0\1\1\0\0\1\0\1\0\0" + bytes(len(SECRET))),
        (b"Adobe\0\x64Prob\1", b"Adobe\0\x64\0\0\0\0\1"),
        (b"Adobe\0\x65\xc0\0\0\0\2", b"Adobe\0\x65\xc0\0\0\0\2"),
        (SPIFF, SPIFF),
        (SPIFF[:-4] + b"Prob", b" " * len(SPIFF)),
        (b"\0\0\0\1\xff\xd8", b"\0\0\0\1\xff\xd8"),
        (b"\0\0\0\1\xff\xd8" + SECRET, b" " * (6 + len(SECRET))),
        (b"mrfx\1" + SECRET, b"mrfx\1" + bytes(len(SECRET))),
        (b"mrfx", b"    "),
        (b"Adobe", b"     "),
    ],
)
def test_of_how_colours_are_coded_only_that_stays(content: bytes, kept: bytes) -> None:
    """JFIF and Adobe as decoders read them, without densities, thumbnails and texts."""
    assert cleaned(with_parts(segment(0xE0, content))) == with_parts(segment(0xE0, kept))


def test_bytes_between_segments_become_fill_bytes() -> None:
    """Any number of 0xFF may stand in front of a marker, and nothing else (B.1.1.2)."""
    code = with_parts(SECRET)
    assert cleaned(code) == with_parts(b"\xff" * len(SECRET))


def test_a_table_that_lossless_coding_never_reads_says_nothing() -> None:
    """Quantisation tables of a lossless image are free space."""
    numbers = SECRET.ljust(64, b"\1")
    assert cleaned(with_parts(segment(0xDB, b"\0" + numbers))) == with_parts(
        segment(0xDB, b"\0" + b"\1" * 64)
    )


@pytest.mark.parametrize(
    "part",
    [
        segment(0xC4, b"\0" + bytes([0, 2, 1]) + bytes(13) + b"\0\1\2" + SECRET),
        segment(0xC4, b"\0" + bytes([0, 0, 8]) + bytes(13) + b"Petra Pr"),
        segment(0xC4, b"\x10" + bytes([0, 0, 0, 5]) + bytes(12) + b"Petre"),
        segment(0xC4, b"\0" + bytes([3]) + bytes(15) + b"\0\1\2"),
        segment(0xDB, b"\0" + bytes(64) + SECRET),
        segment(0xDD, b"\0\4" + SECRET),
        segment(0xC3, b"\x10\0\x04\0\x04\x01\x01\x11\0" + SECRET),
        segment(0xDA, b"\1\1\0\1\0\0" + SECRET),
        segment(0xF8, b"\1" + SECRET),
        segment(0xF3, SECRET),
        segment(0xC0, b"\x08\0\x04\0\x04\x01\x01\x11\0"),  # a second frame header
        segment(0xDE, b"\x08\0\x04\0\x04\x01\x01\x11\0"),
        segment(0xDF, b"\x11"),
        segment(0x42, SECRET),
        b"\xff\xfe\0\1",
        b"\xff\xfe\xff\xff",
    ],
)
def test_a_segment_that_is_none_of_the_codec_is_refused(part: bytes) -> None:
    """Too long, with symbols no table has, of an unknown marker, or cut off; the text is not in the error."""
    with pytest.raises(UnaccountedBytes) as refused:
        walk(with_parts(part))
    assert "Probe" not in f"{refused.value.problem} {refused.value.fix}"


def test_a_marker_in_the_scan_of_jpeg_ls_has_its_highest_bit_set() -> None:
    """0xFF and a byte below 0x80 are picture elements there (ISO 14495-1 A.1)."""
    frame = segment(0xF7, b"\x08\0\x04\0\x04\x01\x01\x11\0")
    code = b"\xff\xd8" + frame + segment(0xDA, b"\1\1\0\0\0\0") + b"\xff\x45\xff\x01" + b"\xff\xd9"
    assert walk(code, 4, 4) == ([], len(code))
    with pytest.raises(UnaccountedBytes):
        walk(b"\xff\xd8" + frame + TABLE + b"\xff\xd9")


QUANTISATION = b"\0" + SECRET.ljust(64, b"\1")
UNUSED_HUFFMAN = b"\x01" + bytes([0, 0, 3]) + bytes(13) + b"\3\2\1"
PLAIN_HUFFMAN = b"\x01" + bytes(15) + b"\3\0\1\2"


@pytest.mark.parametrize(
    ("code", "plain"),
    [
        (with_parts(segment(0xDB, QUANTISATION)), with_parts(segment(0xDB, b"\0" + b"\1" * 64))),
        (with_parts(segment(0xC4, UNUSED_HUFFMAN)), with_parts(segment(0xC4, PLAIN_HUFFMAN))),
        # Defined a second time before anything read the first.
        (
            with_parts(segment(0xC4, b"\0" + UNUSED_HUFFMAN[1:])),
            with_parts(segment(0xC4, b"\0" + PLAIN_HUFFMAN[1:])),
        ),
        (with_parts(segment(0xDD, b"Pr")), with_parts(segment(0xDD, bytes(2)))),
        (
            JPEG[:-2] + segment(0xDD, b"Pr") + b"\xff\xd9",
            JPEG[:-2] + segment(0xDD, bytes(2)) + b"\xff\xd9",
        ),
    ],
)
def test_numbers_that_no_scan_reads_say_nothing(code: bytes, plain: bytes) -> None:
    """Tables and restart intervals are written over where they are replaced or left before a scan reads them."""
    assert cleaned(code) == plain
    assert cleaned(plain) == plain


@pytest.mark.parametrize(
    "code",
    [
        JPEG[:-2] + SCAN + b"\xff\xd9",  # the same component again
        b"\xff\xd8" + TABLE + SCAN + b"\xff\xd9",  # no frame header
        b"\xff\xd8" + FRAME.replace(b"\xff\xc3", b"\xff\xc2") + TABLE + SCAN + b"\xff\xd9",  # progressive
        b"\xff\xd8" + FRAME.replace(b"\xff\xc3", b"\xff\xc9") + TABLE + SCAN + b"\xff\xd9",  # arithmetic
        b"\xff\xd8" + FRAME.replace(b"\xff\xc3", b"\xff\xc0") + TABLE + SCAN + b"\xff\xd9",  # without tables
        with_parts(segment(0xDC, b"\0\5")),
        with_parts(segment(0xCC, b"\0\x50")),
        b"\xff\xd8" + segment(0xC3, b"\x10\0\x04\0\x04\5" + b"P\x11\0r\x11\0o\x11\0b\x11\0e\x11\0"),
    ],
)
def test_an_image_with_more_than_one_picture_in_it_is_refused(code: bytes) -> None:
    """Or none, or with another process than those whose data are counted."""
    with pytest.raises(UnaccountedBytes):
        walk(code)


def test_lines_told_behind_the_scan_count() -> None:
    """A frame may leave the number of its lines to DNL (B.2.5)."""
    code = JPEG.replace(FRAME, FRAME[:5] + b"\0\0" + FRAME[7:])
    told = code[:-2] + segment(0xDC, b"\0\4") + b"\xff\xd9"
    assert walk(told, 4, 4) == ([], len(told))
    with pytest.raises(UnaccountedBytes):
        walk(code)


@pytest.mark.parametrize(("rows", "columns"), [(3, 4), (4, 5)])
def test_a_picture_of_another_size_than_the_header_says_is_refused(rows: int, columns: int) -> None:
    """Rows that nobody shows may hold anything."""
    with pytest.raises(UnaccountedBytes):
        walk(JPEG, rows, columns)


@given(st.binary(max_size=60))
@settings(derandomize=True)
def test_any_bytes_are_walked_or_refused(code: bytes) -> None:
    """No crash, and no edit outside."""
    for whole in (b"\xff\xd8" + code, JPEG[: len(code)] + code):
        try:
            edits, end = walk(whole)
        except UnaccountedBytes:
            continue
        assert all(isinstance(edit, Edit) and 0 <= edit.start < edit.end <= len(whole) for edit in edits)
        assert end is None or end <= len(whole)
