"""What is read and drawn of a file that others made: run only in a process that may die (`child`).

Functions take the file, by its path or as a stream, and give bytes: of JSON, of a data set, of a PNG.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from dicom_nodes.data_sets import data_set_of
from gateway.decoding.description import listed_frames
from gateway.decoding.errors import UNDECODABLE, CannotDecode
from gateway.decoding.pixels import Decoder, decode
from gateway.decoding.plain_pixels import first_frame, values_at
from gateway.imaging.frames import HEADERS, KEYWORDS, ObjectHeader, frame_index, object_header
from gateway.imaging.study_index import FrameIndex

Source = Path | BytesIO
Pixels = NDArray[np.float32]
Known = dict[str, Any] | None
"""What the index says of a frame, as `files.known_of` writes it; None: it is read from the file."""

UNREADABLE: Final = tuple(error for error in UNDECODABLE if error is not MemoryError)
MOST_STRETCHED: Final = 10.0
"""A side of a pixel to the other; a header may say anything, and the picture would be as large as it says."""
MOST_PIXELS: Final = 1 << 27
"""Of a picture, stretched."""
SAMPLES: Final = 250_000
"""Values of a frame that a window is worked out from, about; every third one at most."""


def headers(files: Sequence[Path]) -> bytes:
    """What the index of a study takes from each object, as `imaging.frames.HEADERS` writes it; none: unreadable."""
    return HEADERS.dump_json([_header(file) for file in files])


def _header(file: Path) -> ObjectHeader | None:
    with suppress(InvalidDicomError, *UNREADABLE):
        ds = _read(file, without_pixels=True, only=KEYWORDS)
        header = object_header(ds, listed_frames(ds, file.stat().st_size))
        first = first_frame(file, ds, len(header.frames))
        if first is None:
            return header
        at, size = first
        frames = (replace(frame, offset=at + frame.frame * size, length=size) for frame in header.frames)
        return replace(header, frames=tuple(frames))
    return None


def header(source: Source) -> bytes:
    """The data set without its pixels, as a file: encoded as it was, or inflated."""
    ds = _read(source, without_pixels=True)
    if ds.file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian:
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    stream = BytesIO()
    ds.save_as(stream, enforce_file_format=False)
    return stream.getvalue()


def sampled(source: Source, decoder: Decoder, *, frame: int, known: Known = None) -> Pixels:
    """Every third value of a frame, or fewer, rescaled: for a window."""
    pixels = _shown(source, decoder, frame, known)[0].ravel()
    return pixels[:: max(3, pixels.size // SAMPLES)]


def drawn(
    source: Source,
    decoder: Decoder,
    *,
    frame: int,
    low: float,
    high: float,
    width: int | None,
    known: Known = None,
) -> bytes:
    """One frame as PNG, black at `low` and white at `high`, at most `width` wide."""
    return as_png(*_shown(source, decoder, frame, known), low, high, width)


def drawn_as_stored(source: Source, decoder: Decoder, *, frame: int, black: float, white: float) -> bytes:
    """One frame in its full size, its values neither rescaled nor sampled; `black` and `white` are percentiles."""
    ds = _read(source)
    pixels = decode(ds, frame, processes=decoder)
    if _is_colour(ds):
        return as_png(_in_eight_bits(pixels, ds), ds, 0.0, 255.0, None)
    pixels = pixels.astype(np.float32)
    low, high = (float(value) for value in np.percentile(pixels, (black, white)))
    return as_png(pixels, ds, low, high, None)


def as_png(pixels: NDArray[Any], shown: Dataset, low: float, high: float, width: int | None) -> bytes:
    """A picture; `shown` says what its values mean and how large a pixel is. Raises CannotDecode for one too large."""
    if pixels.ndim == 3:  # colour is shown as it is
        image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    else:
        grey = ((pixels - low) / max(high - low, 1e-6)).clip(0.0, 1.0)
        if shown.get("PhotometricInterpretation") == "MONOCHROME1":
            grey = 1.0 - grey
        image = Image.fromarray((grey * 255.0 + 0.5).astype(np.uint8))
    image = _square_pixels(image, shown.get("PixelSpacing"))
    if width is not None and width < image.width:
        image = image.resize(
            (width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS
        )
    stream = BytesIO()
    image.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def _read(source: Source, **how: Any) -> Dataset:
    return data_set_of(source if isinstance(source, Path) else source.getvalue(), **how)


def _shown(source: Source, decoder: Decoder, frame: int, known: Known) -> tuple[Pixels, Dataset]:
    """The pixels of a frame, rescaled or in colour, and what a picture has to know of it.

    What is `known` of a frame that lies in the file as it is need not be read again, nor what is beside it.
    """
    if known is not None and isinstance(source, Path):
        place = {name: known[name] for name in ("offset", "length", "rows", "columns", "bits", "signed")}
        slope, intercept = (np.float32(known[name]) for name in ("slope", "intercept"))
        return values_at(source, **place).astype(np.float32) * slope + intercept, _means(known)
    ds = _read(source)
    of = frame_index(ds, frame)
    values = decode(ds, frame, processes=decoder)
    if ds.get("PhotometricInterpretation") == "PALETTE COLOR":
        return _coloured(values, ds), _meaning(ds, of)
    if of.slope is None or of.intercept is None:
        raise CannotDecode("Its rescaling is no number.", "Look at it in the archive that sent it.")
    slope, intercept = np.float32(of.slope), np.float32(of.intercept)
    return values.astype(np.float32) * slope + intercept, _meaning(ds, of)


def _means(known: dict[str, Any]) -> Dataset:
    shown = Dataset()
    shown.PhotometricInterpretation = known["photometric"]
    if known["spacing"] is not None:
        shown.PixelSpacing = list(known["spacing"])
    return shown


def _meaning(ds: Dataset, frame: FrameIndex) -> Dataset:
    shown = Dataset()
    shown.PhotometricInterpretation = ds.get("PhotometricInterpretation")
    if frame.spacing is not None:
        shown.PixelSpacing = list(frame.spacing)
    return shown


def _coloured(values: NDArray[Any], ds: Dataset) -> Pixels:
    """Palette entries (PS3.3 C.7.9) as colours of 8 bits."""
    colours = apply_color_lut(values, ds)
    return (colours >> 8 * (colours.dtype.itemsize - 1)).astype(np.float32)


def _is_colour(ds: Dataset) -> bool:
    return int(ds.get("SamplesPerPixel") or 1) > 1 or ds.get("PhotometricInterpretation") == "PALETTE COLOR"


def _in_eight_bits(pixels: NDArray[Any], ds: Dataset) -> NDArray[Any]:
    """Red, green and blue, each 0 to 255."""
    if ds.get("PhotometricInterpretation") == "PALETTE COLOR":
        pixels = np.asarray(apply_color_lut(pixels, ds))
    return pixels >> 8 if pixels.dtype.itemsize > 1 else pixels


def _square_pixels(image: Image.Image, spacing: Any) -> Image.Image:
    """Stretch an image whose pixels are not square (PixelSpacing: row spacing, then column spacing, mm)."""
    with suppress(*UNDECODABLE):
        ratio = float(spacing[0]) / float(spacing[1]) if len(spacing) == 2 else 1.0
        height = max(1, round(image.height * ratio))
        if abs(ratio - 1) < 0.01 or not 1 / MOST_STRETCHED <= ratio <= MOST_STRETCHED:
            return image
        if image.width * height > MOST_PIXELS:
            raise CannotDecode("The picture would be too large.", "Look at it in the archive that sent it.")
        return image.resize((image.width, height), Image.Resampling.BICUBIC)
    return image
