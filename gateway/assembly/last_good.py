"""The last good text of what people write, kept on disk: in force across restarts while somebody mends the file.

One file for each part of the configuration, replaced as a whole and readable by its owner only. The processes of a
gateway write it when they have read something good; commands do not, since another account may give them.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

from dicom_nodes.explained_error import ExplainedError
from gateway import clock, logs

T = TypeVar("T")
log = logs.get(__name__)

FORM = 1
"""Of the file; another one is as if there were none."""


@dataclass(frozen=True)
class Kept(Generic[T]):
    """What was good, and when it was kept (aware)."""

    value: T
    at: datetime


class LastGood(Generic[T]):
    """The last good texts of one part, in one file.

    `texts_of` reads the texts of a path by the names of their files; `made` makes the value of them and the path they
    are of. Both raise for what cannot be used.
    """

    def __init__(
        self,
        file: Path,
        texts_of: Callable[[Path], Mapping[str, str]],
        made: Callable[[Mapping[str, str], Path], T],
    ) -> None:
        self._file, self._texts_of, self._made = file, texts_of, made

    def read(self, path: Path) -> T:
        """The value of a path, whose texts are kept when it is good. Raises what makes it no value."""
        texts = self._texts_of(path)
        value = self._made(texts, path)
        self._keep(texts)
        return value

    def kept(self, path: Path) -> Kept[T] | None:
        """The value that was kept, as of `path`; None when there is none, or none that can be used now."""
        found = self._kept_texts()
        if found is None:
            return None
        texts, at = found
        try:
            return Kept(self._made(texts, path), at)
        except (ExplainedError, OSError, ValueError) as error:
            log.error("what was good before cannot be used any more", file=str(self._file), why=str(error))
            return None

    def _kept_texts(self) -> tuple[Mapping[str, str], datetime] | None:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            if content["form"] != FORM:
                return None
            return {str(name): str(text) for name, text in content["texts"].items()}, datetime.fromisoformat(
                content["kept_at"]
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            log.error(
                "the last good configuration cannot be read", file=str(self._file), why=type(error).__name__
            )
            return None

    def _keep(self, texts: Mapping[str, str]) -> None:
        present = self._kept_texts()
        if present is not None and present[0] == texts:
            return
        content = json.dumps({"form": FORM, "kept_at": clock.now().isoformat(), "texts": dict(texts)})
        beside = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(beside, self._file)
            _sync(self._file.parent)
        except OSError as error:
            # It is in force nevertheless: a full disk is no reason to turn senders away.
            log.error("the configuration in force cannot be kept", file=str(self._file), why=error.strerror)
            with suppress(OSError):
                beside.unlink()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
