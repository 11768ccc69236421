"""The report for people: one outline as HTML for the screen and as PDF for paper.

The PDF brings its own fonts (a subset of DejaVu Sans: Latin, Greek, Cyrillic), so a name prints the same on every
machine, and carries the time of signing instead of the time of printing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import singledispatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fpdf import FPDF, TextStyle
from fpdf.enums import MethodReturnValue
from jinja2 import Environment, FileSystemLoader

from gateway.reporting.codes import label
from gateway.reporting.content import measured_text
from gateway.reporting.layout.entries import (
    Coded,
    Day,
    Drawn,
    Entry,
    Heading,
    ImageReference,
    Measured,
    Moment,
    UidReference,
    Words,
)
from gateway.reporting.outline import NOTICE
from gateway.reporting.signer import NOT_SIGNED, Unsigned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from pydicom.dataset import Dataset

    from gateway.reporting.marked_pictures import MarkedPicture
    from gateway.reporting.signer import Signature

_HERE = Path(__file__).parent
_TEMPLATES = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=False)
TITLE = "Second opinion: brain MRI, MS versus PML"
_INK, _BLUE, _GREY = (27, 39, 51), (31, 78, 121), (81, 96, 111)


PICTURES = "Pictures"
"""Heading of the pictures of a report."""
_CELL, _GAP, _LINE = 84.0, 6.0, 3.8
"""mm of A4 between its margins: width of a picture, between two, height of a line."""
MARK_WORDS = ("mark_method", "mark_place")


@dataclass(frozen=True)
class Group:
    """A titled table of the page; only a section has groups below it."""

    title: str
    rows: tuple[tuple[str, str], ...]
    groups: tuple[Group, ...] = ()


@singledispatch
def _text(entry: Entry) -> str:
    raise TypeError(f"No text for {type(entry).__name__}.")


@_text.register
def _(entry: Coded) -> str:
    more = ", ".join(label(each.value) for each in entry.modifiers)
    return f"{label(entry.value)} ({more})" if more else label(entry.value)


@_text.register
def _(entry: Words) -> str:
    return entry.text


@_text.register
def _(entry: Measured) -> str:
    return measured_text(entry)


@_text.register
def _(entry: Day) -> str:
    return entry.day.isoformat()


@_text.register
def _(entry: Moment) -> str:
    return entry.at.strftime("%Y-%m-%d %H:%M %z")


@_text.register
def _(entry: UidReference) -> str:
    return entry.uid


@_text.register
def _(entry: ImageReference) -> str:
    return _picture(entry.sop_instance_uid, entry.frame)


@_text.register
def _(entry: Drawn) -> str:
    return f"on {_picture(entry.sop_instance_uid, entry.frame)}"


def _picture(uid: str, frame: int | None) -> str:
    return uid if frame is None else f"{uid}, frame {frame}"


def _rows(entries: Sequence[Entry]) -> tuple[tuple[str, str], ...]:
    """Label and text of each entry; the answers of one question share a row."""
    rows: dict[str, list[str]] = {}
    for entry in entries:
        if not isinstance(entry, Heading):
            rows.setdefault(label(entry.concept), []).append(_text(entry))
    return tuple((name, "; ".join(texts)) for name, texts in rows.items())


def _group(heading: Heading) -> Group:
    number = next(
        (e.text for e in heading.entries if isinstance(e, Words) and e.concept == "lesion_identifier"), ""
    )
    inner = [entry for entry in heading.entries if isinstance(entry, Heading)]
    below = tuple(
        (f"{label(each.concept)}: {label(entry.concept)}", _text(entry))
        for each in inner
        if each.concept != "mark"
        for entry in each.entries
    )
    below += tuple(("Mark", _mark(each)) for each in inner if each.concept == "mark")
    return Group(f"{label(heading.concept)} {number}".strip(), _rows(heading.entries) + below)


def _mark(heading: Heading) -> str:
    """A mark in one row: what was measured, where, and on which picture (of a region: how many)."""
    said = [
        f"{label(entry.concept)} {_text(entry)}" for entry in heading.entries if isinstance(entry, Measured)
    ]
    said += [e.text for e in heading.entries if isinstance(e, Words) and e.concept in MARK_WORDS]
    drawn = [
        shown
        for entry in heading.entries
        if isinstance(shown := entry.drawn if isinstance(entry, Measured) else entry, Drawn)
    ]
    where = _text(drawn[0]) if len(drawn) == 1 else f"on {len(drawn)} images"
    return ", ".join([*said, where])


def _section(heading: Heading) -> Group:
    inner = [entry for entry in heading.entries if isinstance(entry, Heading)]
    # One row for each sequence of the protocol reads better than one table for each.
    sequences = tuple(_sequence_row(entry) for entry in inner if entry.concept == "sequence")
    groups = tuple(_group(entry) for entry in inner if entry.concept != "sequence")
    return Group(label(heading.concept), _rows(heading.entries) + sequences, groups)


def _sequence_row(heading: Heading) -> tuple[str, str]:
    name, *rest = heading.entries
    return _text(name), ", ".join(_text(entry) for entry in rest)


def tables(sections: Sequence[Heading]) -> list[Group]:
    """The sections of an outline as they are printed."""
    return [_section(section) for section in sections]


def header_of(header: Dataset, signature: Signature | Unsigned) -> dict[str, str]:
    """The lines above a report that goes back to the sender: patient, study, who signed and when."""
    return _study(header) | _standing(signature)


def _study(header: Dataset) -> dict[str, str]:
    return {
        # The fonts hold no ideographs: the alphabetic group of the name is printed.
        "Patient": str(header.PatientName).split("=")[0].replace("^", " ").strip(),
        "Patient ID": str(header.PatientID),
        "Date of birth": _day(header.PatientBirthDate),
        "Study date": _day(header.StudyDate),
        "Accession number": str(header.AccessionNumber),
    }


def _day(value: object) -> str:
    """A DA value as the other dates of the page are written; one that is no date as the sender wrote it."""
    text = str(value or "")
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if re.fullmatch(r"\d{8}", text) else text


def _standing(signature: Signature | Unsigned) -> dict[str, str]:
    at = signature.at.strftime("%Y-%m-%d %H:%M %z")
    if isinstance(signature, Unsigned):
        return {"Status": NOT_SIGNED, "Written at": at}
    signer = signature.signer
    return {"Signed by": f"{signer.name.replace('^', ' ').strip()}, {signer.organization}", "Signed at": at}


def render(sections: Sequence[Heading], header: Mapping[str, str], notice: str = NOTICE) -> str:
    """An outline as a complete HTML page; every text is escaped."""
    return _TEMPLATES.get_template("report.html.j2").render(
        title=TITLE,
        header=[(name, text) for name, text in header.items() if text],
        sections=tables(sections),
        notice=notice,
    )


def to_pdf(
    html: str,
    *,
    created: datetime | None = None,
    title: str = TITLE,
    pictures: Sequence[MarkedPicture] = (),
) -> bytes:
    """A page made by `render` as PDF, with `pictures` on pages behind it.

    `created` (aware) is written into it, so equal pages give equal bytes.
    """
    pdf = FPDF(format="A4")
    pdf.set_margin(18)
    pdf.set_auto_page_break(True, margin=18)
    for style, file in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
        pdf.add_font("DejaVu", style, _HERE / "fonts" / file)
    pdf.set_title(title)
    pdf.set_producer("pml-gateway")
    if created is not None:
        pdf.set_creation_date(created)
    pdf.add_page()
    pdf.set_font("DejaVu", size=9)
    pdf.set_text_color(*_INK)
    body = re.sub(r"<head>.*?</head>", "", html, flags=re.DOTALL)
    pdf.write_html(body, font_family="DejaVu", tag_styles=_styles())
    if pictures:
        _put_pictures(pdf, pictures)
    return bytes(pdf.output())


def _put_pictures(pdf: FPDF, pictures: Sequence[MarkedPicture]) -> None:
    """Two in a row, each with its words below it; `_CELL` mm wide, `_LINE` mm of a line of words."""
    pdf.add_page()
    pdf.set_font("DejaVu", "B", 11.5)
    pdf.cell(text=PICTURES, new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("DejaVu", size=8)
    for row in _in_twos(pictures):
        lines = max(_lines(pdf, each.caption) for each in row)
        tall = max((_CELL * each.height / each.width if each.width else 0) for each in row)
        if pdf.get_y() + tall + lines * _LINE + 8 > pdf.page_break_trigger:
            pdf.add_page()
        top = pdf.get_y() + 4
        for number, each in enumerate(row):
            left = pdf.l_margin + number * (_CELL + _GAP)
            if (image := each.image) is not None:
                pdf.image(image, left, top, w=_CELL)
            pdf.set_xy(left, top + tall + 1)
            pdf.multi_cell(_CELL, _LINE, each.caption, align="L")
        pdf.set_y(top + tall + lines * _LINE + 3)


def _lines(pdf: FPDF, text: str) -> int:
    """How many lines of a cell the words take."""
    told = pdf.multi_cell(_CELL, _LINE, text, align="L", dry_run=True, output=MethodReturnValue.LINES)
    return len(told) if isinstance(told, list) else 1


def _in_twos(pictures: Sequence[MarkedPicture]) -> Iterator[Sequence[MarkedPicture]]:
    """Two at a time."""
    return (pictures[at : at + 2] for at in range(0, len(pictures), 2))


def _styles() -> dict[str, Any]:
    def style(size: float, color: tuple[int, int, int], above: float, below: float) -> TextStyle:
        return TextStyle(
            font_family="DejaVu",
            font_style="B",
            font_size_pt=size,
            color=color,
            t_margin=above,
            b_margin=below,
        )

    return {"h1": style(15, _INK, 0, 2), "h2": style(11.5, _BLUE, 3, 1), "h3": style(10, _GREY, 2, 1)}
