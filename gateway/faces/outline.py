"""Whether the images of a series lie where their coordinates say: their own pixels against the head that was seen.

The planes are worked out in one series of a frame of reference and cut every other by its coordinates. A series whose
coordinates are turned, mirrored or shifted fits that head better turned back (`pose`), and a single image shows tissue
where it has air: a nose, a chin, a crown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.faces.brain import Brain
from gateway.faces.head import Head
from gateway.faces.pose import best_turned
from gateway.faces.shear import Shear
from gateway.faces.slices import Slice

_BRIGHT: Final = 0.3
"""Of the median of the brain: noise, ghosts and coils are darker, skin and muscle are not."""
_MOST_CM2: Final = 1.0
"""In one image: the tip of a nose has more in one of its images."""
_BRAIN_CM2: Final = 10.0
"""In an image: enough of a brain to know how bright it is."""
_STEP_MM: Final = 2.0
_POINTS: Final = 1500
"""Of an image, to see how it lies."""


@dataclass(frozen=True)
class _Image:
    """One frame: values where the head has air and nothing goes, their area each, darkest value, median of the brain.

    `points` are some of its places, `values` what it shows there.
    """

    points: NDArray[np.float32]
    values: NDArray[np.float32]
    in_air: NDArray[np.float32]
    cm2: float
    dark: float
    brain: float | None


def elsewhere(
    frames: Iterable[tuple[Slice, NDArray[Any]]], brain: Brain, head: Head, shear: Shear
) -> str | None:
    """Why nobody can tell that a series lies where it says, None when it does; the text reads on after 'because'.

    The values of a frame are (rows, columns), the largest the brightest.
    """
    images = [_image(where, values, brain, head, shear) for where, values in frames]
    levels = [image.brain - image.dark for image in images if image.brain is not None]
    level = float(np.median(levels)) if levels else 0.0
    if level <= 0:
        return "no image of its series shows the brain where it should be"
    if best_turned(
        np.concatenate([image.points for image in images]),
        np.concatenate([image.values for image in images]),
        head,
        brain.points().mean(axis=0),
    ):
        return "its series shows the same head turned, mirrored or shifted against what its coordinates say"
    worst = max(_bright_cm2(image, level) for image in images)
    if worst > _MOST_CM2:
        return (
            f"an image of its series is bright in {worst:.1f} cm² where the series that shows the head has air: it lies"
            " otherwise than it says, or its air cannot be told from a head"
        )
    return None


def _image(where: Slice, values: NDArray[Any], brain: Brain, head: Head, shear: Shear) -> _Image:
    down = max(1, int(_STEP_MM / np.linalg.norm(where.to_next_row)))
    across = max(1, int(_STEP_MM / np.linalg.norm(where.to_next_column)))
    sample = np.s_[::down, ::across]
    seen = _smoothed(values.astype(np.float32))[sample]
    inside = brain.within(where)[sample]
    air = (head.air(where) & ~shear.face(where))[sample]
    voxel = (
        down * across * float(np.linalg.norm(where.to_next_row) * np.linalg.norm(where.to_next_column)) / 100
    )
    enough = inside.sum() * voxel >= _BRAIN_CM2
    places = np.stack([where.along(axis)[sample].ravel() for axis in np.eye(3).tolist()], axis=1)
    some = np.random.default_rng(0).permutation(len(places))[:_POINTS]
    return _Image(
        places[some].astype(np.float32),
        seen.ravel()[some],
        seen[air],
        voxel,
        float(np.percentile(seen, 2)),
        float(np.median(seen[inside])) if enough else None,
    )


def _bright_cm2(image: _Image, level: float) -> float:
    own = level if image.brain is None else image.brain - image.dark
    return float((image.in_air > image.dark + _BRIGHT * max(own, level / 4)).sum()) * image.cm2


def _smoothed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of each voxel and its eight neighbours."""
    padded = np.pad(values, 1, mode="edge")
    rows, columns = values.shape
    total = sum(
        padded[row : row + rows, column : column + columns] for row in range(3) for column in range(3)
    )
    mean: NDArray[np.float32] = np.asarray(total, np.float32) / np.float32(9)
    return mean
