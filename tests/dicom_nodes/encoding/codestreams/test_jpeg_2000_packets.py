"""Packets of JPEG 2000 are followed to the last one, whatever their order: nothing stands behind it."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes, applied
from dicom_nodes.encoding.codestreams.jpeg_2000 import walk

SECRET = b"Probe^Petra"
NOISE = np.random.default_rng(20261201)
GREY = (NOISE.integers(-40, 40, (300, 211)).cumsum(axis=1) + 128).clip(0, 255).astype(np.uint8)
COLOUR = NOISE.integers(0, 255, (130, 177, 3), np.uint8)
LAYERS = {"quality_layers": [40, 20, 5], "irreversible": True}
DIVIDED: dict[str, dict[str, Any]] = {
    "whole": {},
    "tiles": {"tile_size": (100, 90)},
    "tiles beside the image": {"offset": (13, 7), "tile_size": (100, 100), "tile_offset": (3, 5)},
    "precincts": {"precinct_size": (64, 32), "codeblock_size": (16, 16), "tile_size": (128, 128)},
    "no levels": {"num_resolutions": 1},
    "small blocks": {"num_resolutions": 3, "codeblock_size": (8, 8)},
    "layers": LAYERS,
    "layers of precincts and tiles": LAYERS | {"precinct_size": (128, 128), "tile_size": (90, 160)},
}


def by_pillow(image: np.ndarray, **options: Any) -> bytes:
    """A codestream of OpenJPEG."""
    out = BytesIO()
    Image.fromarray(image).save(out, "JPEG2000", no_jp2=True, **options)
    return out.getvalue()


def planted(code: bytes, text: bytes = SECRET) -> bytes:
    """Text behind the last packet of the last tile-part, whose length (Psot) counts it."""
    at = code.rindex(b"\xff\x90\0\x0a")
    length = int.from_bytes(code[at + 6 : at + 10])
    end = at + length
    return code[: at + 6] + struct.pack(">L", length + len(text)) + code[at + 10 : end] + text + code[end:]


def cleaned(code: bytes) -> bytes:
    """The codestream after the edits."""
    return b"".join(applied(code, 0, len(code), walk(code)[0]))


def check(code: bytes) -> None:
    """What the encoder wrote stays, what stands behind it goes, and a decoder shows the same."""
    assert walk(code) == ([], len(code))
    new = cleaned(planted(code))
    assert new == planted(code, bytes(len(SECRET)))
    assert np.array_equal(imagecodecs.jpeg2k_decode(new), imagecodecs.jpeg2k_decode(code))


@pytest.mark.parametrize("progression", ["LRCP", "RLCP", "RPCL", "PCRL", "CPRL"])
@pytest.mark.parametrize("divided", DIVIDED)
def test_packets_are_followed_in_every_order(divided: str, progression: str) -> None:
    """Tiles, precincts, layers, resolutions and components, each in the order that the header says."""
    for image in (GREY, COLOUR):
        check(by_pillow(image, progression=progression, **DIVIDED[divided]))


@pytest.mark.parametrize("reversible", [True, False])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_packets_of_high_throughput_are_followed(bits: int, reversible: bool) -> None:
    """A cleanup pass has a length of its own (ISO 15444-15 B.3)."""
    image = (GREY.astype(np.uint16) << bits - 8).astype(np.uint8 if bits == 8 else np.uint16)
    check(bytes(imagecodecs.htj2k_encode(image, reversible=reversible)))


def test_an_image_without_content_has_packets_without_content() -> None:
    """Of no bytes but their headers."""
    check(by_pillow(np.zeros((64, 64), np.uint8)))


def test_a_tile_that_is_cut_off_in_a_packet_is_refused() -> None:
    """What would stand behind it cannot be told from what is missing; between two packets it may end."""
    code = by_pillow(GREY)
    at = code.rindex(b"\xff\x90\0\x0a")
    for missing in (1, 7, 1000):
        length = struct.pack(">L", int.from_bytes(code[at + 6 : at + 10]) - missing)
        with pytest.raises(UnaccountedBytes):
            walk(code[: at + 6] + length + code[at + 10 : -2 - missing] + code[-2:])


def with_starts(*numbers: int) -> bytes:
    """Two packets of eight by eight samples, each behind SOP with such a number."""
    size = b"\xff\x51\0\x29\0\0" + struct.pack(">8L", 8, 8, 0, 0, 8, 8, 0, 0) + b"\0\1\x0f\1\1"
    coding = b"\xff\x52\0\x0c\2\0\0\1\0\1\4\4\0\1" + b"\xff\x5c\0\7\x40\x48\x50\x58\x60"
    packets = [b"\xff\x91\0\4" + struct.pack(">H", number) for number in numbers]
    data = packets[0] + b"\xe2\x12\x34" + packets[1] + b"\0"
    part = b"\xff\x90\0\x0a\0\0" + struct.pack(">L", 14 + len(data)) + b"\0\1\xff\x93" + data
    return b"\xff\x4f" + size + coding + part + b"\xff\xd9"


def test_the_number_of_a_packet_is_its_own() -> None:
    """Two bytes of every packet are room for text (A.8.1)."""
    assert cleaned(with_starts(0, 1)) == with_starts(0, 1)
    assert cleaned(with_starts(0x5072, 0x6F62)) == with_starts(0, 1)
