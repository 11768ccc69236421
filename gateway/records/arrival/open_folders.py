"""Names that are on disk before the bytes are: so that one sync makes a received object durable.

POSIX promises a new file's name only once its folder is synced too: a second sync for each object. An open folder is
a folder of empty files, made and synced before they are needed; an object takes one of them, and syncing that file is
all.

    received/20260110/3f9c2a70b1de/.open      locked by the process that fills the folder; gone when all is settled
                                   000.dcm    a place: empty, being written, or a whole object (`arrival_mark`)

The lock ends with its process. An open folder that is `.open` and not locked is one whose process died: `left_behind`
finds it, for the recovery. A settled folder is never looked at again.
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

from gateway.records.blobs import OPEN_FOLDER, make_folder, sync_folder

PLACES = 128
READY = 8
"""Open folders kept ready: the images of a study, or of a few."""
QUIET_S = 0.5


@dataclass(frozen=True)
class ReservedFile:
    """An empty file that is one object's; `key` is its key in the object store."""

    key: str
    path: Path
    open_folder: _OpenFolder

    def settle(self, key: str, path_of: Callable[[str], Path]) -> None:
        """The object has its row, which names `key`: a recovery need not look here any more."""
        if key != self.key:
            settle(self.path, path_of(key))
        self.open_folder.settled()

    def clear(self) -> None:
        """There is no object here."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self.open_folder.settled()


class _OpenFolder:
    """One folder of places. Raises OSError when it cannot be made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._unsettled = PLACES
        make_folder(folder)
        self._descriptor = os.open(folder / ".new", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            (folder / ".new").rename(folder / OPEN_FOLDER)  # locked before anybody can find it
            self.free = deque(self._make_places())
            sync_folder(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(self._descriptor)
            raise

    def _make_places(self) -> Iterator[ReservedFile]:
        prefix = _key(self.folder)
        for number in range(PLACES):
            path = self.folder / f"{number:03}.dcm"
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            yield ReservedFile(f"{prefix}/{path.name}", path, self)

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


class OpenFolders:
    """Hands out places; safe across threads. `folder` is the one that holds all open folders of all processes.

    Open folders are made while nobody sends: each new file waits for the file system's journal, which every sync of
    an object writes. Who finds none ready makes one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changed = threading.Condition()
        self._filling: _OpenFolder | None = None
        self._ready: deque[_OpenFolder] = deque()
        self._taken_at = 0.0
        self._maker: threading.Thread | None = None
        self._is_closed = False

    def take(self) -> ReservedFile:
        """A place for one object; raises OSError."""
        with self._changed:
            if self._filling is None or not self._filling.free:
                self._filling = self._ready.popleft() if self._ready else self._new_folder()
            self._taken_at = time.monotonic()
            if self._maker is None and len(self._ready) < READY:
                self._is_closed = False
                self._maker = threading.Thread(target=self._make, name="trays", daemon=True)
                self._maker.start()
            return self._filling.free.popleft()

    def get_ready(self) -> None:
        """Make the first open folder before the first object needs it; raises OSError."""
        with self._changed:
            if self._filling is None:
                self._filling = self._new_folder()

    def close(self) -> None:
        """Give back what was not used."""
        with self._changed:
            maker, self._is_closed = self._maker, True
            self._changed.notify_all()
        if maker is not None:
            maker.join()
        with self._changed:
            for open_folder in (*self._ready, *([self._filling] if self._filling is not None else [])):
                open_folder.close()
            self._ready.clear()
            self._filling = None

    def _new_folder(self) -> _OpenFolder:
        day = datetime.now(UTC).strftime("%Y%m%d")
        return _OpenFolder(self._folder / day / secrets.token_hex(6))

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
            made: _OpenFolder | None = None
            with contextlib.suppress(OSError):  # the one who needs it will try again, and say so
                made = self._new_folder()
            with self._changed:
                if made is None:
                    self._taken_at = time.monotonic()
                else:
                    self._ready.append(made)


@dataclass(frozen=True)
class LeftFolder:
    """An open folder whose process died; locked by us as long as `left_behind` is at it."""

    folder: Path

    def forget(self) -> None:
        """All its objects have their rows."""
        _forget(self.folder)


def left_behind(folder: Path) -> Iterator[tuple[LeftFolder, list[tuple[str, Path]]]]:
    """Every open folder whose process died, with keys and paths of its files; found again until forgotten."""
    for lock_file in sorted(folder.glob(f"*/*/{OPEN_FOLDER}")):
        descriptor = _locked(lock_file)
        if descriptor is None:
            continue
        try:
            files = sorted(lock_file.parent.glob("*.dcm"))
            yield (
                LeftFolder(lock_file.parent),
                [(f"{_key(lock_file.parent)}/{path.name}", path) for path in files],
            )
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


def _key(open_folder: Path) -> str:
    return "/".join(open_folder.parts[-3:])  # received, day, open folder


def _locked(lock_file: Path) -> int | None:
    """The descriptor of a lock that nobody held; None when its process lives, or has just settled it."""
    try:
        descriptor = os.open(lock_file, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _forget(open_folder: Path) -> None:
    """Nothing here is open any more; an empty folder goes. Not synced: found again, it is settled again."""
    (open_folder / OPEN_FOLDER).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        open_folder.rmdir()
