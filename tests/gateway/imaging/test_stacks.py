"""Frames of a case become stacks: every frame in one, in the patient's order, a volume only where they make one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imaging.frames import ObjectHeader
from gateway.imaging.stacks import UNREADABLE, study_index
from gateway.imaging.study_index import FrameIndex, Stack, StudyIndex

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
MIRRORED = (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def frame(position: Sequence[float] | None, orientation: Any = AXIAL, **more: Any) -> FrameIndex:
    """A frame of 8 rows and 6 columns."""
    placed = None if position is None else (float(position[0]), float(position[1]), float(position[2]))
    values: dict[str, Any] = {
        "object": 0, "frame": 0, "rows": 8, "columns": 6, "position": placed, "orientation": orientation,
        "spacing": (1.5, 0.5), "slope": 1.0, "intercept": 0.0, "b_value": None, "echo_time": None, "time": None,
        "direction": None, "part": "", "offset": None, "length": 0, "thickness": 3.0,
    }  # fmt: skip
    return FrameIndex(**values | more)


def header(number: int, *frames: FrameIndex, **more: Any) -> ObjectHeader:
    """An object of one series."""
    values: dict[str, Any] = {
        "series": "2.25.1", "series_number": 1, "description": "", "modality": "MR", "frame_of_reference": "2.25.9",
        "sop_class_uid": "1.2", "sop_instance_uid": f"2.25.1.{number}", "instance_number": float(number),
        "photometric": "MONOCHROME2", "bits_stored": 12, "signed": False, "is_mosaic": False,
        "gap": 4.0, "frames": tuple(replace(each, frame=at) for at, each in enumerate(frames)),
    }  # fmt: skip
    return ObjectHeader(**values | more)


def index_of(*headers: ObjectHeader | None) -> StudyIndex:
    """The index of these objects, in this order."""
    return study_index("v", [(f"blob {at}", each) for at, each in enumerate(headers)])


def heights(index: StudyIndex, stack: Stack, axis: int = 2) -> list[float]:
    """Where the frames of a stack lie along an axis of the patient."""
    return [index.frames[number].position[axis] for number in stack.frames]  # type: ignore[index]


def along(orientation: Sequence[float], count: int, step: float = 4.0) -> list[FrameIndex]:
    """So many slices along the normal, from far below on."""
    normal = np.cross(orientation[:3], orientation[3:])
    return [frame(normal * (step * at - 30.0), tuple(orientation)) for at in range(count)]


@given(st.permutations(range(6)), st.sampled_from([AXIAL, MIRRORED, SAGITTAL, CORONAL]))
def test_the_order_of_files_does_not_matter(order: list[int], orientation: tuple[float, ...]) -> None:
    """Nor that of their numbers: the stack is in the order of the patient, up, to the left, to the back."""
    slices = along(orientation, 6)
    made = index_of(*(header(number + 1, slices[place]) for number, place in enumerate(order)))
    [stack] = made.stacks
    axis = int(np.argmax(np.abs(np.cross(orientation[:3], orientation[3:]))))
    assert heights(made, stack, axis) == sorted(heights(made, stack, axis))
    assert stack.affine is not None
    assert stack.shape == (6, 8, 6)


@given(st.floats(0, 6.2), st.floats(-0.6, 0.6), st.floats(0.4, 9), st.integers(2, 9))
def test_the_affine_leads_to_where_each_slice_lies(turn: float, tilt: float, step: float, count: int) -> None:
    """Voxel (0, 0, k) is the middle of the first pixel of slice k; columns and rows go their own ways."""
    rows = np.array([np.cos(turn), np.sin(turn), 0.0])
    columns = np.cos(tilt) * np.array([-np.sin(turn), np.cos(turn), 0.0]) + np.array([0, 0, np.sin(tilt)])
    slices = along((*rows, *columns), count, step)
    made = index_of(*(header(at, one) for at, one in enumerate(slices)))
    [stack] = made.stacks
    assert stack.affine is not None, stack.why
    affine = np.asarray(stack.affine)
    for k, number in enumerate(stack.frames):
        assert np.allclose(affine @ [0, 0, k, 1], made.frames[number].position, atol=0.01)
    assert np.allclose(affine[:, 0], rows * 0.5)
    assert np.allclose(affine[:, 1], columns * 1.5)


SPLITS = {
    "b-value": [{"b_value": 0.0}, {"b_value": 1000.0}],
    "echo": [{"echo_time": 20.0}, {"echo_time": 80.0}],
    "time": [{"time": 1}, {"time": 2}],
    "part": [{"part": "M"}, {"part": "P"}],
    "direction": [{"direction": (1.0, 0.0, 0.0)}, {"direction": (0.0, 1.0, 0.0)}],
    "size": [{"rows": 8}, {"rows": 16}],
    "thickness": [{"thickness": 3.0}, {"thickness": 5.0}],
    "plane": [{"orientation": AXIAL}, {"orientation": MIRRORED}],
}


@pytest.mark.parametrize("differs", SPLITS)
@given(order=st.permutations(range(8)))
def test_what_differs_is_another_stack(differs: str, order: list[int]) -> None:
    """However the files come; none is lost, and each is a volume."""
    frames = [frame((0, 0, 4 * at), **more) for more in SPLITS[differs] for at in range(4)]
    made = index_of(*(header(place, frames[place]) for place in order))
    assert sorted(number for stack in made.stacks for number in stack.frames) == list(range(8))
    assert [len(stack.frames) for stack in made.stacks] == [4, 4]
    assert all(stack.affine for stack in made.stacks)
    assert len({stack.key for stack in made.stacks}) == 2


@pytest.mark.parametrize("by", ["place", "turn"])
def test_places_that_come_again_are_stacks_by_their_turn(by: str) -> None:
    """Directions or times that nobody names: never interleaved, whichever the scanner stores first."""
    turns = [(turn, at) for turn in range(3) for at in range(4)]
    if by == "place":
        turns.sort(key=lambda each: each[1])
    made = index_of(*(header(number, frame((0, 0, 4 * at))) for number, (_, at) in enumerate(turns)))
    assert [len(stack.frames) for stack in made.stacks] == [4, 4, 4]
    for turn, stack in enumerate(made.stacks):
        assert [turns[int(made.objects[made.frames[n].object].instance_number)][0] for n in stack.frames] == [
            turn
        ] * 4
        assert stack.affine


@given(st.integers(2, 6), st.integers(1, 3), st.integers(1, 5))
def test_a_round_that_was_broken_off_is_a_stack_of_its_own(slices: int, rounds: int, left: int) -> None:
    """The whole ones before it stay volumes, and none of its slices gets into them."""
    turns = [(turn, at) for turn in range(rounds + 1) for at in range(slices)][
        : rounds * slices + min(left, slices - 1)
    ]
    made = index_of(*(header(number, frame((0, 0, 4 * at))) for number, (_, at) in enumerate(turns)))
    assert [len(stack.frames) for stack in made.stacks] == [slices] * rounds + [min(left, slices - 1)]
    for turn, stack in enumerate(made.stacks):
        assert stack.affine
        assert {turns[number][0] for number in stack.frames} == {turn}


@given(st.lists(st.floats(-0.001, 0.001), min_size=12, max_size=12))
def test_a_place_is_the_same_however_it_is_rounded(rounding: list[float]) -> None:
    """A thousandth of a millimetre makes no other place, wherever it lies."""
    frames = [frame((0, 0, 4.005 * (at % 4) + rounding[at])) for at in range(12)]
    made = index_of(*(header(number, one) for number, one in enumerate(frames)))
    assert [len(stack.frames) for stack in made.stacks] == [4, 4, 4]


def test_of_a_round_with_a_gap_nothing_is_known() -> None:
    """Which of two frames at a place belongs to which round: no volume mixes them."""
    places = [0, 1, 3, 0, 1, 2, 3]
    [stack] = index_of(*(header(n, frame((0, 0, 4 * at))) for n, at in enumerate(places))).stacks
    assert (stack.affine, stack.why) == (None, "places come more than once, and not equally often")


NO_VOLUME = {
    "slices are missing or uneven between image 2 and 3": [frame((0, 0, z)) for z in (0, 4, 12, 16)],
    "places come more than once, and not equally often": [frame((0, 0, z)) for z in (0, 4, 4, 8)],
    "its slices are turned against each other": [
        frame((0, 0, 4 * at), (np.cos(at / 9), np.sin(at / 9), 0, -np.sin(at / 9), np.cos(at / 9), 0))
        for at in range(4)
    ],
    "its slices are shifted against each other": [frame((2 * at, 0, 4 * at)) for at in range(4)],
    "its slices are not on one line": [frame((at % 2, 0, 4 * at)) for at in range(4)],
    "no position in its headers": [frame((0, 0, 0)), frame(None)],
    "no orientation in its headers": [frame((0, 0, 0), None)],
    "no size of its pixels in its headers": [frame((0, 0, 0), spacing=None)],
    "its rescaling is no number": [frame((0, 0, 0)), frame((0, 0, 4), slope=None)],
    UNREADABLE: [frame((0, 0, 0), rows=0)],
}


@pytest.mark.parametrize("why", NO_VOLUME)
def test_what_is_no_volume_says_why_and_keeps_its_frames(why: str) -> None:
    """It is shown frame by frame."""
    made = index_of(*(header(number, one) for number, one in enumerate(NO_VOLUME[why])))
    [stack] = made.stacks
    assert (stack.affine, stack.why) == (None, why)
    assert len(stack.frames) == len(NO_VOLUME[why])


@pytest.mark.parametrize(
    ("more", "why"), [({"is_mosaic": True}, "a mosaic of slices"), ({"photometric": "RGB"}, "colour")]
)
def test_pictures_of_other_kinds_are_no_volume(more: dict[str, Any], why: str) -> None:
    """And a mosaic lies in no plane that its header could tell."""
    [stack] = index_of(header(1, frame((0, 0, 0)), **more)).stacks
    assert (stack.affine, stack.why) == (None, why)
    assert stack.plane == ("" if "is_mosaic" in more else "axial")


def test_frames_of_reference_are_not_mixed() -> None:
    """A patient who was moved and scanned again under one series: two stacks, and nothing is carried over by either."""
    again = {1: "2.25.9", 0: "2.25.8"}
    made = index_of(*(header(at, frame((0, 0, 4 * at)), frame_of_reference=again[at % 2]) for at in range(8)))
    assert [len(stack.frames) for stack in made.stacks] == [4, 4]
    for stack in made.stacks:
        assert len({int(made.objects[made.frames[n].object].instance_number) % 2 for n in stack.frames}) == 1
    assert made.series[0].frame_of_reference == ""


def test_a_single_slice_is_as_thick_as_it_says() -> None:
    """From centre to centre where that is told; without either it is no volume."""
    [stack] = index_of(header(1, frame((0, 0, 5)))).stacks
    assert stack.affine is not None
    assert [row[2] for row in stack.affine] == [0.0, 0.0, 4.0]
    [stack] = index_of(header(1, frame((0, 0, 5), thickness=None), gap=None)).stacks
    assert "without a thickness" in stack.why


def test_three_planes_of_a_localizer_are_three_stacks() -> None:
    """Each with its name."""
    planes = {"axial": AXIAL, "coronal": CORONAL, "sagittal": SAGITTAL}
    made = index_of(*(header(at, *along(plane, 3)) for at, plane in enumerate(planes.values())))
    assert sorted(stack.plane for stack in made.stacks) == list(planes)


def test_what_cannot_be_read_is_counted() -> None:
    """Each by itself, after the series that can."""
    made = index_of(None, header(1, frame((0, 0, 5))), None)
    assert [series.frames for series in made.series] == [1, 2]
    assert [stack.why for stack in made.stacks][-1] == UNREADABLE
    assert len(made.frames) == sum(len(stack.frames) for stack in made.stacks) == 3


def test_objects_without_pictures_are_no_series() -> None:
    """A signal of spectroscopy, for one."""
    assert index_of(header(1)).series == ()
