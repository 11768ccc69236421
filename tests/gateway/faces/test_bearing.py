"""Whether a head lies as its coordinates say: where the tissue is that is far from the brain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gateway.faces.bearing import Bearing, bearing_of, refuse_wrong_bearing
from gateway.faces.brain import NoBrain
from gateway.faces.head import Head
from gateway.faces.shear import Shear
from support.objects.heads import mirrored, true_brain, true_head, turned

HONEST = Bearing(goes=140, above=0, ahead=1, beside=1, behind=0, tilt=12, turn=0)


def test_an_upright_head_has_its_face_in_front_and_nothing_elsewhere() -> None:
    """A fifth of a litre goes, nothing far from the brain stays in front of it."""
    brain = true_brain()
    bearing = bearing_of(brain, true_head(), Shear.beside(brain.points()))
    assert bearing.goes > 200
    assert bearing.removed > 0.99
    assert max(bearing.above, bearing.ahead, bearing.beside, bearing.behind) < 1
    assert (bearing.tilt, bearing.turn) == pytest.approx((0, 0), abs=1)
    refuse_wrong_bearing(bearing)


def test_tilt_and_turn_are_those_of_the_brain() -> None:
    """The front upwards, and to the left, count as positive."""
    brain = true_brain(lies=turned("x", -20))
    assert bearing_of(brain, true_head(), Shear.beside(brain.points())).tilt == pytest.approx(20, abs=1)
    brain = true_brain(lies=turned("z", 20))
    assert bearing_of(brain, true_head(), Shear.beside(brain.points())).turn == pytest.approx(20, abs=1)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("goes", 20, "20 ml lie in front of and below"),
        ("above", 5, "5 ml of tissue lie above"),
        ("ahead", 9, "9 ml of tissue would stay in front"),
        ("beside", 12, "12 ml of tissue lie beside"),
        ("behind", 50, "50 ml of tissue lie behind"),
        ("tilt", -20, "tilted by -20 degrees"),
        ("tilt", 50, "tilted by 50 degrees"),
        ("turn", -25, "turned by -25 degrees"),
        ("tilt", np.nan, "tilted by nan degrees"),
    ],
)
def test_each_measure_alone_is_enough_to_refuse(name: str, value: float, says: str) -> None:
    """The reason names what was seen, with its number."""
    refuse_wrong_bearing(HONEST)
    with pytest.raises(NoBrain, match=f"lies as its coordinates say: .*{says}"):
        refuse_wrong_bearing(replace(HONEST, **{name: value}))


def test_a_picture_that_shows_no_face_is_refused() -> None:
    """Where nothing was seen to go, nobody can tell where the planes lie: a head of which only the skull is there."""
    brain, head = true_brain(), true_head()
    depths = np.where(head.depths > 20, 0, head.depths).astype(np.uint8)
    scalped = Head(depths, head.shades, head.corner, head.step)
    with pytest.raises(NoBrain, match="0 ml lie in front"):
        refuse_wrong_bearing(bearing_of(brain, scalped, Shear.beside(brain.points())))


def test_no_head_passes_of_which_a_twentieth_of_the_face_would_stay() -> None:
    """Turned about every axis in steps, and mirrored in every way: what passes has lost what an upright one loses."""
    ways = [turned(axis, degrees) for axis in "xyz" for degrees in (-90, -40, 40, 60)]
    ways += [mirrored(*axes) for axes in ("y", "z", "xy", "xz", "yz", "xyz")]
    for lies in ways:
        brain = true_brain(4.0, lies)
        with pytest.raises(NoBrain):
            refuse_wrong_bearing(bearing_of(brain, true_head(lies), Shear.beside(brain.points())))
