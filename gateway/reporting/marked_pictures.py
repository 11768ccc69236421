"""Pictures for the printed report: a frame as the reader saw it, with its marks, its sides and its place in the series.

The values come from a process that may die; here they are numbers of a known size. Turned as every picture of the
viewer is (the patient's right on the left), never resampled but to square pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gateway.imaging.places import pixel_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from gateway.imaging.study_index import FrameIndex, Vector

SIDE: Final = 480
"""Pixels along the longer side."""
_BLACK, _WHITE = 1.0, 99.8
"""Percentiles of the values that are drawn black and white."""
_FAINT: Final = 0.2
"""A direction with less than this along an axis is not named after it."""
_SIDES: Final = (("L", "R"), ("P", "A"), ("S", "I"))
_WANTED: Final = {
    0: ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0)),
    1: ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0)),
    2: ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
}
"""Axis of the normal -> what lies to the right and below on the screen: the radiological convention."""


@dataclass(frozen=True)
class Drawing:
    """What is drawn on a frame: one point as a ring, two as a line, more as a closed outline; mm of the patient."""

    points: tuple[Vector, ...]


@dataclass(frozen=True)
class MarkedPicture:
    """One picture of the report: 8 bits of grey, row by row, and the words below it; without pixels the words alone."""

    caption: str
    width: int = 0
    height: int = 0
    pixels: bytes = b""

    @property
    def image(self) -> Image.Image | None:
        """For print; None where there are words alone."""
        return Image.frombytes("L", (self.width, self.height), self.pixels) if self.pixels else None


def letters(direction: Sequence[float]) -> str:
    """The side of the patient that a direction points to, the nearest axis first: `L`, or `LA` of an oblique one."""
    parts = sorted(
        ((abs(part), _SIDES[axis][int(part <= 0)]) for axis, part in enumerate(direction)), reverse=True
    )
    return "".join(letter for part, letter in parts if part > _FAINT)


def marked_picture(
    frame: FrameIndex,
    values: NDArray[np.float32],
    drawings: Sequence[Drawing],
    caption: str,
    font: Path,
    *,
    negative: bool = False,
) -> MarkedPicture:
    """A frame of these rescaled values (rows, columns) with what was marked on it; `negative`: the least is white."""
    low, high = np.percentile(values, (_BLACK, _WHITE))
    grey = np.clip((values - low) / max(float(high - low), 1e-6), 0, 1) * 255
    if negative:
        grey = 255 - grey
    turn = _Turn.of(frame)
    turned = turn.applied(grey.astype(np.uint8))
    high_mm, wide_mm = turned.shape[0] * turn.steps[0], turned.shape[1] * turn.steps[1]
    scale = SIDE / max(high_mm, wide_mm)
    size = max(1, round(wide_mm * scale)), max(1, round(high_mm * scale))
    image = Image.fromarray(turned).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for drawing in drawings:
        places = [pixel_of(frame, point) for point in drawing.points]
        at = [turn.screen(place[0], place[1]) for place in places if place is not None]
        if len(at) == len(places):
            _draw(draw, [(x * size[0] / turned.shape[1], y * size[1] / turned.shape[0]) for x, y in at])
    small = ImageFont.truetype(font, 22, layout_engine=ImageFont.Layout.BASIC)
    for text, place in turn.sides(size):
        draw.text(place, text, fill=255, font=small, anchor="mm", stroke_width=2, stroke_fill=0)
    return MarkedPicture(caption, *size, image.tobytes())


def _draw(draw: ImageDraw.ImageDraw, at: list[tuple[float, float]]) -> None:
    """White inside black, to be seen on any grey."""
    for ink, width in ((0, 5), (255, 2)):
        if len(at) == 1:
            ((x, y),) = at
            draw.ellipse((x - 12, y - 12, x + 12, y + 12), outline=ink, width=width)
        else:
            draw.line(at if len(at) == 2 else [*at, at[0]], fill=ink, width=width)


@dataclass(frozen=True)
class _Turn:
    """How a frame is turned and flipped, in whole pixels; without an orientation it stays as it is stored."""

    transposed: bool
    flip_down: bool
    flip_across: bool
    rows: int
    columns: int
    steps: tuple[float, float]
    """mm between lines of the screen, then between its columns."""
    right: tuple[float, ...] | None
    below: tuple[float, ...] | None

    @classmethod
    def of(cls, frame: FrameIndex) -> _Turn:
        down, across = frame.spacing or (1.0, 1.0)
        if frame.orientation is None:
            return cls(False, False, False, frame.rows, frame.columns, (down, across), None, None)
        along_row, down_column = np.array(frame.orientation[:3]), np.array(frame.orientation[3:])
        normal = np.abs(np.cross(along_row, down_column))
        right, below = (np.array(each) for each in _WANTED[int(normal.argmax())])
        straight = abs(along_row @ right) + abs(down_column @ below)
        transposed = bool(abs(down_column @ right) + abs(along_row @ below) > straight)
        x, y = (down_column, along_row) if transposed else (along_row, down_column)
        flip_across, flip_down = bool(x @ right < 0), bool(y @ below < 0)
        steps = (across, down) if transposed else (down, across)
        return cls(
            transposed,
            flip_down,
            flip_across,
            frame.rows,
            frame.columns,
            steps,
            tuple(-x if flip_across else x),
            tuple(-y if flip_down else y),
        )

    def applied(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The pixels as the screen has them."""
        turned = pixels.T if self.transposed else pixels
        turned = turned[::-1] if self.flip_down else turned
        return np.ascontiguousarray(turned[:, ::-1] if self.flip_across else turned)

    def screen(self, column: float, row: float) -> tuple[float, float]:
        """Image coordinates of the frame on the screen: to the right, then down."""
        x, y = (row, column) if self.transposed else (column, row)
        wide, high = (self.rows, self.columns) if self.transposed else (self.columns, self.rows)
        return (wide - x if self.flip_across else x), (high - y if self.flip_down else y)

    def sides(self, size: tuple[int, int]) -> list[tuple[str, tuple[float, float]]]:
        """The letter of each side and where it stands; a question mark where nobody knows."""
        wide, high = size
        places = ((wide - 18, high / 2), (18, high / 2), (wide / 2, high - 16), (wide / 2, 16))
        if self.right is None or self.below is None:
            return [("?", place) for place in places]
        directions = (self.right, [-v for v in self.right], self.below, [-v for v in self.below])
        return [(letters(each), place) for each, place in zip(directions, places, strict=True)]
