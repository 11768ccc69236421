"""Where the brain is: a mask in the patient's coordinates, from `child`, taken only when it is plausible."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.decoding.messages import message, read_message
from gateway.faces.child import HEAD_STEP_MM, STEP_MM
from gateway.faces.head import Head
from gateway.faces.missing import LibrariesMissing
from gateway.faces.shear import TOWARDS_THE_FACE
from gateway.faces.slices import Grid, Slice
from gateway.faces.stacks import Volume

_PROGRAM: Final = (sys.executable, "-P", "-m", "gateway.faces.child")
_SECONDS: Final = 600
_MILLILITRES: Final = (850.0, 2300.0)
"""With the fluid around it, which brainextractor takes in: an adult's brain, shrunken or large."""
_EXTENTS_MM: Final = ((105.0, 180.0), (135.0, 215.0), (80.0, 190.0))
"""Left to right, front to back, bottom to top."""
_STEM_CM2: Final = 30.0
_NEAR_EDGE_MM: Final = 6.0
_BULGE: Final = (0.85, 1.2)
"""How far a brain reaches towards the face, as a part of what the ellipsoid of its moments does.

In three heads: 0.93 to 1.1. More is a leak into an orbit, behind which the face would stay, and less a piece of brain
that is missing.
"""


class NoBrain(Exception):
    """Nothing in a volume is plausible for a brain; the text reads on after 'because'."""


@dataclass(frozen=True)
class Brain:
    """A mask (x, y, z) in steps of `step` mm along the patient's axes; `corner` is its first voxel's middle, mm."""

    mask: NDArray[np.bool_] = field(repr=False)
    corner: tuple[float, float, float]
    step: float

    @property
    def millilitres(self) -> float:
        """Its volume."""
        return float(self.mask.sum()) * self.step**3 / 1000

    def points(self) -> NDArray[np.float64]:
        """The middles of its voxels, in mm: (voxels, 3)."""
        return np.argwhere(self.mask) * self.step + np.asarray(self.corner)

    def within(self, where: Slice) -> NDArray[np.bool_]:
        """Which voxels of a slice have their middle in it: (rows, columns)."""
        inside, nearest = Grid(self.mask.shape, self.corner, self.step).at(where)
        return inside & self.mask[nearest]


def brain_in(volume: Volume) -> tuple[Brain, Head]:
    """The brain in a volume, and the head around it; raises NoBrain."""
    brain, head = _seen(volume)
    refuse_implausible(brain)
    return brain, head


def refuse_implausible(brain: Brain) -> None:
    """Raise NoBrain for a mask that is no brain: its volume, its extents, its contact with the edge of the picture."""
    least, most = _MILLILITRES
    if not least <= brain.millilitres <= most:
        raise NoBrain(
            f"what was taken for the brain has {brain.millilitres:.0f} ml, and a brain {least:g} to {most:g}"
        )
    used = np.argwhere(brain.mask)
    extents = (used.max(axis=0) - used.min(axis=0) + 1) * brain.step
    for axis, (shortest, longest), extent in zip(("wide", "long", "high"), _EXTENTS_MM, extents, strict=True):
        if not shortest <= extent <= longest:
            raise NoBrain(
                f"what was taken for the brain is {extent:.0f} mm {axis}, and a brain {shortest:g} to {longest:g}"
            )
    sides = np.array(brain.mask.shape)[:2] - 1
    if (used[:, :2].min(axis=0) == 0).any() or (used[:, :2].max(axis=0) == sides).any():
        raise NoBrain("what was taken for the brain reaches the edge of the picture")
    layers = brain.mask.sum(axis=(0, 1)) * brain.step**2 / 100
    near = round(_NEAR_EDGE_MM / brain.step)
    if (
        max(layers[:near].max(), layers[-near:].max()) > _STEM_CM2
    ):  # a brain stem may leave the picture, no more
        raise NoBrain("the picture ends above the lower end of the brain, or below its upper end")
    points = brain.points()[:, 1:]
    points -= points.mean(axis=0)
    spread = np.cov(points.T)
    for direction in TOWARDS_THE_FACE:
        towards = np.array(direction)
        reach = float((points @ towards).max() / np.sqrt(5 * towards @ spread @ towards))
        if not _BULGE[0] <= reach <= _BULGE[1]:
            raise NoBrain(
                f"what was taken for the brain reaches {reach:.2f} times as far towards the face as its shape allows"
            )


def _seen(volume: Volume) -> tuple[Brain, Head]:
    """What the process found; raises NoBrain."""
    values = np.ascontiguousarray(volume.values)
    order = {
        "shape": values.shape,
        "dtype": values.dtype.str,
        "corner": volume.corner,
        "steps": volume.steps,
    }
    data = values.tobytes()
    with TemporaryDirectory(prefix="pml-gateway-") as folder:
        try:
            done = subprocess.run(
                _PROGRAM,
                input=message(order, data) + data,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(folder),
                start_new_session=True,  # a Ctrl-C at the terminal is for the gateway
                timeout=_SECONDS,
                check=False,
            )
            answer = BytesIO(done.stdout)
            head, mask = read_message(answer, len(done.stdout))
            if head.get("error") in {"ImportError", "ModuleNotFoundError"}:
                raise LibrariesMissing("brainextractor cannot be loaded")
            if "error" in head:
                raise NoBrain(f"no brain was seen in the volume ({str(head['error'])[:60]})")
            around, seen = read_message(answer, len(done.stdout))
            brain = np.frombuffer(mask, np.uint8).reshape(head["shape"]).astype(np.bool_)
            depths, shades = np.frombuffer(seen, np.uint8).reshape(around["shape"])
            return Brain(brain, _place(head), STEP_MM), Head(depths, shades, _place(around), HEAD_STEP_MM)
        except subprocess.TimeoutExpired:
            raise NoBrain(f"looking for the brain took longer than {_SECONDS} s") from None
        except (EOFError, ValueError, KeyError, TypeError, OSError) as error:
            raise NoBrain(f"what looks for the brain has failed ({type(error).__name__})") from None


def _place(head: dict[str, Any]) -> tuple[float, float, float]:
    x, y, z = (float(part) for part in head["corner"])
    return x, y, z


def _environment(folder: str) -> dict[str, str]:
    """What the program needs to start, and nothing else; its compiled code goes where it was installed, or `folder`."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG") if name in os.environ}
    spec = find_spec("brainextractor")
    home = Path(spec.origin).parent if spec is not None and spec.origin else None
    cache = {} if home is not None and os.access(home, os.W_OK) else {"NUMBA_CACHE_DIR": folder}
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    return kept | cache | threads | {"HOME": folder, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
