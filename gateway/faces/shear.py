"""The planes that part the face from the brain, after Quickshear (Schimke and Hale, 2nd USENIX HealthSec, 2011).

Quickshear moves one edge of the brain's convex hull, seen from the side, some way towards the face. Which edge it takes
hangs on single voxels of the mask, so here every direction between forwards and downwards has its plane: the brain's
furthest point in that direction, and `BUFFER_MM` more. What lies beyond any of them is the face: eyes, nose, cheeks,
mouth, chin. A plane is the same in every series of a frame of reference, however its slices lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.faces.slices import Slice

BUFFER_MM: Final = 10.0
"""Between the brain and a plane; Quickshear's own is ten voxels."""
TOWARDS_THE_FACE: Final = tuple(
    (-float(np.cos(np.radians(degrees))), -float(np.sin(np.radians(degrees)))) for degrees in range(30, 71, 5)
)
"""Unit vectors (y, z), 30 to 70 degrees below straight ahead.

Flatter planes would take the forehead, steeper ones the spinal cord as well.
"""


@dataclass(frozen=True)
class Shear:
    """Unit vectors (y, z) towards the face, each with how far, in mm, what stays may lie along it."""

    planes: tuple[tuple[float, float, float], ...]

    @classmethod
    def beside(cls, brain: NDArray[np.float64]) -> Shear:
        """The planes of a brain, given by points of it: (points, 3), in mm."""
        return cls(
            tuple(
                (y, z, float((brain[:, 1] * y + brain[:, 2] * z).max()) + BUFFER_MM)
                for y, z in TOWARDS_THE_FACE
            )
        )

    def beyond(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of these points (points, 3), in mm, lie beyond a plane."""
        gone = np.zeros(len(points), np.bool_)
        for y, z, furthest in self.planes:
            gone |= points[:, 1] * y + points[:, 2] * z > furthest
        return gone

    def face(self, where: Slice) -> NDArray[np.bool_]:
        """The voxels of a slice that go: (rows, columns)."""
        gone = np.zeros((where.rows, where.columns), np.bool_)
        for y, z, furthest in self.planes:
            gone |= where.along((0.0, y, z)) > furthest
        return gone
