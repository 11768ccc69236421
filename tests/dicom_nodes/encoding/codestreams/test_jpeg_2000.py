"""JPEG 2000 codestreams and JP2 files: lengths are the real ones, comments are blank, boxes stay behind."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes
from dicom_nodes.encoding.codestreams.jpeg_2000 import codestream_of, is_plain_jp2, walk

SECRET = b"Probe^Petra"


def segment(marker: int, content: bytes) -> bytes:
    """A marker segment (ISO 15444-1 A.1.2)."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


SIZE = segment(0x51, b"\0\0" + struct.pack(">8L", 8, 8, 0, 0, 8, 8, 0, 0) + b"\0\1\x0f\1\1")
CODING = segment(0x52, b"\0\0\0\1\0" + b"\1\4\4\0\1")
QUANTISATION = segment(0x5C, b"\x40" + b"\x48\x50\x58\x60")
PACKETS = b"\xe2\x12\x34\0"  # a code-block of two bytes, and an empty packet


def codestream(*main: bytes, tile: bytes = b"", behind: bytes = b"", length: int | None = None) -> bytes:
    """One tile-part, with more in the main header, its own header, and behind its packets."""
    whole = 12 + len(tile) + 2 + len(PACKETS) if length is None else length
    start = b"\xff\x90\0\x0a\0\0" + struct.pack(">L", whole) + b"\0\1"
    header = b"\xff\x4f" + SIZE + CODING + QUANTISATION + b"".join(main)
    return header + start + tile + b"\xff\x93" + PACKETS + behind + b"\xff\xd9"


def cleaned(code: bytes) -> bytes:
    """The codestream after the edits."""
    new = bytearray(code)
    for edit in walk(code)[0]:
        new[edit.start : edit.end] = edit.content
    return bytes(new)


def test_a_plain_codestream_has_nothing_to_be_written_over() -> None:
    """It ends behind EOC, behind its last tile-part without one, and where EOC is when nobody told the length."""
    code = codestream()
    assert walk(code + b"behind") == ([], len(code))
    assert walk(code[:-2]) == ([], len(code) - 2)
    assert walk(codestream(length=0) + b"behind") == ([], len(code))


@given(st.binary(max_size=20))
@settings(derandomize=True)
def test_comments_of_both_headers_are_blank(around: bytes) -> None:
    """Only the two kinds of comment that there are keep their number."""
    text = around + SECRET
    code = codestream(segment(0x64, b"\0\1" + text), tile=segment(0x64, b"Pr" + text))
    blank = b" " * len(text)
    assert cleaned(code) == codestream(
        segment(0x64, b"\0\1" + blank), tile=segment(0x64, b"\0\1" + blank), length=None
    )


def test_the_name_of_the_encoder_stays() -> None:
    """And nothing that merely begins like it."""
    known = codestream(segment(0x64, b"\0\1Kakadu-v7.10.2"))
    assert cleaned(known) == known
    assert SECRET not in cleaned(codestream(segment(0x64, b"\0\1Kakadu-v7.10.2 " + SECRET)))


@pytest.mark.parametrize(
    "code",
    [
        codestream(segment(0x66, SECRET)),
        codestream(segment(0x57, SECRET)),
        codestream(segment(0x63, SECRET)),
        codestream(segment(0x55, b"\0\x40" + SECRET + b"\0")),
        codestream(segment(0x50, b"\0\2\0\0\0\0" + SECRET)),
        codestream(tile=segment(0x58, b"\0" + SECRET)),
        codestream(tile=segment(0x58, b"\0\2\3")),
        codestream().replace(CODING, segment(0x52, b"\0\0\0\1\0" + b"\1\4\4\0\1" + SECRET)),
        codestream().replace(QUANTISATION, segment(0x5C, b"\x40\x48\x50\x58\x60" + SECRET)),
        codestream(segment(0x5D, b"\0\x40\x48\x50\x58\x60" + SECRET)),
        codestream(segment(0x5D, b"\1\x40\x48\x50\x58\x60")),  # of a component that is not there
        codestream(tile=segment(0x5D, b"\0\x40\x48\x50\x58\x60" + SECRET)),
        codestream(tile=segment(0x5C, b"\x40\x48\x50\x58\x60" + SECRET)),
        codestream(length=400),
        b"\xff\x4f" + SIZE + CODING + QUANTISATION + b"\xff\xd9",
        b"\xff\x4f\xff\x52",
    ],
)
def test_a_part_that_is_none_of_the_codec_is_refused(code: bytes) -> None:
    """Unknown, too long, missing, or with lengths that are not the real ones."""
    with pytest.raises(UnaccountedBytes) as refused:
        walk(code)
    assert "Probe" not in f"{refused.value.problem} {refused.value.fix}"


