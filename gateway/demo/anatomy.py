"""One head, as layers of tissue over a voxel grid: scalp, skull, folded cortex, ventricles, deep grey, lesions.

Coordinates are millimetres in the patient system of DICOM: x to the left, y to the back, z to the top, with the
origin near the anterior commissure. Everything is drawn from signed distances, so borders have partial volume.
No atlas and no patient went into it: the folds are level sets of random waves on the hull of the brain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Single precision everywhere; the type is wider because NumPy forgets it in mixed expressions.
Volume = NDArray[np.floating[Any]]


class Tissue(StrEnum):
    SKIN = "skin"
    FAT = "fat"
    MUSCLE = "muscle"
    BONE = "bone"
    MARROW = "marrow"
    CSF = "csf"
    CORTEX = "cortex"
    WHITE = "white matter"
    CALLOSUM = "corpus callosum"
    STRIATUM = "striatum"
    PALLIDUM = "pallidum"
    THALAMUS = "thalamus"
    PLEXUS = "choroid plexus"
    SINUS = "venous sinus"
    VEIN = "cortical vein"
    MS_LESION = "MS lesion"
    PML_CORE = "PML lesion"
    PML_RIM = "advancing rim of the PML lesion"
    PML_IRON = "U-fibres along the PML lesion"
    PML_PUNCTUM = "punctate enhancement"


@dataclass(frozen=True)
class Layer:
    """Paint `tissue` over what is there, with this opacity (0..1)."""

    tissue: Tissue
    opacity: Volume


@dataclass(frozen=True)
class Grid:
    """Voxel centres in mm; x, y and z broadcast to (slices, rows, columns). `blur` is the width of a border."""

    x: Volume
    y: Volume
    z: Volume
    blur: float

    @classmethod
    def axial(cls, matrix: int, field_of_view: float, z: Volume) -> Grid:
        """A square axial grid centred on the head; `z` are the slice centres."""
        step = field_of_view / matrix
        across = ((np.arange(matrix) - (matrix - 1) / 2) * step).astype(np.float32)
        return cls(across[None, None, :], across[None, :, None], z.astype(np.float32)[:, None, None], step)


# Half axes of the inner table of the skull, and its centre.
_HULL = (67.0, 86.0, 72.0)
_HULL_CENTRE_Z = 4.0
_CORTEX_MM = 2.7
# Centre line of a lateral ventricle (|x|, y, z) with its radius.
_VENTRICLE = (
    (13.0, -37.0, 3.0, 2.5),
    (10.0, -25.0, 10.0, 6.0),
    (10.0, -8.0, 19.0, 6.0),
    (13.5, 10.0, 22.0, 5.5),
    (21.0, 27.0, 16.0, 6.5),
    (27.0, 37.0, 5.0, 7.5),
    (25.0, 56.0, 1.0, 2.5),
)
_THIRD_VENTRICLE = ((0.0, -6.0, 0.0, 2.2), (0.0, 8.0, 2.0, 3.0), (0.0, 20.0, 0.0, 1.8))
# (tissue, |x|, y, z, radii, angle in the axial plane in degrees)
_DEEP_GREY = (
    (Tissue.STRIATUM, 16.5, -21.0, 9.0, (5.0, 10.0, 10.0), -16.0),
    (Tissue.STRIATUM, 19.5, 2.0, 22.5, (2.6, 16.0, 4.0), -8.0),
    (Tissue.STRIATUM, 27.0, -3.0, 3.0, (5.0, 16.0, 12.0), -14.0),
    (Tissue.PALLIDUM, 20.5, 0.0, 1.0, (4.3, 9.5, 7.5), -26.0),
    (Tissue.THALAMUS, 11.5, 14.0, 8.0, (8.5, 14.0, 9.5), 24.0),
)
# Old periventricular MS lesions: centre (x, y, z) and radii; they stand at right angles to the ventricle.
_MS_LESIONS = (
    ((-21.0, -2.0, 27.0), (6.5, 2.6, 3.2)),
    ((20.5, 8.0, 28.0), (5.5, 2.4, 2.8)),
    ((-26.0, 19.0, 25.0), (5.5, 2.6, 3.0)),
    ((29.0, 22.0, 20.0), (5.0, 2.8, 3.4)),
    ((22.0, -20.0, 24.0), (4.5, 2.4, 2.6)),
    ((30.0, -6.0, 38.0), (2.6, 3.4, 2.6)),
)
# The PML lesion: right frontal, below the cortex, with a tongue towards the ventricle.
_PML_CENTRE, _PML_RADII = (-33.0, -37.0, 33.0), (15.0, 19.0, 15.0)
_PML_TONGUE = ((-33.0, -36.0, 33.0, 9.0), (-26.0, -22.0, 30.0, 5.0), (-22.0, -12.0, 28.0, 1.0))


def head(grid: Grid, seed: int, *, lesion: bool) -> Iterator[Layer]:
    """The layers from the outside in; the later ones cover the earlier ones. The same seed is the same head."""
    random = np.random.default_rng(seed)
    x, y, z = grid.x, grid.y, grid.z
    side = np.abs(x)
    frontal = np.clip(-y / 86, 0, 1) ** 2
    width = _HULL[0] * (1 - 0.16 * frontal - 0.07 * np.clip(y / 86, 0, 1) ** 2)
    above = z - _HULL_CENTRE_Z
    rho = _norm(x / width, (y - 2) / _HULL[1], above / _HULL[2], power=2.25)
    ray = np.sqrt(x * x + y * y + above * above)
    unevenness = 1 + 0.012 * _waves((x, y, z), random, 90, 5)
    rho = rho * unevenness
    # Along the ray from the centre: how far it is to the hull, negative outside.
    depth = ((1 - rho) / np.maximum(rho, 0.02) * ray).astype(np.float32)
    yield from _scalp_and_skull(grid, depth, side, random)

    inside = _solid(-depth, grid.blur)
    sulcus, veins = _sulci(grid, depth, rho, side, random)
    yield Layer(Tissue.CSF, inside)
    pia = np.minimum(depth - 1.3 - 0.8 * np.clip(-y / 80, 0, 1), sulcus)
    yield Layer(Tissue.CORTEX, _solid(-pia, grid.blur))
    white = _solid(_CORTEX_MM - pia, grid.blur * 1.1)
    yield Layer(Tissue.WHITE, white)
    # White matter is never quite even: a little more water here and there.
    yield Layer(Tissue.CORTEX, white * np.clip(0.1 + 0.09 * _waves((x, y, z), random, 15, 8), 0, 0.4))
    yield from _deep_structures(grid, side, white, random)
    yield from _vessels(grid, depth, x, veins)
    for centre, radii in _MS_LESIONS:
        yield Layer(Tissue.MS_LESION, _solid(_ellipsoid(x, y, z, centre, radii), 1.8) * white * 0.9)
    if lesion:
        yield from _pml(grid, pia, white, random)


def _scalp_and_skull(grid: Grid, depth: Volume, side: Volume, random: np.random.Generator) -> Iterator[Layer]:
    outside = -depth
    swell = _waves((grid.x, grid.y, grid.z), random, 60, 5)
    bone = 5.4 + 0.5 * swell + 1.6 * np.clip(np.abs(grid.y) / 80, 0, 1) ** 4
    scalp = bone + 4.6 + 0.3 * swell
    # The temporal muscle lies beside the skull, in front and low.
    muscle = (
        np.exp(-(((grid.y + 18) / 26) ** 4) - (np.clip(grid.z - 2, 0, None) / 22) ** 2)
        * np.clip(side / 55, 0, 1) ** 6
    )
    scalp = scalp + 4.5 * muscle
    yield Layer(Tissue.SKIN, _solid(outside - scalp - 1.8, grid.blur))
    yield Layer(Tissue.FAT, _solid(outside - scalp, grid.blur))
    yield Layer(
        Tissue.MUSCLE, _solid(outside - bone - 1 - 7.5 * muscle, grid.blur) * np.clip(3 * muscle, 0, 1)
    )
    yield Layer(Tissue.BONE, _solid(outside - bone, grid.blur))
    diploe = np.maximum(outside - (bone - 1.7), 1.5 - outside)
    yield Layer(Tissue.MARROW, _solid(diploe, grid.blur * 1.3))


def _sulci(
    grid: Grid, depth: Volume, rho: Volume, side: Volume, random: np.random.Generator
) -> tuple[Volume, Volume]:
    """Distance to the wall of the nearest sulcus (negative inside its CSF), and where veins run in it."""
    x, y, z = grid.x, grid.y, grid.z
    # Carried out to the hull, a field makes sheets that stand on it; bent a little, they look like folds.
    carry = 1 / np.clip(rho, 0.45, 1.3)
    bend = [3.6 * _waves((x, y, z), random, length, 5) for length in (34, 31, 37)]
    hull = (x * carry + bend[0], y * carry + bend[1], (z - _HULL_CENTRE_Z) * carry + bend[2])
    folds = _waves(hull, random, 25, 22)
    sheet = _level_distance(folds, grid, 0.17)
    deepest = 15 + 5.5 * _waves(hull, random, 33, 8)
    width = 0.5 + 0.4 * np.clip(1 - depth / 9, 0, 1)

    # Between the hemispheres, except where the corpus callosum and what lies under it join them.
    arch = (np.sqrt((y / 44) ** 2 + (np.clip(z + 2, 0, None) / 31) ** 2) - 1) * 30
    midline = np.abs(x + 1.2 * np.sin(y / 17 + z / 23) * np.clip(depth / 12, 0, 1))
    fissure = np.sqrt(midline**2 + np.clip(-arch, 0, None) ** 2) - 0.75 - 0.5 * np.clip(-y / 90, 0, 1)
    # The surface is folded on the hull and, less deeply, on the inner side of each hemisphere.
    buried = np.minimum(depth, np.maximum(midline, 6 - arch) + 6)
    sulcus = np.sqrt(sheet**2 + np.clip(buried - np.maximum(deepest, 4), 0, None) ** 2) - width

    # The Sylvian fissure reaches the insula.
    floor = np.clip(z - 17, 0, None)
    u, v = side + 0.7 * bend[0], y + 0.8 * bend[1] - 0.35 * (z - 4)
    insula = _tube((u, v, floor), ((36.0, -24.0, 0, 0.9), (41.5, -8.0, 0, 1.0), (38.0, 15.0, 0, 0.5)))
    entry = _tube((u, v, floor), ((41.0, -7.0, 0, 0.8), (52.0, -1.0, 0, 0.6), (72.0, -8.0, 0, 1.8)))
    sulcus = np.minimum(np.minimum(sulcus, fissure), np.minimum(insula, entry)).astype(np.float32)

    across = _waves(hull, random, 21, 12)
    veins = np.hypot(np.maximum(sulcus, 0), _level_distance(across, grid, 0.2)) - 0.75 + (depth > 34)
    return sulcus, veins.astype(np.float32)


def _deep_structures(grid: Grid, side: Volume, white: Volume, random: np.random.Generator) -> Iterator[Layer]:
    x, y, z, blur = grid.x, grid.y, grid.z, grid.blur
    wobble = 0.8 * _waves((x, y, z), random, 22, 6)
    outer = np.sqrt((y / 44) ** 2 + (np.clip(z + 2, 0, None) / 31) ** 2)
    inner = np.sqrt((y / 37) ** 2 + (np.clip(z + 2, 0, None) / 25) ** 2)
    callosum = np.maximum(
        np.maximum((outer - 1) * 34, (1 - inner) * 29), side - 22 - 8 * np.clip(np.abs(y) / 40, 0, 1)
    )
    yield Layer(Tissue.CALLOSUM, _solid(callosum, blur * 2) * white * 0.9)
    # Under the arch there is no cortex at the midline: thalami, septum and fornix.
    core = np.maximum(np.maximum((inner - 1) * 30, side - 14), -z - 14)
    yield Layer(Tissue.WHITE, _solid(core, blur))
    for tissue, cx, cy, cz, radii, angle in _DEEP_GREY:
        distance = _ellipsoid(side, y, z, (cx, cy, cz), radii, angle) + 0.7 * wobble
        yield Layer(tissue, _solid(distance, blur * 1.3))
    claustrum = _tube(
        (side, y, np.clip(z - 10, 0, None)),
        ((34.6, -16.0, 0, 0.4), (36.0, -3.0, 0, 0.5), (34.0, 11.0, 0, 0.3)),
    )
    yield Layer(Tissue.CORTEX, 0.8 * _solid(claustrum, blur))
    # One side is never the mirror of the other.
    lateral = (
        _tube((side * np.where(x < 0, 1.03, 0.97), y - np.where(x < 0, 0.8, -0.6), z), _VENTRICLE) + wobble
    )
    third = _tube((side, y, z), _THIRD_VENTRICLE)
    septum = 1.0 - side
    yield Layer(Tissue.CSF, _solid(np.minimum(np.maximum(lateral, septum), third), blur))
    plexus = _ellipsoid(side, y, z, (25.0, 33.0, 9.0), (2.6, 6.0, 4.5), 30) + wobble
    yield Layer(Tissue.PLEXUS, 0.85 * _solid(plexus, blur))


def _vessels(grid: Grid, depth: Volume, x: Volume, veins: Volume) -> Iterator[Layer]:
    yield Layer(Tissue.VEIN, _solid(veins, grid.blur) * _solid(0.5 - depth, grid.blur))
    sagittal = np.maximum(np.abs(x) * 1.1 + np.abs(depth - 1.5) * 0.8 - 4.2, -grid.y - 30 + 0 * depth)
    yield Layer(Tissue.SINUS, _solid(sagittal, grid.blur))
    falx = np.maximum(np.abs(x) - 0.35, depth - 17)
    yield Layer(Tissue.BONE, 0.5 * _solid(np.maximum(falx, -depth), grid.blur))


def _pml(grid: Grid, pia: Volume, white: Volume, random: np.random.Generator) -> Iterator[Layer]:
    """A flame in the white matter of the gyri: sharp against the cortex, without a border towards the depth."""
    x, y, z = grid.x, grid.y, grid.z
    # Flames: noise stretched along the line from the cortex to the ventricle.
    along = (x * 0.55 + y * 0.35) * 0.45
    flicker = _waves((along + 0.55 * y, along - 0.75 * x, z), random, 11, 12)
    body = _ellipsoid(x, y, z, _PML_CENTRE, _PML_RADII) + 2.6 * flicker
    tongue = _tube((x, y, z), _PML_TONGUE) + 2.0 * flicker
    reach = np.minimum(body, tongue)
    depth_mm = np.clip(pia - _CORTEX_MM, 0, None)
    # Soft where it spreads into the deep white matter, hard against the ribbon of the cortex.
    core = np.clip(0.5 - reach / (3.0 + 0.45 * depth_mm), 0, 1) * white
    yield Layer(Tissue.PML_CORE, core * (0.72 + 0.28 * np.exp(-depth_mm / 5)))
    rim = np.exp(-(((reach + 0.4) / 2.1) ** 2)) * white * np.clip(0.75 + 0.5 * flicker, 0, 1)
    yield Layer(Tissue.PML_RIM, 0.85 * rim)
    yield Layer(Tissue.PML_IRON, 0.6 * np.exp(-(((pia - _CORTEX_MM + 0.4) / 0.9) ** 2)) * (reach < 2))
    dots = np.full(np.broadcast_shapes(x.shape, y.shape, z.shape), 99, np.float32)
    for shift in random.normal(0, 0.55, (34, 3)):
        cx, cy, cz = (c + s * r for c, s, r in zip(_PML_CENTRE, shift, _PML_RADII, strict=True))
        np.minimum(dots, np.sqrt((x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2) - 1.4, out=dots)
    yield Layer(Tissue.PML_PUNCTUM, 0.8 * _solid(dots, grid.blur) * np.maximum(white, 0.35))


def _solid(distance: Volume, width: float) -> Volume:
    """1 inside (negative distance), 0 outside, linear over `width` mm."""
    solid: Volume = np.clip(0.5 - distance / np.float32(width), 0, 1)
    return solid


def _norm(x: Volume, y: Volume, z: Volume, power: float) -> Volume:
    total: Volume = (np.abs(x) ** power + np.abs(y) ** power + np.abs(z) ** power) ** np.float32(1 / power)
    return total


def _waves(
    at: tuple[Volume, Volume, Volume], random: np.random.Generator, wavelength: float, count: int
) -> Volume:
    """Smooth noise with one wavelength (mm), mean 0 and variance about 1: a sum of plane waves of all directions."""
    directions = random.normal(size=(count, 3))
    directions *= (2 * np.pi / wavelength) / np.linalg.norm(directions, axis=1, keepdims=True)
    phases = random.uniform(0, 2 * np.pi, count)
    total = np.zeros(np.broadcast_shapes(*(a.shape for a in at)), np.float32)
    for (kx, ky, kz), phase in zip(directions.astype(np.float32), phases.astype(np.float32), strict=True):
        total += np.cos((kx * at[0] + phase) + ky * at[1] + kz * at[2])
    total *= np.float32(np.sqrt(2 / count))
    return total


def _level_distance(field: Volume, grid: Grid, least_slope: float) -> Volume:
    """Distance in mm to the zero level of a field; `least_slope` keeps flat places from becoming wide."""
    step_z = float(grid.z[1, 0, 0] - grid.z[0, 0, 0])
    slope = np.sqrt(sum(g**2 for g in np.gradient(field, step_z, grid.blur, grid.blur)))
    distance: Volume = np.abs(field) / np.maximum(slope, least_slope)
    return distance


def _ellipsoid(
    x: Volume,
    y: Volume,
    z: Volume,
    centre: tuple[float, float, float],
    radii: tuple[float, float, float],
    degrees: float = 0.0,
) -> Volume:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    dx, dy, dz = x - centre[0], y - centre[1], z - centre[2]
    along = (dx * np.float32(cosine) + dy * np.float32(sine)) / radii[0]
    across = (dy * np.float32(cosine) - dx * np.float32(sine)) / radii[1]
    distance: Volume = (np.sqrt(along**2 + across**2 + (dz / radii[2]) ** 2) - 1) * np.float32(min(radii))
    return distance


def _tube(at: tuple[Volume, Volume, Volume], line: tuple[tuple[float, float, float, float], ...]) -> Volume:
    """Distance to a tube along a line of (x, y, z, radius)."""
    nearest: Volume | None = None
    for start, end in pairwise(line):
        step = [e - s for s, e in zip(start, end, strict=True)]
        length = sum(s * s for s in step[:3])
        offsets = [a - np.float32(s) for a, s in zip(at, start[:3], strict=True)]
        part = np.clip(sum(o * np.float32(s / length) for o, s in zip(offsets, step[:3], strict=True)), 0, 1)
        gaps = [(o - part * np.float32(s)) ** 2 for o, s in zip(offsets, step[:3], strict=True)]
        distance = np.sqrt(gaps[0] + gaps[1] + gaps[2]) - (start[3] + part * np.float32(step[3]))
        nearest = distance if nearest is None else np.minimum(nearest, distance)
    assert nearest is not None
    return nearest
