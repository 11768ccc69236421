"""`./dev bench`: its sender stores what it says, its figures are what they are called, its table fits the manual."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from pydicom import dcmread
from rich.console import Console
from sqlmodel import select

from bench import plot, reading, study
from bench.__main__ import main
from bench.abuse import CEILINGS, measured
from bench.competitors import storescp
from bench.filled import fill
from bench.measure import GATEWAY, QUICK, Bench, Case, Contestant, Row, Run
from bench.processes import HOST, Watch, free_port, running, tree
from bench.programs.push import pushers
from bench.report import BEGIN, END, ROWS_HEADER, TARGETS_HEADER, Report, into_manual
from bench.targets import TARGETS
from bench.workers import WorkerFailed
from gateway.lifecycle import CaseState
from gateway.pipeline.step_table import STATES_WITH_STEPS
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.tables import cases
from support.nodes.peers import wait_until

ROOT = Path(__file__).resolve().parents[1]


def bench(folder: Path) -> Bench:
    """One round, and nothing on the screen."""
    return Bench(folder, QUICK, Console(file=io.StringIO()))


def always(*values: float) -> Callable[[int], Run]:
    """A contestant with these results."""
    left = list(values)
    return lambda _number: Run(left.pop(0))


def rows(*found: tuple[str, str, float]) -> tuple[Row, ...]:
    """Rows of (case, who, ratio)."""
    return tuple(Row(case, "A title", "instances/s", who, (7.0,), times=times) for case, who, times in found)


def report(*found: Row) -> Report:
    """A report of an invented machine."""
    return Report("2026-11-21", {"processor": "an abacus"}, "1 run.", ["Doubtful."], found)


def dataset_of(path: Path) -> bytes:
    """The encoded data set of a Part 10 file."""
    part10 = path.read_bytes()
    return part10[144 + int.from_bytes(part10[140:144], "little") :]


@pytest.mark.dcmtk
@pytest.mark.parametrize("max_pdu", [4096, 131072])
def test_the_sender_stores_every_instance_byte_by_byte_and_new_in_each_run(
    tmp_path: Path, max_pdu: int
) -> None:
    """storescp has each file of each run under its own UID, and but for the marks the data sets are the files'."""
    files = study.single_frames(tmp_path / "files", 6)
    with (
        storescp(tmp_path / "scp", "+B", "-pdu", str(max_pdu)) as server,
        pushers(files, associations=2) as senders,
    ):
        first = senders.push(server.port, server.ae_title, 1)
        again = senders.push(server.port, server.ae_title, 2, copies=2)
        assert server.stored is not None
        stored = sorted(server.stored.iterdir())
    assert (len(first.answers), len(again.answers), len(stored)) == (6, 12, 18)
    assert again.bytes == 2 * first.bytes
    arrived = [dcmread(path) for path in stored]
    assert len({found.SOPInstanceUID for found in arrived}) == 18
    assert len({found.StudyInstanceUID for found in arrived}) == 2
    assert {found.PatientID for found in arrived} == {"BENCH10000001", "BENCH10000002"}
    originals = {dataset_of(file) for file in files}
    for path, found in zip(stored, arrived, strict=True):
        uid = found.SOPInstanceUID
        assert path.name.endswith(uid)
        run, copy = uid[6:14].encode(), uid[15:23].encode()
        assert dataset_of(path).replace(run, study.RUN).replace(copy, study.COPY) in originals


def test_an_instance_is_as_large_and_as_full_as_a_clinical_one(tmp_path: Path) -> None:
    """About 206 kB and some 150 top-level elements; the multi-frame one has the size asked for."""
    [file, *_] = study.single_frames(tmp_path, 6)
    assert 195_000 < file.stat().st_size < 215_000
    assert 145 <= len(dcmread(file)) <= 170
    large = study.multi_frame(tmp_path, 3.0)
    assert 2_900_000 < large.stat().st_size < 3_200_000
    assert dcmread(large).NumberOfFrames == len(dcmread(large).PerFrameFunctionalGroupsSequence)


@pytest.mark.dcmtk
def test_a_receiver_that_refuses_is_an_error_and_not_a_fast_run(tmp_path: Path) -> None:
    """A called AE title of somebody else, or nobody at the port, ends the run with what went wrong."""
    files = study.single_frames(tmp_path / "files", 1)
    refused = pytest.raises(WorkerFailed, match="answered the association with PDU type 03")
    with storescp(tmp_path / "scp", "--refuse") as server, pushers(files) as senders, refused:
        senders.push(server.port, server.ae_title, 1)
    with pushers(files) as senders, pytest.raises(WorkerFailed, match="ConnectionRefusedError"):
        senders.push(server.port, server.ae_title, 1)


def test_ratios_are_of_medians_and_say_how_much_better_the_reference_is(tmp_path: Path) -> None:
    """More instances per second are better, fewer milliseconds are; the reference has no ratio to itself."""
    found = bench(tmp_path)
    contestants = [Contestant(GATEWAY, always(30.0)), Contestant("other", always(10.0))]
    ours, other = found.measure(Case("a", "A", "instances/s", contestants))
    assert (ours.times, other.times) == (None, 3.0)
    contestants = [Contestant(GATEWAY, always(30.0)), Contestant("other", always(10.0))]
    _, other = found.measure(Case("b", "B", "ms", contestants))
    assert other.times == pytest.approx(1 / 3)
    assert found.rows == [ours, *found.rows[1:3], other]


