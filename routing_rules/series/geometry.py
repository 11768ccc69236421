"""How a series lies in the patient: thickness, gap, plane, extent, two or three dimensions.

Positions count before what is declared: SpacingBetweenSlices is a gap in the files of some scanners, and a distance of
centres in those of others. An image of a mosaic has no position of its own, so there the declared spacing counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, isfinite, sqrt

from routing_rules.series.image_attributes import ImageTraits
from routing_rules.series.series import Stack

_PLANES = ("sagittal", "coronal", "axial")
OBLIQUE_LIMIT = 0.8
"""Below this cosine to every axis of the patient a plane is called oblique (about 37 degrees)."""
DISTINCT_COSINE = 0.7
"""Normals with a smaller cosine between them are different planes (over 45 degrees apart)."""

PARALLEL_COSINE = 0.995
"""Normals of slices side by side have at least this cosine between them (about 6 degrees apart): a fan is no stack."""

SAME_PLACE_MM = 0.05
"""Slices nearer to each other are one slice, measured again."""
HOLE = 1.5
"""From so many times the usual spacing on, slices are missing between two that are there."""
UNIT = 0.02
"""How far the cosines of an orientation may be from unit length and right angles (PS3.3 C.7.6.2.1.1)."""

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Geometry:
    """Lengths in millimetres; None where the headers do not say."""

    slice_thickness_mm: float | None
    slice_gap_mm: float | None
    coverage_mm: float | None
    plane: str | None
    three_d: bool | None
    planes: int


def geometry(images: Sequence[ImageTraits]) -> Geometry:
    """The geometry of one series. The thickest slice counts, because it limits what can be seen."""
    thickness = max(_lengths(image.slice_thickness_mm for image in images), default=None)
    normals = _distinct(
        normal for normal in map(_normal, dict.fromkeys(i.orientation for i in images)) if normal
    )
    spacing = _spacing(_heights(images, normals[0]), thickness) if len(normals) == 1 else None
    if spacing is None:
        spacing = next(iter(_lengths(image.slice_spacing_mm for image in images)), None)
    gap = None if spacing is None or thickness is None else round(max(0.0, spacing - thickness), 3)
    kinds = {image.acquisition_type for image in images} - {""}
    return Geometry(
        slice_thickness_mm=None if thickness is None else round(thickness, 3),
        slice_gap_mm=gap,
        coverage_mm=_coverage(images, normals[0], spacing, thickness) if len(normals) == 1 else None,
        plane=_plane(normals[0]) if len(normals) == 1 else None,
        three_d=(kinds == {"3D"}) if kinds else None,
        planes=len(normals),
    )


def _normal(orientation: tuple[float, ...]) -> Vector | None:
    if len(orientation) != 6:
        return None
    a, b, c, d, e, f = orientation
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    return normal if any(normal) else None


def _distinct(normals: Iterable[Vector]) -> list[Vector]:
    found: list[Vector] = []
    for normal in normals:
        if all(abs(_dot(normal, other)) < DISTINCT_COSINE for other in found):
            found.append(normal)
    return found


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=False))


def _plane(normal: Vector) -> str:
    axis = max(range(3), key=lambda index: abs(normal[index]))
    return _PLANES[axis] if abs(normal[axis]) >= OBLIQUE_LIMIT else "oblique"


def _heights(images: Sequence[ImageTraits], normal: Vector) -> list[float]:
    """Places along a normal, each once, in millimetres."""
    said = (_dot(normal, image.position) for image in images if len(image.position) == 3)
    places: list[float] = []
    for place in sorted(round(height, 2) for height in said if isfinite(height)):
        if not places or place - places[-1] >= SAME_PLACE_MM:
            places.append(place)
    return places


def _spacing(heights: Sequence[float], thickness: float | None) -> float | None:
    """From centre to centre: the step most slices have, because a missing slice is no gap in the protocol."""
    steps = sorted(after - before for before, after in pairwise(heights))
    # Slices measured again a little beside their place do not make a series denser.
    steps = [step for step in steps if thickness is None or step >= thickness / 2] or steps
    return round(steps[(len(steps) - 1) // 2], 3) if steps else None


def _coverage(
    images: Sequence[ImageTraits], normal: Vector, spacing: float | None, thickness: float | None
) -> float | None:
    mosaic = max((image.slices_per_image or 1 for image in images), default=1)
    step = spacing or thickness
    if mosaic > 1 and step:
        return round(mosaic * step, 1)
    heights = _heights(images, normal)
    if len(heights) < 2 or thickness is None:
        return None
    return round(heights[-1] - heights[0] + thickness, 1)


def stacks(
    images: Sequence[ImageTraits], b_value: Callable[[ImageTraits], float | None] | None = None
) -> tuple[Stack, ...]:
    """The stacks of a series, by b-value (where `b_value` tells one) and plane; the order of images does not matter.

    Images without an orientation that can be used are left out, so no stack means that nothing is known.
    """
    by_b: dict[float | None, list[ImageTraits]] = defaultdict(list)
    for image in images:
        b = b_value(image) if b_value else None
        by_b[None if b is None or not isfinite(b) else float(round(b))].append(image)
    return tuple(
        _stack(b, directions, members)
        for b in sorted(by_b, key=lambda one: (one is not None, one or 0.0))
        for directions, members in _planes(by_b[b])
    )


def _planes(images: Sequence[ImageTraits]) -> list[tuple[tuple[float, ...], list[ImageTraits]]]:
    """Images that lie side by side, with the orientation that stands for them."""
    groups: list[tuple[tuple[float, ...], Vector, list[ImageTraits]]] = []
    placed = (image for image in images if _is_orientation(image.orientation))
    for image in sorted(placed, key=lambda one: one.orientation):
        normal = _normal(image.orientation)
        if normal is None:
            continue
        beside = next((group for group in groups if abs(_dot(normal, group[1])) >= DISTINCT_COSINE), None)
        if beside is None:
            groups.append((image.orientation, normal, [image]))
        else:
            beside[2].append(image)
    return [(orientation, members) for orientation, _, members in groups]


def _is_orientation(cosines: tuple[float, ...]) -> bool:
    if len(cosines) != 6 or not all(map(isfinite, cosines)):
        return False
    row, column = cosines[:3], cosines[3:]
    far = (_dot(row, row) - 1, _dot(column, column) - 1, _dot(row, column))
    return all(abs(one) <= UNIT for one in far)


def _stack(b_value: float | None, directions: tuple[float, ...], images: Sequence[ImageTraits]) -> Stack:
    normal = _normal(directions)
    assert normal is not None  # it is an orientation
    thickness = max(_lengths(image.slice_thickness_mm for image in images), default=None)
    declared = sorted(_lengths(image.slice_spacing_mm for image in images))
    stated = round(declared[len(declared) // 2], 3) if declared else None
    mosaic = _mosaic(images)
    slices: int
    spacing: float | None
    extent: float | None
    if not _are_parallel(images, normal):
        # A fan about an axis, for one: its places along one normal say nothing of what lies between its slices.
        slices, spacing, extent, missing = len(images), None, None, 0.0
    elif mosaic == 1:
        heights = _heights(images, normal)
        slices, spacing = len(heights), _spacing(heights, thickness) or stated
        extent, missing = _along(heights, thickness, spacing), _missing(heights, spacing, thickness)
    else:
        slices, spacing, missing = mosaic or 0, stated or (thickness if mosaic else None), 0.0
        extent = mosaic * spacing if mosaic and spacing else None
    row, column, pixel = _in_plane(images, mosaic)
    if mosaic == 1:
        row, column = _common(row, images, directions[:3]), _common(column, images, directions[3:])
    return Stack(
        b_value,
        len(images),
        slices,
        tuple(round(one, 4) for one in directions),
        row,
        column,
        None if extent is None else round(extent, 1),
        round(missing, 1),
        None if thickness is None else round(thickness, 3),
        spacing,
        stated,
        pixel,
    )


def _are_parallel(images: Sequence[ImageTraits], normal: Vector) -> bool:
    others = {image.orientation: _normal(image.orientation) for image in images}
    return all(other and abs(_dot(other, normal)) >= PARALLEL_COSINE for other in others.values())


def _common(
    field_mm: float | None, images: Sequence[ImageTraits], direction: Sequence[float]
) -> float | None:
    """What of a field of view all slices share, where they are shifted against each other along it."""
    places = [_dot(direction, image.position) for image in images if len(image.position) == 3]
    places = [place for place in places if isfinite(place)]
    turned = any(
        _dot(direction, image.orientation[:3]) < PARALLEL_COSINE
        and _dot(direction, image.orientation[3:]) < PARALLEL_COSINE
        for image in images
    )
    if field_mm is None or len(places) < 2 or turned:
        return field_mm
    return round(max(0.0, field_mm - (max(places) - min(places))), 1)


def _mosaic(images: Sequence[ImageTraits]) -> int | None:
    """Slices in each image: 1, or those of a mosaic; None where that is not known."""
    said = {image.slices_per_image for image in images}
    return said.pop() if len(said) == 1 else None


def _along(heights: Sequence[float], thickness: float | None, spacing: float | None) -> float | None:
    """From the first face to the last, a slice counted no thicker than twice its distance from the next (scanners
    interpolate to half the thickness); without a thickness, at least from centre to centre."""
    if not heights or (len(heights) == 1 and thickness is None):
        return None
    face = thickness or 0.0
    return heights[-1] - heights[0] + (min(face, 2 * spacing) if len(heights) > 1 and spacing else face)


def _missing(heights: Sequence[float], spacing: float | None, thickness: float | None) -> float:
    if spacing is None:
        return 0.0
    usual = max(spacing, thickness or 0.0)
    steps = (after - before for before, after in pairwise(heights))
    return sum((step - usual for step in steps if step > HOLE * usual), 0.0)


def _in_plane(
    images: Sequence[ImageTraits], mosaic: int | None
) -> tuple[float | None, float | None, float | None]:
    """Field of view along a row and down a column, and the longer side of a pixel (PixelSpacing: PS3.3 10.7.1.3)."""
    sizes = {
        (image.columns, image.rows, image.pixel_spacing_mm)
        for image in images
        if len(_lengths((image.columns, image.rows, *image.pixel_spacing_mm))) == 4
    }
    if mosaic is None or not sizes:
        return None, None, None
    tiles = ceil(sqrt(mosaic))
    row = min(columns * spacing[1] for columns, _, spacing in sizes if columns)
    column = min(rows * spacing[0] for _, rows, spacing in sizes if rows)
    pixel = max(max(spacing) for _, _, spacing in sizes)
    return round(row / tiles, 1), round(column / tiles, 1), round(pixel, 3)


def _lengths(said: Iterable[float | None]) -> list[float]:
    """What is a length: finite and more than nothing."""
    return [length for length in said if length is not None and isfinite(length) and length > 0]
