"""The pixels of two images as values: equal where they are stored alike, or where they decode alike.

`decode` is a callable that is handed in; `decoded` is the one that is used, and decodes as `gateway.decoding` does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_fragments, parse_basic_offsets
from pydicom.pixels.utils import get_expected_length
from pydicom.uid import UID

from gateway.decoding.errors import UNDECODABLE, CannotDecode
from gateway.decoding.pixels import decode as decode_pixels
from gateway.identity.values import DEFAULT_CHARSET, encoded, shown, value_of

_PIXEL_DATA: Final = 0x7FE00010
_PLANAR: Final = 0x00280006
# Lossless JPEG 2000 stores RGB so, and decodes to it (PS3.3 C.7.6.3.1.2).
_AS_DECODED: Final = {"YBR_RCT": "RGB"}


@dataclass(frozen=True)
class Decoded:
    """Decoded pixels: the shape (frames, rows, columns, samples) and the digest of the stored values."""

    shape: tuple[int, int, int, int]
    sha256: str

    @property
    def text(self) -> str:
        """The shape in words."""
        return "{} frames of {} x {}, {} samples".format(*self.shape)


Decode = Callable[[Dataset], Decoded]
"""Decodes the pixels of an object with its file meta information; raises CannotDecode."""


class Pixels(NamedTuple):
    """What is known of the pixels of two objects; `decoded`: they had to be decoded to know it.

    `shown` says for people what each has, "" where one has none. `known` is false when one cannot be decoded.
    """

    differ: bool
    known: bool = True
    decoded: bool = False
    shown: tuple[str, str] = ("", "")


def compare_pixels(first: Dataset, second: Dataset, decode: Decode) -> Pixels:
    """Compare the Pixel Data (7FE0,0010) of two objects."""
    one, other = _stored(first), _stored(second)
    if one is None or other is None:
        shown = (_size(one), _size(other))
        return Pixels(shown != ("", ""), shown=shown)
    if one == other:
        return Pixels(differ=False)
    try:
        pixels, others = decode(first), decode(second)
    except CannotDecode:
        return Pixels(differ=False, known=False)
    differ = pixels != others or one.behind != other.behind
    return Pixels(differ, decoded=True, shown=(pixels.text, others.text))


def same_colours(one: str, other: str) -> bool:
    """Whether two values of PhotometricInterpretation describe the same decoded samples."""
    return _AS_DECODED.get(one, one) == _AS_DECODED.get(other, other)


def decoded(ds: Dataset) -> Decoded:
    """The pixels of `ds` in no colour space but their own. Raises CannotDecode."""
    pixels = decode_pixels(ds, stored=True)
    try:
        return digest_of(pixels, ds)
    except UNDECODABLE as error:
        raise CannotDecode(
            f"The pixels of an object cannot be decoded ({type(error).__name__}).",
            "Look at both versions in the archive that sent them.",
        ) from None


def digest_of(pixels: NDArray[Any], ds: Dataset) -> Decoded:
    """What an array of stored values comes to, as `ds` describes them; raises ValueError for another shape.

    Bits outside BitsStored do not count, unless an overlay is kept in them.
    """
    frames, rows, columns = int(ds.get("NumberOfFrames") or 1), int(ds.Rows), int(ds.Columns)
    samples = int(ds.get("SamplesPerPixel") or 1)
    shape = (frames, rows, columns, samples)
    values = np.ascontiguousarray(pixels.reshape(shape))
    if values.dtype.kind in "iu" and not _has_embedded_overlay(ds):
        values = _stored_bits(values.astype(np.int64 if values.itemsize > 4 else np.int32, copy=False), ds)
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return Decoded(shape, hashlib.sha256(little.tobytes()).hexdigest())


def _stored_bits(values: NDArray[Any], ds: Dataset) -> NDArray[Any]:
    """The bits from HighBit down, BitsStored of them, with their sign (PS3.5 8.1.1)."""
    stored = int(ds.get("BitsStored") or ds.BitsAllocated)
    lowest = int(ds.get("HighBit") or stored - 1) + 1 - stored
    width = values.itemsize * 8
    if not 0 < stored < width or lowest < 0:
        return values
    bits = (values >> lowest) & ((1 << stored) - 1)
    if not int(ds.get("PixelRepresentation") or 0):
        return bits
    return (bits << (width - stored)) >> (width - stored)


def _has_embedded_overlay(ds: Dataset) -> bool:
    return any(
        (group << 16 | 0x0102) in ds
        and (group << 16 | 0x3000) not in ds
        and int(ds[group << 16 | 0x0102].value or 0)
        for group in range(0x6000, 0x6020, 2)
    )


class _Stored(NamedTuple):
    """Pixel Data without their padding: how they are encoded, their bytes, and bytes behind the last pixel."""

    encoding: tuple[str, str]
    data: bytes
    behind: bytes


def _stored(ds: Dataset) -> _Stored | None:
    element = encoded(ds, _PIXEL_DATA, DEFAULT_CHARSET) if _PIXEL_DATA in ds else None
    if element is None or not element.data:
        return None
    syntax = UID(str(getattr(ds, "file_meta", Dataset()).get("TransferSyntaxUID") or ""))
    order = shown(encoded(ds, _PLANAR, DEFAULT_CHARSET)) if _PLANAR in ds else "0"
    if syntax.is_transfer_syntax and syntax.is_encapsulated:
        fragments = BytesIO(element.data)
        try:
            parse_basic_offsets(fragments)
            return _Stored((syntax, order), b"".join(generate_fragments(fragments)), b"")
        except UNDECODABLE:
            return _Stored((syntax, order), element.data, b"")
    data = value_of(element, "OW" if element.vr == "OW" else "OB")
    assert isinstance(data, bytes)
    try:
        length = ceil(get_expected_length(ds, unit="bytes"))
    except UNDECODABLE:  # nothing says how many bytes the pixels are
        length = len(data)
    return _Stored(("", order), data[:length], data[length:].rstrip(b"\0"))


def _size(stored: _Stored | None) -> str:
    return f"{len(stored.data)} bytes" if stored else ""
