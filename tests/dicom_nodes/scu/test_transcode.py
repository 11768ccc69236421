"""A file in another transfer syntax: the same object with the same pixels, or an error that names the syntax."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread, uid
from pydicom.filereader import read_dataset

from dicom_nodes.scu.transcode import CannotTranscode, reencoded
from support.objects.dicom_files import encoded, mr_dataset, mr_file

TARGETS = (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian)
STORED = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.RLELossless,
)


def read(encoded: bytes, syntax: str) -> Dataset:
    """The data set in an uncompressed little endian syntax."""
    return read_dataset(BytesIO(encoded), uid.UID(syntax).is_implicit_VR, True)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("stored", STORED)
def test_only_the_encoding_changes(tmp_path: Path, stored: str, target: str) -> None:
    """Same UID, same pixel values, every attribute that the file had; no file meta information in front."""
    path = mr_file(tmp_path, syntax=stored).path
    original = dcmread(path)
    new = read(reencoded(path, target), target)
    assert new.SOPInstanceUID == original.SOPInstanceUID
    assert np.array_equal(np.frombuffer(new.PixelData, "<u2"), original.pixel_array.ravel())
    assert [element for element in new if element.tag != PIXELS] == [e for e in original if e.tag != PIXELS]


PIXELS = 0x7FE00010
WORDS = {"OW": ("<u2", 6), "OF": ("<f4", 12), "OL": ("<u4", 12), "OD": ("<f8", 24), "OV": ("<u8", 24)}
KEYWORDS = {
    "OW": "RedPaletteColorLookupTableData",
    "OF": "VectorGridData",
    "OL": "LongPrimitivePointIndexList",
    "OD": "DoublePointCoordinatesData",
    "OV": "ExtendedOffsetTable",
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("vr", WORDS)
def test_words_of_every_size_keep_their_values(tmp_path: Path, vr: str, target: str) -> None:
    """From big endian, at the top and in items: pydicom leaves such values as they are read, byte for byte."""
    kind, length = WORDS[vr]
    values = np.array([1, 515, 40000][: length // int(kind[-1])], kind)
    ds = mr_dataset(syntax=uid.ExplicitVRBigEndian)
    item = Dataset()
    for holder in (ds, item):
        holder.add_new(KEYWORDS[vr], vr, values.astype(kind.replace("<", ">")).tobytes())
    ds.ReferencedImageSequence = [item]
    path = tmp_path / "big.dcm"
    path.write_bytes(encoded(ds))
    new = read(reencoded(path, target), target)
    for holder in (new, new.ReferencedImageSequence[0]):
        assert np.array_equal(np.frombuffer(holder[KEYWORDS[vr]].value, kind), values)


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_pixels_of_every_size_keep_their_values(tmp_path: Path, bits: int) -> None:
    """A pixel of 32 bits is turned as a whole, and two of 8 bits in a word change places (PS3.5 8.1.1, Annex D)."""
    ds = mr_dataset(syntax=uid.ExplicitVRBigEndian)
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit = bits - 1
    pixels = np.arange(256).astype(f">u{bits // 8}")
    ds.PixelData = pixels.tobytes() if bits > 8 else pixels.view("<u2").byteswap().tobytes()
    ds["PixelData"].VR = "OW"
    path = tmp_path / "big.dcm"
    path.write_bytes(encoded(ds))
    assert np.array_equal(dcmread(path).pixel_array.ravel(), pixels), "pydicom sees the same"
    new = read(reencoded(path, uid.ExplicitVRLittleEndian), uid.ExplicitVRLittleEndian)
    assert np.array_equal(np.frombuffer(new.PixelData, f"<u{bits // 8}"), pixels)


@pytest.mark.parametrize("target", TARGETS)
def test_what_cannot_be_decoded_is_said_with_the_syntax_that_was_wanted(tmp_path: Path, target: str) -> None:
    """Made-up compressed data; the message has neither file name nor patient."""
    path = mr_file(tmp_path, syntax=uid.JPEG2000Lossless).path
    with pytest.raises(CannotTranscode, match=uid.UID(target).name) as caught:
        reencoded(path, target)
    assert path.name not in str(caught.value)
    assert "Probe" not in str(caught.value)


def test_a_file_that_is_no_dicom_or_not_there_is_told_apart(tmp_path: Path) -> None:
    """Damage is a problem of the file, absence one of the disk: the caller says different things."""
    (tmp_path / "text").write_text("hello")
    with pytest.raises(CannotTranscode):
        reencoded(tmp_path / "text", TARGETS[0])
    with pytest.raises(FileNotFoundError):
        reencoded(tmp_path / "none", TARGETS[0])
