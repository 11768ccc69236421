"""A prior laid over the current study with what is known of how well it fits; or refused, with the reason in words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from gateway.imaging.alignment.limits import (
    FARTHEST_TURN,
    LEAST_AGREEMENT,
    LEAST_FIRM,
    LEAST_OVERLAP,
    LIMIT_MM,
    WORST_MM,
)
from gateway.imaging.alignment.registration import Image, matrix_of, registered
from gateway.imaging.alignment.residual import EXTENT, STEP_MM, Residual, blocks, correction, measured
from gateway.imaging.study_index import Affine
from gateway.imaging.volume import Volume, image_of

_CORRECTIONS: Final = 5
_STILL_MM: Final = 0.05
"""A correction that moves no corner of the head further is none."""


@dataclass(frozen=True)
class Alignment:
    """What came of it; `transform` maps a point of the prior study to the current one (LPS, mm), None: refused."""

    transform: Affine | None
    residual_mm: float | None
    """None: it could not be measured."""
    why: str
    """Why it was refused; empty where it was not."""
    seen: Residual | None = None


def align(current: Volume, prior: Volume, limit_mm: float = LIMIT_MM) -> Alignment:
    """Lay the prior over the current study. Raises nothing that the volumes may be the cause of."""
    try:
        if not all(
            np.isfinite(each.array).all() and np.isfinite(each.affine).all() for each in (current, prior)
        ):
            return Alignment(None, None, "a volume holds what is no number")
        images = image_of(current), image_of(prior)
        return _judged(_Pair(*images), matrix_of(registered(*images)), limit_mm)
    except (RuntimeError, np.linalg.LinAlgError):  # no overlap, nothing in the picture, voxels without a side
        return Alignment(None, None, "nothing was found that the two studies have in common")


def _judged(pair: _Pair, matrix: NDArray[np.float64], limit_mm: float) -> Alignment:
    seen = None
    # What is shown is what was measured: after the last correction it is measured once more.
    for left in reversed(range(_CORRECTIONS + 1)):
        turn = float(np.degrees(np.arccos(np.clip((np.trace(matrix[:3, :3]) - 1) / 2, -1, 1))))
        if turn > FARTHEST_TURN:
            return Alignment(None, None, "the best fit turns the head further than it can lie in a coil")
        moved, both, overlap = pair.laid_over(matrix)
        if overlap < LEAST_OVERLAP:
            return Alignment(None, None, f"the prior shows {overlap:.0%} of the brain that this study shows")
        correcting, measuring = blocks(pair.here, moved, both)
        seen = measured(measuring)
        if seen is None:
            return Alignment(
                None, None, "too little of the brain is in both studies to measure how well they fit"
            )
        by = correction(correcting)
        away = np.linalg.norm(pair.corners @ (by[:3, :3] - np.eye(3)).T + by[:3, 3], axis=1)
        if not left or float(away.max()) < _STILL_MM:
            break
        matrix = matrix @ by
    assert seen is not None
    why = _refused(seen, limit_mm)
    inverse = np.linalg.inv(matrix)[:3]
    transform = None if why else tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in inverse)
    return Alignment(transform, round(seen.median_mm, 2), why, seen)


class _Pair:
    """The two studies on one grid of equal steps over the current one."""

    def __init__(self, current: Image, prior: Image) -> None:
        self._prior = prior
        self._grid = _grid(current)
        self.here = self._on_grid(current, SimpleITK.Transform())
        self._brain = _brain(self.here)
        ones = SimpleITK.Image(prior.GetSize(), SimpleITK.sitkUInt8) + 1
        ones.CopyInformation(prior)
        self._ones = ones
        sides = [side - 1 for side in self._grid.GetSize()]
        ends = product(*((0, side) for side in sides))
        self.corners = np.asarray([self._grid.TransformIndexToPhysicalPoint(end) for end in ends])

    def laid_over(self, matrix: NDArray[np.float64]) -> tuple[Image, Image, float]:
        """The prior moved by `matrix` (current to prior), where both show brain, and which part of it that is."""
        motion = SimpleITK.AffineTransform(matrix[:3, :3].ravel().tolist(), matrix[:3, 3].tolist())
        covered = SimpleITK.Resample(
            self._ones, self._grid, motion, SimpleITK.sitkNearestNeighbor, 0.0, SimpleITK.sitkUInt8
        )
        both = SimpleITK.And(self._brain, covered)
        brain, shown = ((SimpleITK.GetArrayViewFromImage(each) > 0).sum() for each in (self._brain, both))
        # A block that reaches beyond the prior would take its end for an edge of the head.
        whole = SimpleITK.And(both, SimpleITK.BinaryErode(covered, [EXTENT] * 3))
        return self._on_grid(self._prior, motion), whole, float(shown / max(1, brain))

    def _on_grid(self, image: Image, motion: SimpleITK.Transform) -> Image:
        return SimpleITK.Resample(image, self._grid, motion, SimpleITK.sitkLinear, 0.0, SimpleITK.sitkFloat32)


def _refused(seen: Residual, limit_mm: float) -> str:
    if seen.firm < LEAST_FIRM or seen.agreement < LEAST_AGREEMENT:
        return "edges of the two heads do not fit anywhere: another head, another part of it, or moved images"
    if not seen.median_mm <= limit_mm:  # said so that what is no number is refused, too
        return f"the residual is {seen.median_mm:.1f} mm, more than {limit_mm:g} mm"
    if not seen.worst_mm <= WORST_MM:
        return f"parts of the head are {seen.worst_mm:.1f} mm off, more than {WORST_MM:g} mm"
    return ""


def _grid(image: Image) -> Image:
    """An empty image of equal steps over the same head."""
    spacing, size = np.asarray(image.GetSpacing()), np.asarray(image.GetSize())
    sides = np.maximum(1, np.ceil(size * spacing / STEP_MM)).astype(int)
    made = SimpleITK.Image([int(side) for side in sides], SimpleITK.sitkFloat32)
    made.SetSpacing([STEP_MM] * 3)
    made.SetOrigin(image.GetOrigin())
    made.SetDirection(image.GetDirection())
    return made


def _brain(image: Image) -> Image:
    """The inside of the head: a centimetre and a half below its surface, so that the skin has no say."""
    head = SimpleITK.BinaryFillhole(
        SimpleITK.OtsuThreshold(SimpleITK.SmoothingRecursiveGaussian(image, 2.0), 0, 1)
    )
    inside = SimpleITK.BinaryErode(head, [round(12 / STEP_MM)] * 3)
    return SimpleITK.Cast(inside, SimpleITK.sitkUInt8)