def test_step_sizes_of_a_component_may_be_told() -> None:
    """As many as its own subbands: those of COC where there is one, else those of all."""
    steps = segment(0x5D, b"\0\x40\x48\x50\x58\x60")
    more = segment(0x53, b"\0\0\2\4\4\0\1") + segment(0x5D, b"\0\x40" + bytes(range(7)))
    three = codestream(more, length=12 + 2 + 5).replace(PACKETS, PACKETS + b"\0")  # packets, one a resolution
    for code in (codestream(steps), codestream(tile=steps), three):
        assert walk(code) == ([], len(code))
    with pytest.raises(UnaccountedBytes):
        walk(codestream(more, tile=steps))


def test_the_registration_of_components_is_zeroed() -> None:
    """Four bytes a component are enough for a name."""
    assert cleaned(codestream(segment(0x63, b"Petr"))) == codestream(segment(0x63, bytes(4)))


def test_lengths_of_tile_parts_and_packets_may_be_told() -> None:
    """When they are the real ones."""
    told = codestream(
        segment(0x55, b"\0\x40" + struct.pack(">L", 12 + 7 + 2 + 4)), tile=segment(0x58, b"\0\1\3")
    )
    assert walk(told) == ([], len(told))


@pytest.mark.parametrize(
    "code",
    [
        codestream(segment(0x55, b"\0\x50P" + struct.pack(">L", 12 + 2 + 4))),  # of another tile
        codestream(segment(0x55, b"P\x40" + struct.pack(">L", 12 + 2 + 4))),  # not the first of its kind
        codestream(segment(0x58, b"\0\1\3")),  # of packets, in the main header
        codestream(tile=segment(0x58, b"P\1\3")),
        codestream(tile=segment(0x58, b"\0\1\3\xd0")),  # with a length that does not end
        codestream(segment(0x50, b"\0\2\0\0\0\0"), segment(0x5F, b"\0\0\0\1\1\1\0")),
    ],
)
def test_lengths_and_orders_that_are_not_followed_are_refused(code: bytes) -> None:
    """Where they stand for nothing, they are room for text."""
    with pytest.raises(UnaccountedBytes):
        walk(code)


def test_profiles_say_nothing_to_a_decoder() -> None:
    """Only the known ones stay."""
    for marker in (0x56, 0x59):
        assert cleaned(codestream(segment(marker, b"Pr"))) == codestream(segment(marker, b"\0\0"))
    unknown = codestream().replace(SIZE, SIZE[:4] + b"Pr" + SIZE[6:])
    assert cleaned(unknown) == codestream().replace(SIZE, SIZE[:4] + b"\x40\0" + SIZE[6:])


def test_high_throughput_coding_names_its_capabilities() -> None:
    """CAP with one number for each bit that is set (ISO 15444-15 A.2), and no more."""
    told = codestream(segment(0x50, b"\0\2\0\0\0\0"))
    assert walk(told) == ([], len(told))


def test_a_jp2_file_is_only_around_its_codestream() -> None:
    """Boxes with texts are outside of it; the decoded picture is the same (PS3.5 A.4.4 wants no boxes)."""
    image = Image.frombytes("L", (32, 32), bytes(i % 251 for i in range(1024)))
    out = BytesIO()
    image.save(out, "JPEG2000", irreversible=False)
    box = struct.pack(">L", 8 + len(SECRET)) + b"xml " + SECRET
    jp2 = out.getvalue() + box
    at = jp2.index(b"jp2c") - 4
    assert is_plain_jp2(out.getvalue())
    for text in (
        jp2,
        jp2[:at] + box + jp2[at:],
        out.getvalue().replace(b"ftypjp2 \0\0\0\0", b"ftypjp2 Prob"),
    ):
        assert not is_plain_jp2(text)
    for whole in (jp2, jp2[:at] + box + struct.pack(">L", len(jp2) - len(box) - at) + jp2[at + 4 :]):
        start, end = codestream_of(whole)
        assert walk(whole[start:end])[1] == end - start
        assert SECRET not in whole[start:end]
        assert Image.open(BytesIO(whole[start:end])).tobytes() == image.tobytes()
    for broken in (jp2[:at], jp2[: at + 6], jp2[:12] + b"\0\0\0\4" + jp2[16:]):
        with pytest.raises(UnaccountedBytes):
            codestream_of(broken)


@given(st.binary(max_size=80))
@settings(derandomize=True)
def test_any_bytes_are_walked_or_refused(tail: bytes) -> None:
    """No crash, wherever the codestream changes into something else."""
    code = codestream(segment(0x64, b"\0\1text"))
    for whole in (code[: len(tail)] + tail, code[: 60 + len(tail)] + tail, b"\xff\x4f\xff\x51" + tail):
        try:
            edits, end = walk(whole)
        except UnaccountedBytes:
            continue
        assert all(0 <= edit.start < edit.end <= len(whole) for edit in edits)
        assert end <= len(whole)
