"""How a series lies in the patient: thickness, gap, plane, coverage, two or three dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isclose

from routing_rules.series.image_attributes import ImageTraits

_PLANES = ("sagittal", "coronal", "axial")
OBLIQUE_LIMIT = 0.8
"""Below this cosine to every axis of the patient a plane is called oblique (about 37 degrees)."""
DISTINCT_COSINE = 0.7
"""Normals with a smaller cosine between them are different planes (over 45 degrees apart)."""

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
    thickness = max((image.slice_thickness_mm for image in images if image.slice_thickness_mm), default=None)
    normals = _distinct(
        normal for normal in map(_normal, dict.fromkeys(i.orientation for i in images)) if normal
    )
    spacing = _spacing(images, normals[0]) if len(normals) == 1 else None
    if spacing is None:
        spacing = next((image.slice_spacing_mm for image in images if image.slice_spacing_mm), None)
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
    places = {round(_dot(normal, image.position), 2) for image in images if len(image.position) == 3}
    return sorted(places)


def _spacing(images: Sequence[ImageTraits], normal: Vector) -> float | None:
    heights = _heights(images, normal)
    steps = sorted(after - before for before, after in pairwise(heights))
    steps = [step for step in steps if not isclose(step, 0.0, abs_tol=0.05)]
    # The median: a missing slice must not look like a gap in the protocol.
    return round(steps[len(steps) // 2], 3) if steps else None


def _coverage(
    images: Sequence[ImageTraits], normal: Vector, spacing: float | None, thickness: float | None
) -> float | None:
    mosaic = max((image.slices_per_image for image in images), default=1)
    step = spacing or thickness
    if mosaic > 1 and step:
        return round(mosaic * step, 1)
    heights = _heights(images, normal)
    if len(heights) < 2 or thickness is None:
        return None
    return round(heights[-1] - heights[0] + thickness, 1)
