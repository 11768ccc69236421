"""A map of change, asked of a process of its own that may die: its numbers, and its voxels."""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from gateway.decoding.children import PROGRAM, DecodingProcesses, Limits
from gateway.decoding.errors import CannotDecode
from gateway.imaging.study_index import Affine, Vector

MOST_VOXELS: Final = 120_000_000
_SPARE_BYTES: Final = 1 << 30
_BYTES_A_VOXEL: Final = 160
"""Of address space: the volumes, and what is worked out between them at 1 mm."""
PROCESSES: Final = DecodingProcesses(Limits(processes=1, seconds=180, memory=6 << 30), (*PROGRAM, "15"))
"""One, which gives way to all others; about 6 s of one core for volumes of 192 x 192 x 108."""
atexit.register(PROCESSES.close)


@dataclass(frozen=True)
class Mark:
    """One component of a map, as `gateway.imaging.change.outcome` says it."""

    number: int
    kind: str
    volume_ml: float
    peak: float
    point: Vector


@dataclass(frozen=True)
class Changes:
    """A map, without its voxels; or why there is none, and then nothing else."""

    why: str = ""
    components: tuple[Mark, ...] = ()
    dropped: int = 0
    more: int = 0
    noise: float = 0.0
    covered: float = 0.0
    misfit_mm: float = 0.0
    shape: tuple[int, int, int] = (0, 0, 0)
    """Columns, rows, slices."""
    affine: Affine = ()


_CHANGES: Final = TypeAdapter(Changes)


def changes_between(
    current: Path, prior: Path, transform: Affine, voxels: int, processes: DecodingProcesses = PROCESSES
) -> tuple[Changes, bytes]:
    """What became bright between two stored volumes, and the voxels of the map on the grid of the current one.

    `voxels`: of both together. Raises CannotDecode when its process died, and TooBusy.
    """
    order = {"current": str(current.absolute()), "prior": str(prior.absolute()), "transform": transform}
    memory = _SPARE_BYTES + _BYTES_A_VOXEL * voxels
    try:
        head, data = processes.ask("change", order, memory=memory, most=voxels)
        made = _CHANGES.validate_python({k: v for k, v in head.items() if k != "last"})
    except ValidationError:
        raise CannotDecode("The map of change is not what it should be.", "Look at both series.") from None
    finally:
        processes.close()
    columns, rows, slices = made.shape
    if not made.why and columns * rows * slices != len(data):
        raise CannotDecode("The map of change is not of the size of its volume.", "Look at both series.")
    return made, data
