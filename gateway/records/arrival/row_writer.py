"""Rows of received objects, written in groups behind the files: one commit for whatever has arrived by then.

An object that is durable as a file (`arrival_mark`, `open_folders`) is handed over with `add` and gets its row within
milliseconds, together with what other associations brought meanwhile. Who needs the row before going on waits for it
on the pending row. Objects that were acknowledged without waiting stay here until the database takes them, and on
disk for the recovery at the next start; while the database does not take them, `is_failing` says so and nothing more
is begun.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from gateway.records import ledger
from gateway.records.database import Database

log = logging.getLogger(__name__)

_GROUP = 500
_PAUSE_S = 0.1  # what comes within it shares a commit; nobody waits for it who needs the row
_RETRY_S = 1.0
_IDLE_S = 1.0  # then the thread ends; the next object starts it again

Settled = Callable[[ledger.Kept], None]


class PendingRow:
    """An object on its way to its row."""

    def __init__(self, instance: ledger.NewInstance, settled: Settled, *, needed: bool) -> None:
        self.instance = instance
        self.settled = settled
        self.needed = needed  # somebody waits, and will say that it failed
        self._done = threading.Event() if needed else None
        self._kept: ledger.Kept | None = None
        self._error: Exception | None = None

    def wait(self) -> ledger.Kept:
        """The row's study; raises what prevented the row. Only for a needed one."""
        if self._done is not None:
            self._done.wait()
        if self._kept is None:
            raise self._error or RuntimeError("no row and no error")
        return self._kept

    def resolve(self, kept: ledger.Kept | None, error: Exception | None = None) -> None:
        """There is a row, or there will be none."""
        self._kept, self._error = kept, error
        if kept is not None:
            try:
                self.settled(kept)
            except OSError:
                log.exception("a settled object could not be tidied up")
        if self._done is not None:
            self._done.set()


class RowWriter:
    """The writer of one process; safe across threads."""

    def __init__(self, database: Database, quiet: timedelta) -> None:
        self._database = database
        self._quiet = quiet
        lock = threading.Lock()
        self._changed, self._written = threading.Condition(lock), threading.Condition(lock)
        self._waiting: list[PendingRow] = []
        self._unwritten = 0
        self._urgent = 0
        self._thread: threading.Thread | None = None
        self._is_failing = False

    @property
    def is_failing(self) -> bool:
        """Whether acknowledged objects wait for a database that takes nothing."""
        return self._is_failing

    def add(self, instance: ledger.NewInstance, settled: Settled, *, needed: bool) -> PendingRow:
        """Have a row written; `settled` is called when it is, in the writer's thread."""
        pending = PendingRow(instance, settled, needed=needed)
        with self._changed:
            self._waiting.append(pending)
            self._unwritten += 1
            self._urgent += needed
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="rows", daemon=True)
                self._thread.start()
            elif needed or len(self._waiting) == 1 or len(self._waiting) >= _GROUP:
                self._changed.notify_all()
        return pending

    def flush(self, seconds: float = 30.0) -> bool:
        """Wait until everything added before has its row; False when the database did not take it in time."""
        with self._changed:
            self._urgent += 1
            self._changed.notify_all()
            try:
                return self._written.wait_for(lambda: not self._unwritten, seconds)
            finally:
                self._urgent -= 1

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._waiting, _IDLE_S):
                    self._thread = None
                    return
                self._changed.wait_for(lambda: self._urgent or len(self._waiting) >= _GROUP, _PAUSE_S)
                group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]
            again = self._write(group)
            with self._changed:
                self._is_failing = bool(again)
                self._waiting[:0] = again
                self._unwritten -= len(group) - len(again)
                self._urgent -= sum(pending.needed for pending in group)
                self._written.notify_all()
                if again:
                    self._changed.wait(_RETRY_S)

    def _write(self, group: list[PendingRow]) -> list[PendingRow]:
        """Write one group; returns the objects to try again."""
        try:
            kept = ledger.keep_instances(self._database, [pending.instance for pending in group], self._quiet)
        except (OSError, SQLAlchemyError) as error:
            if len(group) > 1 and not is_away(error):
                # One of them is the reason: each for itself, so that it alone fails.
                return [again for pending in group for again in self._write([pending])]
            log.error("%d objects have no row yet: %s", len(group), type(error).__name__)
            return [pending for pending in group if _is_to_try_again(pending, error)]
        for pending, answer in zip(group, kept, strict=True):
            pending.resolve(answer)
        return []


def _is_to_try_again(pending: PendingRow, error: Exception) -> bool:
    # One that the database will never take stays on disk, in an open folder: the next start reports it again.
    if pending.needed or not is_away(error):
        pending.resolve(None, error)
        return False
    return True


def is_away(error: Exception) -> bool:
    """Whether the database takes nothing at present, rather than not this row."""
    return isinstance(error, OSError | OperationalError | InterfaceError)
