"""Work that no case waits for, done one after another by one thread that gives way to all others.

What comes first in `JOBS` goes first, again after each piece: the pictures of a new case before the alignment of one
that has its pictures, that before a map of its change.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from gateway import logs
from gateway.pipeline.context import StepContext
from gateway.pipeline.jobs import alignments, change_maps, pictures

log = logs.get(__name__)

Job = Callable[[StepContext], bool]
"""Does one piece of work; False: there was none. It claims and records by the ledger, and may be killed anywhere."""
JOBS: Final[tuple[Job, ...]] = (pictures.make_one, alignments.align_one, change_maps.make_one)
_NICE: Final = 10
_AFTER_AN_ERROR_S: Final = 5.0


class Background:
    """The thread; `stop` ends it after the piece that it is at, and does not wait for that."""

    def __init__(self, context: StepContext, jobs: tuple[Job, ...] = JOBS) -> None:
        self._context, self._jobs = context, jobs
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="background", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self, wait_s: float = 0.0) -> None:
        """Take no new work; what is half made is made again."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(wait_s)

    def run_due(self) -> int:
        """Do everything that is due, in this thread; how many pieces that were (for tests and commands)."""
        done = 0
        while self._one():
            done += 1
        return done

    def _work(self) -> None:
        with suppress(OSError, AttributeError):  # of Linux: of this thread alone
            nice = min(19, os.getpriority(os.PRIO_PROCESS, os.getpid()) + _NICE)
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
        while not self._stopping.is_set():
            try:
                if not self._one():
                    self._stopping.wait(self._context.settings.engine.poll)
            except (
                Exception
            ):  # the database is away, or a bug: nobody's case is harmed, and it is tried again
                if self._stopping.is_set():
                    return
                log.exception("work in the background failed in a way nobody foresaw")
                self._stopping.wait(_AFTER_AN_ERROR_S)

    def _one(self) -> bool:
        return any(job(self._context) for job in self._jobs)
