"""The curve of the map of change, drawn from the table in the manual: what share of planted lesions was shown, by size.

`python -m score.curve` writes it anew; a test says that picture and table agree.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
TABLE: Final = ROOT / "gateway" / "manual" / "design" / "pictures.md"
PICTURE: Final = ROOT / "gateway" / "web" / "static" / "sensitivity-by-size.svg"
SIZES: Final = ("2", "3", "4", "5 to 6", "8 to 15")
"""mm, as the columns of the table say it."""
_LINES: Final = (
    ("slices of 1 mm", "#5cc8bd", ("motion,", "the same,", "another coil", "ventricles", "all of these")),
    ("slices of 3 mm in one study", "#ffd166", ("prior of 3 mm", "prior of 1 mm")),
)
_LEFT, _TOP, _WIDE, _HIGH = 64, 24, 420, 220


def shares(page: str) -> dict[str, list[float]]:
    """For each line of the picture the share that was shown of the lesions of each size."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("|")
    ]
    return {
        name: [
            _together([row[3 + at] for row in rows if row[0].startswith(begins)]) for at in range(len(SIZES))
        ]
        for name, _, begins in _LINES
    }


def _together(cells: list[str]) -> float:
    counts = [[int(number) for number in re.findall(r"\d+", cell)] for cell in cells]
    return sum(seen for seen, _ in counts) / sum(planted for _, planted in counts)


def drawn(page: str) -> str:
    """The picture, as SVG."""
    across = [_LEFT + _WIDE * at / (len(SIZES) - 1) for at in range(len(SIZES))]
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 300" font-family="system-ui, sans-serif">',
        "<title>Planted lesions that the map of change showed, by their size</title>",
        '<rect x="0.5" y="0.5" width="759" height="299" rx="12" fill="#10171b" stroke="#28343b"/>',
    ]
    for percent in (0, 25, 50, 75, 100):
        y = _height(percent / 100)
        parts.append(f'<path d="M{_LEFT} {y:.0f} H{_LEFT + _WIDE}" stroke="#28343b"/>')
        parts.append(_text(_LEFT - 10, y + 4, f"{percent} %", "end"))
    for x, size in zip(across, SIZES, strict=True):
        parts.append(_text(x, _TOP + _HIGH + 20, size, "middle"))
    parts.append(_text(_LEFT + _WIDE / 2, _TOP + _HIGH + 42, "diameter of a lesion, mm", "middle"))
    for place, ((name, colour, _), values) in enumerate(zip(_LINES, shares(page).values(), strict=True)):
        points = " ".join(f"{x:.0f},{_height(value):.0f}" for x, value in zip(across, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [
            f'<circle cx="{x:.0f}" cy="{_height(value):.0f}" r="4" fill="{colour}"/>'
            for x, value in zip(across, values, strict=True)
        ]
        y = _TOP + 60 + 26 * place
        parts.append(f'<path d="M512 {y - 4} h22" stroke="{colour}" stroke-width="2.5"/>')
        parts.append(_text(542, y, name, "start"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _height(share: float) -> float:
    return _TOP + _HIGH * (1 - share)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="#b6c3ca" font-size="13" text-anchor="{anchor}">{text}</text>'


if __name__ == "__main__":
    PICTURE.write_text(drawn(TABLE.read_text(encoding="utf-8")), encoding="utf-8")
