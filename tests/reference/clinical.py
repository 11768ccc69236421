"""The generated parts of the clinical pages: every statement with its source, and where each is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gateway.reporting.help_texts import CELLS, INSTRUCTIONS, SIGNS, STATEMENTS
from reference.marks import names, table
from routing_rules.statements.table import OURS, Statement, cited, sources, statements, topics

ROOT = Path(__file__).resolve().parents[2]
MANUAL = ROOT / "gateway" / "manual"
"""The page with all of them."""
ROWS: Mapping[str, tuple[str, ...]] = {
    "Localization": ("localization",),
    "Cortical involvement": ("cortex",),
    "Morphology and border": ("shape", "border"),
    "Time course": ("time",),
    "T1": ("t1",),
    "T2": ("t2",),
    "DWI (b = 1000 s/mm²)": ("dwi",),
    "Contrast": ("contrast",),
    "SWI": ("swi",),
    "Space-occupying effect and bleeding": ("mass", "haemorrhage"),
}
"""Row of the table MS vs. PML -> its cells."""

SAID_ELSEWHERE: Mapping[str, str] = {
    "PML cannot be excluded": "ours: letter of the verdict, when a study is not readable; an answer of the form",
    "a brain usually takes": "ours: what the verdict says of coverage",
    "at high risk one belongs to the end of natalizumab": "the calendar's note NTZ-SWITCH-OPP",
    "4 highly suspected or typical": "ours: the suspicion level, an answer of the form",
    "what is known of a patient's risk of PML": "a word of the glossary",
    "two head MRIs three months apart": "the demonstration",
}
"""What sounds like a clinical statement and is none, or is ours and part of a longer text -> what it is."""


@dataclass(frozen=True)
class CalendarText:
    """What the calendar says, as its data have it: rule or note, and the source that is named."""

    id: str
    text: str
    source: str


def ms_versus_pml() -> str:
    """What stands above the table, and the table, as the page shows them."""
    rows = (
        (f"**{row}**", *(_cells(cells, disease) for disease in ("ms", "pml"))) for row, cells in ROWS.items()
    )
    (chosen,) = (each for each in topics() if each.name == "ms-versus-pml")
    above = (f"**{each.text}** ({cited(each.id)})" for each in chosen.statements if not _is_cell(each.id))
    return "\n\n".join((*above, table(("feature", "MS", "PML"), rows)))


def _is_cell(statement: str) -> bool:
    return statement.startswith("cell-")


def _cells(cells: tuple[str, ...], disease: str) -> str:
    return "; ".join(statements()[f"cell-{cell}-{disease}"].text for cell in cells)


def listed(topic: str) -> str:
    """The statements of a topic as a list, each with its source."""
    (chosen,) = (each for each in topics() if each.name == topic)
    return "\n".join(f"- {each.text} ({cited(each.id)})" for each in chosen.statements)


def source_list() -> str:
    """The sources, as they are cited, with how much of each was read."""
    rows = ((each.cited, each.reference, each.read) for key, each in sources().items() if key != OURS)
    return table(("cited as", "source", "what was read of it"), rows)


def review() -> str:
    """All statements by topic, beside the words of the source."""
    parts = []
    for topic in topics():
        rows = (_row(each) for each in topic.statements)
        parts += [
            f"### {topic.name}",
            table(("shown as", "source, section", "its words", "shown where"), rows),
        ]
    return "\n\n".join(parts)


def _row(each: Statement) -> tuple[str, ...]:
    said = " ".join(part for part in (f"“{each.says}”" if each.says else "", _beside(each)) if part)
    return each.text, cited(each.id), said, "; ".join(shown_at(each.id))


def _beside(each: Statement) -> str:
    sample = f"Sample: {each.sample}." if each.sample else ""
    note = f"Note: {each.note}" if each.note else ""
    return " ".join(part for part in (sample, note) if part)


def instructions() -> str:
    """What the form asks, which is ours and no clinical statement."""
    return table(("item of the form", "text"), INSTRUCTIONS.items())


def said_elsewhere() -> str:
    """What stands in other texts and is ours."""
    return table(("words", "what they are"), SAID_ELSEWHERE.items())


def calendar() -> str:
    """What the calendar says of its rules."""
    return table(
        ("rule", "shown as", "source"), ((each.id, each.text, each.source) for each in calendar_texts())
    )


def calendar_texts() -> Iterator[CalendarText]:
    """Every rule and note in the calendar's data: whatever has an id, words and a source."""
    for path in sorted((ROOT / "routing_rules" / "surveillance").glob("*.json")):
        yield from _texts(json.loads(path.read_text(encoding="utf-8")))


def _texts(data: Any) -> Iterator[CalendarText]:
    if isinstance(data, dict):
        words = data.get("text") or data.get("when")
        if words and "source" in data and "id" in data:
            yield CalendarText(data["id"], words, data["source"])
    for inner in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _texts(inner)


@cache
def _pages() -> Mapping[str, frozenset[str]]:
    """Page -> its generated parts."""
    return {
        str(path.relative_to(MANUAL)): frozenset(names(path.read_text(encoding="utf-8")))
        for path in sorted(MANUAL.rglob("*.md"))
    }


def shown_at(statement: str) -> Iterator[str]:
    """Where a statement is shown, besides the page of all: items of the form, pages of the manual, rules."""
    (topic,) = (each.name for each in topics() if statement in {one.id for one in each.statements})
    part = topic if topic == "ms-versus-pml" else f"statements-{topic}"
    yield from (f"form, help of {item}" for item, ids in STATEMENTS.items() if statement in ids)
    cell = statement.removeprefix("cell-").rpartition("-")[0] if _is_cell(statement) else ""
    yield from (f"form, pattern of {item}" for item, name in CELLS.items() if name == cell)
    yield from (f"form, pattern of {item}" for item, ids in SIGNS.items() if statement in ids)
    yield from (f"manual, {page.removesuffix('.md')}" for page, parts in _pages().items() if part in parts)
    yield from (
        f"calendar, {each.id}" for each in calendar_texts() if each.text == statements()[statement].text
    )
