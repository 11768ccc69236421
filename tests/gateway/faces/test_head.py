"""What the pixels of a volume show of a head, looked up at places in the patient."""

from __future__ import annotations

import numpy as np

from gateway.faces.head import Head, shades_of
from gateway.faces.slices import Slice
from support.objects.heads import CROWN, NOSE_TIP, true_head

HEAD = true_head()


def air_at(place: tuple[float, float, float]) -> bool:
    """Whether the head has air at this place."""
    return bool(HEAD.air(Slice(place, (1, 0, 0), (0, 1, 0), 1, 1))[0, 0])


def test_air_is_where_no_head_is_near() -> None:
    """Not in it, not just beside it, and not where the volume shows nothing at all."""
    x, y, z = NOSE_TIP
    assert not air_at((0, 0, 0))
    assert not air_at((x, y - 8, z))
    assert air_at((x, y - 20, z))
    assert not air_at((0, 0, CROWN[2]))
    assert air_at((0, 0, CROWN[2] + 20))
    assert not air_at((0, 0, 500))


def test_what_is_far_from_the_brain_is_the_face() -> None:
    """Middles and distances of the voxels that are more than 30 mm away: all in front, all below."""
    points, distances = HEAD.further_than(30)
    assert len(points) > 1000
    assert distances.min() > 30
    assert points[:, 1].max() < 0
    assert points[:, 2].max() < 0


def test_shades_are_looked_up_in_mm_and_dark_outside() -> None:
    """The brain is brighter than the fluid around it."""
    brain, fluid, outside = HEAD.shades_at(np.array([[0.0, 0, 0], [0, 86, 0], [0, 0, 900]]))
    assert brain > fluid
    assert outside == 0


def test_shades_of_one_value_are_one_shade() -> None:
    """Nothing is divided by nothing."""
    assert shades_of(np.full((3, 3), 7)).tolist() == np.zeros((3, 3)).tolist()
    assert isinstance(HEAD, Head)
