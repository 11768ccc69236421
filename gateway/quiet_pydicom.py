"""Silence for pydicom while it looks at originals: its warnings quote values, both as warnings and in its log."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_silent: Final[ContextVar[bool]] = ContextVar("pydicom is silent", default=False)
_PYDICOM: Final = logging.getLogger("pydicom")


def _passes(_record: logging.LogRecord) -> bool:
    return not _silent.get()


_PYDICOM.addFilter(_passes)


@contextmanager
def silent_pydicom() -> Iterator[None]:
    """Nothing of pydicom reaches a log or the screen inside; other threads keep their own state of the log."""
    token = _silent.set(True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        _silent.reset(token)
