"""How well two studies fit once one lies over the other, in mm: by the edges in small blocks of the brain.

Each block is moved on its own until its edges fit best. In a head that fits, none has to move; how far they move is the
residual. In another head edges fit elsewhere, and blocks move anywhere. Every second block may correct the alignment
(`correction`); the residual is measured by the others, which had no say in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import SimpleITK
from numpy.typing import NDArray

Image = SimpleITK.Image

STEP_MM: Final = 1.5
_HALF: Final = 6
"""Voxels on each side of the middle of a block: it is 20 mm wide."""
_REACH: Final = 3
"""Voxels that a block may move: 4.5 mm."""
EXTENT: Final = _HALF + _REACH
"""Voxels from the middle of a block to the farthest that it looks at."""
_MOST_BLOCKS: Final = 120
_LEAST_BLOCKS: Final = 8
FIRM: Final = 0.25
"""Agreement of edges (0 to 1) from which on a block counts: below, it fits nowhere."""


@dataclass(frozen=True)
class Block:
    """Where its middle lies (LPS, mm), how far the edges of the prior are from those of the current study there (mm),
    and how well they agree then, 0 to 1."""

    middle: tuple[float, float, float]
    shift: tuple[float, float, float]
    agreement: float


@dataclass(frozen=True)
class Residual:
    """What blocks tell."""

    median_mm: float
    worst_mm: float
    """95 of 100 are nearer."""
    firm: float
    """Part of them that fit somewhere, 0 to 1."""
    agreement: float
    """Median of how well they agree, 0 to 1."""
    blocks: int


def blocks(current: Image, moved: Image, inside: Image) -> tuple[list[Block], list[Block]]:
    """Of the prior as `moved` onto the current study, on one grid of STEP_MM: some to correct by, some to measure.

    Both cover the whole of `inside`.
    """
    edges = _edges(current), _edges(moved)
    brain = SimpleITK.GetArrayViewFromImage(inside) > 0
    turn = np.asarray(current.GetDirection()).reshape(3, 3)
    sets: tuple[list[Block], list[Block]] = ([], [])
    for number, at in enumerate(_middles(edges[0], brain)):
        if (found := _shift(*edges, at)) is not None:
            by, agreement = found
            x, y, z = current.TransformIndexToPhysicalPoint([int(each) for each in reversed(at)])
            dx, dy, dz = (float(each) for each in turn @ (by[::-1] * STEP_MM))
            sets[number % 2].append(Block((x, y, z), (dx, dy, dz), agreement))
    return sets


def measured(those: Sequence[Block]) -> Residual | None:
    """None: too few to tell."""
    if len(those) < _LEAST_BLOCKS:
        return None
    agreement = np.asarray([block.agreement for block in those])
    lengths = np.linalg.norm([block.shift for block in those], axis=1)
    firm = agreement >= FIRM
    counted = lengths[firm] if firm.any() else lengths
    return Residual(
        float(np.median(counted)),
        float(np.percentile(counted, 95)),
        float(firm.mean()),
        float(np.median(agreement)),
        len(those),
    )


def correction(those: Sequence[Block]) -> NDArray[np.float64]:
    """4 x 4: the rigid motion that takes the middles of blocks to where their edges are; blocks far off have no say."""
    firm = [block for block in those if block.agreement >= FIRM]
    made = np.eye(4)
    if len(firm) < _LEAST_BLOCKS:
        return made
    here = np.asarray([block.middle for block in firm])
    there = here + np.asarray([block.shift for block in firm])
    weight = np.ones(len(firm))
    for _ in range(5):
        made = _rigid(here, there, weight)
        away = np.linalg.norm(here @ made[:3, :3].T + made[:3, 3] - there, axis=1)
        weight = 1 / (1 + (away / max(0.3, float(np.median(away)))) ** 2)
    return made


def _rigid(
    here: NDArray[np.float64], there: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The rigid motion of least squares (Kabsch)."""
    part = weight / weight.sum()
    middles = part @ here, part @ there
    u, _, v = np.linalg.svd(((here - middles[0]) * part[:, None]).T @ (there - middles[1]))
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(v.T @ u.T))])
    made = np.eye(4)
    made[:3, :3] = v.T @ flip @ u.T
    made[:3, 3] = middles[1] - made[:3, :3] @ middles[0]
    return made


def _edges(image: Image) -> NDArray[np.float32]:
    smooth = SimpleITK.GradientMagnitudeRecursiveGaussian(image, 1.2)
    return SimpleITK.GetArrayFromImage(smooth).astype(np.float32)


def _middles(edges: NDArray[np.float32], brain: NDArray[np.bool_]) -> list[tuple[int, ...]]:
    """Blocks side by side that lie in the brain; of many those with the most edges, in the order of the lattice.

    None shares a voxel with another: those that measure see nothing of what corrected.
    """
    margin, step = EXTENT, 2 * _HALF + 1
    lattice = product(*(range(margin, side - margin, step) for side in edges.shape))
    inside = [at for at in lattice if brain[at]]
    most = sorted(inside, key=lambda at: -float(edges[_block(at)].std()))[:_MOST_BLOCKS]
    return sorted(most)


def _block(at: Sequence[int], by: Sequence[int] = (0, 0, 0)) -> tuple[slice, ...]:
    return tuple(slice(a + b - _HALF, a + b + _HALF + 1) for a, b in zip(at, by, strict=True))


def _shift(
    current: NDArray[np.float32], moved: NDArray[np.float32], at: Sequence[int]
) -> tuple[NDArray[np.float64], float] | None:
    """By how many voxels the block has to move to fit best, parts of one included, and how well it fits there."""
    wanted = _even(current[_block(at)])
    if wanted is None:
        return None
    reach = range(-_REACH, _REACH + 1)
    fits = np.full((len(reach),) * 3, -1.0)
    for by in product(reach, repeat=3):
        here = _even(moved[_block(at, by)])
        if here is not None:
            fits[tuple(part + _REACH for part in by)] = float(wanted @ here)
    best = np.unravel_index(int(fits.argmax()), fits.shape)
    parts = [_top(fits, best, axis) for axis in range(3)]
    return np.asarray(best, np.float64) - _REACH + np.asarray(parts), float(fits.max())


def _even(block: NDArray[np.float32]) -> NDArray[np.float64] | None:
    values = block.astype(np.float64).ravel()
    values -= values.mean()
    length = float(np.linalg.norm(values))
    return values / length if length > 1e-6 else None


def _top(fits: NDArray[np.float64], best: Sequence[np.intp], axis: int) -> float:
    """The top of the parabola through the best value and its neighbours, in parts of a voxel."""
    at = int(best[axis])
    if not 0 < at < fits.shape[axis] - 1:
        return 0.0
    near = [tuple(at + step if a == axis else int(b) for a, b in enumerate(best)) for step in (-1, 0, 1)]
    before, here, after = (float(fits[place]) for place in near)
    bend = before - 2 * here + after
    return 0.0 if bend >= 0 else float(np.clip((before - after) / (2 * bend), -0.5, 0.5))
