"""Where the brain is: the mask at the voxels of a slice, what is no brain, and the process that looks for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gateway.faces import brain as module
from gateway.faces.bearing import bearing_of, refuse_wrong_bearing
from gateway.faces.brain import Brain, NoBrain, brain_in, refuse_implausible
from gateway.faces.shear import Shear
from gateway.faces.slices import Slice, slices_of
from gateway.faces.stacks import Volume
from support.objects.heads import AXIAL, CORONAL, SAGITTAL, head_series, true_brain

BRAIN = true_brain()


def test_a_voxel_is_in_the_brain_when_the_nearest_of_the_mask_is() -> None:
    """Known points of the drawn brain, and places outside the mask's box."""
    for place, inside in {
        (0.0, 0.0, 0.0): True,
        (0.0, -80.0, 5.0): True,
        (0.0, -90.0, 0.0): False,
        (500.0, 0.0, 0.0): False,
        (0.0, 0.0, -500.0): False,
    }.items():
        assert BRAIN.within(Slice(place, (1, 0, 0), (0, 1, 0), 1, 1))[0, 0] == inside


def test_slices_of_every_direction_see_the_same_brain() -> None:
    """The volume of the voxels within the mask is the brain's, however the series is sliced."""
    for plane in (AXIAL, CORONAL, SAGITTAL):
        voxels = sum(int(BRAIN.within(slices_of(ds)[0]).sum()) for ds in head_series(plane))
        assert voxels * 4 * 4 * 6 / 1000 == pytest.approx(BRAIN.millilitres, rel=0.02)


def small(brain: Brain) -> Brain:
    """Half as large in every direction."""
    return Brain(brain.mask, brain.corner, brain.step / 2)


def long(brain: Brain) -> Brain:
    """A leak along the sagittal sinus and the nose, to the front."""
    mask = brain.mask.copy()
    mask[45, 1:108, 45] = True
    mask[45, 96:109, 45] = True
    return Brain(mask, brain.corner, brain.step)


def into_an_orbit(brain: Brain) -> Brain:
    """A leak along an optic nerve to the eyeball, no wider than a finger."""
    mask = brain.mask.copy()
    mask[58:64, 12:30, 24:30] = True
    return Brain(mask, brain.corner, brain.step)


def without_a_frontal_base(brain: Brain) -> Brain:
    """The part above the orbits is missing."""
    mask = brain.mask.copy()
    y, z = np.meshgrid(
        *(np.arange(side) * 2.0 - 110 + 20 * axis for axis, side in enumerate(mask.shape[1:])), indexing="ij"
    )
    mask[:, (-y - z) > 75] = False
    return Brain(mask, brain.corner, brain.step)


def at_the_edge(brain: Brain) -> Brain:
    """A leak to the skin at the side, as wide as a brain may be."""
    mask = brain.mask[12:]
    return Brain(mask, brain.corner, brain.step)


def nothing(brain: Brain) -> Brain:
    """No voxel at all."""
    return Brain(np.zeros_like(brain.mask), brain.corner, brain.step)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (small, "has 183 ml"),
        (nothing, "has 0 ml"),
        (long, "mm long"),
        (at_the_edge, "reaches the edge"),
        (into_an_orbit, r"reaches 1\.\d\d times as far"),
        (without_a_frontal_base, r"reaches 0\.\d\d times as far"),
    ],
)
def test_what_cannot_be_a_brain_is_none(spoil: Callable[[Brain], Brain], says: str) -> None:
    """Volume, extents and contact with the edge of the picture; the reason says the number."""
    refuse_implausible(BRAIN)
    with pytest.raises(NoBrain, match=says):
        refuse_implausible(spoil(BRAIN))


def test_a_volume_without_a_head_is_said_to_have_no_brain() -> None:
    """The process answers with the name of what went wrong."""
    flat = Volume(np.zeros((20, 32, 32), np.uint16), (0, 0, 0), ((0, 0, 6), (0, 6, 0), (6, 0, 0)))
    with pytest.raises(NoBrain, match=r"no brain was seen in the volume \(ValueError\)"):
        brain_in(flat)


@pytest.mark.parametrize("program", [("false",), ("echo", "nonsense, and more of it, longer than a head")])
def test_a_process_that_dies_or_talks_nonsense_is_no_brain(
    program: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody learns of a brain from an answer that is none."""
    monkeypatch.setattr(module, "_PROGRAM", program)
    with pytest.raises(NoBrain, match="has failed"):
        brain_in(Volume(np.zeros((2, 2, 2), np.uint16), (0, 0, 0), ((0, 0, 1), (0, 1, 0), (1, 0, 0))))


def test_a_process_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is said."""
    monkeypatch.setattr(module, "_PROGRAM", ("sleep", "60"))
    monkeypatch.setattr(module, "_SECONDS", 0.2)
    with pytest.raises(NoBrain, match=r"longer than 0\.2 s"):
        brain_in(Volume(np.zeros((2, 2, 2), np.uint16), (0, 0, 0), ((0, 0, 1), (0, 1, 0), (1, 0, 0))))


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_the_brain_of_a_drawn_head_is_where_it_was_drawn() -> None:
    """Brainextractor's mask and the drawn brain overlap (Dice) by more than nine tenths, from sagittal slices too."""
    datasets = head_series(SAGITTAL, gap=3.0)
    first, second = (slices_of(ds)[0] for ds in datasets[:2])
    step = tuple(b - a for a, b in zip(first.corner, second.corner, strict=True))
    values = np.stack([ds.pixel_array for ds in datasets])
    seen, head = brain_in(Volume(values, first.corner, (step, first.to_next_row, first.to_next_column)))
    same = whole = 0
    for where in (slices_of(ds)[0] for ds in datasets):
        drawn, found = BRAIN.within(where), seen.within(where)
        same, whole = same + 2 * int((drawn & found).sum()), whole + int(drawn.sum()) + int(found.sum())
    assert same / whole > 0.9
    refuse_wrong_bearing(bearing_of(seen, head, Shear.beside(seen.points())))


@pytest.mark.parametrize("lowest", [-40, -30, -20])
def test_a_brain_that_the_picture_cuts_off_below_gives_no_planes(lowest: int) -> None:
    """Its planes would go through what other series of the frame of reference show of it."""
    whole = true_brain()
    layers = round((lowest - whole.corner[2]) / whole.step)
    x, y, _ = whole.corner
    with pytest.raises(NoBrain, match="picture ends"):
        refuse_implausible(Brain(whole.mask[:, :, layers:], (x, y, float(lowest)), whole.step))
