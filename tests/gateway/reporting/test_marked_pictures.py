"""The picture of a mark: turned as the viewer's, marked where the lesion is, named by its sides."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

import gateway.reporting
from gateway.imaging.frames import frame_index
from gateway.imaging.study_index import FrameIndex
from gateway.reporting.layout.entries import Heading, Words
from gateway.reporting.marked_pictures import Drawing, MarkedPicture, letters, marked_picture
from gateway.reporting.page_images import HEIGHT, WIDTH, draw
from gateway.reporting.printable import render, to_pdf

FONT = Path(gateway.reporting.__file__).parent / "fonts" / "DejaVuSans-Bold.ttf"
ORIENTATIONS = {
    "axial": (1, 0, 0, 0, 1, 0),
    "axial, mirrored": (-1, 0, 0, 0, 1, 0),
    "axial, upside down": (1, 0, 0, 0, -1, 0),
    "axial, lying": (0, 1, 0, 1, 0, 0),
    "axial, lying backwards": (0, -1, 0, 1, 0, 0),
}
SPOT = (-20.0, -30.0, 0.0)
"""Right, in front: left above on every axial picture."""


def frame_with(orientation: tuple[int, ...], spacing: tuple[float, float] = (2.0, 1.0)) -> FrameIndex:
    """A frame of 100 by 100 mm around the origin."""
    x, y = np.array(orientation[:3]), np.array(orientation[3:])
    ds = Dataset()
    ds.Rows, ds.Columns, ds.PixelSpacing = round(100 / spacing[0]), round(100 / spacing[1]), list(spacing)
    ds.ImageOrientationPatient = list(orientation)
    corner = -x * (50 - spacing[1] / 2) - y * (50 - spacing[0] / 2)
    ds.ImagePositionPatient = [float(value) for value in corner]
    return frame_index(ds, 0)


def values_of(frame: FrameIndex, at: tuple[float, ...] = SPOT) -> NDArray[np.float32]:
    """A dark picture with a bright spot at a place."""
    assert frame.position is not None
    assert frame.orientation is not None
    assert frame.spacing is not None
    rows, columns = np.mgrid[: frame.rows, : frame.columns]
    x, y = np.array(frame.orientation[:3]), np.array(frame.orientation[3:])
    places = (
        np.array(frame.position)
        + columns[..., None] * frame.spacing[1] * x
        + rows[..., None] * frame.spacing[0] * y
    )
    return (np.linalg.norm(places - np.array(at), axis=-1) < 4).astype(np.float32) * 100


def pixels(picture: MarkedPicture) -> NDArray[np.uint8]:
    """As an array."""
    assert picture.image is not None
    return np.array(picture.image)


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=list(ORIENTATIONS))
def test_right_is_left_whatever_way_a_frame_is_stored(orientation: tuple[int, ...]) -> None:
    """A spot on the right, in front, is at the left above; the ring is around it; pixels are square."""
    frame = frame_with(orientation)
    plain = pixels(marked_picture(frame, values_of(frame), (), "", FONT))
    assert plain.shape == (480, 480)
    body = plain[40:-40, 40:-40]
    bright = np.argwhere(body > 128).mean(axis=0) + 40
    assert bright / 4.8 == pytest.approx([50 - 30, 50 - 20], abs=1.0)
    marked = pixels(marked_picture(frame, values_of(frame), [Drawing((SPOT,))], "", FONT))
    ring = np.argwhere(marked != plain).mean(axis=0)
    assert ring / 4.8 == pytest.approx([20, 30], abs=1.0)


def test_lines_and_outlines_are_drawn_where_they_are() -> None:
    """Two points a line, three a closed outline."""
    frame = frame_with(ORIENTATIONS["axial"])
    empty = np.zeros((frame.rows, frame.columns), np.float32)
    plain = pixels(marked_picture(frame, empty, (), "", FONT))
    line = Drawing(((-20.0, 0.0, 0.0), (20.0, 0.0, 0.0)))
    drawn = np.argwhere(pixels(marked_picture(frame, empty, [line], "", FONT)) != plain) / 4.8
    assert drawn.min(axis=0) == pytest.approx([50, 30], abs=1.0)
    assert drawn.max(axis=0) == pytest.approx([50, 70], abs=1.0)
    outline = Drawing(((-20.0, -20.0, 0.0), (20.0, -20.0, 0.0), (20.0, 20.0, 0.0), (-20.0, 20.0, 0.0)))
    drawn = np.argwhere(pixels(marked_picture(frame, empty, [outline], "", FONT)) != plain) / 4.8
    assert drawn.min(axis=0) == pytest.approx([30, 30], abs=1.0)
    assert drawn.max(axis=0) == pytest.approx([70, 70], abs=1.0)
    assert len(drawn[np.abs(drawn[:, 1] - 30) < 0.7]) > 100, "its last side closes it"


def test_the_least_is_white_where_the_header_says_so() -> None:
    """MONOCHROME1."""
    frame = frame_with(ORIENTATIONS["axial"])
    plain = pixels(marked_picture(frame, values_of(frame), (), "", FONT))[60:-60, 60:-60]
    negative = pixels(marked_picture(frame, values_of(frame), (), "", FONT, negative=True))[60:-60, 60:-60]
    assert negative.mean() > 200 > 60 > plain.mean()


@pytest.mark.parametrize(
    ("direction", "said"),
    [((1, 0, 0), "L"), ((-1, 0, 0), "R"), ((0, -0.8, 0.6), "AS"), ((0.1, 0.99, 0), "P"), ((0, 0, -1), "I")],
)
def test_sides_have_their_letters(direction: tuple[float, ...], said: str) -> None:
    """An oblique direction has two."""
    assert letters(direction) == said


def test_a_frame_without_a_place_is_drawn_as_stored_without_sides() -> None:
    """No letter is guessed, and no mark is put anywhere."""
    ds = Dataset()
    ds.Rows, ds.Columns = 10, 20
    frame = frame_index(ds, 0)
    flat = np.zeros((10, 20), np.float32)
    plain = marked_picture(frame, flat, (), "", FONT)
    assert (plain.width, plain.height) == (480, 240)
    assert marked_picture(frame, flat, [Drawing((SPOT,))], "", FONT) == plain


def test_pictures_stand_behind_the_text_in_print_and_on_pages() -> None:
    """Caption and picture; one that cannot be drawn has its words; the same report gives the same bytes."""
    frame = frame_with(ORIENTATIONS["axial"])
    picture = marked_picture(frame, values_of(frame), [Drawing((SPOT,))], "Lesion 1: Point", FONT)
    several = [picture, MarkedPicture("Lesion 2: not kept here"), *([picture] * 5)]
    sections = [Heading("section.addendum", (Words("addendum_text", "Addendum"),))]
    page = render(sections, {"Patient": "Synthetic"})
    printed = to_pdf(page, created=datetime(2026, 2, 3, tzinfo=UTC), pictures=several)
    assert printed == to_pdf(page, created=datetime(2026, 2, 3, tzinfo=UTC), pictures=several)
    assert printed.count(b"/Subtype /Image") == 1, "the same picture is stored once"
    assert printed.count(b"/Type /Page\n") == to_pdf(page).count(b"/Type /Page\n") + 2
    pages = draw(sections, {"Patient": "Synthetic"}, pictures=several)
    assert len(pages) > len(draw(sections, {"Patient": "Synthetic"}))
    assert {each.size for each in pages} == {(WIDTH, HEIGHT)}
    whole: Image.Image | None = picture.image
    assert whole is not None
    shown = np.array(pages[0])
    assert any(
        np.array_equal(shown[at : at + whole.height, 106 : 106 + whole.width], np.array(whole))
        for at in range(HEIGHT - whole.height)
    )
