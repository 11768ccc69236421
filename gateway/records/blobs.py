"""The bytes of received and made objects, kept so that power loss cannot take them back.

Keys are derived from the content or the case, so a step that runs twice writes the same file twice. A file is written
beside its place, synced, renamed, and its folder synced: after `put` returns it is there for good
(POSIX promises the name only once the folder is on disk too).
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from dicom_nodes.encoding.octets import MappedFile, Octets, octets_at
from gateway.records import crash

START_WRITING: int | None = getattr(os, "POSIX_FADV_DONTNEED", None)
"""Advice that makes Linux write dirty pages out in the background (None where there is no such advice)."""
OPEN_FOLDER = ".open"
"""Name of the file that marks a folder as one a process fills (gateway.records.arrival.open_folders)."""
_BEHIND = 8 * 1024 * 1024  # bytes in memory that wait for the disk, besides one file


class BlobStore(Protocol):
    """Where object bytes live, by key (relative, '/'-separated)."""

    def put(self, key: str, data: bytes) -> None:
        """Keep the bytes durably; raises OSError when that is impossible."""

    def batch(self) -> AbstractContextManager[Batch]:
        """Keep many files at the price of few: all are there for good when the block ends; if it fails, none counts."""

    def get(self, key: str) -> bytes:
        """The bytes; raises FileNotFoundError."""

    def view(self, key: str) -> Octets:
        """The bytes, left on the disk where there are many; raises FileNotFoundError."""

    def path(self, key: str) -> Path:
        """A file to read the bytes from."""

    def free_mb(self) -> float:
        """Megabytes left."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key below a folder; a file without bytes is a place not yet used (intake.open_folders)."""

    def delete(self, key: str) -> None:
        """Forget the bytes durably; fine when they are already gone."""

    def delete_abandoned(self, older_than: timedelta) -> int:
        """Delete what crashes left half-written, when it is this old; returns how many files."""


class Batch(Protocol):
    """Files that are kept together."""

    def put(self, key: str, data: Octets) -> None:
        """Take one more file; it is not there before the batch ends. Raises OSError."""

    def written(self, folder: str, pieces: Iterable[bytes | memoryview]) -> Octets:
        """A large file for a key in `folder`, put together on the disk, without a name until `put` takes it: if that
        never happens, whatever may happen instead, nothing is left of it. Raises OSError."""


