"""Work shared among processes: its order, its errors, and the end of processes on either side."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.pipeline.cores import Cores, ProcessDied
from support.shared_work import die_at, double, fail_unsendably, size_of

TESTS = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


@pytest.fixture
def cores() -> Iterator[Cores]:
    """Two processes."""
    made = Cores(2)
    yield made
    made.close()


def test_others_work_and_answers_are_in_order(cores: Cores) -> None:
    """Four orders are answered in their order, none of them by this process."""
    found = cores.each(double, [1, 2, 3, 4])
    assert [number for number, _ in found] == [2, 4, 6, 8]
    who = {pid for _, pid in found}
    assert len(who) == 2
    assert os.getpid() not in who


def test_the_same_processes_work_again(cores: Cores) -> None:
    """They stay for the next study."""
    first, second = (cores.each(double, [1, 2, 3, 4]) for _ in range(2))
    assert {pid for _, pid in first} == {pid for _, pid in second}


def test_a_step_that_outlives_the_close_is_not_stuck(cores: Cores) -> None:
    """What still runs when the worker stops draining finds a process and ends, rather than waiting for ever."""
    before = cores.each(double, [1, 2, 3, 4])
    cores.close()
    after = cores.each(double, [1, 2, 3, 4])
    assert [number for number, _ in after] == [2, 4, 6, 8]
    assert not {pid for _, pid in before} & {pid for _, pid in after}


@pytest.mark.parametrize(("processes", "orders"), [(2, [1]), (1, [1, 2])])
def test_little_work_is_done_here(processes: int, orders: list[int]) -> None:
    """A single order, or one process: nothing is started."""
    found = Cores(processes).each(double, orders)
    assert {pid for _, pid in found} == {os.getpid()}


def test_as_many_as_there_are_cores() -> None:
    """Without a number there is one process for each core this one may use."""
    assert Cores().processes == len(os.sched_getaffinity(0))


def test_an_error_comes_back_as_it_is(cores: Cores, tmp_path: Path) -> None:
    """What the work raises is raised here, so that the class of the error decides what happens next."""
    with pytest.raises(FileNotFoundError):
        cores.each(size_of, [tmp_path / "none", tmp_path])
    assert len(cores.each(size_of, [tmp_path, tmp_path])) == 2


def test_an_error_that_cannot_be_sent_is_named(cores: Cores) -> None:
    """An error whose parts do not fit through the pipe is told by its class, without its words."""
    with pytest.raises(RuntimeError, match=r"^Unsendable in a process"):
        cores.each(fail_unsendably, [1, 2])


def test_a_process_that_dies_is_trouble_that_may_pass(cores: Cores) -> None:
    """Killed in the middle: an OSError that says so, and the next work finds new processes."""
    with pytest.raises(ProcessDied, match="short of memory"):
        cores.each(die_at, [0, 1, 2])
    assert cores.each(die_at, [0, 2]) == [0, 2]


def test_where_no_process_can_be_started_the_work_is_done_here(
    cores: Cores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No room for another process, or for its socket: slower, but done."""

    def refuse(_process: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "no more processes")

    monkeypatch.setattr("multiprocessing.context.ForkServerProcess.start", refuse)
    assert {pid for _, pid in cores.each(double, [1, 2, 3])} == {os.getpid()}
    monkeypatch.undo()
    assert os.getpid() not in {pid for _, pid in cores.each(double, [1, 2, 3])}


def test_no_process_prints_what_pydicom_quotes() -> None:
    """A value that pydicom warns about is on no screen and in no log, of the worker or of those that work for it."""
    done = subprocess.run(
        [sys.executable, "-m", "support.shared_work", "look"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=ENVIRONMENT,
    )
    assert done.stdout == "looked\n"
    assert "SECRET" not in done.stderr


def test_nobody_works_on_for_a_worker_that_was_killed() -> None:
    """kill -9 of the worker: the processes that worked for it end, too."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "support.shared_work"],
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    assert worker.stdout is not None
    with worker.stdout:
        others = [int(pid) for pid in worker.stdout.readline().split()]
        assert len(others) == 2
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    deadline = time.monotonic() + 30
    while any(_lives(pid) for pid in others):
        assert time.monotonic() < deadline, others
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
