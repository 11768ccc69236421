"""What a comparison of two FLAIR volumes gives: a map with its components, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from gateway.imaging.study_index import Affine, Vector

LEAST_DIAMETER_MM = 2.0
"""Of a sphere of the volume of a component: what is smaller is noise as often as not, and is dropped."""
MOST_COMPONENTS = 60
"""Listed, the largest first; the map holds all of them."""


class Kind(StrEnum):
    """New: nothing bright was there. Grown: it touches what was bright in the prior."""

    NEW = "new"
    GROWN = "grown"


@dataclass(frozen=True)
class Component:
    """One place that became bright."""

    number: int
    """From 1, the largest first."""
    kind: Kind
    volume_ml: float
    """Of what rose by at least half as much as its brightest part."""
    peak: float
    """In units of noise."""
    point: Vector
    """A voxel of it, the nearest to its middle: mm, LPS, in the current study."""


@dataclass(frozen=True)
class ChangeMap:
    """The map lies on the grid of the current volume."""

    array: NDArray[np.uint8]
    """(slices, rows, columns): units of noise within the components, at most 255; 0 elsewhere."""
    affine: Affine
    components: tuple[Component, ...]
    dropped: int
    """Components smaller than LEAST_DIAMETER_MM, which are not in the map."""
    more: int
    """Components of the map that are not listed, beyond MOST_COMPONENTS."""
    noise: float
    """Of the difference, as a share of the signal of white matter: the median over the brain."""
    covered: float
    """The share of the brain that the prior shows too; nothing is known of the rest."""
    misfit_mm: float
    """How far apart the two lie at the worst eighth of the brain, measured from the pictures."""


@dataclass(frozen=True)
class NoChangeMap:
    """No map can be trusted; `why` in words for the page."""

    why: str
