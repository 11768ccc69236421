"""What volume a stack makes: stored values where one scale says what they mean, 32 bits or a reason elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.imaging.study_index import FrameIndex, ObjectIndex, SeriesIndex, Stack, StudyIndex
from gateway.imaging.volume_plan import OWN_SCALES, OWN_TYPES, noted, pieces, planned

FRAME = FrameIndex(
    0,
    0,
    4,
    6,
    (0.0, 0.0, 0.0),
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    (1.0, 1.0),
    1.0,
    0.0,
    None,
    None,
    None,
    None,
    "",
    None,
    0,
)
OBJECT = ObjectIndex("a", "1.2", "1.3", 1.0, 0, "MONOCHROME2", 12, signed=False)
PLACE = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))


def study(objects: list[ObjectIndex], frames: list[FrameIndex], **stack: Any) -> tuple[StudyIndex, Stack]:
    """An index with one stack of all frames."""
    series = SeriesIndex("1.1", 1, "", "MR", "1.9", len(objects), len(frames))
    one = Stack(
        "s1-1", 0, tuple(range(len(frames))), PLACE, "", (6, 4, len(frames)), None, None, "", 1.0, "axial"
    )
    one = replace(one, **stack)
    return StudyIndex("v", tuple(objects), (series,), tuple(frames), (one,)), one


@pytest.mark.parametrize(
    ("bits", "signed", "dtype"),
    [(8, False, "<i2"), (12, False, "<i2"), (15, False, "<i2"), (16, False, "<u2"), (16, True, "<i2")],
)
def test_stored_values_stay_as_they_are(bits: int, signed: bool, dtype: str) -> None:
    """16 bits that hold them all, with the scale beside them."""
    of = replace(OBJECT, bits_stored=bits, signed=signed)
    index, stack = study([of], [replace(FRAME, frame=at, slope=2.5, intercept=-4.0) for at in range(3)])
    volume = planned(index, stack)
    assert not isinstance(volume, str)
    assert (volume.dtype, volume.slope, volume.intercept, volume.shape) == (dtype, 2.5, -4.0, (6, 4, 3))
    assert noted(index, stack) == ""


def test_scales_of_their_own_need_32_bits_and_are_told() -> None:
    """One slope would make the values of the other frames wrong."""
    index, stack = study([OBJECT], [FRAME, replace(FRAME, frame=1, slope=2.0)])
    volume = planned(index, stack)
    assert not isinstance(volume, str)
    assert (volume.dtype, volume.slope, volume.intercept) == ("<f4", 1.0, 0.0)
    assert noted(index, stack) == OWN_SCALES


def test_signed_beside_large_unsigned_values_need_32_bits() -> None:
    """No type of 16 bits holds both."""
    objects = [replace(OBJECT, bits_stored=16), replace(OBJECT, bits_stored=16, signed=True)]
    index, stack = study(objects, [FRAME, replace(FRAME, object=1)])
    assert getattr(planned(index, stack), "dtype", "") == "<f4"
    assert noted(index, stack) == OWN_TYPES


@pytest.mark.parametrize(
    ("of", "frame", "stack", "why"),
    [
        ({}, {}, {"affine": None, "why": "its slices fan out"}, "fan out"),
        ({"photometric": "RGB"}, {}, {}, "colour"),
        ({"photometric": "PALETTE COLOR"}, {}, {}, "colour"),
        ({"bits_stored": 32}, {}, {}, "32 bits"),
        ({"bits_stored": 0}, {}, {}, "0 bits"),
        ({}, {"slope": 0.0}, {}, "rescaling"),
        ({}, {"intercept": None}, {}, "rescaling"),
        ({}, {"rows": 5}, {}, "size"),
        ({}, {}, {"shape": (6, 4, 9)}, "size"),
    ],
)
def test_what_makes_no_volume_says_why(of: Any, frame: Any, stack: Any, why: str) -> None:
    """A text for the page, and nothing half right."""
    index, one = study([replace(OBJECT, **of)], [replace(FRAME, **frame)], **stack)
    told = planned(index, one)
    assert isinstance(told, str)
    assert why in told


def test_negatives_and_positives_make_no_volume_together() -> None:
    """Half of its slices would be shown the wrong way round."""
    index, stack = study(
        [OBJECT, replace(OBJECT, photometric="MONOCHROME1")], [FRAME, replace(FRAME, object=1)]
    )
    assert "negatives" in str(planned(index, stack))


def test_pieces_end_with_their_object_and_before_they_are_too_large() -> None:
    """Each is asked of one file; a frame larger than a piece is one by itself."""
    frames = [replace(FRAME, object=of, frame=at) for of, at in ((0, 0), (0, 1), (0, 2), (1, 0))]
    index, stack = study([OBJECT, OBJECT], frames)
    assert [(of, len(some)) for of, some in pieces(index, stack, 48)] == [(0, 2), (0, 1), (1, 1)]
    assert [(of, len(some)) for of, some in pieces(index, stack, 10)] == [(0, 1), (0, 1), (0, 1), (1, 1)]
