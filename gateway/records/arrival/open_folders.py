"""Names that are on disk before the bytes are: so that one sync makes a received object durable.

POSIX promises a new file's name only once its folder is synced too: a second sync for each object. A tray is a folder
of empty files, made and synced before they are needed; an object takes one of them, and syncing that file is all.

    received/20260110/3f9c2a70b1de/.open      locked by the process that fills this tray; gone when all is settled
                                   000.dcm    a place: empty, being written, or a whole object (`arrival_mark`)

The lock ends with its process. A tray that is `.open` and not locked is one whose process died: `left_behind` finds
it, for the recovery. A settled tray is never looked at again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.records.blobs import OPEN_TRAY, make_folder, sync_folder

PLACES = 128
READY = 8
"""Trays kept ready: the images of a study, or of a few."""
QUIET_S = 0.5


@dataclass(frozen=True)
class Place:
    """An empty file that is one object's; `key` is its key in the object store."""

    key: str
    path: Path
    tray: _Tray

    def settle(self, key: str, path_of: Callable[[str], Path]) -> None:
        """The object has its row, which names `key`: a recovery need not look here any more."""
        if key != self.key:
            settle(self.path, path_of(key))
        self.tray.settled()

    def clear(self) -> None:
        """There is no object here."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self.tray.settled()


class _Tray:
    """One folder of places. Raises OSError when it cannot be made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._unsettled = PLACES
        make_folder(folder)
        self._descriptor = os.open(folder / ".new", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            (folder / ".new").rename(folder / OPEN_TRAY)  # locked before anybody can find it
            self.free = deque(self._make_places())
            sync_folder(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(self._descriptor)
            raise

    def _make_places(self) -> Iterator[Place]:
        prefix = _key(self.folder)
        for number in range(PLACES):
            path = self.folder / f"{number:03}.dcm"
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            yield Place(f"{prefix}/{path.name}", path, self)

    def settled(self) -> None:
        with self._lock:
            self._unsettled -= 1
            if self._unsettled:
                return
        _forget(self.folder)
        os.close(self._descriptor)

    def close(self) -> None:
        """Clear what nobody took."""
        while self.free:
            self.free.popleft().clear()


class Trays:
    """Hands out places; safe across threads. `folder` is the one that holds all trays of all processes.

    Trays are made while nobody sends: each new file waits for the file system's journal, which every sync of an object
    writes. Who finds none ready makes one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed = threading.Condition()
        self._tray: _Tray | None = None
        self._ready: deque[_Tray] = deque()
        self._taken_at = 0.0
        self._maker: threading.Thread | None = None
        self._is_closed = False

    def take(self) -> Place:
        """A place for one object; raises OSError."""
        with self._changed:
            if self._tray is None or not self._tray.free:
                self._tray = self._ready.popleft() if self._ready else self._new_tray()
            self._taken_at = time.monotonic()
            if self._maker is None and len(self._ready) < READY:
                self._is_closed = False
                self._maker = threading.Thread(target=self._make, name="trays", daemon=True)
                self._maker.start()
            return self._tray.free.popleft()

    def get_ready(self) -> None:
        """Make the first tray before the first object needs it; raises OSError."""
        with self._changed:
            if self._tray is None:
                self._tray = self._new_tray()

    def close(self) -> None:
        """Give back what was not used."""
        with self._changed:
            maker, self._is_closed = self._maker, True
            self._changed.notify_all()
        if maker is not None:
            maker.join()
        with self._changed:
            for tray in (*self._ready, *([self._tray] if self._tray is not None else [])):
                tray.close()
            self._ready.clear()
            self._tray = None

    def _new_tray(self) -> _Tray:
        day = datetime.now(UTC).strftime("%Y%m%d")
        return _Tray(self._folder / day / secrets.token_hex(6))

    def _make(self) -> None:
        """Fill up what is ready whenever nobody has taken anything for a moment; then end."""
        while True:
            with self._changed:
                quiet = time.monotonic() - self._taken_at
                if self._is_closed or len(self._ready) >= READY:
                    self._maker = None
                    return
                if quiet < QUIET_S:
                    self._changed.wait(QUIET_S - quiet)
                    continue
            made: _Tray | None = None
            with contextlib.suppress(OSError):  # the one who needs it will try again, and say so
                made = self._new_tray()
            with self._changed:
                if made is None:
                    self._taken_at = time.monotonic()
                else:
                    self._ready.append(made)


@dataclass(frozen=True)
class LeftTray:
    """A tray whose process died; locked by us as long as `left_behind` is at it."""

    folder: Path

    def forget(self) -> None:
        """All its objects have their rows."""
        _forget(self.folder)


def left_behind(folder: Path) -> Iterator[tuple[LeftTray, list[tuple[str, Path]]]]:
    """Every tray whose process died, with the keys and paths of its files; one that is not forgotten is found again."""
    for mark in sorted(folder.glob(f"*/*/{OPEN_TRAY}")):
        descriptor = _locked(mark)
        if descriptor is None:
            continue
        try:
            files = sorted(mark.parent.glob("*.dcm"))
            yield LeftTray(mark.parent), [(f"{_key(mark.parent)}/{path.name}", path) for path in files]
        finally:
            os.close(descriptor)


def settle(path: Path, first_copy: Path) -> None:
    """An object has its row: it stays, or it is an object kept before and goes, or takes the place of a lost one."""
    if path == first_copy:
        return
    if first_copy.exists():
        path.unlink(missing_ok=True)
    else:
        make_folder(first_copy.parent)
        path.replace(first_copy)
        sync_folder(first_copy.parent)


def _key(tray: Path) -> str:
    return "/".join(tray.parts[-3:])  # received, day, tray


def _locked(mark: Path) -> int | None:
    """The descriptor of a lock that nobody held; None when its process lives, or has just settled it."""
    try:
        descriptor = os.open(mark, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _forget(tray: Path) -> None:
    """Nothing here is open any more; an empty tray goes. Not synced: found again, it is settled again."""
    (tray / OPEN_TRAY).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        tray.rmdir()
