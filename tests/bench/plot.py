"""The rates as bars in a PNG: a panel for each case, the gateway's bar in colour, a line from the least to the most."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bench.measure import GATEWAY, Row, number

_WIDTH, _LABEL, _RIGHT = 1100, 300, 130
_BAR, _GAP, _TITLE = 24, 8, 40
_INK, _QUIET, _OURS, _THEIRS = "#222222", "#777777", "#1f6f8b", "#b8c4c9"


def draw(rows: Sequence[Row], target: Path) -> None:
    """Write the plot; only what is measured in something per second, where longer is better."""
    shown = [row for row in rows if row.unit.endswith("/s") and not row.case.endswith("steps")]
    panels = [
        (title, list(group)) for title, group in groupby(shown, key=lambda row: f"{row.title}, {row.unit}")
    ]
    height = sum(_TITLE + len(group) * (_BAR + _GAP) + 16 for _, group in panels) + 20
    image = Image.new("RGB", (_WIDTH, height), "white")
    pen = ImageDraw.Draw(image)
    text, bold = ImageFont.load_default(15), ImageFont.load_default(18)
    top = 12
    for title, group in panels:
        pen.text((12, top), title[0].upper() + title[1:], _INK, bold)
        top += _TITLE
        longest = max((max(row.values) for row in group if row.values), default=1.0)
        scale = (_WIDTH - _LABEL - _RIGHT) / longest
        for row in group:
            _bar(pen, text, row, top, scale)
            top += _BAR + _GAP
        top += 16
    image.save(target)


def _bar(pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont, row: Row, top: int, scale: float) -> None:
    ours = row.name == GATEWAY
    pen.text((_LABEL - 10, top + _BAR / 2), row.name, _INK if ours else _QUIET, font, anchor="rm")
    median = row.median
    if median is None:
        pen.text((_LABEL, top + _BAR / 2), (row.problem or "no run")[:80], _QUIET, font, anchor="lm")
        return
    middle = top + _BAR / 2
    pen.rectangle((_LABEL, top, _LABEL + median * scale, top + _BAR), _OURS if ours else _THEIRS)
    pen.line((_LABEL + min(row.values) * scale, middle, _LABEL + max(row.values) * scale, middle), _INK, 2)
    pen.text((_LABEL + max(row.values) * scale + 8, middle), number(median), _INK, font, anchor="lm")
