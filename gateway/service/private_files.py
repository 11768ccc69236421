"""What the gateway writes is its own account's: 0600 and 0700 from the first byte, in every command and every role."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.settings import Settings

OTHERS = 0o077
"""The permissions of everybody else."""
MOST_LOOKED_AT = 100_000
"""Files and folders of one place that a check looks at: where one is open so are others; millions take long."""


def keep_private() -> None:
    """From now on this process, and those it starts, make nothing that another account can read.

    The mask, not a chmod afterwards: SQLite makes its log while it runs, and libraries their temporary files.
    """
    os.umask(OTHERS)


@dataclass(frozen=True)
class Wide:
    """A place of the gateway with something in it that other accounts may reach."""

    place: Path
    first: Path
    mode: int
    """Of `first`: the permission bits."""
    others: int
    """How many more there are, as far as was looked."""


def wide(settings: Settings) -> Iterator[Wide]:
    """Each place that holds identities, images or keys and lets other accounts at them; links are not followed."""
    for place in places(settings):
        readable = []
        for looked_at, path in enumerate(_all_of(place)):
            if looked_at == MOST_LOOKED_AT:
                break
            mode = path.lstat().st_mode
            if mode & OTHERS and not path.is_symlink():
                readable.append((path, mode & 0o777))
        if readable:
            yield Wide(place, *readable[0], others=len(readable) - 1)


def places(settings: Settings) -> tuple[Path, ...]:
    """The folders and files of the data, none inside another: a data folder instead of what lies in it."""
    storage = settings.storage
    wanted = [storage.objects, storage.keys, storage.last_good or storage.objects.parent / "last-good"]
    if storage.database.startswith("sqlite:///"):
        file = Path(storage.database.removeprefix("sqlite:///"))
        wanted += [file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))]
    return tuple(path for path in wanted if path.exists())


def _all_of(place: Path) -> Iterator[Path]:
    yield place
    if place.is_dir() and not place.is_symlink():
        for folder, folders, files in os.walk(place):
            yield from (Path(folder, name) for name in (*folders, *files))
