"""Receiving: instances per second from connecting to the last Success, with one sender and with four.

Everybody gets the same bytes from the same prepared sender (bench.wire). Only in the case about Nagle's algorithm does
DCMTK's storescu send, as it comes out of the box and to servers as they come out of the box.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench import study
from bench.competitors import (
    MAX_PDU,
    TUNED,
    Competitor,
    Server,
    gateway,
    orthanc,
    stock_pynetdicom,
    storescp,
)
from bench.measure import GATEWAY, Bench, Case, Contestant, Run, never, pushed
from bench.processes import HOST, Watch
from bench.programs.push import CALLING, pushers
from bench.workers import WorkerFailed
from support.services import path_of

DURABLE = "file and index, before Success"
PDU = ("-pdu", str(MAX_PDU))


OURS = Competitor(GATEWAY, DURABLE, lambda folder: gateway(folder, "receiver"))
STOCK = Competitor("pynetdicom's own acceptor", "never", stock_pynetdicom)
ORTHANC = (
    Competitor("Orthanc, defaults", "file", orthanc),
    Competitor("Orthanc, tuned", "file", lambda folder: orthanc(folder, TUNED)),
)
ONE = (
    OURS,
    Competitor("storescp", "never", lambda folder: storescp(folder, *PDU)),
    Competitor("storescp +B", "never", lambda folder: storescp(folder, *PDU, "+B")),
    *ORTHANC,
    STOCK,
)
FOUR = (
    OURS,
    Competitor("storescp --fork", "never", lambda folder: storescp(folder, *PDU, "--fork")),
    Competitor("storescp --fork +B", "never", lambda folder: storescp(folder, *PDU, "--fork", "+B")),
    *ORTHANC,
    STOCK,
)
SHIPPED = (
    OURS,
    Competitor("storescp as shipped", "never", lambda folder: storescp(folder, nodelay=False)),
    Competitor("Orthanc as shipped", "file", lambda folder: orthanc(folder, nodelay=False)),
)


def run(bench: Bench) -> None:
    """All four cases."""
    sizes = bench.sizes
    files = study.single_frames(bench.folder / "single", sizes.single)
    large = study.multi_frame(bench.folder / "large", sizes.multi_mb)
    _pushed(bench, "receive-1", f"receive, 1 association, {len(files)} MR of 200 kB", ONE, files, 1)
    _pushed(bench, "receive-4", f"receive, 4 associations, {len(files)} MR of 200 kB", FOUR, files, 4)
    what = f"receive, {sizes.multi} multi-frame MR of {sizes.multi_mb:g} MB at once"
    _pushed(bench, "receive-large", what, FOUR, [large] * sizes.multi, sizes.multi, megabytes=True)
    _nagle(bench, files[: sizes.nagle])


def _pushed(
    bench: Bench,
    name: str,
    title: str,
    servers: Sequence[Competitor],
    files: Sequence[Path],
    associations: int,
    *,
    megabytes: bool = False,
) -> None:
    with pushers(files, associations) as senders:

        def push(server: Server, number: int) -> Run:
            with Watch(server.pid) as watch:
                done = senders.push(server.port, server.ae_title, number)
            return pushed(done, watch.usage, megabytes=megabytes)

        unit = "MB/s" if megabytes else "instances/s"
        _among(bench, Case(name, title, unit, ()), servers, push)
        if megabytes:  # few files, but gigabytes
            shutil.rmtree(bench.folder / name, ignore_errors=True)


def _nagle(bench: Bench, files: Sequence[Path]) -> None:
    title = f"receive from a sender that leaves Nagle on (storescu as shipped), {len(files)} MR"

    def push(server: Server, number: int) -> Run:
        return _storescu(server, files, bench.folder / "marked" / str(number), number)

    runs = min(3, bench.sizes.runs)
    _among(bench, Case("receive-nagle", title, "instances/s", (), runs=runs), SHIPPED, push)


def _storescu(server: Server, files: Sequence[Path], folder: Path, number: int) -> Run:
    """storescu's whole run, start-up included, with files that nobody has seen."""
    folder.mkdir(parents=True)
    mark = f"{number + 10_000_000:08}".encode()
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes().replace(study.RUN, mark))
    environment = {name: value for name, value in os.environ.items() if name != "TCP_NODELAY"}
    names = ["-aet", CALLING, "-aec", server.ae_title, "+sd", HOST, str(server.port), str(folder)]
    command = [str(path_of("storescu")), *names]
    start = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    seconds = time.monotonic() - start
    if done.returncode != 0:
        raise WorkerFailed(f"storescu: {done.stderr[-200:]}")
    return Run(len(files) / seconds)


def _among(
    bench: Bench, case: Case, servers: Sequence[Competitor], push: Callable[[Server, int], Run]
) -> None:
    """Start every server that is installed, measure, and end them all; what they stored stays until the end."""
    home = bench.folder / case.name
    with ExitStack() as stack:
        contestants = []
        for number, one in enumerate(servers):
            try:
                server = stack.enter_context(one.start(home / str(number)))
            except (LookupError, OSError) as error:
                contestants.append(Contestant(one.name, never, one.syncs, str(error)))
                continue

            def push_to(token: int, server: Server = server) -> Run:
                done = push(server, token)
                server.set_aside()
                return done

            contestants.append(Contestant(one.name, push_to, one.syncs))
        bench.measure(Case(case.name, case.title, case.unit, contestants, runs=case.runs))
