"""Pixels pass uncopied; what stands beside them sends the object to the slow engine, or is blanked."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage, RLELossless

from dicom_nodes.encoding.elements import NotTaken, elements
from dicom_nodes.encoding.headers import encoded_element
from gateway.privacy.deidentify.attributes import AttributeCleaner
from gateway.privacy.fast.decider import Decider
from gateway.privacy.fast.dictionary import vr_of
from gateway.privacy.fast.memo import DecisionContext, NestingLevel
from gateway.privacy.fast.pixels import Pixels
from gateway.privacy.profile.iod import attributes_of
from gateway.privacy.profile.profile import load_profile
from support.objects.hostile_mr import context

DESCRIBED = b"".join(
    encoded_element(tag, vr, value)
    for tag, vr, value in (
        (0x00280002, "US", b"\1\0"),
        (0x00280004, "CS", b"MONOCHROME2 "),
        (0x00280010, "US", b"\4\0"),
        (0x00280011, "US", b"\4\0"),
        (0x00280100, "US", b"\x10\0"),
        (0x00280103, "US", b"\0\0"),
    )
)
"""Four rows of four pixels of two bytes."""
EXPLICIT = "1.2.840.10008.1.2.1"


def pieces(value: bytes, described: bytes = DESCRIBED, syntax: str = EXPLICIT) -> list[bytes | memoryview]:
    """What is written of a pixel data element with this value."""
    data = encoded_element(0x7FE00010, "OW", value)
    [element] = elements(data, 0, len(data), vr_of=vr_of(False))
    cleaner = AttributeCleaner(Dataset(), context(), load_profile(), None, ())
    decider = Decider(data, DecisionContext(cleaner), (), lambda: cleaner)
    level = NestingLevel(attributes_of(MRImageStorage), b"", 1, implicit=False)
    compressed = syntax != EXPLICIT
    return Pixels().pieces(
        data, element, described, level, decider, counts, syntax=syntax, compressed=compressed
    )


counts: list[str] = []


def test_pixels_are_what_they_were() -> None:
    """Sixteen pixels of two bytes, whatever is in them: they are the picture."""
    pixels = bytes(range(32))
    assert b"".join(pieces(pixels)) == encoded_element(0x7FE00010, "OW", pixels)


def test_zeros_behind_the_pixels_are_padding() -> None:
    """Some writers fill up a block."""
    assert b"".join(pieces(bytes(range(32)) + bytes(64)))[12:44] == bytes(range(32))


@pytest.mark.parametrize(
    "value",
    [bytes(32) + b"Zwirnlein ", b"", bytes(32) + b"x\0"],
    ids=["text behind the pixels", "no pixels", "two bytes more than are described"],
)
def test_what_is_not_pixels_is_left_to_the_slow_engine(value: bytes) -> None:
    """It judges them with the whole object."""
    with pytest.raises(NotTaken):
        pieces(value)


def test_pixels_that_say_they_are_compressed_and_are_not_are_left_to_the_slow_engine() -> None:
    """The element's own make contradicts the transfer syntax."""
    with pytest.raises(NotTaken):
        pieces(bytes(32), syntax=str(RLELossless))


def test_pixels_that_nothing_describes_are_kept_whole() -> None:
    """Without rows and columns nothing says where they end."""
    assert b"".join(pieces(b"ab" * 40, described=b"")).endswith(b"ab" * 40)
