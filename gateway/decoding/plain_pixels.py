"""Frames that are stored uncompressed and whole: at which byte they begin, and their values read from there alone.

Nothing else of the file is read for them, however large it is: of an object of 160 frames, one.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from dicom_nodes.encoding.elements import NotTaken, elements_between
from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.headers import PIXEL_DATA
from dicom_nodes.encoding.octets import MappedFile
from dicom_nodes.encoding.part10 import TRANSFER_SYNTAX, beginning
from dicom_nodes.encoding.uids import EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN
from gateway.decoding.errors import CannotDecode

_PLAIN: Final = (IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN)
_ELSEWHERE: Final = "Look at it in the archive that sent it."


def first_frame(path: Path, ds: Dataset, frames: int) -> tuple[int, int] | None:
    """Where the first of so many frames begins, and the bytes of each; the next ones follow without a gap.

    None where the header promises other frames, and where pixels are compressed, deflated, of the other byte order, of
    colours, or not all there.
    """
    allocated, rows, columns = (ds.get(name) for name in ("BitsAllocated", "Rows", "Columns"))
    if str(ds.get("NumberOfFrames") or 1) != str(frames):
        return None
    if allocated not in (8, 16) or ds.get("SamplesPerPixel", 1) != 1 or not rows or not columns:
        return None
    size = int(rows) * int(columns) * int(allocated) // 8
    with suppress(NotTaken, NotDicom, OSError, ValueError), path.open("rb") as file:
        data = MappedFile.of(file.fileno())
        meta = beginning(data)
        syntax = meta.uid(TRANSFER_SYNTAX)
        if syntax not in _PLAIN:
            return None
        told = None if syntax == EXPLICIT_LITTLE_ENDIAN else _unknown
        elements, _ = elements_between(data, meta.end, vr_of=told, below=PIXEL_DATA + 1)
        if elements and elements[-1].tag == PIXEL_DATA:
            value, stop = elements[-1].value, elements[-1].stop
            if frames * size <= stop - value:
                return value, size
    return None


def _unknown(_tag: int) -> str:
    return "UN"


def values_at(
    path: Path, offset: int, length: int, rows: int, columns: int, bits: int, *, signed: bool
) -> NDArray[Any]:
    """The stored values of the frame in these bytes of a file (`first_frame`); raises CannotDecode, OSError."""
    size = length // (rows * columns) if rows * columns else 0
    if size not in (1, 2) or size * rows * columns != length or not 1 <= bits <= 8 * size:
        raise CannotDecode("Its pixels are not of the size in its header.", _ELSEWHERE)
    with path.open("rb") as stream:
        stream.seek(offset)
        data = stream.read(length)
    if len(data) != length:
        raise CannotDecode("Its file ends before its pixels do.", _ELSEWHERE)
    values = np.frombuffer(data, np.dtype(f"<{'i' if signed else 'u'}{size}")).reshape(rows, columns)
    unused = 8 * size - bits
    # What lies above a value is no part of it (PS3.5 8.1.1): older objects keep overlays there.
    return (values << unused) >> unused if unused else values
