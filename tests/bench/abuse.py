"""Abuse: how much memory each role takes, and how long the queue page, while a hostile day goes on.

Receiver, web and worker run by themselves, as on a machine of a site, each watched with what it starts; memory is
proportional (PSS): what processes share counts once. All traffic stays on this machine, and each attack has an end.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests
from sqlmodel import select

from bench import attacks
from bench.attacks import Attack, Target
from bench.competitors import CALLING, NODES, RULES
from bench.filled import fill, signed_in_at
from bench.measure import GATEWAY, Bench, Row
from bench.processes import free_port, running, tree
from gateway.records.database import Database
from gateway.records.tables.cases import Case, PreparedInstance
from gateway.records.tables.studies import Instance

CEILINGS: Mapping[str, int] = {"receiver": 700, "web": 2000, "worker": 700}
"""MB that each role, with what it starts, stays under whatever comes: the manual promises them."""
_LOOK_EVERY_S = 0.1
_CASES = 40


def attack_table() -> dict[str, Attack]:
    """By what the table calls them; the first is none."""
    return {
        "nothing": attacks.silence,
        "400 silent DICOM connections": attacks.silent_associations,
        "callers of ever new names": attacks.strangers,
        "400 requests at once on an association": attacks.echoes,
        "400 unfinished HTTP requests": attacks.silent_requests,
        "slow bodies": attacks.slow_bodies,
        "guessed passwords": attacks.sign_ins,
        "a ZIP of 1 MB that unpacks to 1 GB": attacks.uploads_of(attacks.zip_bomb()),
        "a ZIP of 2 million entries": attacks.uploads_of(attacks.zip_directory()),
        "a deflated object of 1 MB that inflates to 1 GB": attacks.uploads_of(attacks.deflated()),
        "pictures of hostile files": attacks.pictures,
    }


@dataclass
class Seen:
    """During one attack: the peak of each role in MB, and how long the queue page took each time, in ms."""

    peaks: dict[str, float] = field(default_factory=dict)
    pages: list[float] = field(default_factory=list)
    failed: int = 0


def run(bench: Bench) -> None:
    """Every attack in turn; rows of memory by role, then of the queue page."""
    found = measured(bench.folder / "abuse", bench.sizes.abuse_s)
    title = "memory (PSS) of each role while it is attacked"
    for role in CEILINGS:
        rows = [
            Row(
                f"abuse-{role}",
                f"{title}: {role}, promised {CEILINGS[role]} MB",
                "MB",
                name,
                (seen.peaks[role],),
            )
            for name, seen in found.items()
        ]
        bench.add(rows)
    bench.add(
        [
            Row("abuse-queue", "the queue page while the gateway is attacked", "ms", name, tuple(seen.pages))
            if seen.pages
            else Row("abuse-queue", "the queue page", "ms", name, (), problem="failed: no answer")
            for name, seen in found.items()
        ]
    )
    over = [
        f"{role} took {seen.peaks[role]:.0f} MB during: {name}"
        for name, seen in found.items()
        for role, most in CEILINGS.items()
        if seen.peaks[role] > most
    ]
    for line in over:
        bench.add([Row("abuse", "promises", "", GATEWAY, (), problem=f"failed: {line}")])


def measured(folder: Path, seconds: float) -> dict[str, Seen]:
    """What was seen during each attack, of so many seconds each."""
    with _gateway(folder) as (pids, target):
        return {name: _during(attack, pids, target, seconds) for name, attack in attack_table().items()}


def _during(attack: Attack, pids: Mapping[str, int], target: Target, seconds: float) -> Seen:
    over, done = threading.Event(), threading.Event()
    seen = Seen()
    threads = [
        threading.Thread(target=attack, args=(target, over), daemon=True),
        threading.Thread(target=_watch, args=(pids, done, seen.peaks), daemon=True),
    ]
    for thread in threads:
        thread.start()
    with target.session() as reader:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                reader.get(f"{target.url}/", timeout=10).raise_for_status()
                seen.pages.append((time.monotonic() - began) * 1000)
            except (OSError, requests.RequestException):
                seen.failed += 1
            time.sleep(0.1)
    over.set()
    threads[0].join(90)
    time.sleep(0.3)
    done.set()
    threads[1].join(10)
    return seen


def _watch(pids: Mapping[str, int], done: threading.Event, peaks: dict[str, float]) -> None:
    while True:
        for role, pid in pids.items():
            peaks[role] = max(peaks.get(role, 0.0), proportional_mb(pid))
        if done.wait(_LOOK_EVERY_S):
            return


def proportional_mb(pid: int) -> float:
    """The memory of a process and all that it started, MB; what is shared counts once."""
    total = 0
    for each in tree(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total * 1024 / 1e6


@contextmanager
def _gateway(folder: Path) -> Iterator[tuple[dict[str, int], Target]]:
    """Its three roles, each started by itself, with cases to be read, one of them of hostile files."""
    home = folder / "gateway"
    fill(home, _CASES, _CASES)
    (home / "nodes.yaml").write_text(NODES.format(calling=CALLING, sink=1), encoding="utf-8")
    for example in (home / "rules").glob("*.yaml"):
        example.unlink()
    (home / "rules" / "bench.yaml").write_text(RULES, encoding="utf-8")
    case = _with_hostile_copies(home)
    dicom, http = free_port(), free_port()
    settings = {
        "GATEWAY_DICOM__PORT": str(dicom),
        "GATEWAY_WEB__PORT": str(http),
        "GATEWAY_WEB__PROXIES": "192.0.2.1",
    }
    with ExitStack() as stack:
        pids = {}
        for role, port in (("receiver", dicom), ("web", http), ("worker", http)):
            command = [
                sys.executable,
                "-m",
                "gateway",
                "serve",
                "--config",
                home / "gateway.toml",
                "--role",
                role,
            ]
            pids[role] = stack.enter_context(running(command, folder / role, port=port, environment=settings))
        url = f"http://127.0.0.1:{http}"
        yield pids, Target(dicom, http, url, CALLING, _sessions(url), case)


def _sessions(url: str) -> Callable[[], requests.Session]:
    """Clients that share one sign-in."""
    first = signed_in_at(url, "admin")

    def another() -> requests.Session:
        client = requests.Session()
        client.cookies.update(first.cookies)
        client.headers.update(first.headers)
        return client

    return another


def _with_hostile_copies(home: Path) -> int:
    """A case whose copies are hostile files."""
    objects = home / "gateway-data" / "objects"
    paths = attacks.hostile_files(objects / "hostile")
    database = Database(f"sqlite:///{home / 'gateway-data' / 'gateway.sqlite'}")
    try:
        with database.write("hostile_copies") as session:
            case = session.exec(select(Case).where(Case.state == "FORWARDED")).first()
            assert case is not None
            instance = session.exec(select(Instance).where(Instance.study_id == case.study_id)).first()
            assert instance is not None
            for number, path in enumerate(paths):
                session.add(
                    PreparedInstance(
                        case_id=case.id,
                        instance_id=instance.id,
                        sop_class_uid="1.2.840.10008.5.1.4.1.1.4",
                        sop_instance_uid=f"2.25.77{number}",
                        transfer_syntax_uid="1.2.840.10008.1.2.1",
                        blob=f"hostile/{path.name}",
                    )
                )
            return int(case.id or 0)
    finally:
        database.close()
