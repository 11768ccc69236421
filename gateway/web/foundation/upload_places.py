"""How many uploads and STOW-RS requests are under way, and how many bytes they hold on the disk: by account and in all.

A temporary file counts while it is there. What is one too many is told at once to come again (429), before its body is
read; what fills the disk is stopped on its way (503).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import Any, Final

from fastapi import Request

from gateway.records.blobs import BlobStore
from gateway.settings import Settings
from gateway.web.foundation.problems import NoRoom, TooManyRequests
from gateway.web.unpacking.process import Unpacking, UnpackingLimits

IN_MEMORY: Final = 1_000_000
"""Bytes of one object kept in memory before it goes to a temporary file: most slices of an MR series."""
_MB: Final = 1_000_000
_COME_AGAIN_S: Final = 30.0
_LOOK_EVERY: Final = 16 * _MB
"""Bytes between two looks at what is free on the disk."""


class UploadPlaces:
    """Those of one server; safe across threads."""

    def __init__(self, settings: Settings, blobs: BlobStore) -> None:
        self._limits = limits = settings.limits
        self._min_free_mb = settings.storage.min_free_mb
        self._blobs = blobs
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()
        self._held: Counter[str] = Counter()
        self._since_look = 0
        self.folder = str(settings.storage.objects)
        """Where temporary files are: beside the objects, where there is room and nobody else reads."""
        self.unpacking = Unpacking(
            UnpackingLimits(limits.unpack_processes, limits.unpack_mb << 20, limits.unpack_seconds)
        )

    @contextmanager
    def upload(self, account: str) -> Iterator[UploadPlace]:
        """One upload of an account, a token or a node, until the block ends; raises TooManyRequests."""
        limits = self._limits
        with self._lock:
            if self._under_way[account] >= limits.uploads_per_account:
                raise _too_many(f"{limits.uploads_per_account} uploads of this account are under way")
            if self._under_way.total() >= limits.uploads:
                raise _too_many(f"{limits.uploads} uploads are under way")
            self._under_way[account] += 1
        place = UploadPlace(self, account)
        try:
            yield place
        finally:
            place.end()
            with self._lock:
                self._under_way[account] -= 1
                self._under_way += Counter()  # without zeros

    def take(self, account: str, count: int) -> None:
        """So many bytes more are held; raises NoRoom."""
        limits = self._limits
        with self._lock:
            of_account, of_all = self._held[account] + count, self._held.total() + count
            if of_account > limits.uploads_mb_per_account * _MB or of_all > limits.uploads_mb * _MB:
                raise NoRoom(
                    "The uploads under way hold as much as the gateway takes at once.",
                    "Send it again in a minute, or less at once.",
                    retry_after_s=_COME_AGAIN_S,
                )
            self._held[account] += count
            self._since_look += count
            looks, self._since_look = self._since_look >= _LOOK_EVERY, self._since_look % _LOOK_EVERY
        if looks and self._blobs.free_mb() < self._min_free_mb:
            self.give_back(account, count)
            raise NoRoom(
                "The disk is nearly full.",
                "Free space under [storage] objects; then send it again.",
                retry_after_s=_COME_AGAIN_S,
            )

    def give_back(self, account: str, count: int) -> None:
        """They are gone."""
        with self._lock:
            self._held[account] -= count
            self._held += Counter()


class UploadPlace:
    """One upload under way."""

    def __init__(self, places: UploadPlaces, account: str) -> None:
        self._places = places
        self._account = account
        self._taken = 0
        self.unpacking = places.unpacking
        self.folder = places.folder

    def take(self, count: int) -> None:
        """So many bytes are held until the upload ends, besides those of its temporary files; raises NoRoom."""
        self._places.take(self._account, count)
        self._taken += count

    def end(self) -> None:
        """What was taken is given back."""
        taken, self._taken = self._taken, 0
        self._places.give_back(self._account, taken)

    def temporary_file(self) -> SpooledTemporaryFile[bytes]:
        """A file without a name beside the objects, where there is room and nobody else reads; it counts."""
        return _Counted(
            lambda count: self._places.take(self._account, count),
            lambda count: self._places.give_back(self._account, count),
            max_size=IN_MEMORY,
            dir=self.folder,
        )


class _Counted(SpooledTemporaryFile[bytes]):
    """A temporary file whose bytes are taken before they are written, and given back when it is closed."""

    def __init__(self, take: Callable[[int], None], give_back: Callable[[int], None], **how: Any) -> None:
        super().__init__(**how)
        self._take, self._give_back, self._count = take, give_back, 0

    def write(self, data: Any) -> int:
        self._take(len(data))
        self._count += len(data)
        return super().write(data)

    def __exit__(self, *_: object) -> None:
        self.close()  # the one of the standard library closes only what is below

    def close(self) -> None:
        count, self._count = self._count, 0
        if count:
            self._give_back(count)
        super().close()


def _too_many(what: str) -> TooManyRequests:
    return TooManyRequests(
        f"{what}; more are not taken at once.",
        "Send it when one of them is done.",
        retry_after_s=_COME_AGAIN_S,
    )


def upload_places(request: Request) -> UploadPlaces:
    """Those of the application that answers this request."""
    places: UploadPlaces = request.app.state.upload_places
    return places
