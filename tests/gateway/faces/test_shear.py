"""The planes leave the brain whole and take the face, whatever the direction of the slices."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.faces.shear import BUFFER_MM, Shear
from gateway.faces.slices import Slice, slices_of
from support.objects.heads import AXIAL, CHIN, CORONAL, CROWN, NOSE_TIP, SAGITTAL, head_series, true_brain

BRAIN = true_brain()
SHEAR = Shear.beside(BRAIN.points())


def gone_at(place: tuple[float, float, float]) -> bool:
    """Whether a single voxel at this place goes."""
    return bool(SHEAR.face(Slice(place, (1, 0, 0), (0, 1, 0), 1, 1))[0, 0])


@pytest.mark.parametrize(
    ("place", "goes"),
    [
        (NOSE_TIP, True),
        (CHIN, True),
        ((32.0, -90.0, -36.0), True),  # an eye
        ((0.0, -96.0, 0.0), False),  # the skull in front of the brain
        (CROWN, False),
        ((0.0, 92.0, 0.0), False),
        ((0.0, 10.0, -74.0), False),  # below the brain
    ],
)
def test_the_face_goes_and_the_rest_of_the_head_stays(place: tuple[float, float, float], goes: bool) -> None:
    """Nose, chin and eyes go; skull, crown and the back of the head stay."""
    assert gone_at(place) is goes


def test_every_point_of_the_brain_keeps_its_distance_from_every_plane() -> None:
    """The nearest point lies exactly as far from a plane as was meant."""
    points = BRAIN.points()
    for y, z, furthest in SHEAR.planes:
        assert np.hypot(y, z) == pytest.approx(1)
        assert furthest - (points[:, 1] * y + points[:, 2] * z).max() == pytest.approx(BUFFER_MM)


def test_no_voxel_of_the_brain_goes_in_slices_of_any_direction() -> None:
    """Axial, coronal and sagittal series of one frame of reference are cut by the same planes."""
    for plane in (AXIAL, CORONAL, SAGITTAL):
        slices = [slices_of(ds)[0] for ds in head_series(plane, gap=18)]
        gone = sum(int(SHEAR.face(where).sum()) for where in slices)
        assert gone > 1000
        assert not any((SHEAR.face(where) & BRAIN.within(where)).any() for where in slices)


def test_a_slice_above_the_face_loses_nothing() -> None:
    """High axial slices are left as they are."""
    (high,) = slices_of(head_series(AXIAL, only=slice(32, 33))[0])
    assert high.corner[2] > 60
    assert not SHEAR.face(high).any()
