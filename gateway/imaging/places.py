"""Where points of the patient lie on a frame, and how near they must be to be on it: one definition for all that mark.

Columns and rows as an image's coordinates count them (PS3.3 C.18.6.1.2): 0.5 is the middle of the first pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.imaging.study_index import FrameIndex, Vector

EDGE_MM: Final = 1.0
"""So far beyond the edge of a frame a point may lie: a click on its last pixel, rounded."""
PLANE_MM: Final = 1.0
"""So far from the plane of a frame; a thick slice reaches half its thickness."""


def pixel_of(frame: FrameIndex, point: Vector) -> tuple[float, float, float] | None:
    """Column and row of a point on a frame, and its distance from the frame's plane in mm; None without a place."""
    if frame.position is None or frame.orientation is None or frame.spacing is None:
        return None
    away = np.subtract(point, frame.position)
    along_row, down_column = np.array(frame.orientation[:3]), np.array(frame.orientation[3:])
    column = float(away @ along_row) / frame.spacing[1] + 0.5
    row = float(away @ down_column) / frame.spacing[0] + 0.5
    return column, row, abs(float(away @ np.cross(along_row, down_column)))


def lies_on(frame: FrameIndex, point: Vector, thickness: float | None = None) -> bool:
    """Whether a point lies on a frame, within `PLANE_MM` or half its thickness (mm), and within `EDGE_MM` of its edge.

    False where the frame has no place.
    """
    at = pixel_of(frame, point)
    if at is None or frame.spacing is None:
        return False
    column, row, away = at
    across, down = EDGE_MM / frame.spacing[1], EDGE_MM / frame.spacing[0]
    inside = -across <= column <= frame.columns + across and -down <= row <= frame.rows + down
    return inside and away <= max(PLANE_MM, (thickness or 0.0) / 2)


def pixels_of(frame: FrameIndex, points: Sequence[Vector]) -> list[tuple[float, float]] | None:
    """Column and row of each point, moved onto the frame where it lies at most `EDGE_MM` beyond its edge.

    None where the frame has no place or one of the points lies farther away.
    """
    pixels = []
    for point in points:
        at = pixel_of(frame, point)
        if at is None or not lies_on(frame, point, _FARTHEST_MM):
            return None
        pixels.append((min(max(at[0], 0.0), float(frame.columns)), min(max(at[1], 0.0), float(frame.rows))))
    return pixels


_FARTHEST_MM: Final = 20.0
"""The thickest slice of a brain: what a mark may be off its plane was judged when it was signed."""
