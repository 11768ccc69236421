"""What the one decoder gives for images of many kinds, and for images that lie."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import HTJ2KLossless, JPEG2000Lossless, JPEGLossless, JPEGLosslessSV1, RLELossless

from gateway.decoding.errors import CannotDecode
from gateway.decoding.pixels import decode
from support.objects.dicom_files import mr_dataset

RANDOM = np.random.default_rng(7)


def compressed(syntax: str, codestreams: list[bytes], image: NDArray, **attributes: object) -> Dataset:
    """An image of which each codestream is a frame; the header describes `image`."""
    ds = mr_dataset(syntax=RLELossless)
    ds.Rows, ds.Columns = image.shape[:2]
    ds.SamplesPerPixel = image.shape[2] if image.ndim > 2 else 1
    if image.ndim > 2:
        ds.PhotometricInterpretation, ds.PlanarConfiguration = "RGB", 0
    ds.BitsAllocated = ds.BitsStored = image.dtype.itemsize * 8
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(image.dtype.kind == "i")
    ds.NumberOfFrames = len(codestreams)
    ds.PixelData = encapsulate(codestreams)
    ds.file_meta.TransferSyntaxUID = syntax
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def lossless_jpeg(image: NDArray) -> bytes:
    """Selection value 1, colours as they are."""
    if image.ndim == 2:
        return imagecodecs.jpeg8_encode(image, lossless=True, predictor=1)
    return imagecodecs.jpeg8_encode(image, lossless=True, predictor=1, colorspace="RGB", outcolorspace="RGB")


def jpeg_2000(image: NDArray) -> bytes:
    """Reversible."""
    return imagecodecs.jpeg2k_encode(image, codecformat="j2k", reversible=True)


def htj2k(image: NDArray) -> bytes:
    """Reversible."""
    return imagecodecs.htj2k_encode(image, reversible=True)


IMAGES = {
    "16 bits": RANDOM.integers(0, 65536, (20, 30)).astype(np.uint16),
    "16 bits with a sign": RANDOM.integers(-32768, 32768, (20, 30)).astype(np.int16),
    "8 bits": RANDOM.integers(0, 256, (21, 31)).astype(np.uint8),
    "colours": RANDOM.integers(0, 256, (21, 31, 3)).astype(np.uint8),
}
CODECS = {
    JPEGLossless: lossless_jpeg,
    JPEGLosslessSV1: lossless_jpeg,
    JPEG2000Lossless: jpeg_2000,
    HTJ2KLossless: htj2k,
}


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize("syntax", CODECS, ids=lambda uid: uid.name[:40])
def test_every_kind_of_value_comes_back(syntax: str, kind: str) -> None:
    """Depth, sign and colours, each as they were encoded; stored and for the page the same."""
    image = IMAGES[kind]
    given = image.view(np.uint16) if CODECS[syntax] is lossless_jpeg and image.dtype.kind == "i" else image
    ds = compressed(syntax, [CODECS[syntax](given)], image)
    for stored in (False, True):
        found = decode(ds, stored=stored)
        assert found.dtype == image.dtype
        assert (found == image).all()


def test_eight_bits_in_sixteen_come_back() -> None:
    """BitsAllocated 16, encoded with a precision of 8, as old scanners do."""
    image = IMAGES["8 bits"]
    ds = compressed(JPEGLosslessSV1, [lossless_jpeg(image)], image, BitsAllocated=16)
    assert (decode(ds) == image).all()


def test_frames_are_decoded_one_by_one_or_all() -> None:
    """A page asks for one frame, a comparison for all; only what is asked for is decoded."""
    frames = [RANDOM.integers(0, 4096, (16, 16)).astype(np.uint16) for _ in range(3)]
    ds = compressed(JPEG2000Lossless, [jpeg_2000(frame) for frame in frames], frames[0])
    assert (decode(ds) == np.stack(frames)).all()
    assert (decode(ds, 1) == frames[1]).all()
    broken = compressed(JPEG2000Lossless, [jpeg_2000(frames[0]), b"none" * 9], frames[0])
    assert (decode(broken, 0) == frames[0]).all()
    with pytest.raises(CannotDecode):
        decode(broken)
    with pytest.raises(CannotDecode, match="no frame 3"):
        decode(ds, 3)
    ds.NumberOfFrames = 4
    with pytest.raises(CannotDecode):
        decode(ds)


def test_a_codestream_that_says_another_size_than_the_header_is_told() -> None:
    """Larger by a row, or by 4 GB that are not there: never decoded to something else, and the next image is."""
    image = IMAGES["16 bits"]
    stream = lossless_jpeg(image)
    at = stream.index(b"\xff\xc3") + 5
    assert stream[at : at + 4] == bytes([0, 20, 0, 30])
    huge = stream[:at] + b"\xff\x00\xff\x00" + stream[at + 4 :]
    tall = lossless_jpeg(np.vstack([image, image[:1]]))
    for lying in (huge, tall, stream[: len(stream) // 3], b"\0\0", b"\xff\xd8\xff\xd9"):
        with pytest.raises(CannotDecode) as refused:
            decode(compressed(JPEGLosslessSV1, [lying], image))
        assert refused.value.fix
        assert (decode(compressed(JPEGLosslessSV1, [stream], image)) == image).all()


@pytest.mark.parametrize("syntax", CODECS, ids=lambda uid: uid.name[:40])
def test_a_codestream_that_is_cut_is_told(syntax: str) -> None:
    """Never half a picture that looks like a whole one, wherever it ends; nor one with a piece out of its middle."""
    image = IMAGES["16 bits"]
    stream = CODECS[syntax](image)
    for stop in (2, 30, len(stream) // 2, len(stream) - 40):
        with pytest.raises(CannotDecode):
            decode(compressed(syntax, [stream[:stop]], image))
    if CODECS[syntax] is not lossless_jpeg:
        half = len(stream) // 2
        with pytest.raises(CannotDecode):
            decode(compressed(syntax, [stream[: half - 60] + stream[half + 60 :]], image))


@pytest.mark.parametrize(
    "fragments",
    [
        "",
        "feff00e000000000",
        "feff00e000000000feff00e000000000",
        "feff00e0ffffffff",
        "feff00e00800000004000000",
    ],
)
def test_pixel_data_without_a_frame_are_told(fragments: str) -> None:
    """No item, no fragment, an empty one, an item without length, an offset table that is cut."""
    ds = mr_dataset(syntax=RLELossless)
    ds.PixelData = bytes.fromhex(fragments)
    for frame in (None, 0):
        with pytest.raises(CannotDecode):
            decode(ds, frame)


def test_uncompressed_pixels_are_decoded_in_place() -> None:
    """No process is started for them, and too few bytes are told."""
    ds = mr_dataset()
    assert (decode(ds) == ds.pixel_array).all()
    ds.PixelData = ds.PixelData[:-100]
    with pytest.raises(CannotDecode):
        decode(ds)