def test_the_median_of_the_runs_counts_and_every_run_is_kept(tmp_path: Path) -> None:
    """After the warm-up, which is not counted; numbers for UIDs are never used twice."""
    seen: list[int] = []

    def run(number: int) -> Run:
        seen.append(number)
        return Run([1000.0, 3.0, 1.0, 2.0][len(seen) - 1], cpu_ms=1.0, peak_mb=float(len(seen)))

    sizes = type(QUICK)(runs=3, warm_up=True)
    found = Bench(tmp_path, sizes, Console(file=io.StringIO()))
    [row] = found.measure(Case("a", "A", "instances/s", [Contestant(GATEWAY, run)]))
    assert (row.values, row.median, row.peak_mb) == ((3.0, 1.0, 2.0), 2.0, 4.0)
    assert len(set(seen)) == 4


def test_who_is_missing_or_fails_is_a_row_with_the_reason(tmp_path: Path) -> None:
    """The others are measured all the same."""

    def fails(_number: int) -> Run:
        raise WorkerFailed("instance 3 was answered with status A700")

    contestants = [
        Contestant(GATEWAY, always(30.0)),
        Contestant("absent", always(), missing="not installed: apt-get install orthanc"),
        Contestant("broken", fails),
    ]
    ours, absent, broken = bench(tmp_path).measure(Case("a", "A", "instances/s", contestants))
    assert ours.values == (30.0,)
    assert (absent.values, absent.times) == ((), None)
    text = report(ours, absent, broken).as_markdown()
    assert "apt-get install orthanc" in text
    assert "failed: instance 3 was answered with status A700" in text


def test_a_target_is_reached_missed_or_not_measured() -> None:
    """A missed one says how much of it was reached, whichever way the bound goes."""
    least = next(target for target in TARGETS if target.case == "send")
    assert least.verdict(rows(("send", "storescu", 2.0))) == "reached"
    assert least.verdict(rows(("send", "storescu", 1.0))) == "missed: 50 % of it"
    assert least.verdict(()) == "not measured"
    most = next(target for target in TARGETS if target.case == "growth-claim-history")
    assert most.verdict(rows(("growth-claim-history", "5,000 cases", 3.0))) == "missed: 50 % of it"


def test_the_json_has_every_run_and_the_picture_opens(tmp_path: Path) -> None:
    """What is written can be read by programs and by people."""
    found = report(*rows(("receive-1", GATEWAY, 1.0), ("receive-1", "storescp", 1.3)))
    told = json.loads(found.as_json())
    assert told["machine"] == {"processor": "an abacus"}
    assert [row["values"] for row in told["rows"]] == [[7.0], [7.0]]
    assert told["targets"][0]["verdict"] == "reached"
    plot.draw(found.rows, tmp_path / "bench.png")
    with Image.open(tmp_path / "bench.png") as image:
        assert image.width == 1100
        assert image.getcolors(100_000)


def test_the_table_goes_into_the_manual_and_replaces_the_one_before(tmp_path: Path) -> None:
    """Between the two marks and nowhere else, as often as one likes."""
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    for times in (1.0, 2.0):
        into_manual(page, report(*rows(("send", "storescu", times))).as_manual())
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert (text.count("an abacus"), "old" in text, "| 2 x | reached |" in text) == (1, False, True)
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="does not have the two lines"):
        into_manual(page, "table")


def test_the_manual_has_a_place_for_the_table_and_a_whole_table_in_it() -> None:
    """Either nothing is measured yet, or machine, every target and every number are there."""
    page = ROOT / "gateway" / "manual" / "performance.md"
    shown = page.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    if "No table yet" in shown:
        return
    assert "\nMeasured on " in shown
    assert TARGETS_HEADER in shown
    assert ROWS_HEADER in shown
    for target in TARGETS:
        if target.case.startswith("reading"):  # they were measured later, and have a table of their own
            continue
        assert f"\n| {target.what} | {target.wanted} |" in shown
    assert "not measured" not in shown
    assert "--quick" not in shown


def test_the_watch_counts_children_that_came_and_went(tmp_path: Path) -> None:
    """Processor time of a fork that ended during the run is in, and so is the memory that it had."""
    program = (
        "import os, socket, time\n"
        "s = socket.create_server(('127.0.0.1', {port}))\n"
        "s.accept()[0].close()\n"  # the probe of the start
        "s.accept()\n"
        "if os.fork() == 0:\n"
        "    held = bytearray(os.urandom(1) * 80_000_000)\n"
        "    end = time.process_time() + 0.3\n"
        "    while time.process_time() < end: pass\n"
        "    os._exit(0)\n"
        "os.wait(); time.sleep(60)\n"
    )
    port = free_port()
    command = [sys.executable, "-c", program.format(port=port)]
    with running(command, tmp_path, port=port) as pid, Watch(pid) as watch:
        with socket.create_connection((HOST, port)):
            wait_until(lambda: tree(pid) != [pid])
        wait_until(lambda: tree(pid) == [pid])
    assert watch.usage.cpu_s >= 0.25
    assert watch.usage.peak_mb > 80


