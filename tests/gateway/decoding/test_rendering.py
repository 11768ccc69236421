"""Pictures as they are drawn: the shape of pixels, thumbnails, windows, and limits."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset

from gateway.decoding.errors import CannotDecode
from gateway.decoding.rendering import MOST_PIXELS, as_png


@pytest.mark.parametrize(
    ("spacing", "size"),
    [([1, 1], (16, 16)), ([2, 1], (16, 32)), ([0.5, 1], (16, 8)), ([0, 1], (16, 16)), (None, (16, 16))],
)
def test_pixels_that_are_not_square_are_shown_so(spacing: list[float] | None, size: tuple[int, int]) -> None:
    """PixelSpacing is row spacing, then column spacing: a head is no egg."""
    header = Dataset()
    if spacing is not None:
        header.PixelSpacing = spacing
    made = as_png(np.zeros((16, 16), np.float32), header, 0.0, 1.0, None)
    assert Image.open(BytesIO(made)).size == size


@pytest.mark.parametrize(("width", "size"), [(None, (64, 32)), (16, (16, 8)), (400, (64, 32)), (1, (1, 1))])
def test_a_thumbnail_keeps_the_shape_and_is_never_larger(width: int | None, size: tuple[int, int]) -> None:
    """At least one pixel high."""
    made = as_png(np.zeros((32, 64), np.float32), Dataset(), 0.0, 1.0, width)
    assert Image.open(BytesIO(made)).size == size


def test_signal_outside_the_window_is_black_or_white() -> None:
    """And nothing wraps around."""
    row = np.array([[-500.0, 0.0, 50.0, 100.0, 90_000.0]], np.float32)
    seen = np.asarray(Image.open(BytesIO(as_png(row, Dataset(), 0.0, 100.0, None))))
    assert seen[0].tolist() == [0, 0, 128, 255, 255]


def test_a_stretch_to_a_huge_picture_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times as high as it says: never allocated."""
    assert MOST_PIXELS
    monkeypatch.setattr("gateway.decoding.rendering.MOST_PIXELS", 16 * 16 * 5)
    header = Dataset()
    header.PixelSpacing = [9, 1]
    with pytest.raises(CannotDecode, match="too large"):
        as_png(np.zeros((16, 16), np.float32), header, 0.0, 1.0, None)
