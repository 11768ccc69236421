"""Points of the patient on a frame: there and back for every oblique frame, and refused beside it."""

from __future__ import annotations

import numpy as np
import pytest
from highdicom.spatial import ReferenceToImageTransformer
from hypothesis import assume, given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from gateway.imaging.frames import frame_index
from gateway.imaging.places import EDGE_MM, PLANE_MM, lies_on, pixel_of, pixels_of
from gateway.imaging.study_index import FrameIndex

ANGLES = st.floats(-1.5, 1.5)
PARTS = st.floats(0, 1)


def frame_at(
    turns: tuple[float, float, float] = (0, 0, 0),
    position: tuple[float, float, float] = (-50, -60, 10),
    spacing: tuple[float, float] = (1.5, 0.5),
    rows: int = 40,
    columns: int = 60,
) -> FrameIndex:
    """A frame turned by three angles in radians."""
    a, b, c = turns
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    turned = about_x @ about_y @ about_z
    ds = Dataset()
    ds.Rows, ds.Columns = rows, columns
    ds.ImagePositionPatient = list(position)
    # 16 characters hold nine decimals of a cosine
    ds.ImageOrientationPatient = [round(float(v), 9) for v in (*turned[:, 0], *turned[:, 1])]
    ds.PixelSpacing = list(spacing)
    return frame_index(ds, 0)


def point_on(frame: FrameIndex, column: float, row: float, away: float = 0.0) -> tuple[float, float, float]:
    """A place on a frame by image coordinates (0.5: the middle of the first pixel), `away` mm along its normal."""
    assert frame.position is not None
    assert frame.orientation is not None
    assert frame.spacing is not None
    x, y = np.array(frame.orientation[:3]), np.array(frame.orientation[3:])
    made = (
        np.array(frame.position)
        + x * (column - 0.5) * frame.spacing[1]
        + y * (row - 0.5) * frame.spacing[0]
        + np.cross(x, y) * away
    )
    return float(made[0]), float(made[1]), float(made[2])


@given(st.tuples(ANGLES, ANGLES, ANGLES), PARTS, PARTS)
def test_a_place_of_a_frame_is_found_again(
    turns: tuple[float, float, float], across: float, down: float
) -> None:
    """From columns and rows to mm and back, however the frame is turned; the same as highdicom's."""
    frame = frame_at(turns)
    column, row = across * frame.columns, down * frame.rows
    point = point_on(frame, column, row)
    at = pixel_of(frame, point)
    assert at == pytest.approx((column, row, 0), abs=1e-6)
    assert frame.position is not None
    assert frame.orientation is not None
    assert frame.spacing is not None
    theirs = ReferenceToImageTransformer(
        image_position=frame.position,
        image_orientation=frame.orientation,
        pixel_spacing=frame.spacing,
    )(np.array([point]))
    assert theirs[0] == pytest.approx((column, row, 0), abs=1e-4)
    assert pixels_of(frame, [point]) == [pytest.approx((column, row), abs=1e-6)]


@given(st.tuples(ANGLES, ANGLES, ANGLES), PARTS, PARTS, st.floats(-6, 6), st.sampled_from([None, 1.0, 8.0]))
def test_a_point_is_on_a_frame_within_the_stated_distance(
    turns: tuple[float, float, float], across: float, down: float, away: float, thickness: float | None
) -> None:
    """`PLANE_MM`, or half the thickness of a thick slice."""
    frame = frame_at(turns)
    limit = max(PLANE_MM, (thickness or 0) / 2)
    assume(abs(abs(away) - limit) > 1e-6)
    point = point_on(frame, across * frame.columns, down * frame.rows, away)
    assert lies_on(frame, point, thickness) is (abs(away) < limit)


@pytest.mark.parametrize(("beyond", "inside"), [(EDGE_MM - 0.01, True), (EDGE_MM + 0.01, False)])
def test_a_point_beyond_the_edge_is_on_no_frame(beyond: float, inside: bool) -> None:
    """A click on the last pixel may be rounded beyond it; no more."""
    frame = frame_at()
    for column, row in (
        (-beyond / 0.5, 5),
        (60 + beyond / 0.5, 5),
        (5, -beyond / 1.5),
        (5, 40 + beyond / 1.5),
    ):
        point = point_on(frame, column, row)
        assert lies_on(frame, point) is inside
        pixels = pixels_of(frame, [point])
        assert (pixels is not None) is inside
        assert pixels is None or all(0 <= c <= 60 and 0 <= r <= 40 for c, r in pixels)


def test_a_frame_without_a_place_holds_no_point() -> None:
    """Nothing is guessed."""
    ds = Dataset()
    ds.Rows = ds.Columns = 10
    frame = frame_index(ds, 0)
    assert pixel_of(frame, (0, 0, 0)) is None
    assert not lies_on(frame, (0, 0, 0))
    assert pixels_of(frame, [(0, 0, 0)]) is None
