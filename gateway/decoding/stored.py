"""The values of frames as they are stored, for volumes and for browsers that draw themselves: in the child only.

Where the index says at which byte a frame begins, nothing else of its file is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicom_nodes.data_sets import data_set_of
from gateway.decoding.errors import CannotDecode
from gateway.decoding.pixels import Decoder, decode
from gateway.decoding.plain_pixels import values_at

INTEGERS: Final = ("<i2", "<u2")
_ELSEWHERE: Final = "Look at it in the archive that sent it."


def values_of(
    source: Path | BytesIO,
    decoder: Decoder,
    *,
    frames: Sequence[Sequence[int | None]],
    rows: int,
    columns: int,
    bits: int,
    signed: bool,
    dtype: str,
    scales: Sequence[Sequence[float]],
) -> bytes:
    """The values of `frames` (number from 0, offset or None, length) one after another, each in `dtype`.

    `scales` (slope and intercept of each frame) are applied where it is "<f4" only. Raises CannotDecode.
    """
    made = []
    whole: Any = None
    for at, (frame, offset, length) in enumerate(frames):
        if isinstance(source, Path) and offset is not None and length:
            values = values_at(source, offset, length, rows, columns, bits, signed=signed)
        else:
            if whole is None:
                whole = data_set_of(source if isinstance(source, Path) else source.getvalue())
            values = decode(whole, frame, processes=decoder)
        if values.shape != (rows, columns) or values.dtype.kind not in "iu":
            raise CannotDecode("Its pixels are not of the kind in its header.", _ELSEWHERE)
        made.append(_in(values, dtype, *(scales[at] if dtype not in INTEGERS else (1.0, 0.0))))
    return b"".join(made)


def _in(values: NDArray[Any], dtype: str, slope: float, intercept: float) -> bytes:
    if dtype in INTEGERS:
        limits = np.iinfo(dtype)
        if values.size and not limits.min <= int(values.min()) <= int(values.max()) <= limits.max:
            raise CannotDecode("Its values need more than 16 bits.", _ELSEWHERE)
        return values.astype(dtype).tobytes()
    return (values.astype(np.float64) * slope + intercept).astype("<f4").tobytes()
