"""Work that fills a processor core, shared among processes: the steps run as threads of one, which share one core.

The processes are started when there is work for them, from a clean one that has opened nothing and runs no thread
(`forkserver`), and stay, because what they have learned of the tables of the Standard is worth keeping. Each ends when
the worker's end of its pipe is closed, by whatever.
"""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from gateway import logs
from gateway.records.tables.studies import Instance
from gateway.settings import LogSettings, usable_cores

log = logs.get(__name__)

_LOADED: Final = ["__main__", "gateway.pipeline.steps.copies", "gateway.pipeline.steps.facts"]
"""Imported once, before processes are forked."""
_PATIENCE_S: Final = 5.0
_OBJECT_BYTES: Final = 500_000
"""What deciding about an object costs besides its bytes, in bytes that are searched and written meanwhile."""
_LEAST_SHARE_BYTES: Final = 60_000_000
"""Work that is worth another process: some 85 single images, or one large multi-frame one."""

_Order = TypeVar("_Order")
_Answer = TypeVar("_Answer")


def shared(instances: Sequence[Instance], processes: int) -> list[list[Instance]]:
    """Instances cut into shares of about the same work, series by series; one share where more would not pay.

    What the objects of a series have in common is learned anew in each share.
    """
    work = sum(_OBJECT_BYTES + instance.size for instance in instances)
    count = max(1, min(processes, work // _LEAST_SHARE_BYTES))
    series = {uid: at for at, uid in enumerate(dict.fromkeys(one.series_instance_uid for one in instances))}
    shares: list[list[Instance]] = [[] for _ in range(count)]
    done = 0
    for instance in sorted(instances, key=lambda one: series[one.series_instance_uid]):
        shares[done * count // work].append(instance)
        done += _OBJECT_BYTES + instance.size
    return shares


class ProcessDied(OSError):
    """A process that worked for a step is gone; trying again may help."""

    def __init__(self) -> None:
        super().__init__(0, "a process that prepared copies died; is the machine short of memory?")


class Cores:
    """`processes` (0: as many as there are cores for us) that work for this one; with 1 it does all itself.

    Safe across threads: who finds all at work waits for one.
    """

    def __init__(self, processes: int = 0) -> None:
        self.processes = processes or usable_cores()
        self._idle: SimpleQueue[_Process] = SimpleQueue()
        for _ in range(self.processes):
            self._idle.put(_Process())

    def each(self, do: Callable[[_Order], _Answer], orders: Sequence[_Order]) -> list[_Answer]:
        """`do` of each order; a single one is done here. Raises what `do` raises, and ProcessDied."""
        if len(orders) < 2 or self.processes < 2:
            return [do(order) for order in orders]

        def done(order: _Order) -> _Answer:
            process = self._idle.get()
            try:
                return process.ask(do, order)
            finally:
                self._idle.put(process)

        with ThreadPoolExecutor(len(orders), "cores") as asking:
            return list(asking.map(done, orders))

    def close(self) -> None:
        """End the processes that are not at work. Whoever asks nevertheless starts one anew: nobody waits for ever."""
        for _ in range(self._idle.qsize()):
            with suppress(Empty):
                process = self._idle.get_nowait()
                process.end()
                self._idle.put(process)


class _Process:
    """One process, while there is one, and our end of its pipe."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def ask(self, do: Callable[[_Order], _Answer], order: _Order) -> _Answer:
        """`do(order)`, over there; here where no process can be started. Raises what it raises, and ProcessDied."""
        try:
            pipe = self._pipe or self._started()
        except (OSError, EOFError) as error:  # EOFError: the one that forks them could not
            self.end()
            log.error("no process can be started; the worker prepares alone", why=type(error).__name__)
            return do(order)
        try:
            pipe.send((do, order))
            answer: Any = pipe.recv()
        except (EOFError, ConnectionError):
            self.end()
            log.error("a process that prepared copies died")
            raise ProcessDied from None
        if isinstance(answer, _Raised):
            raise answer.error
        found: _Answer = answer
        return found

    def end(self) -> None:
        """Close the pipe, and do not leave a dead process lying about."""
        process, pipe, self._process, self._pipe = self._process, self._pipe, None, None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.join(_PATIENCE_S)

    def _started(self) -> Connection:
        context = get_context("forkserver")
        context.set_forkserver_preload(_LOADED)
        self._pipe, theirs = context.Pipe()
        with theirs:  # only they may hold it: then its end is seen here
            process = context.Process(target=_work, args=(theirs, logs.in_force()), daemon=True)
            process.start()
        self._process = process
        return self._pipe


class _Raised:
    """What an order raised."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _work(pipe: Connection, settings: LogSettings) -> None:
    """What a process does: answer orders until the pipe is closed."""
    logs.configure(settings)
    with pipe:
        while True:
            try:
                do, order = pipe.recv()
            except (EOFError, ConnectionError):
                return
            try:
                answer = do(order)
            except Exception as error:  # noqa: BLE001  it is raised again by who asked
                answer = _Raised(_as_sent(error))
            try:
                pipe.send(answer)
            except ConnectionError:
                return


def _as_sent(error: Exception) -> Exception:
    """The error with the place where it happened; where it cannot be sent, one of its name (never its words)."""
    error.add_note("".join(traceback.format_tb(error.__traceback__)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001  whatever an error's own parts raise when they are put together again
        return RuntimeError(f"{type(error).__name__} in a process that prepared copies")
    return error
