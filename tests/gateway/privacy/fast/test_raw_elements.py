"""What is read of elements as they are: each for the question it answers, byte for byte."""

from __future__ import annotations

import pytest

from dicom_nodes.encoding.elements import elements
from dicom_nodes.encoding.headers import encoded_element
from gateway.privacy.fast.raw_elements import ADMISSION, SERIES, ReadAsIs
from gateway.privacy.fast.repeated_elements import Stretch


def read(*raws: bytes) -> ReadAsIs:
    """What is read of these elements."""
    data = b"".join(raws)
    return ReadAsIs.of(Stretch(data, elements(data, 0, len(data), vr_of=None), False))


def test_what_admission_and_the_series_ask_for_is_there_by_tag() -> None:
    """And nothing else is."""
    asked = {tag: encoded_element(tag, "LO", b"12") for tag in sorted({*ADMISSION, *SERIES})}
    assert read(*asked.values(), encoded_element(0x00400254, "LO", b"ab")).raws == asked


def test_the_description_of_pixels_is_read_within_its_limits() -> None:
    """From (0028,0002) to (0028,0103)."""
    raws = [encoded_element(tag, "US", b"\1\0") for tag in (0x00280002, 0x00280103, 0x00280106)]
    assert read(*raws).described == raws[0] + raws[1]


def test_private_b_values_are_judged_with_their_creators() -> None:
    """In any block; another element of the vendor is not."""
    raws = [
        encoded_element(0x00190011, "LO", b"SIEMENS MR HEADER "),
        encoded_element(0x0019110C, "IS", b"1000"),
        encoded_element(0x0019110D, "IS", b"1000"),
    ]
    assert read(*raws).judged == raws[0] + raws[1]


def test_the_flag_of_ge_is_judged_with_its_b_value() -> None:
    """It says that an image of a diffusion series is not weighted."""
    raws = [
        encoded_element(0x00430010, "LO", b"GEMS_PARM_01"),
        encoded_element(0x00431030, "SS", b"\x0e\0"),
        encoded_element(0x00431031, "SS", b"\x0e\0"),
    ]
    assert read(*raws).judged == raws[0] + raws[1]


@pytest.mark.parametrize(("tag", "overlay"), [(0x60023000, True), (0x60000102, True), (0x60000010, False)])
def test_overlays_are_noticed_in_every_group(tag: int, overlay: bool) -> None:
    """Their data or position; the object is then not assembled."""
    assert read(encoded_element(tag, "US", b"\1\0")).overlays is overlay