def test_memory_that_forks_share_counts_once(tmp_path: Path) -> None:
    """80 MB that three processes have in common are 80 MB, not 240."""
    port = free_port()
    program = (
        "import os, socket, time\n"
        "held = bytearray(os.urandom(1) * 80_000_000)\n"
        f"s = socket.create_server(('127.0.0.1', {port}))\n"
        "os.fork() and os.fork()\n"
        "time.sleep(60)\n"
    )
    with running([sys.executable, "-c", program], tmp_path, port=port) as pid, Watch(pid) as watch:
        wait_until(lambda: len(tree(pid)) == 3)
        time.sleep(0.1)
    assert 80 < watch.usage.peak_mb < 150


def test_a_filled_database_has_one_case_that_is_due(tmp_path: Path) -> None:
    """As many cases as asked for, so many of them to be read, and one more that the engine may claim."""
    fill(tmp_path, 12, 5)
    database = Database(f"sqlite:///{tmp_path / 'gateway-data' / 'gateway.sqlite'}")
    with database.read() as session:
        states = Counter(session.exec(select(cases.Case.state)))
    claimed = ledger.claim_due(database, "test", timedelta(minutes=1), STATES_WITH_STEPS)
    database.close()
    assert states == {CaseState.MATCHED: 1, CaseState.FORWARDED: 5, CaseState.CONFIRMED: 7}
    assert claimed is not None
    assert (claimed.id, claimed.state) == (1, CaseState.MATCHED)


@pytest.mark.dcmtk
def test_one_benchmark_runs_from_the_command_line(tmp_path: Path) -> None:
    """`./dev bench send --quick` measures, prints and writes its three files."""
    started = {
        ("send", f"{name}{way}")
        for name in ("storescu", "dcmsend")
        for way in ("", ", its start not counted")
    }
    assert run_bench(tmp_path, "send") == {("send", GATEWAY), *started}


@pytest.mark.soak
@pytest.mark.dcmtk
@pytest.mark.orthanc
def test_every_benchmark_runs_from_the_command_line(tmp_path: Path) -> None:
    """`./dev bench --quick`: every case has the gateway's row, and every target that is so small has a figure."""
    found = run_bench(tmp_path)
    compared = {target.case for target in TARGETS if not target.case.startswith("growth")}
    assert {(case, GATEWAY) for case in compared} <= found
    assert {(target.case, target.row) for target in TARGETS if target.case in compared} <= found


def test_the_manual_promises_what_the_attacks_are_held_to() -> None:
    """Each role and its ceiling."""
    page = (ROOT / "gateway" / "manual" / "performance.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| (receiver|web|worker)\b[^|]*\| (\d+) MB \|$", page, re.MULTILINE))
    assert {role: int(most) for role, most in told.items()} == dict(CEILINGS)


@pytest.mark.soak
def test_every_role_keeps_its_promise_while_it_is_attacked(tmp_path: Path) -> None:
    """No role takes more memory than the manual says, and the queue page is answered all the time."""
    for name, seen in measured(tmp_path, 6.0).items():
        assert {role for role, most in CEILINGS.items() if seen.peaks[role] > most} == set(), name
        assert seen.pages, name
        assert seen.failed == 0, name


def run_bench(folder: Path, *names: str) -> set[tuple[str, str]]:
    """Run the command; the (case, who) of every row that has a figure."""
    (folder / "work").mkdir()
    command = [sys.executable, "-m", "bench", *names, "--quick", "--folder", str(folder / "work")]
    done = subprocess.run(
        [*command, "--out", str(folder / "out")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "out" / "bench.md").exists()
    assert (folder / "out" / "bench.png").exists()
    assert list((folder / "work").iterdir()) == []
    told = json.loads((folder / "out" / "bench.json").read_text(encoding="utf-8"))
    return {(row["case"], row["name"]) for row in told["rows"] if row["values"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["teleport"], "there are receive, prepare, send, end-to-end, growth, reading, abuse"),
        (["--runs", "0"], "from 1 on"),
    ],
)
def test_a_wrong_argument_is_wrong_usage(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is measured, and the line says what there is."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.browser
def test_a_reading_is_measured_in_a_real_browser(tmp_path: Path) -> None:
    """Every figure of both kinds of series, with what the page takes, and a page that comes again takes less."""
    measured = bench(tmp_path)
    reading.run(measured)
    found = {(row.case, row.name): row for row in measured.rows}
    assert not [row.problem for row in measured.rows if row.problem]
    for kind in ("classic files", "an Enhanced object"):
        for case in ("first", "at-once", "loaded", "linked", "page", "page-again"):
            assert found[f"reading-{case}", kind].values[0] > 0
        assert found["reading-page-again", kind].values[0] < found["reading-page", kind].values[0]
    assert found["reading-align", GATEWAY].values[0] > 0
