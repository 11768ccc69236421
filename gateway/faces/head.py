"""What the pixels of a volume show of a head: tissue, air, and how far from the brain; nothing here knows of planes.

The child works it out (`child.depths_of`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.faces.slices import Grid, Slice

BESIDE: Final = 1
"""The depth of air that is so near the head that an image of another kind may show something there."""
TISSUE: Final = 2
"""The least depth of a voxel of the head: this, and the mm from the brain."""


SHADES: Final = 16


def shades_of(values: NDArray[Any]) -> NDArray[np.uint8]:
    """How bright each value is among them, in SHADES steps."""
    dark, bright = np.percentile(values, [2, 99])
    shades: NDArray[np.uint8] = np.clip(
        (values - dark) / max(float(bright - dark), 1e-9) * SHADES, 0, SHADES - 1
    ).astype(np.uint8)
    return shades


@dataclass(frozen=True)
class Head:
    """Depths (x, y, z) in steps of `step` mm along the patient's axes; `corner` is the first voxel's middle, mm.

    `shades` has for each voxel how bright it is, 0 to SHADES - 1.
    """

    depths: NDArray[np.uint8] = field(repr=False)
    shades: NDArray[np.uint8] = field(repr=False)
    corner: tuple[float, float, float]
    step: float

    def further_than(self, mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The head's voxels that far from the brain: their middles (voxels, 3) and distances, in mm."""
        at = np.argwhere(self.depths > TISSUE + mm)
        return at * self.step + np.asarray(self.corner), self.depths[tuple(at.T)].astype(np.float64) - TISSUE

    def shades_at(self, points: NDArray[np.float64]) -> NDArray[np.uint8]:
        """How bright this volume is at these points (points, 3), in mm; outside of it dark."""
        at = np.rint((points - self.corner) / self.step).astype(np.int64)
        inside = ((at >= 0) & (at < self.shades.shape)).all(axis=1)
        at = np.clip(at, 0, np.array(self.shades.shape) - 1)
        return np.where(inside, self.shades[tuple(at.T)], 0).astype(np.uint8)

    def air(self, where: Slice) -> NDArray[np.bool_]:
        """Which voxels of a slice lie where this volume shows air, and not just beside the head: (rows, columns)."""
        inside, nearest = Grid(self.depths.shape, self.corner, self.step).at(where)
        return inside & (self.depths[nearest] < BESIDE)
