"""Pairs of FLAIR volumes of one drawn head with lesions planted in the second: what a change map must find.

The head is drawn twice, each time on the grid of its own scanner and after its own motion: nothing is resampled. What
is between the two visits: motion, noise, coil, scale of intensity, thickness of slices, and ventricles that are larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.demo.anatomy import Grid, head
from gateway.demo.contrasts import Contrast, signals
from gateway.imaging.study_index import Affine
from gateway.imaging.volume import Volume

WHITE = 340.0
"""Of the drawn white matter on FLAIR."""
OLD = ((-21.0, -2.0, 27.0), (20.5, 8.0, 28.0), (-26.0, 19.0, 25.0), (29.0, 22.0, 20.0), (30.0, -6.0, 38.0))
"""Middles of old lesions of the drawn head, mm."""
_FIELD_MM = 200.0
_LOWEST_MM, _HIGHEST_MM = -36.0, 72.0
_APART_MM = 20.0


@dataclass(frozen=True)
class Visit:
    """How one study was made."""

    spacing: tuple[float, float] = (1.05, 1.0)
    """In the plane, and between slices; mm."""
    noise: float = 13.0
    """Of each channel; white matter is 340."""
    bias: float = 0.0
    """Of a coil: the share by which its middle is darker or brighter than its edge."""
    scale: float = 1.0
    motion: tuple[float, float, float, float, float, float] = (0, 0, 0, 0, 0, 0)
    """Degrees about x, y and z, then mm along them: of the head, as it lies in the scanner."""
    atrophy_mm: float = 0.0
    """By how much the walls of the ventricles stand further apart, either side."""
    contrast: float = 1.0
    """Of grey against white matter, to a power: 1 is the usual scanner."""


@dataclass(frozen=True)
class Lesion:
    """One that is new in the second visit."""

    point: tuple[float, float, float]
    """mm, in the head at rest."""
    diameter: float
    """mm, of a sphere of its volume."""
    stretch: float
    """1: a sphere; larger: a flame, that many times as long as it is wide."""
    contrast: float
    """Share of white matter by which it is brighter."""
    direction: tuple[float, float, float] = (1.0, 0.0, 0.0)
    grown: bool = False
    """It touches an old lesion."""


def rigid(motion: tuple[float, float, float, float, float, float]) -> NDArray[np.float64]:
    """4 x 4: a point of the head at rest to where it lies in the scanner; mm."""
    a, b, c = np.radians(motion[:3])
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = z @ y @ x
    matrix[:3, 3] = motion[3:]
    return matrix


def between(prior: Visit, current: Visit, error_mm: float = 0.0) -> Affine:
    """What an alignment of two visits gives: prior mm to current mm, wrong by a shift of this length."""
    moved = rigid(current.motion) @ np.linalg.inv(rigid(prior.motion))
    moved[:3, 3] += error_mm / np.sqrt(3)
    return affine_of(moved)


def affine_of(matrix: NDArray[np.float64]) -> Affine:
    """The upper three rows, as tuples."""
    rows = [tuple(float(v) for v in row) for row in matrix[:3]]
    return (rows[0], rows[1], rows[2])  # type: ignore[return-value]


def volume(seed: int, visit: Visit, lesions: tuple[Lesion, ...] = (), noise_seed: int = 0) -> Volume:
    """The FLAIR volume of one visit of the head of this seed."""
    random = np.random.default_rng([seed, noise_seed])
    plane, thick = visit.spacing
    # Slices of several mm are the mean of thin ones, as a scanner's are.
    thin = max(1, round(thick))
    step = thick / thin
    matrix = round(_FIELD_MM / plane)
    count = int((_HIGHEST_MM - _LOWEST_MM) / thick) * thin
    across = (np.arange(matrix) - (matrix - 1) / 2) * plane
    up = _LOWEST_MM + np.arange(count) * step
    scanner = np.stack(np.broadcast_arrays(across[None, None, :], across[None, :, None], up[:, None, None]))
    back = np.linalg.inv(rigid(visit.motion))
    x, y, z = np.tensordot(back[:3, :3], scanner, 1) + back[:3, 3][:, None, None, None]
    x, y, z = (a.astype(np.float32) for a in (x, y, z))
    flair = _drawn(seed, (x, y, z), visit, plane)
    if visit.contrast != 1:
        tissue = np.clip(flair / WHITE, 1e-3, None)
        flair = (WHITE * tissue**visit.contrast).astype(np.float32)
    for lesion in lesions:
        flair += np.float32(lesion.contrast * WHITE) * opacity(lesion, (x, y, z), plane)
    flair = flair.reshape(count // thin, thin, matrix, matrix).mean(axis=1)
    axis = np.linspace(-1, 1, matrix, dtype=np.float32)
    tall = np.linspace(-1, 1, count // thin, dtype=np.float32)
    coil = 1 + visit.bias * (
        axis[None, None, :] ** 2
        + axis[None, :, None] ** 2
        - 0.6
        + 0.5 * axis[None, :, None]
        + 0.4 * tall[:, None, None]
    )
    flair = flair * coil
    noise = random.standard_normal((2, *flair.shape), dtype=np.float32) * np.float32(visit.noise)
    array = np.rint(visit.scale * np.hypot(flair + noise[0], noise[1])).astype(np.float32)
    first = up[:thin].mean()
    affine = np.array([[plane, 0, 0, across[0]], [0, plane, 0, across[0]], [0, 0, thick, first]])
    return Volume(array, affine_of(affine))


def _drawn(seed: int, at: tuple[NDArray[np.float32], ...], visit: Visit, plane: float) -> NDArray[np.float32]:
    x, y, z = at
    if visit.atrophy_mm:
        x = _wider(at, visit.atrophy_mm)
    grid = Grid(x, y, z, plane)
    flair: NDArray[np.float32] = signals(grid, head(grid, seed, lesion=False))[Contrast.FLAIR]
    return flair


def _wider(at: tuple[NDArray[np.float32], ...], mm: float) -> NDArray[np.float32]:
    """Tissue beside the ventricles pushed outwards, less and less towards the cortex."""
    x, y, z = at
    side = np.abs(x)
    near = np.exp(-(((y - 8) / 45) ** 2) - ((z - 14) / 22) ** 2)
    push = mm * near * np.clip(side / 15, 0, 1) * np.exp(-(np.clip(side - 15, 0, None) / 14))
    wider: NDArray[np.float32] = (np.sign(x) * np.maximum(side - push, 0)).astype(np.float32)
    return wider


def opacity(
    lesion: Lesion, at: tuple[NDArray[np.float32], ...], voxel_mm: float = 1.0
) -> NDArray[np.float32]:
    """How much of each voxel the lesion fills."""
    # An ellipsoid of the volume of the sphere: half axes r * stretch^(2/3) along, r / stretch^(1/3) across.
    half = lesion.diameter / 2
    along, across = half * lesion.stretch ** (2 / 3), half / lesion.stretch ** (1 / 3)
    shape = at[0].shape
    filled = np.zeros(shape, np.float32)
    near = np.ones(shape, bool)
    for axis, middle in zip(at, lesion.point, strict=True):
        near &= np.abs(axis - np.float32(middle)) < along + 2 * voxel_mm
    if not near.any():
        return filled
    offsets = np.stack(
        [axis[near] - np.float32(middle) for axis, middle in zip(at, lesion.point, strict=True)]
    )
    # Partial volume: the mean of 5 x 5 x 5 points of each voxel.
    parts = (np.arange(5) - 2) / 5 * voxel_mm
    inside = np.zeros(offsets.shape[1], np.float32)
    direction = np.asarray(lesion.direction) / np.linalg.norm(lesion.direction)
    for shift in np.stack(np.meshgrid(parts, parts, parts), -1).reshape(-1, 3):
        moved = offsets + shift[:, None]
        length = direction @ moved
        square = np.square(moved).sum(axis=0) - length**2
        inside += (length / along) ** 2 + square / across**2 < 1
    filled[near] = inside / 125
    return filled


def lesions_of(seed: int, diameters: tuple[float, ...], grown: tuple[float, ...] = ()) -> tuple[Lesion, ...]:
    """Lesions in white matter, some beside old ones, none nearer to another than 20 mm."""
    random = np.random.default_rng([seed, 77])
    plain = volume(seed, Visit(noise=0.0))
    affine = np.asarray(plain.affine)
    white = np.abs(plain.array / WHITE - 1) < 0.12
    # In tissue all around, so that no lesion is half in fluid: two voxels either way are white or grey.
    tissue = (plain.array > 0.85 * WHITE) & (plain.array < 1.5 * WHITE)
    for axis in range(3):
        for shift in (-2, -1, 1, 2):
            white &= np.roll(tissue, shift, axis)
    places = np.argwhere(white)
    made: list[Lesion] = []
    beside = [OLD[i] for i in random.permutation(len(OLD))]
    for diameter in sorted(grown, reverse=True):
        old = beside.pop()
        toward = random.normal(size=3)
        toward[0] = abs(toward[0]) * np.sign(old[0])
        toward /= np.linalg.norm(toward)
        point = np.asarray(old) + toward * (2.6 + diameter / 2)
        made.append(_lesion(random, point, diameter, grown=True))
    for diameter in sorted(diameters, reverse=True):
        for _ in range(4000):
            voxel = places[random.integers(len(places))]
            point = affine[:, :3] @ voxel[::-1] + affine[:, 3]
            far = all(np.linalg.norm(point - np.asarray(m.point)) > _APART_MM for m in made)
            free = all(np.linalg.norm(point - np.asarray(o)) > 8 + diameter / 2 for o in OLD)
            if far and free:
                made.append(_lesion(random, point, diameter, grown=False))
                break
        else:
            raise AssertionError(f"no place for a lesion of {diameter} mm")
    return tuple(made)


def _lesion(
    random: np.random.Generator, point: NDArray[np.float64], diameter: float, *, grown: bool
) -> Lesion:
    x, y, z = (float(v) for v in point)
    stretch = float(random.choice([1.0, 1.0, 1.8]))
    a, b, c = (float(v) for v in random.normal(size=3))
    return Lesion((x, y, z), diameter, stretch, float(random.uniform(0.2, 0.5)), (a, b, c), grown)
