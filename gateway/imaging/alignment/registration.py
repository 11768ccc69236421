"""The rigid motion between two studies of one head by mutual information, coarse to fine, from several starts."""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np
import SimpleITK
from numpy.typing import NDArray

Image = SimpleITK.Image
Motion = SimpleITK.Euler3DTransform

_COARSE_MM, _MIDDLE_MM, _FINE_MM = 5.0, 3.0, 1.5
_BINS: Final = 40
_TURNS: Final = tuple(
    np.radians(turn)
    for turn in (
        *((0.0, 0.0, 0.0),),
        *(tuple(np.eye(3)[axis] * sign * 14) for axis, sign in product(range(3), (1, -1))),
    )
)
"""Turns about x, y and z that the coarse search begins with; beyond 20 degrees heads do not lie in a coil."""
_KEPT: Final = 3
_SEED: Final = 1


def registered(current: Image, prior: Image) -> Motion:
    """From a point of the current study to that of the prior, in mm. Raises RuntimeError when nothing fits."""
    coarse, middle, fine = (_Level(current, prior, step) for step in (_COARSE_MM, _MIDDLE_MM, _FINE_MM))
    at, there = _middle(coarse.current), _middle(coarse.prior)
    shifts = {tuple(float(each) for each in there - at), (0.0, 0.0, 0.0)}
    starts = [
        Motion(tuple(at), *(float(angle) for angle in turn), shift) for turn in _TURNS for shift in shifts
    ]
    tried = sorted((coarse.fitted(start, steps=25, sampled=0.5) for start in starts), key=_badness)
    best = min((middle.fitted(each, steps=40, sampled=0.4) for _, each in tried[:_KEPT]), key=_badness)
    return fine.fitted(best[1], steps=60, sampled=0.25)[1]


def _badness(fit: tuple[float, Motion]) -> float:
    return fit[0]


def matrix_of(motion: Motion) -> NDArray[np.float64]:
    """4 x 4 of the same."""
    turn = np.asarray(motion.GetMatrix()).reshape(3, 3)
    middle = np.asarray(motion.GetCenter())
    made = np.eye(4)
    made[:3, :3] = turn
    made[:3, 3] = np.asarray(motion.GetTranslation()) + middle - turn @ middle
    return made


def _even(image: Image, step: float) -> Image:
    """About equal steps along each axis: smoothed where it is finer, left as it is where it is coarser."""
    spacing = np.asarray(image.GetSpacing())
    wanted = np.maximum(spacing, step)
    if (wanted < spacing * 1.25).all():
        return image
    blur = np.where(wanted > spacing * 1.25, wanted / 2.5, 0.01)
    smooth = SimpleITK.SmoothingRecursiveGaussian(image, [float(max(each, 0.05)) for each in blur])
    size = np.maximum(1, np.ceil(np.asarray(image.GetSize()) * spacing / wanted)).astype(int)
    return SimpleITK.Resample(
        smooth,
        [int(side) for side in size],
        SimpleITK.Transform(),
        SimpleITK.sitkLinear,
        image.GetOrigin(),
        [float(each) for each in wanted],
        image.GetDirection(),
        0.0,
        SimpleITK.sitkFloat32,
    )


def _head(image: Image) -> Image:
    """What is no air, closed and a little wider."""
    inside = SimpleITK.OtsuThreshold(image, 0, 1)
    margin = [max(1, round(6 / step)) for step in image.GetSpacing()]
    return SimpleITK.BinaryFillhole(SimpleITK.BinaryDilate(inside, margin))


def _middle(image: Image) -> NDArray[np.float64]:
    """The middle of the head in mm."""
    shape = SimpleITK.LabelShapeStatisticsImageFilter()
    shape.Execute(SimpleITK.OtsuThreshold(image, 0, 1))
    if not shape.HasLabel(1):
        raise RuntimeError("there is nothing in the picture")
    return np.asarray(shape.GetCentroid(1))


class _Level:
    """Both studies at one resolution."""

    def __init__(self, current: Image, prior: Image, step: float) -> None:
        self.current, self.prior = _even(current, step), _even(prior, step)
        self._mask = _head(self.current)

    def fitted(self, start: Motion, *, steps: int, sampled: float) -> tuple[float, Motion]:
        """How badly the motion fits after so many steps, less being better, and the motion."""
        method = SimpleITK.ImageRegistrationMethod()
        method.SetMetricAsMattesMutualInformation(_BINS)
        method.SetMetricFixedMask(self._mask)
        method.SetMetricSamplingStrategy(method.REGULAR)
        method.SetMetricSamplingPercentage(sampled, _SEED)
        method.SetInterpolator(SimpleITK.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(
            learningRate=2.0 * max(self.current.GetSpacing()) / _COARSE_MM + 0.5,
            minStep=0.005,
            numberOfIterations=steps,
            relaxationFactor=0.6,
            gradientMagnitudeTolerance=1e-6,
        )
        method.SetOptimizerScalesFromPhysicalShift()
        made = Motion(start)
        method.SetInitialTransform(made, inPlace=True)
        method.Execute(self.current, self.prior)
        return float(method.GetMetricValue()), made
