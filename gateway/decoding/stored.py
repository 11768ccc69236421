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
from pydicom.filereader import read_file_meta_info
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicom_nodes.data_sets import data_set_of
from gateway.decoding.errors import CannotDecode
from gateway.decoding.pixels import Decoder, decode

INTEGERS: Final = ("<i2", "<u2")
_BY_OFFSET: Final = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
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
    by_offset = isinstance(source, Path) and _is_plain(source)
    for at, (frame, offset, length) in enumerate(frames):
        if by_offset and offset is not None and length:
            assert isinstance(source, Path)
            values = _at(source, offset, length, rows, columns, bits, signed=signed)
        else:
            if whole is None:
                whole = data_set_of(source if isinstance(source, Path) else source.getvalue())
            values = decode(whole, frame, processes=decoder)
        if values.shape != (rows, columns) or values.dtype.kind not in "iu":
            raise CannotDecode("Its pixels are not of the kind in its header.", _ELSEWHERE)
        made.append(_in(values, dtype, *(scales[at] if dtype not in INTEGERS else (1.0, 0.0))))
    return b"".join(made)


def _is_plain(source: Path) -> bool:
    """Whether the bytes of its values are what a little-endian machine has in memory."""
    return read_file_meta_info(source).get("TransferSyntaxUID") in _BY_OFFSET


def _at(
    source: Path, offset: int, length: int, rows: int, columns: int, bits: int, *, signed: bool
) -> NDArray[Any]:
    size = length // (rows * columns) if rows * columns else 0
    if size not in (1, 2) or size * rows * columns != length or not 1 <= bits <= 8 * size:
        raise CannotDecode("Its pixels are not of the size in its header.", _ELSEWHERE)
    with source.open("rb") as stream:
        stream.seek(offset)
        data = stream.read(length)
    if len(data) != length:
        raise CannotDecode("Its file ends before its pixels do.", _ELSEWHERE)
    values = np.frombuffer(data, np.dtype(f"<{'i' if signed else 'u'}{size}")).reshape(rows, columns)
    unused = 8 * size - bits
    if unused:  # what lies in them is no part of a value (PS3.5 8.1.1): older objects keep overlays there
        values = (values << unused) >> unused
    return values


def _in(values: NDArray[Any], dtype: str, slope: float, intercept: float) -> bytes:
    if dtype in INTEGERS:
        limits = np.iinfo(dtype)
        if values.size and not limits.min <= int(values.min()) <= int(values.max()) <= limits.max:
            raise CannotDecode("Its values need more than 16 bits.", _ELSEWHERE)
        return values.astype(dtype).tobytes()
    return (values.astype(np.float64) * slope + intercept).astype("<f4").tobytes()
