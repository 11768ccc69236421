"""The rows as files: JSON with every run, Markdown for people, and the part of the manual that shows them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from bench.measure import Row, number, spread
from bench.targets import TARGETS

# Link definitions that nobody refers to: shown neither on GitHub nor on the gateway's own pages.
BEGIN = '[//]: # "written by ./dev bench --manual"'
END = '[//]: # "end of what ./dev bench wrote"'
TARGETS_HEADER = "| target (ratio of medians) | wanted | measured | |"
ROWS_HEADER = (
    "| who | median (least to most) | gateway against it | CPU per instance | peak memory | synced |"
)


@dataclass(frozen=True)
class Report:
    """A finished `./dev bench`: when (ISO date), on what machine, how, and what came out."""

    date: str
    machine: Mapping[str, str]
    how: str
    warnings: Sequence[str]
    rows: Sequence[Row]

    def as_json(self) -> str:
        """Everything, with the value of each run in order."""
        targets = [
            {
                "what": target.what,
                "wanted": target.wanted,
                "measured": target.value(self.rows),
                "verdict": target.verdict(self.rows),
            }
            for target in TARGETS
        ]
        about = {name: value for name, value in asdict(self).items() if name != "rows"}
        rows = [{**asdict(row), "median": row.median} for row in self.rows]
        return json.dumps({**about, "targets": targets, "rows": rows}, indent=1) + "\n"

    def as_markdown(self) -> str:
        """Machine, targets, and a table for each case."""
        return "\n".join([*self._head(), "", *self._targets(), "", *self._cases("###")]) + "\n"

    def as_manual(self) -> str:
        """The same for the manual's page, under headings of its own."""
        cases = ["## Every number", "", *self._cases("###")]
        return "\n".join(["## Against others", "", *self._head(), "", *self._targets(), "", *cases]) + "\n"

    def _head(self) -> Iterator[str]:
        machine = "; ".join(f"{name}: {value}" for name, value in self.machine.items())
        yield f"Measured on {self.date}. {machine}. {self.how}"
        for warning in self.warnings:
            yield ""
            yield f"**{warning}**"

    def _targets(self) -> Iterator[str]:
        yield TARGETS_HEADER
        yield "|---|---|---|---|"
        for target in TARGETS:
            cells = (target.what, target.wanted, target.measured(self.rows), target.verdict(self.rows))
            yield _cells(cells)

    def _cases(self, heading: str) -> Iterator[str]:
        for number_, ((title, unit), rows) in enumerate(
            groupby(self.rows, key=lambda row: (row.title, row.unit))
        ):
            if number_:
                yield ""
            yield f"{heading} {title[0].upper()}{title[1:]}, {unit}"
            yield ""
            yield from self._table(list(rows))

    def _table(self, rows: Sequence[Row]) -> Iterator[str]:
        if rows[0].case.startswith(("growth", "end-to-end-steps", "reading")):
            yield "| | median (least to most) | slower by |"
            yield "|---|---|---|"
            for row in rows:
                yield _cells((row.name, spread(row), _times(row)))
            return
        yield ROWS_HEADER
        yield "|---|---|---|---|---|---|"
        for row in rows:
            cpu = "" if row.cpu_ms is None else f"{row.cpu_ms:.2f} ms"
            memory = "" if row.peak_mb is None else f"{row.peak_mb:.0f} MB"
            yield _cells((row.name, spread(row), _times(row), cpu, memory, row.syncs))


def _times(row: Row) -> str:
    return "" if row.times is None else f"{number(row.times)} x"


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def into_manual(page: Path, text: str) -> None:
    """Replace what stands between the two marks. Raises ValueError when they are not there."""
    before = page.read_text(encoding="utf-8")
    pattern = re.compile(f"({re.escape(BEGIN)}\n).*?({re.escape(END)})", re.DOTALL)
    after, count = pattern.subn(lambda found: f"{found[1]}\n{text}\n{found[2]}", before)
    if count != 1:
        raise ValueError(f"{page} does not have the two lines {BEGIN} and {END}.")
    page.write_text(after, encoding="utf-8")
