"""`./dev bench`: the gateway side by side with DCMTK, Orthanc, pynetdicom and dicom-anonymizer, on this machine.

study        the files everybody gets           wire, push    the sender that loads receivers
competitors  receivers as processes             processes     starting, watching, ending them
measure      runs in turn, rows, ratios         targets       what is to be reached
receive, prepare, send, end_to_end, growth      one benchmark each; report and plot write what they found
reading      what a reader waits for, in Chromium
abuse        memory and the queue page while attacked       attacks      what is sent
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench import abuse, end_to_end, growth, machine, plot, prepare, reading, receive, send
from bench.measure import QUICK, Bench, Sizes
from bench.report import Report, into_manual
from bench.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS: dict[str, Callable[[Bench], None]] = {
    "receive": receive.run,
    "prepare": prepare.run,
    "send": send.run,
    "end-to-end": end_to_end.run,
    "growth": growth.run,
    "reading": reading.run,
    "abuse": abuse.run,
}


def main(words: list[str]) -> int:
    """Measure, print, write; 0 unless the gateway itself failed somewhere."""
    options = _options(words)
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell started this in the background
        signal.signal(number, signal.default_int_handler)
    console = Console(width=None if sys.stdout.isatty() else 140)
    sizes = QUICK if options.quick else Sizes()
    sizes = replace(sizes, runs=options.runs) if options.runs else sizes
    options.folder.mkdir(parents=True, exist_ok=True)
    doubts = machine.warnings(options.folder)
    if options.quick:
        doubts.insert(0, "Made with --quick: it shows that everything runs, and says nothing about speed.")
    about = machine.described(options.folder)
    for name, value in about.items():
        console.print(f"[dim]{name:<18}[/dim]{value}", highlight=False)
    for doubt in doubts:
        console.print(f"[yellow]{doubt}[/yellow]")
    began = time.monotonic()
    status = 0
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="bench-", ignore_cleanup_errors=True) as work:
        bench = Bench(Path(work), sizes, console)
        try:
            for name in options.names or BENCHMARKS:
                BENCHMARKS[name](bench)
        except KeyboardInterrupt:
            doubts.append("Interrupted: what is missing was not measured.")
            status = 130
    took = time.monotonic() - began
    runs = f"{sizes.runs} run{'s' if sizes.runs > 1 else ''}" + (" after a warm-up" if sizes.warm_up else "")
    how = f"{runs}, in turn, in random order; {took / 60:.0f} minutes in all."
    report = Report(f"{datetime.now(UTC):%Y-%m-%d}", about, how, doubts, tuple(bench.rows))
    _write(report, options.out, console)
    if options.manual:
        into_manual(ROOT / "gateway" / "manual" / "performance.md", report.as_manual())
    if any(row.problem.startswith("failed") and row.name == "gateway" for row in bench.rows):
        console.print("[red]The gateway itself failed in a run: see above.[/red]")
        return status or 1
    return status


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev bench", description="Measure the gateway side by side with others."
    )
    names = ", ".join(BENCHMARKS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {names}")
    parser.add_argument("--runs", type=int, metavar="N", help="counted runs of each (5)")
    parser.add_argument("--quick", action="store_true", help="one run of very little: does everything work?")
    parser.add_argument(
        "--folder",
        type=Path,
        default=ROOT / ".venv",
        metavar="DIR",
        help="where to work: the disk to measure",
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "bench-results", metavar="DIR", help="where the results go"
    )
    parser.add_argument("--manual", action="store_true", help="put the result into the manual")
    options = parser.parse_args(words)
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {names}")
    if options.runs is not None and options.runs < 1:
        parser.error("--runs takes a number from 1 on")
    return options


def _write(report: Report, folder: Path, console: Console) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.json").write_text(report.as_json(), encoding="utf-8")
    (folder / "bench.md").write_text(report.as_markdown(), encoding="utf-8")
    plot.draw(report.rows, folder / "bench.png")
    console.print("[bold]Targets[/bold]")
    for target in TARGETS:
        cells = f"{target.wanted:<17} {target.measured(report.rows):<9} {target.verdict(report.rows)}"
        console.print(f"  {target.what:<62} {cells}", highlight=False)
    console.print(f"Written: {folder}/bench.json, bench.md, bench.png")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
