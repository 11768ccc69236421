"""Real programs on free ports: started, waited for, watched (processor time, memory of the whole tree), ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LOOK_EVERY_S = 0.02
_ENDS_WITHIN_S = 5.0


@dataclass(frozen=True)
class Usage:
    """What a tree of processes used during a run."""

    cpu_s: float
    """User and system time, in steps of a clock tick (10 ms)."""
    peak_mb: float
    """Largest sum of the resident sets; what forks that live at the end share of their memory counts once."""


def free_port() -> int:
    """A TCP port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[object], folder: Path, *, port: int, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server until the block ends; yields its process number once `port` answers. Its output is in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "output.log").open("ab") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _wait_for(port, process, folder / "output.log")
            yield process.pid
        finally:
            _end(process)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.02)
    last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
    raise OSError(f"{process.args[0]} did not start: {' / '.join(last)}")  # type: ignore[index]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_ENDS_WITHIN_S)
    with suppress(ProcessLookupError):  # a supervisor's children, a server's forks
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


class Watch:
    """Looks at a process and its children every 20 ms while the block runs; then `usage` is set."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_again, daemon=True)
        self._peak = 0
        self._cpu: dict[int, float] = {}
        self._before = 0.0
        self.usage = Usage(0.0, 0.0)

    def __enter__(self) -> Watch:
        with suppress(OSError):  # the kernel's own high-water mark of the process starts again
            Path(f"/proc/{self._pid}/clear_refs").write_text("5")
        self._before = _cpu_with_dead_children(self._pid)
        self._look()
        self._first = dict(self._cpu)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._look()
        # A fork that ended is in its parent's account if it was waited for, else in what was last seen of it.
        seen = sum(cpu - self._first.get(pid, 0.0) for pid, cpu in self._cpu.items())
        accounted = _cpu_with_dead_children(self._pid) - self._before
        peak = max(self._peak - _counted_again(tree(self._pid)), _high_water(self._pid))
        self.usage = Usage(max(seen, accounted), peak / 1e6)

    def _look_again(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            self._look()

    def _look(self) -> None:
        resident = 0
        for pid in tree(self._pid):
            with suppress(OSError, IndexError, ValueError):
                self._cpu[pid] = sum(_times(pid)[:2]) / _TICKS
                resident += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
        self._peak = max(self._peak, resident)


def _counted_again(pids: Sequence[int]) -> int:
    """Bytes by which the sum of the resident sets is too large, since forks share what neither has written to.

    Files that are mapped, libraries among them, count in each: those are shared with others as well.
    """
    again = 0
    for pid in pids:
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
            sizes = {name: int(rest.split()[0]) for name, rest in (line.split(":") for line in lines)}
            again += (sizes["Anonymous"] - sizes["Pss_Anon"]) * 1024
    return again


def tree(pid: int) -> list[int]:
    """A process and everything it started that still lives."""
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        for task in Path(f"/proc/{found[-1]}/task").glob("*/children"):
            with suppress(OSError):
                waiting += [int(child) for child in task.read_text().split()]
    return found


def _times(pid: int) -> list[int]:
    """utime, stime, cutime, cstime of /proc/PID/stat, in ticks; the name before them may hold spaces."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return [int(value) for value in fields[11:15]]


def _cpu_with_dead_children(pid: int) -> float:
    with suppress(OSError):
        return sum(_times(pid)) / _TICKS
    return 0.0


def _high_water(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
