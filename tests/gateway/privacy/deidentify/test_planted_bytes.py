"""Whatever is planted in compressed pixel data beside the samples is gone from the copy, or nothing leaves."""

from __future__ import annotations

import re
import struct
from functools import lru_cache
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from gateway.decoding import codecs
from gateway.decoding.errors import UNDECODABLE
from gateway.privacy.deidentify.pixel_data import without_hidden_text
from gateway.privacy.errors import Held
from support.objects.dicom_files import mr_dataset
from support.objects.encoded_pixels import CODESTREAM, DCMTK, file_in

pytestmark = [pytest.mark.dcmtk, pytest.mark.filterwarnings("ignore::UserWarning")]
SECRET = b"Probe^Petra"
_WITH_LENGTHS = "1.2.840.10008.1.2.4.202"
"""Here with lengths of the tile-parts in the main header: with text behind one they are no longer true."""
LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"}
COMPRESSED = sorted(
    uid
    for uid in DCMTK.keys() | CODESTREAM.keys()
    if uid.startswith(("1.2.840.10008.1.2.4", "1.2.840.10008.1.2.5"))
)
_PART = re.compile(rb"\xff\x90\x00\x0a.{2}(.{4})", re.DOTALL)


@lru_cache
def image(syntax: str) -> Dataset:
    """A small image in a transfer syntax."""
    ds = mr_dataset(1)
    if syntax == "1.2.840.10008.1.2.4.50":
        ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
        ds.PixelData = (ds.pixel_array >> 4).astype(np.uint8).tobytes()
        ds["PixelData"].VR = "OB"
    return dcmread(BytesIO(file_in(syntax, ds)))


@lru_cache
def codestream(syntax: str) -> bytes:
    """Its only frame."""
    (frame,) = generate_frames(image(syntax).PixelData, number_of_frames=1)
    return bytes(frame)


def samples(syntax: str) -> tuple[int, int]:
    """Where the samples of a codestream begin and end, told by the markers of ISO 10918 and 15444 alone."""
    code = codestream(syntax)
    if syntax == "1.2.840.10008.1.2.5":
        return struct.unpack("<L", code[4:8])[0], len(code)
    part = _PART.search(code) if code.startswith(b"\xff\x4f") else None
    if part is not None:
        return code.index(b"\xff\x93", part.end()) + 2, part.start() + int.from_bytes(part[1])
    return code.index(b"\xff\xda"), len(code[: code.rindex(b"\xff\xd9")].rstrip(b"\xff"))


def encapsulated(*fragments: bytes) -> bytes:
    """With an empty offset table."""
    even = [each + bytes(len(each) % 2) for each in fragments]
    return b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<L", len(each)) + each for each in (b"", *even))


def lengthened(code: bytes, at: int, text: bytes) -> bytes:
    """With text at a place, which the length of a tile-part (Psot) counts when it stands at its end."""
    planted = code[:at] + text + code[at:]
    part = _PART.search(code) if code.startswith(b"\xff\x4f") else None
    if part is not None and at == part.start() + int.from_bytes(part[1]):
        place = part.start(1)
        return planted[:place] + (int.from_bytes(part[1]) + len(text)).to_bytes(4) + planted[place + 4 :]
    return planted


def cleaned(ds: Dataset, value: bytes) -> bytes | None:
    """What a copy has for it; None where the object is held."""
    try:
        return without_hidden_text(ds, value, encapsulated=True)
    except Held as held:
        problem = f"{held.problem} {held.fix}"
    assert "Petra" not in problem
    return None


def shown(ds: Dataset, value: bytes) -> list[int] | None:
    """What libraries show of `ds` with another value; None where they cannot."""
    codecs.register()
    other = Dataset()
    other.update(ds)
    other.file_meta = ds.file_meta
    other.PixelData = value
    try:
        return list(other.pixel_array.ravel())
    except UNDECODABLE:
        return None


@pytest.mark.parametrize("syntax", COMPRESSED)
@given(st.data())
@settings(derandomize=True, max_examples=25, deadline=None)
def test_text_beside_the_samples_never_survives(syntax: str, data: st.DataObject) -> None:
    """At any place, also as a segment of any marker, or in a fragment of its own; the picture stays the same."""
    code, ds = codestream(syntax), image(syntax)
    first, last = samples(syntax)
    places = [*range(first), *range(last, len(code) + 1)]
    at = data.draw(st.sampled_from(places) | st.sampled_from(places[-3:]), label="at")
    around = data.draw(st.binary(max_size=6), label="around")
    text = around[:3] + SECRET + around[3:]
    marker = data.draw(st.none() | st.integers(1, 254), label="marker")
    if marker is not None:
        text = bytes([0xFF, marker]) + struct.pack(">H", len(text) + 2) + text
    if data.draw(st.integers(0, 9), label="alone") == 9:
        value = encapsulated(code[:at], text, code[at:])
    else:
        value = encapsulated(lengthened(code, at, text))
    clean = cleaned(ds, value)
    if clean is None:
        return
    wanted = shown(ds, value)
    # Where the picture is another one, the text has become part of it: by it coefficients are divided.
    assert SECRET not in clean or (wanted != shown(ds, ds.PixelData) and syntax in LOSSY)
    assert wanted is None or syntax in LOSSY or shown(ds, clean) == wanted


@pytest.mark.parametrize("syntax", [each for each in COMPRESSED if each != _WITH_LENGTHS])
def test_text_behind_the_last_sample_goes_and_the_picture_stays(syntax: str) -> None:
    """The object is not even held: nothing of the picture is in doubt."""
    code, ds = codestream(syntax), image(syntax)
    _, end = samples(syntax)
    clean = without_hidden_text(ds, encapsulated(lengthened(code, end, SECRET)), encapsulated=True)
    assert b"Petra" not in clean
    assert shown(ds, clean) == shown(ds, ds.PixelData)
