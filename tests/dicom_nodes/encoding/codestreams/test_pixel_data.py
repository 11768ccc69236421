"""Encapsulated pixel data of every codec: text beside the pixels is gone, and what decoders show is the same."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_fragments

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes, applied
from dicom_nodes.encoding.codestreams.pixel_data import Account, FrameShape, account
from gateway.privacy.deidentify.pixel_data import frame_shape

BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"
SECRET = b"Probe^Petra "
CODECS = {
    "JPEG": "SC_rgb_jpeg_dcmtk.dcm",
    "JPEG-LS": "MR_small_jpeg_ls_lossless.dcm",
    "JPEG 2000": "MR_small_jp2klossless.dcm",
    "RLE": "MR_small_RLE.dcm",
    "RLE, frames": "SC_rgb_rle_16bit_2frame.dcm",
}
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # decoders about what is hidden on purpose
codecs = pytest.mark.parametrize("codec", CODECS)


def read(codec: str) -> Dataset:
    """A file that comes with pydicom."""
    return dcmread(BUNDLED / CODECS[codec])


def accounted(ds: Dataset, value: bytes) -> tuple[bytes, Account]:
    """The value after the edits."""
    found = account(value, 0, len(value), str(ds.file_meta.TransferSyntaxUID), frame_shape(ds))
    return b"".join(applied(value, 0, len(value), found.edits)), found


def fragments_of(ds: Dataset) -> list[bytes]:
    """The fragments as they are, without the offset table."""
    return list(generate_fragments(ds.PixelData))[1:]


def pixels(ds: Dataset, value: bytes) -> np.ndarray:
    """What a library shows of the value."""
    shown = dcmread(ds.filename)
    shown.PixelData = value
    return shown.pixel_array


def joined(fragments: list[bytes], table: bytes = b"") -> bytes:
    """Encapsulated pixel data of these fragments."""
    return b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<L", len(one)) + one for one in [table, *fragments])


def behind(first: list[bytes]) -> bytes:
    """Text behind the end of each frame."""
    return joined([one + SECRET for one in first])


def in_the_table(first: list[bytes]) -> bytes:
    """Text for an offset table, of the length of a true one."""
    return joined(first, SECRET[: 4 * len(first)])


def in_a_comment(first: list[bytes]) -> bytes:
    """A comment behind the beginning (JPEG), or at the end of the main header (JPEG 2000)."""
    comment = struct.pack(">H", len(SECRET) + 4) + b"\0\1" + SECRET
    if first[0].startswith(b"\xff\xd8"):
        return joined([one[:2] + b"\xff\xfe" + comment + one[2:] for one in first])
    at = first[0].index(b"\xff\x90")
    return joined([first[0][:at] + b"\xff\x64" + comment + first[0][at:]])


@codecs
def test_a_plain_image_is_accounted_for(codec: str) -> None:
    """Nothing is written over, and the frames lie where the value has them."""
    ds = read(codec)
    value, found = accounted(ds, ds.PixelData)
    assert value == ds.PixelData
    assert found.edits == ()
    assert list(found.lengths) == [len(one) for one in fragments_of(ds)]


@codecs
@pytest.mark.parametrize("hide", [behind, in_the_table, in_a_comment])
def test_hidden_text_is_gone_and_the_pixels_are_equal(
    codec: str, hide: Callable[[list[bytes]], bytes]
) -> None:
    """By the decoders of pydicom, Pillow and CharLS."""
    ds = read(codec)
    # RLE has no comments.
    hidden = (behind if "RLE" in codec and hide is in_a_comment else hide)(fragments_of(ds))
    assert SECRET[:4] in hidden
    value, _ = accounted(ds, hidden)
    assert SECRET[:4] not in value
    assert np.array_equal(pixels(ds, value), pixels(ds, ds.PixelData))


@codecs
def test_a_fragment_more_than_frames_is_refused(codec: str) -> None:
    """Text alone, or a whole other picture; behind the frames or in front of them."""
    ds = read(codec)
    first = fragments_of(ds)
    for surplus in ([*first, SECRET], [SECRET, *first], [*first, first[-1]]):
        with pytest.raises(UnaccountedBytes):
            accounted(ds, joined(surplus))


@codecs
def test_an_offset_table_by_value_stays(codec: str) -> None:
    """The true one, and no other."""
    ds = read(codec)
    first = fragments_of(ds)
    true = encapsulate(first, has_bot=True)
    assert accounted(ds, true)[0] == true
    for table in (true[8:12] + b"\0\0\0\0", struct.pack("<L", 77), b"Prob" * (len(first) + 1)):
        assert accounted(ds, joined(first, table))[0] == joined(first)


@pytest.mark.parametrize("codec", ["JPEG", "JPEG-LS", "JPEG 2000"])
def test_a_frame_may_lie_in_several_fragments(codec: str) -> None:
    """Text behind its end is found across them; a fragment that lies behind it belongs to no frame."""
    ds = read(codec)
    code = fragments_of(ds)[0]
    cut = len(code) // 4 * 2
    value, _ = accounted(ds, joined([code[:cut], code[cut:] + SECRET]))
    assert b"Probe" not in value
    whole = b"".join(fragments_of(_with(value)))
    assert np.array_equal(pixels(ds, joined([whole])), pixels(ds, ds.PixelData))
    for surplus in ([code, SECRET], [code[:cut], code[cut:], SECRET]):
        with pytest.raises(UnaccountedBytes):
            accounted(ds, joined(surplus))


def test_a_jp2_file_becomes_its_codestream() -> None:
    """Its boxes are gone, and so is an offset table that was right before."""
    picture = Image.frombytes("L", (32, 32), bytes(i % 251 for i in range(1024)))
    out = BytesIO()
    picture.save(out, "JPEG2000", irreversible=False)
    ds = read("JPEG 2000")
    ds.Rows, ds.Columns, ds.NumberOfFrames = 32, 32, 2
    files = [out.getvalue() + struct.pack(">L", 8 + len(SECRET)) + b"uuid" + SECRET] * 2
    even = [one + bytes(len(one) % 2) for one in files]
    value, found = accounted(ds, encapsulate(even, has_bot=True))
    first, second = fragments_of(_with(value))
    assert SECRET not in value
    assert first == second
    assert found.offsets == (0, len(first) + 8)
    assert Image.open(BytesIO(first)).tobytes() == picture.tobytes()
    assert value.startswith(joined([]))


def _with(value: bytes) -> Dataset:
    ds = Dataset()
    ds.PixelData = value
    return ds


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.1.98", "1.2.3"])
def test_a_codec_that_is_not_known_is_refused(syntax: str) -> None:
    """Nobody can say which of its bytes are a picture."""
    with pytest.raises(UnaccountedBytes):
        account(joined([b"ab"]), 0, 18, syntax, FrameShape(1, 1, 1, 1, 1))


def test_bytes_that_are_no_fragments_are_refused() -> None:
    """A value that its items do not fill."""
    value = joined([b"\xff\xd8\xff\xd9"])
    for broken in (value + SECRET, value[:-1], SECRET):
        with pytest.raises(UnaccountedBytes):
            account(broken, 0, len(broken), "1.2.840.10008.1.2.4.50", FrameShape(1, 1, 1, 1, 1))


@pytest.mark.dcmtk
@pytest.mark.parametrize("process", [["+e1"], ["+el", "+sv", "6"]])
def test_lossless_jpeg_of_dcmtk_is_accounted_for_and_shown_the_same(
    process: list[str], tmp_path: Path
) -> None:
    """With both predictors: judged by the decoder of DCMTK."""
    source, hidden = tmp_path / "source.dcm", tmp_path / "hidden.dcm"
    subprocess.run(["dcmcjpeg", *process, BUNDLED / "MR_small.dcm", source], check=True, capture_output=True)
    ds = dcmread(source)
    plain = decoded(source, tmp_path)
    assert accounted(ds, ds.PixelData)[1].edits == ()
    first = list(generate_fragments(in_a_comment(fragments_of(ds))))[1:]
    value, _ = accounted(ds, behind([one + bytes(len(one) % 2) for one in first]))
    assert SECRET not in value
    ds.PixelData = value
    ds.save_as(hidden)
    assert decoded(hidden, tmp_path) == plain


def decoded(path: Path, folder: Path) -> bytes:
    """The pixels as DCMTK decodes them."""
    subprocess.run(["dcmdjpeg", path, folder / "decoded.dcm"], check=True, capture_output=True)
    return bytes(dcmread(folder / "decoded.dcm").PixelData)
