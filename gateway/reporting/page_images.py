"""The printed report as grey pictures of its pages, for archives that take images and nothing else.

The same tables as in the PDF, drawn with the same fonts. There is no rasteriser of PDF among the dependencies, and
none is needed: the pages are set from the outline. Every page names the patient and its own number.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw, ImageFont

from gateway.reporting.outline import NOTICE
from gateway.reporting.printable import PICTURES, TITLE, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gateway.reporting.layout.entries import Heading
    from gateway.reporting.marked_pictures import MarkedPicture

DOTS_PER_INCH: Final = 150
WIDTH, HEIGHT = 1240, 1754
"""A4 upright, in pixels."""
_MARGIN, _FOOT = 106, 60
_LABEL = 0.4
"""Share of the width that the labels take, as on the HTML page."""
_INK, _GREY, _PAPER = 20, 90, 255
_TITLE, _SECTION, _GROUP, _TEXT, _SMALL = 31, 24, 21, 19, 17
_LEADING = 1.35

_Font = ImageFont.FreeTypeFont


def draw(
    sections: Sequence[Heading],
    header: Mapping[str, str],
    notice: str = NOTICE,
    pictures: Sequence[MarkedPicture] = (),
) -> list[Image.Image]:
    """The pages, 8 bits of grey, each `WIDTH` by `HEIGHT` pixels."""
    sheet = _Sheet()
    sheet.write(TITLE, _font(_TITLE, bold=True))
    sheet.skip(10)
    sheet.table([(name, text) for name, text in header.items() if text])
    for section in tables(sections):
        sheet.heading(section.title, _font(_SECTION, bold=True))
        sheet.table(section.rows)
        for group in section.groups:
            sheet.heading(group.title, _font(_GROUP, bold=True))
            sheet.table(group.rows)
    if pictures:
        sheet.heading(PICTURES, _font(_SECTION, bold=True))
        for picture in pictures:
            sheet.picture(picture)
    sheet.skip(30)
    sheet.write(notice, _font(_SMALL), _GREY)
    whose = ", ".join(header[name] for name in ("Patient", "Patient ID") if header.get(name))
    return sheet.finished(whose)


@cache
def _font(size: int, *, bold: bool = False) -> _Font:
    """One of the fonts of the PDF; laid out by Pillow itself, so that every machine sets the same lines."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(
        Path(__file__).parent / "fonts" / name, size, layout_engine=ImageFont.Layout.BASIC
    )


class _Sheet:
    """Pages that are written from top to bottom; a new one begins where the last is full."""

    def __init__(self) -> None:
        self._pages: list[Image.Image] = []
        self._begin()

    def _begin(self) -> None:
        self._pages.append(Image.new("L", (WIDTH, HEIGHT), _PAPER))
        self._draw = ImageDraw.Draw(self._pages[-1])
        self._y = _MARGIN

    def _room(self, height: int) -> None:
        if self._y + height > HEIGHT - _MARGIN - _FOOT:
            self._begin()

    def skip(self, height: int) -> None:
        """Leave space."""
        self._y += height

    def write(self, text: str, font: _Font, ink: int = _INK) -> None:
        """A paragraph over the whole width."""
        for line in _wrapped(text, font, WIDTH - 2 * _MARGIN):
            self._line([(_MARGIN, line, ink)], font)

    def heading(self, text: str, font: _Font) -> None:
        """A heading, never alone at the foot of a page."""
        self._room(6 * _height(font))
        self.skip(_height(font) // 2)
        self.write(text, font)

    def picture(self, picture: MarkedPicture) -> None:
        """A picture with its words below it, on one page."""
        font = _font(_SMALL)
        image = picture.image
        lines = list(_wrapped(picture.caption, font, WIDTH - 2 * _MARGIN))
        self._room((image.height if image else 0) + len(lines) * _height(font) + 24)
        if image is not None:
            self._pages[-1].paste(image, (_MARGIN, self._y))
            self._y += image.height + 6
        self.write(picture.caption, font)
        self.skip(18)

    def table(self, rows: Sequence[tuple[str, str]]) -> None:
        """Label and text of each row beside each other."""
        font = _font(_TEXT)
        text_at = _MARGIN + int((WIDTH - 2 * _MARGIN) * _LABEL)
        for label, text in rows:
            labels = list(_wrapped(label, font, text_at - _MARGIN - 12))
            texts = list(_wrapped(text, font, WIDTH - _MARGIN - text_at))
            for number in range(max(len(labels), len(texts))):
                parts = [(_MARGIN, labels[number], _GREY)] if number < len(labels) else []
                parts += [(text_at, texts[number], _INK)] if number < len(texts) else []
                self._line(parts, font)
            self.skip(4)

    def _line(self, parts: Sequence[tuple[int, str, int]], font: _Font) -> None:
        self._room(_height(font))
        for x, text, ink in parts:
            self._draw.text((x, self._y), text, fill=ink, font=font)
        self._y += _height(font)

    def finished(self, whose: str) -> list[Image.Image]:
        """All pages, each with its foot."""
        font = _font(_SMALL)
        for number, page in enumerate(self._pages, 1):
            foot = f"{whose} – page {number} of {len(self._pages)}"
            lines = list(_wrapped(foot, font, WIDTH - 2 * _MARGIN))[:2]
            for below, line in enumerate(lines):
                at = (_MARGIN, HEIGHT - _MARGIN - (len(lines) - below - 1) * _height(font))
                ImageDraw.Draw(page).text(at, line, fill=_GREY, font=font)
        return self._pages


def _height(font: _Font) -> int:
    return int(font.size * _LEADING)


def _wrapped(text: str, font: _Font, width: int) -> Iterator[str]:
    """The text in lines of at most `width` pixels; a word that is longer is cut."""
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if font.getlength(longer) <= width:
                line = longer
                continue
            if line:
                yield line
            *full, line = _cut(word, font, width)
            yield from full
        yield line


def _cut(word: str, font: _Font, width: int) -> Iterator[str]:
    """A word in pieces of at most `width` pixels, letter by letter."""
    piece, used = "", 0.0
    for letter in word:
        wide = font.getlength(letter)
        if piece and used + wide > width:
            yield piece
            piece, used = "", 0.0
        piece, used = piece + letter, used + wide
    yield piece
