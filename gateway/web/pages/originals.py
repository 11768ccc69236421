"""The picture of a held original, for the person who has to vouch for its pixels. Every look is an audit event.

This is the only place where pages read an original; who may is decided by `gateway.web.pages.held_objects`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.pixels.processing import apply_color_lut

from dicom_nodes.data_sets import data_set_of
from gateway.decoding.errors import UNDECODABLE, CannotDecode
from gateway.decoding.pixels import decode
from gateway.errors import NotThere
from gateway.web.foundation.images import WINDOWS, PictureFailed, as_png

LEAVE_IT_OUT: Final = "What cannot be looked at cannot be released: leave it out."


def picture(file: bytes, frame: int, window: str) -> bytes:
    """One frame (from 0) as PNG in its full size; raises NotThere or PictureFailed.

    The window "full" maps every value that occurs to a grey of its own place: text cannot hide beyond its ends.
    """
    if window not in WINDOWS:
        raise NotThere(f"There is no window {window!r}.", f"Use one of: {', '.join(WINDOWS)}.")
    try:
        header = data_set_of(file)
        frames = int(header.get("NumberOfFrames") or 1)
        if not 0 <= frame < frames:
            raise NotThere(f"There is no frame {frame}.", f"The object has {frames}, counted from 0.")
        pixels = decode(header, frame)
        pixels = _in_eight_bits(pixels, header) if _is_colour(header) else pixels.astype(np.float32)
    except CannotDecode as error:
        raise PictureFailed(f"This image cannot be shown here. {error.problem}", LEAVE_IT_OUT) from error
    except (InvalidDicomError, *UNDECODABLE) as error:
        raise PictureFailed(
            f"This image cannot be shown here ({type(error).__name__}).", LEAVE_IT_OUT
        ) from error
    if pixels.ndim == 3:
        return as_png(pixels, header, 0.0, 255.0, None)
    _, black, white = WINDOWS[window]
    low, high = (float(value) for value in np.percentile(pixels, (black, white)))
    return as_png(pixels, header, low, high, None)


def _is_colour(header: Dataset) -> bool:
    return (
        int(header.get("SamplesPerPixel") or 1) > 1
        or header.get("PhotometricInterpretation") == "PALETTE COLOR"
    )


def _in_eight_bits(pixels: NDArray[Any], header: Dataset) -> NDArray[Any]:
    """Red, green and blue, each 0 to 255."""
    if header.get("PhotometricInterpretation") == "PALETTE COLOR":
        pixels = np.asarray(apply_color_lut(pixels, header))
    return pixels >> 8 if pixels.dtype.itemsize > 1 else pixels
