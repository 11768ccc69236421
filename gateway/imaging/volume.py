"""The voxels of one regular stack, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.imaging.study_index import Affine


@dataclass(frozen=True)
class Volume:
    """Rescaled values; `array` is (slices, rows, columns), `affine` takes (column, row, slice) to mm (LPS)."""

    array: NDArray[np.float32]
    affine: Affine
