"""Growth: does an instance, a claim or the queue page take longer when there is more of everything?

Instances here are small (12 kB): what may grow is the book-keeping. The databases with many cases hold
copies of one that went through the real ledger: as after months, nearly all are over and 40 wait for a reader; and, as
a worst case, all of them wait.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import requests

from bench import study
from bench.competitors import Server, gateway
from bench.end_to_end import carried, gateway_with_sink, share_of_matching
from bench.filled import OPEN, fill, open_again, signed_in
from bench.measure import Bench, Case, Contestant, Row, Run
from bench.programs.push import pushers
from gateway.pipeline.step_table import STATES_WITH_STEPS
from gateway.records import ledger
from gateway.records.database import Database

_CLAIMS, _PAGES = 20, 10


def run(bench: Bench) -> None:
    """Instances in one study, whole studies of several sizes, cases in the database."""
    _one_study_grows(bench)
    _studies_of_several_sizes(bench)
    _cases(bench, "history", lambda cases: min(cases, OPEN))
    _cases(bench, "open", lambda cases: cases)


def _one_study_grows(bench: Bench) -> None:
    """One association stores thousands of instances of one study: the first block against the last."""
    block, last = bench.sizes.growth_block, bench.sizes.growth_last
    files = study.single_frames(bench.folder / "small", min(block, 100), small=True)
    title = f"receive, one study growing to {last:,} instances of 12 kB"
    home = bench.folder / "growing"
    with pushers(files) as senders, gateway(home, "receiver") as server:
        rate = block / senders.push(server.port, server.ae_title, bench.number(), block // len(files)).seconds
        names = [f"instances 1 to {block:,}", f"instances {last - block + 1:,} to {last:,}"]
        if last / rate > bench.sizes.budget_s:
            seconds = f"left out: {last:,} would take {last / rate:.0f} s at {rate:.0f}/s"
            rows = [
                Row("growth-receive", title, "instances/s", names[0], (rate,)),
                Row("growth-receive", title, "instances/s", names[1], (), problem=seconds),
            ]
        else:
            done = senders.push(server.port, server.ae_title, bench.number(), last // len(files))
            moments = [done.start, *done.answers]
            rows = [
                Row(
                    "growth-receive",
                    title,
                    "instances/s",
                    name,
                    (block / (moments[end] - moments[end - block]),),
                )
                for name, end in zip(names, (block, last), strict=True)
            ]
    bench.add(rows, names[0])


def _studies_of_several_sizes(bench: Bench) -> None:
    """End to end for an instance, and the share of recognising and matching, by the size of the study."""
    files = study.single_frames(bench.folder / "small", min(bench.sizes.studies[0], 100), small=True)
    title = "end to end for each instance of 12 kB, by the size of the study"
    shares = "share of recognising and matching in that"
    home = bench.folder / "sizes"
    times: list[Row] = []
    parts: list[Row] = []
    rate = None
    with pushers(files) as senders, gateway_with_sink(home) as (server, sink):
        for size in bench.sizes.studies:
            name = f"{size:,} instances"
            if rate and size / rate > bench.sizes.budget_s:
                why = f"left out: would take {size / rate:.0f} s at the rate of the size before"
                times.append(Row("growth-study", title, "ms", name, (), problem=why))
                parts.append(Row("growth-share", shares, "%", name, (), problem=why))
                continue
            took, share = [], []
            for _ in range(3 if bench.sizes.runs > 1 and size < 10_000 else 1):
                try:
                    arrived = carried(server, sink, senders, bench.number(), size, size // len(files))
                except OSError as error:
                    bench.console.print(f"  {name}: {error}")
                    break
                sink.set_aside()
                took.append(1000 * arrived.seconds / size)
                share.append(share_of_matching(arrived))
                rate = size / arrived.seconds
            times.append(Row("growth-study", title, "ms", name, tuple(took)))
            parts.append(Row("growth-share", shares, "%", name, tuple(share)))
    bench.add(times, times[0].name)
    bench.add(parts, "")


def _cases(bench: Bench, kind: str, open_of: Callable[[int], int]) -> None:
    """Claims and pages over databases with more and more cases."""
    home = bench.folder / f"cases-{kind}"
    sizes = bench.sizes.cases
    about = f"{OPEN} of them open" if kind == "history" else "all of them open"
    names = [f"{cases:,} case{'s' if cases > 1 else ''}" for cases in sizes]
    with ExitStack() as stack:
        folders = [home / str(cases) for cases in sizes]
        for cases, folder in zip(sizes, folders, strict=True):
            fill(folder / "gateway", cases, open_of(cases))
        servers = [stack.enter_context(gateway(folder, "web")) for folder in folders]
        clients = [signed_in(server) for server in servers]
        reference = names[1]

        def case(name: str, what: str, runs: Sequence[Callable[[int], Run]]) -> None:
            contestants = [Contestant(who, one) for who, one in zip(names, runs, strict=True)]
            bench.measure(Case(f"growth-{name}-{kind}", f"{what}, {about}", "ms", contestants, reference))

        case(
            "queue",
            "queue page",
            [_page(server, client, "/") for server, client in zip(servers, clients, strict=True)],
        )
        case("claim", "engine's claim of due work", [_claim(folder) for folder in folders])
        if kind == "history":
            reads = [_reader(server, client) for server, client in zip(servers, clients, strict=True)]
            case("read", "reader's claim of a case", reads)


def _page(server: Server, client: requests.Session, path: str) -> Callable[[int], Run]:
    def run_once(_number: int) -> Run:
        return Run(_median_ms(lambda: client.get(server.url + path, timeout=60).raise_for_status(), _PAGES))

    return run_once


def _reader(server: Server, client: requests.Session) -> Callable[[int], Run]:
    [*_, case] = client.get(f"{server.url}/api/queue?show=to-read", timeout=60).json()["cases"]
    address = f"{server.url}/api/cases/{case['id']}"

    def run_once(_number: int) -> Run:
        took = []
        for _ in range(_PAGES):
            took.append(_median_ms(lambda: client.post(f"{address}/claim", timeout=60).raise_for_status(), 1))
            client.post(f"{address}/release", timeout=60).raise_for_status()
        return Run(statistics.median(took))

    return run_once


def _claim(folder: Path) -> Callable[[int], Run]:
    """The engine's claim: the most urgent due case among all; given back by hand after each."""
    url = f"sqlite:///{folder / 'gateway' / 'gateway-data' / 'gateway.sqlite'}"

    def run_once(_number: int) -> Run:
        database = Database(url)
        took = []
        try:
            for _ in range(_CLAIMS):
                claimed = []
                took.append(_median_ms(lambda: claimed.append(_claimed(database)), 1))  # noqa: B023
                if claimed[0] is None:
                    raise OSError("nothing was due")
                open_again(database, claimed[0].id)
        finally:
            database.close()
        return Run(statistics.median(took))

    return run_once


def _claimed(database: Database) -> ledger.Claim | None:
    return ledger.claim_due(database, "bench", timedelta(minutes=1), STATES_WITH_STEPS)


def _median_ms(do: Callable[[], object], times: int) -> float:
    took = []
    for _ in range(times):
        start = time.perf_counter()
        do()
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)
