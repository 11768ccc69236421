"""Runs of several contestants in turn, and the figures made of them: medians, spread, ratios of medians.

Order is drawn anew in each round, so that a slow minute of the machine meets everybody. Before each run the disk is
idle (what earlier runs left in memory is written). Between runs the files that were made are emptied, which gives their
memory back as on a machine at work, and not deleted: for a minute after files were deleted, ext4 without a journal is
slow to create others, whoever deleted them. A contestant that cannot run is a row that says why, and the others
are measured all the same.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import requests
from rich.console import Console

from bench.processes import Usage
from bench.programs.push import Pushed

GATEWAY = "gateway"


@dataclass(frozen=True)
class Sizes:
    """How much of everything. Counts are instances; `runs` counted runs after one warm-up."""

    runs: int = 5
    warm_up: bool = True
    single: int = 300
    nagle: int = 60
    multi: int = 4
    multi_mb: float = 60.0
    prepare: int = 300
    end_to_end: int = 300
    growth_block: int = 1000
    growth_last: int = 10_000
    studies: tuple[int, ...] = (100, 1000, 10_000)
    cases: tuple[int, ...] = (1, 100, 5000)
    abuse_s: float = 8.0
    reading: tuple[int, int] = (160, 512)
    """Slices of a series, and the side of each in pixels."""
    budget_s: float = 60.0
    """A case takes no further round after this time, and a single run foreseen to take longer is left out."""


QUICK = Sizes(
    runs=1,
    warm_up=False,
    single=24,
    nagle=8,
    multi=4,
    multi_mb=2.0,
    prepare=8,
    end_to_end=24,
    growth_block=20,
    growth_last=60,
    studies=(24,),
    cases=(1, 10, 40),
    abuse_s=1.5,
    reading=(12, 64),
)
"""Shows that everything works; says nothing about speed."""


@dataclass(frozen=True)
class Run:
    """One run: the figure in the case's unit, and what else was seen (further figures by name)."""

    value: float
    cpu_ms: float | None = None
    """Processor time per instance of the receiver's (or worker's) processes, ms."""
    peak_mb: float | None = None
    more: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Contestant:
    """Who runs; `run` gets a number never used before (for fresh UIDs). `missing` says why it cannot."""

    name: str
    run: Callable[[int], Run]
    syncs: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Case:
    """Contestants for one question. `unit` ends in "/s" where more is better; `reference` is who the ratios are of."""

    name: str
    title: str
    unit: str
    contestants: Sequence[Contestant]
    reference: str = GATEWAY
    runs: int | None = None


@dataclass(frozen=True)
class Row:
    """One line of the table. `times` is how many times better the reference is than this row (ratio of medians)."""

    case: str
    title: str
    unit: str
    name: str
    values: tuple[float, ...]
    syncs: str = ""
    cpu_ms: float | None = None
    peak_mb: float | None = None
    times: float | None = None
    more: Mapping[str, float] = field(default_factory=dict)
    problem: str = ""

    @property
    def median(self) -> float | None:
        return statistics.median(self.values) if self.values else None


def never(_number: int) -> Run:
    """The `run` of a contestant that is missing."""
    raise AssertionError("a contestant that is missing was run")


def pushed(done: Pushed, usage: Usage | None = None, *, megabytes: bool = False) -> Run:
    """The run of a push: instances/s (or MB/s), from connecting to the last Success."""
    count = len(done.answers)
    value = (done.bytes / 1e6 if megabytes else count) / done.seconds
    if usage is None:
        return Run(value)
    return Run(value, usage.cpu_s * 1000 / count, usage.peak_mb)


class Bench:
    """Where a benchmark puts its files, how much it does, and the rows it has found so far."""

    def __init__(self, folder: Path, sizes: Sizes, console: Console) -> None:
        self.folder, self.sizes, self.console = folder, sizes, console
        self.rows: list[Row] = []
        self._numbers = 0
        self._random = random.Random(4711)

    def number(self) -> int:
        """A number for the UIDs of one run, never given twice."""
        self._numbers += 1
        return self._numbers

    def measure(self, case: Case) -> list[Row]:
        """Run every contestant in turn, round by round; the rows, with ratios, are kept and returned."""
        runs: dict[str, list[Run]] = {one.name: [] for one in case.contestants}
        problems = {one.name: one.missing for one in case.contestants if one.missing}
        rounds = case.runs or self.sizes.runs
        began = time.monotonic()
        with self.console.status("") as status:
            for round_ in range(-1 if self.sizes.warm_up else 0, rounds):
                if round_ > 0 and time.monotonic() - began > self.sizes.budget_s:
                    break
                for one in self._random.sample(list(case.contestants), len(case.contestants)):
                    if one.name in problems:
                        continue
                    label = "warm-up" if round_ < 0 else f"run {round_ + 1} of {rounds}"
                    status.update(f"{case.title}: {label}, {one.name}")
                    os.sync()
                    try:
                        done = one.run(self.number())
                    except (OSError, requests.RequestException, subprocess.SubprocessError) as error:
                        problems[one.name] = f"failed: {error or type(error).__name__}"
                        continue
                    if round_ >= 0:
                        runs[one.name].append(done)
        rows = [_row(case, one, runs[one.name], problems.get(one.name, "")) for one in case.contestants]
        return self.add(rows, case.reference, time.monotonic() - began)

    def add(self, rows: Sequence[Row], reference: str = GATEWAY, seconds: float | None = None) -> list[Row]:
        """Keep rows of one case, with their ratios to its reference, and show them."""
        base = next((row.median for row in rows if row.name == reference), None)
        found = [replace(row, times=_times(base, row, reference)) for row in rows]
        self.rows += found
        if found:
            took = "" if seconds is None else f" [dim]({seconds:.0f} s)[/dim]"
            self.console.print(f"[bold]{found[0].title}[/bold]{took}")
        for row in found:
            self.console.print(f"  {line(row)}", highlight=False)
        return found


def _row(case: Case, one: Contestant, runs: Sequence[Run], problem: str) -> Row:
    def middle(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return statistics.median(known) if known else None

    names = {name for run in runs for name in run.more}
    return Row(
        case.name,
        case.title,
        case.unit,
        one.name,
        () if problem else tuple(run.value for run in runs),
        one.syncs,
        middle([run.cpu_ms for run in runs]),
        max((run.peak_mb for run in runs if run.peak_mb is not None), default=None),
        more={name: statistics.median(run.more[name] for run in runs) for name in sorted(names)},
        problem=problem,
    )


def _times(base: float | None, row: Row, reference: str) -> float | None:
    median = row.median
    if not base or not median or row.name == reference:
        return None
    return base / median if row.unit.endswith("/s") else median / base


def number(value: float | None) -> str:
    """Three figures are all that such a measurement has."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def spread(row: Row) -> str:
    """Median and, of several runs, the least and the most."""
    if not row.values:
        return row.problem or "no run"
    if len(row.values) == 1:
        return f"{number(row.values[0])} (one run)"
    return f"{number(row.median)} ({number(min(row.values))} to {number(max(row.values))})"


def line(row: Row) -> str:
    """A row for the terminal."""
    parts = [f"{row.name:<34}", spread(row) + (f" {row.unit}" if row.values else "")]
    if row.times is not None:
        parts.append(f"x {row.times:.2f}")
    if row.cpu_ms is not None:
        parts.append(f"{row.cpu_ms:.2f} ms CPU")
    if row.peak_mb is not None:
        parts.append(f"{row.peak_mb:.0f} MB")
    return "  ".join(parts)
