"""Beside a map of change stand the figures of the slices it was made of, and of no others."""

from __future__ import annotations

import pytest

from gateway.web.pages.images.change import NOT_TRIED, THICK, THIN, figures_for


@pytest.mark.parametrize(
    ("slices", "figures"),
    [
        ([1.0, 1.2], (THIN,)),
        ([1.0, 3.0], (THICK,)),
        ([3.0, 1.0], (THICK,)),
        ([3.0, 3.0], (THICK, NOT_TRIED)),
        ([1.0, 5.0], (THICK, NOT_TRIED)),
        ([], (THIN, THICK)),
    ],
)
def test_figures_are_those_of_the_slices(slices: list[float], figures: tuple[str, ...]) -> None:
    """What was not tried says so; where the slices are not known, all figures stand there."""
    assert figures_for(slices) == figures
