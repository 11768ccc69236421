"""The voxels of one regular stack, and where they lie."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from gateway.imaging.nifti_header import DTYPES, LENGTH
from gateway.imaging.study_index import Affine

_TYPES: Final = {code: dtype for dtype, (code, _) in DTYPES.items()}


class SupportsRead(Protocol):
    """Something to read bytes from."""

    def read(self, size: int, /) -> bytes:
        """At most so many."""


@dataclass(frozen=True)
class Volume:
    """Rescaled values; `array` is (slices, rows, columns), `affine` takes (column, row, slice) to mm (LPS)."""

    array: NDArray[np.float32]
    affine: Affine


def from_nifti(stream: SupportsRead, most_voxels: int) -> Volume:
    """A volume as the worker stored it, expanded; raises ValueError for anything else, or for more voxels."""
    header = stream.read(LENGTH)
    if len(header) < LENGTH or header[344:348] != b"n+1\0":
        raise ValueError("This is no NIfTI-1 file.")
    columns, rows, slices, code = (
        *struct.unpack_from("<3h", header, 42),
        *struct.unpack_from("<h", header, 70),
    )
    slope, intercept = struct.unpack_from("<2f", header, 112)
    voxels = columns * rows * slices
    if min(columns, rows, slices) < 1 or voxels > most_voxels or code not in _TYPES:
        raise ValueError("This is no volume of ours.")
    dtype = np.dtype(_TYPES[code])
    data = stream.read(voxels * dtype.itemsize)
    if len(data) < voxels * dtype.itemsize:
        raise ValueError("The file is cut short.")
    array = np.frombuffer(data, dtype).reshape(slices, rows, columns).astype(np.float32)
    if slope:
        array = array * np.float32(slope) + np.float32(intercept)
    ras = np.asarray(struct.unpack_from("<12f", header, 280), np.float64).reshape(3, 4)
    a, b, c = (ras * np.array([[-1], [-1], [1]])).tolist()
    return Volume(array, (tuple(a), tuple(b), tuple(c)))
