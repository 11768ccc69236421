"""Preparing: de-identified instances per second, on one core, none of them forwarded.

The gateway applies the whole of `pml-read` and searches each result for what identifies; the others do their defaults.
How fast the gateway's real worker prepares (files and rows synced) is measured end to end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import requests

from bench import anonymizer, study
from bench.competitors import TUNED, Server, empty, orthanc
from bench.measure import GATEWAY, Bench, Case, Contestant, Run, never
from bench.processes import Watch
from bench.programs.push import Pushers, pushers
from bench.workers import Worker

_ORTHANC = "Orthanc, tuned: anonymize"
_DICOM_ANONYMIZER = "dicom-anonymizer"


def run(bench: Bench) -> None:
    """One case, everybody with the same files."""
    files = study.single_frames(bench.folder / "prepare-files", bench.sizes.prepare)
    home = bench.folder / "prepare"
    with ExitStack() as stack:
        contestants = [
            Contestant(
                GATEWAY, _files(stack.enter_context(Worker("bench.programs.engine")), files, home / "a"), "no"
            )
        ]
        try:
            server = stack.enter_context(orthanc(home / "orthanc", TUNED))
            senders = stack.enter_context(pushers(files))
            contestants.append(Contestant(_ORTHANC, _rest(server, senders, len(files)), "file"))
        except (LookupError, OSError) as error:
            contestants.append(Contestant(_ORTHANC, never, "file", str(error)))
        try:
            worker = stack.enter_context(Worker("bench.programs.anonymize_files", python=anonymizer.python()))
            contestants.append(Contestant(_DICOM_ANONYMIZER, _files(worker, files, home / "b"), "no"))
        except (LookupError, OSError) as error:
            contestants.append(Contestant(_DICOM_ANONYMIZER, never, "no", str(error)))
        title = f"prepare, one core, {len(files)} MR of 200 kB"
        bench.measure(Case("prepare", title, "instances/s", contestants))


def _files(worker: Worker, files: Sequence[Path], target: Path) -> Callable[[int], Run]:
    """A program that reads files and writes files."""

    def run_once(number: int) -> Run:
        place = target / str(number)
        place.mkdir(parents=True)
        told = worker.ask({"files": [str(file) for file in files], "target": str(place)})
        written = len(list(place.iterdir()))
        empty(place)
        if written != len(files):
            raise OSError(f"{written} of {len(files)} files were written")
        return Run(len(files) / told["seconds"], told["cpu"] * 1000 / len(files))

    return run_once


def _studies(server: Server) -> set[str]:
    """What an Orthanc has, by its own numbers."""
    return set(requests.get(f"{server.url}/studies", timeout=60).json())


def _rest(server: Server, senders: Pushers, count: int) -> Callable[[int], Run]:
    """Orthanc's anonymize of a study it has, by REST; the time is that of the one request."""

    def run_once(number: int) -> Run:
        before = _studies(server)
        senders.push(server.port, server.ae_title, number)
        [found] = _studies(server) - before
        with Watch(server.pid) as watch:
            answer = requests.post(f"{server.url}/studies/{found}/anonymize", json={}, timeout=300)
        answer.raise_for_status()
        path = answer.json()["Path"]
        copied = requests.get(f"{server.url}{path}/instances", timeout=60).json()
        server.set_aside()
        if len(copied) != count:
            raise OSError(f"Orthanc made {len(copied)} of {count} copies")
        return Run(count / answer.elapsed.total_seconds(), watch.usage.cpu_s * 1000 / count)

    return run_once
