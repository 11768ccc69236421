"""Decoders that pydicom has not, from imagecodecs, as a plugin of pydicom; loaded only where pixels are decoded.

libjpeg-turbo reads JPEG of 12 bits and JPEG Lossless, OpenJPEG JPEG 2000 of every depth and sign, and HTJ2K (OpenJPH,
which imagecodecs has as well, gives an array where a codestream is damaged). What pydicom knows to do before and after
(fragments, signs, colours) stays its own.
"""

from __future__ import annotations

from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.decoders.base import DecodeRunner, get_decoder
from pydicom.uid import UID

_JPEG: Final = ("1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
_JPEG_2000: Final = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_HTJ2K: Final = ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203")
_EXTENDED: Final = _JPEG[0]
_SCAN, _END = b"\xff\xda", b"\xff\xd9"  # markers (ISO 10918-1 B.1.1.3); no byte of a scan looks like one
_DECODED_TO_RGB: Final = ("YBR_ICT", "YBR_RCT")

DECODER_DEPENDENCIES: Final = {UID(uid): ("imagecodecs",) for uid in (*_JPEG, *_JPEG_2000, *_HTJ2K)}
"""Asked for by pydicom."""


def is_available(uid: str) -> bool:
    """Asked by pydicom: whether this decodes a transfer syntax."""
    return uid in DECODER_DEPENDENCIES


def register() -> None:
    """Let pydicom decode with these, once in a process."""
    for uid in DECODER_DEPENDENCIES:
        decoder = get_decoder(uid)
        if "imagecodecs" not in decoder.available_plugins:
            decoder.add_plugin("imagecodecs", (__name__, "decode_frame"))


def decode_frame(src: bytes, runner: DecodeRunner) -> bytes:
    """One frame as its values, samples of a pixel side by side; raises ValueError for one of another shape."""
    values = _decoded(src, str(runner.transfer_syntax), runner.samples_per_pixel)
    shape: tuple[int, ...] = (runner.rows, runner.columns)
    if runner.samples_per_pixel > 1:
        shape = (*shape, runner.samples_per_pixel)
        runner.set_option("planar_configuration", 0)
    if values.shape != shape or values.dtype.kind not in "iu":
        raise ValueError("The encoded image is not of the size in the header.")
    if runner.transfer_syntax not in _JPEG and runner.photometric_interpretation in _DECODED_TO_RGB:
        runner.set_option("photometric_interpretation", "RGB")
    # The values are as wide as the encoded ones need, which may be less than BitsAllocated.
    runner.set_option("bits_allocated", values.dtype.itemsize * 8)
    return np.ascontiguousarray(values).tobytes()


def _decoded(src: bytes, syntax: str, samples: int) -> NDArray[Any]:
    if syntax not in _JPEG:
        return imagecodecs.jpeg2k_decode(src)
    if src.rfind(_END) < src.rfind(_SCAN):  # libjpeg fills up what is missing, and says nothing
        raise ValueError("The encoded image ends too early.")
    if samples == 1:
        return imagecodecs.jpeg8_decode(src)
    if syntax == _EXTENDED:
        raise NotImplementedError("Colours in more than 8 bits are not decoded.")
    return imagecodecs.jpeg8_decode(src, colorspace="RGB", outcolorspace="RGB")  # as stored, not converted
