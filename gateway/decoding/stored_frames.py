"""Frames of an index as they are stored, asked of a process that may die: for volumes, and for browsers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway.decoding import files
from gateway.decoding.children import SHARED, DecodingProcesses
from gateway.decoding.description import MOST_FRAME_BYTES
from gateway.decoding.errors import CannotDecode
from gateway.imaging.study_index import FrameIndex, ObjectIndex
from gateway.imaging.volume_plan import scale_of

BYTES: Final = {"<i2": 2, "<u2": 2, "<f4": 4}


def stored_type(of: ObjectIndex) -> str:
    """The type of the values of an object's frames where they are given one by one."""
    return "<i2" if of.signed or of.bits_stored < 16 else "<u2"


def values_of(
    path: Path,
    of: ObjectIndex,
    frames: Sequence[FrameIndex],
    dtype: str,
    processes: DecodingProcesses = SHARED,
) -> bytes:
    """The values of frames of one object and size, one after another in `dtype`; raises CannotDecode, TooBusy.

    In "<f4" they are rescaled, each frame as its own scale says; a volume has none without one.
    """
    rows, columns = frames[0].rows, frames[0].columns
    order = {
        "frames": [[frame.frame, frame.offset, frame.length] for frame in frames],
        "rows": rows,
        "columns": columns,
        "bits": of.bits_stored,
        "signed": of.signed,
        "dtype": dtype,
        "scales": [scale_of(frame) or (1.0, 0.0) for frame in frames],
    }
    size = rows * columns * BYTES[dtype]
    if not 0 < size <= MOST_FRAME_BYTES:
        raise CannotDecode(
            f"A frame of {rows} by {columns} is not read here.", "Look at it in the archive that sent it."
        )
    return files.stored(path, order, len(frames) * size, processes)
