"""Sending a study to DCMTK's storescp (+B, its quickest): instances per second.

The gateway's sender lives in a process that is there already, and its time includes the association. DCMTK's programs
are started for each study, as a script would; how they do without their start (the time they take for one instance is
taken off, association included) is shown, too.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import study
from bench.competitors import MAX_PDU, Server, storescp
from bench.measure import GATEWAY, Bench, Case, Contestant, Run, never
from bench.processes import HOST
from bench.workers import Worker, WorkerFailed
from support.services import path_of

PROGRAMS = {
    "storescu": ("-pdu", str(MAX_PDU), "-aec"),
    "dcmsend": ("-pdu", str(MAX_PDU), "-aec"),
}
_STARTED = ", its start not counted"


def run(bench: Bench) -> None:
    """One case: the gateway's sender and DCMTK's two."""
    files = study.single_frames(bench.folder / "send-files", bench.sizes.single)
    home = bench.folder / "send"
    title = f"send to storescp, 1 association, {len(files)} MR of 200 kB"
    with ExitStack() as stack:
        try:
            sink = stack.enter_context(storescp(home, "-pdu", str(MAX_PDU), "+B", ae_title="SINK"))
        except (LookupError, OSError) as error:
            names = (GATEWAY, *PROGRAMS, *(f"{name}{_STARTED}" for name in PROGRAMS))
            bench.measure(
                Case(
                    "send", title, "instances/s", [Contestant(name, never, "", str(error)) for name in names]
                )
            )
            return
        worker = stack.enter_context(Worker("bench.programs.sending", *files))
        contestants = [Contestant(GATEWAY, _ours(worker, sink, len(files)))]
        for name in PROGRAMS:
            contestants += [
                Contestant(name, _dcmtk(name, sink, files)),
                Contestant(f"{name}{_STARTED}", _dcmtk_started(name, sink, files)),
            ]
        bench.measure(Case("send", title, "instances/s", contestants))


def _ours(worker: Worker, sink: Server, count: int) -> Callable[[int], Run]:
    def run_once(_number: int) -> Run:
        sink.set_aside()
        told = worker.ask({"port": sink.port, "called": sink.ae_title})
        if told["delivered"] != count:
            raise WorkerFailed(f"{told['delivered']} of {count} instances were delivered")
        return Run(count / told["seconds"], told["cpu"] * 1000 / count)

    return run_once


def _dcmtk(program: str, sink: Server, files: Sequence[Path]) -> Callable[[int], Run]:
    def run_once(_number: int) -> Run:
        sink.set_aside()
        seconds, cpu = _timed(program, sink, files)
        return Run(len(files) / seconds, cpu * 1000 / len(files))

    return run_once


def _dcmtk_started(program: str, sink: Server, files: Sequence[Path]) -> Callable[[int], Run]:
    def run_once(_number: int) -> Run:
        alone, _ = _timed(program, sink, files[:1])
        sink.set_aside()
        os.sync()
        seconds, cpu = _timed(program, sink, files)
        count = len(files) - 1
        return Run(count / max(seconds - alone, 1e-6), cpu * 1000 / len(files))

    return run_once


def _timed(program: str, sink: Server, files: Sequence[Path]) -> tuple[float, float]:
    """Seconds and processor seconds of a DCMTK program."""
    command = [
        str(path_of(program)),
        *PROGRAMS[program],
        sink.ae_title,
        HOST,
        str(sink.port),
        *map(str, files),
    ]
    before = os.times()
    start = time.monotonic()
    done = subprocess.run(
        command,
        env={**os.environ, "TCP_NODELAY": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    seconds, after = time.monotonic() - start, os.times()
    if done.returncode != 0:
        raise WorkerFailed(f"{program}: {(done.stderr or done.stdout)[-200:]}")
    return seconds, (
        after.children_user - before.children_user + after.children_system - before.children_system
    )
