"""End to end: a study is pushed, and every instance is at the reading site without identity.

The reading site is DCMTK's storescp for everybody. Orthanc does it with a Lua script that anonymises a stable study and
stores the copy. Waiting that a setting asks for (our quiet period, Orthanc's StableAge) is not speed and is left out:
the time is that of the push, plus what reading the headers took to declare the study complete, plus from that moment to
the last file at the reading site.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from bench import study
from bench.competitors import MAX_PDU, TUNED, Server, gateway, orthanc, storescp
from bench.measure import GATEWAY, Bench, Case, Contestant, Row, Run, never
from bench.processes import Watch
from bench.programs.push import Pushers, pushers
from gateway.records.database import Database
from gateway.records.tables.cases import Case as CaseTable
from gateway.records.tables.studies import Study as StudyTable
from gateway.records.views import case_rows

FAST = {"GATEWAY_STUDY__QUIET_PERIOD": "1", "GATEWAY_ENGINE__POLL": "0.2"}
"""Nobody waits five minutes for late series here; both are waiting, which is not counted."""
PATIENCE_S = 300.0
_RECOGNISE = "recognise and match"
_STEPS = ("COMPLETED", "MATCHED", "PREPARED", "FORWARDED")

LUA = """\
function OnStableStudy(study, tags, metadata)
  if metadata["AnonymizedFrom"] then return end
  local mark = io.open("{mark}", "w") mark:write(study) mark:close()
  local copy = ParseJson(RestApiPost("/studies/" .. study .. "/anonymize", "{{}}"))
  RestApiPost("/modalities/sink/store", copy["ID"])
end
"""


@dataclass(frozen=True)
class Arrived:
    """A study's way through the gateway, seconds: the push, the work after completion, and the steps of it."""

    push_s: float
    work_s: float
    steps: Mapping[str, float]

    @property
    def seconds(self) -> float:
        return self.push_s + self.work_s


def run(bench: Bench) -> None:
    """One case, and from the gateway's journal how long its own steps took."""
    files = study.single_frames(bench.folder / "study", bench.sizes.end_to_end)
    title = f"end to end, {len(files)} MR of 200 kB at the reading site, de-identified"
    home = bench.folder / "end-to-end"
    with ExitStack() as stack:
        senders = stack.enter_context(pushers(files))
        contestants = []
        for name, syncs, start in (
            (GATEWAY, "file and index at each step", _gateway),
            ("Orthanc, tuned, with Lua", "file", _orthanc),
        ):
            try:
                once = stack.enter_context(start(home / name.split(",")[0], senders, len(files)))
                contestants.append(Contestant(name, once, syncs))
            except (LookupError, OSError) as error:
                contestants.append(Contestant(name, never, syncs, str(error)))
        found = bench.measure(Case("end-to-end", title, "instances/s", contestants))
    bench.add(list(_step_rows(found[0], len(files))))


def _step_rows(ours: Row, count: int) -> Iterator[Row]:
    title = "within that, the gateway's steps (one study at a time)"
    for step, seconds in ours.more.items():
        yield Row("end-to-end-steps", title, "instances/s", step, (count / seconds,), ours.syncs)


@contextmanager
def _gateway(folder: Path, senders: Pushers, count: int) -> Iterator[Callable[[int], Run]]:
    with gateway_with_sink(folder) as (server, sink):

        def run_once(number: int) -> Run:
            with Watch(server.pid) as watch:
                arrived = carried(server, sink, senders, number, count)
            sink.set_aside()
            cpu = watch.usage.cpu_s * 1000 / count
            steps = {"push": arrived.push_s, **arrived.steps}
            return Run(count / arrived.seconds, cpu, watch.usage.peak_mb, steps)

        yield run_once


@contextmanager
def gateway_with_sink(folder: Path) -> Iterator[tuple[Server, Server]]:
    """A whole gateway, every role, and a reading site for it."""
    with (
        storescp(folder / "sink", "-pdu", str(MAX_PDU), "+B", ae_title="SINK") as sink,
        gateway(folder, sink=sink.port, settings=FAST) as server,
    ):
        yield server, sink