class LocalBlobs:
    """Files below one folder of a local file system."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, key: str, data: bytes) -> None:
        batch = _LocalBatch(self)
        try:
            batch.write(key, data)
            batch.keep()
        finally:
            batch.discard()

    @contextmanager
    def batch(self) -> Iterator[_LocalBatch]:
        batch = _LocalBatch(self)
        try:
            yield batch
            batch.keep()
        finally:
            batch.discard()

    def get(self, key: str) -> bytes:
        return self.path(key).read_bytes()

    def view(self, key: str) -> Octets:
        return octets_at(self.path(key))

    def path(self, key: str) -> Path:
        parts = key.split("/")
        if not all(parts) or any(part.startswith(".") for part in parts):
            raise ValueError(
                f"{key!r} is not a key of the object store; keys are derived, never taken from input."
            )
        return self.folder.joinpath(*parts)

    def free_mb(self) -> float:
        return shutil.disk_usage(self.folder).free / 1e6

    def keys(self, prefix: str) -> Iterator[str]:
        for found in sorted(self.path(prefix).rglob("*")):
            if found.is_file() and not found.name.startswith(".") and found.stat().st_size:
                yield found.relative_to(self.folder).as_posix()

    def delete(self, key: str) -> None:
        place = self.path(key)
        try:
            place.unlink()
        except FileNotFoundError:
            return
        sync_folder(place.parent)  # a name that comes back after power loss was not deleted

    def delete_abandoned(self, older_than: timedelta) -> int:
        before = time.time() - older_than.total_seconds()
        abandoned = [
            path
            for path in self.folder.rglob(".*")
            # Not the lock file of an open folder: without it the recovery would not find what the open folder holds.
            if path.name != OPEN_FOLDER and path.is_file() and path.stat().st_mtime < before
        ]
        for path in abandoned:
            path.unlink(missing_ok=True)
        return len(abandoned)


class _LocalBatch:
    """Writes in a thread of its own, a little behind: who makes the next file does not wait for the last one."""

    def __init__(self, blobs: LocalBlobs) -> None:
        self._blobs = blobs
        self._writer: ThreadPoolExecutor | None = None
        self._written: deque[tuple[Future[None], int]] = deque()
        self._behind = 0
        self._folders: set[Path] = set()
        self._temporary: dict[Path, Path] = {}
        """Where each file lies until the end, by its place."""
        self._nameless: dict[MappedFile, int] = {}
        """Descriptors of the large files that are written and have no name yet."""

    def put(self, key: str, data: Octets) -> None:
        if self._writer is None:
            self._writer = ThreadPoolExecutor(1, "files")
        waits = 0 if isinstance(data, MappedFile) else len(data)
        while self._written and self._behind + waits > _BEHIND:
            self._wait_for_one()
        self._written.append((self._writer.submit(self.write, key, data), waits))
        self._behind += waits

    def written(self, folder: str, pieces: Iterable[bytes | memoryview]) -> Octets:
        into = self._blobs.path(folder)
        make_folder(into)
        descriptor = _nameless_in(into)
        if descriptor is None:
            return b"".join(pieces)
        try:
            _fill(descriptor, pieces)
            mapped = MappedFile.of(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._nameless[mapped] = descriptor
        return mapped

    def write(self, key: str, data: Octets) -> None:
        """Write one file beside its place. Raises OSError."""
        place = self._blobs.path(key)
        if place.parent not in self._folders:
            make_folder(place.parent)
            self._folders.add(place.parent)
        self._drop(self._temporary.pop(place, None))
        nameless = self._nameless.pop(data, None) if isinstance(data, MappedFile) else None
        if nameless is not None:
            self._temporary[place] = _named(nameless, place.parent)
            return
        descriptor, name = tempfile.mkstemp(prefix=".", dir=place.parent)
        self._temporary[place] = Path(name)
        try:
            _fill(descriptor, (data,))
        finally:
            os.close(descriptor)

    def keep(self) -> None:
        """Sync every file, give them their names, and sync these. Raises OSError."""
        while self._written:
            self._wait_for_one()
        for temporary in self._temporary.values():
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        crash.point("blobs.put:before")
        for place in list(self._temporary):
            os.replace(self._temporary.pop(place), place)
        for folder in self._folders:
            sync_folder(folder)
        crash.point("blobs.put:after")

    def _wait_for_one(self) -> None:
        written, size = self._written.popleft()
        self._behind -= size
        written.result()

    def discard(self) -> None:
        """Away with what has no name."""
        if self._writer is not None:
            self._writer.shutdown(cancel_futures=True)
        while self._temporary:
            self._drop(self._temporary.popitem()[1])
        while self._nameless:
            os.close(self._nameless.popitem()[1])

    @staticmethod
    def _drop(temporary: Path | None) -> None:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _nameless_in(folder: Path) -> int | None:
    """A new file without a name; None where the system or this file system has none. Raises OSError."""
    try:
        return os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except AttributeError:  # not Linux
        return None
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR):
            return None
        raise


def _fill(descriptor: int, pieces: Iterable[Octets | memoryview]) -> None:
    """Write a new file."""
    with open(descriptor, "wb", closefd=False) as stream:
        stream.writelines(pieces)
        stream.flush()
        if START_WRITING is not None:  # while the next one is made, so that its sync has little to wait for
            os.posix_fadvise(descriptor, 0, 0, START_WRITING)


def _named(descriptor: int, folder: Path) -> Path:
    """Give a file without a name one in `folder`, and close it."""
    temporary = folder / f".{secrets.token_hex(8)}"
    try:
        # Only with a descriptor, which an absolute path does without, Python takes linkat(2), which follows.
        os.link(f"/proc/self/fd/{descriptor}", temporary, src_dir_fd=descriptor)
    finally:
        os.close(descriptor)
    return temporary


def make_folder(folder: Path) -> None:
    """Make missing folders from the top, syncing each parent: a new folder's name is data too."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True, mode=0o700)
        sync_folder(new.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