def carried(
    server: Server, sink: Server, senders: Pushers, number: int, count: int, copies: int = 1
) -> Arrived:
    """Push a study to a gateway and wait until the reading site has it. Raises TimeoutError with the case's problem."""
    done = senders.push(server.port, server.ae_title, number, copies)
    database = Database(f"sqlite:///{server.folder}/gateway-data/gateway.sqlite")
    try:
        try:
            last = _all_there(sink, count)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; {_problem(database)}") from None
        try:
            moments = _moments(database)
            completing = _completing(server)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; {_problem(database)}") from None
    finally:
        database.close()
    names = (_RECOGNISE, "prepare, prove, sync", "forward")
    gone = zip(_STEPS, _STEPS[1:], names, strict=False)
    steps = {name: moments[after] - moments[before] for before, after, name in gone}
    steps[_RECOGNISE] += completing
    return Arrived(done.seconds, completing + last - moments["COMPLETED"], steps)


def _moments(database: Database) -> dict[str, float]:
    """When the newest study reached each state; the last row is written after the reading site had everything."""
    deadline = time.monotonic() + 60
    while True:
        with database.read() as session:  # each look anew: a transaction sees what was there when it began
            newest = session.exec(select(StudyTable.id).order_by(col(StudyTable.id).desc())).first()
            lines = case_rows.journal(session, newest or 0)
        found = {line.reached: _seconds(line.at) for line in lines if line.reached in _STEPS}
        if all(step in found for step in _STEPS):
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"the journal has only {', '.join(found)}")
        time.sleep(0.05)


def _completing(server: Server) -> float:
    """Seconds that the newest study's last look before COMPLETED took, as the gateway's log says."""
    found = 0.0
    for line in (server.folder.parent / "output.log").read_text(encoding="utf-8").splitlines():
        record = json.loads(line) if line.startswith("{") else {}
        if record.get("event") == "step done" and record.get("reached") == "COMPLETED":
            found = float(record["seconds"])
    return found


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _problem(database: Database) -> str:
    with database.read() as session:
        found: Any = [*session.exec(select(CaseTable)), *session.exec(select(StudyTable))]
        stuck = [f"{type(row).__name__} {row.state}: {row.problem or row.waiting_for}" for row in found]
    return "; ".join(stuck[:2])[:300]


def _all_there(sink: Server, count: int) -> float:
    """Wait for so many whole files; the moment (wall clock) at which the last byte of the last was written."""
    assert sink.stored is not None
    deadline = time.monotonic() + PATIENCE_S
    present = -1
    while time.monotonic() < deadline:
        paths = list(sink.stored.iterdir())
        present = len(paths)
        if present >= count:
            last = max(path.stat().st_mtime for path in paths)
            if time.time() - last > 0.1:  # nobody writes any more
                return last
        time.sleep(0.01)
    raise TimeoutError(f"{present} of {count} instances arrived within {PATIENCE_S:g} s")


@contextmanager
def _orthanc(folder: Path, senders: Pushers, count: int) -> Iterator[Callable[[int], Run]]:
    folder.mkdir(parents=True)
    mark, script = folder / "stable", folder / "forward.lua"
    script.write_text(LUA.format(mark=mark), encoding="utf-8")
    options = {**TUNED, "StableAge": 1, "LuaScripts": [str(script)]}
    with (
        storescp(folder / "sink", "-pdu", str(MAX_PDU), "+B", ae_title="SINK") as sink,
        orthanc(folder, options, sink=sink.port) as server,
    ):

        def run_once(number: int) -> Run:
            mark.unlink(missing_ok=True)
            with Watch(server.pid) as watch:
                done = senders.push(server.port, server.ae_title, number)
                last = _all_there(sink, count)
            seconds = done.seconds + last - mark.stat().st_mtime
            sink.set_aside()
            return Run(count / seconds, watch.usage.cpu_s * 1000 / count, watch.usage.peak_mb)

        yield run_once


def share_of_matching(arrived: Arrived) -> float:
    """Per cent of a study's end-to-end time that recognising its series and matching the rules took."""
    return 100 * arrived.steps[_RECOGNISE] / arrived.seconds
