"""What `gateway check` says of how the audit trail proves itself: the file of anchors, and the audit repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gateway.errors import SettingsError
from gateway.pipeline.jobs.trail import anchor_file, repository
from gateway.records.audit import anchors, syslog
from gateway.records.audit.syslog import NotSent
from gateway.service.problem import Problem
from gateway.settings import Settings


def proof(settings: Settings) -> Iterator[Problem]:
    """A file that takes no anchor or has another thing in it, and certificates that open no connection."""
    path = anchor_file(settings)
    if _takes_lines(path):
        yield from _other_things(path)
    elif settings.audit.anchors is not None or path.exists():  # the folder of the objects is told of by _disk
        yield Problem(
            "audit",
            f"The head of the audit trail cannot be written to {path}.",
            "Correct [audit] anchors, or the folder's permissions.",
        )
    server = repository(settings)
    if server is not None and server.scheme == "tls":
        try:
            syslog.context(server)
        except NotSent as unusable:
            yield Problem("audit", unusable.problem, unusable.fix)


def _other_things(path: Path) -> Iterator[Problem]:
    try:
        for _ in anchors.read(path):
            pass
    except SettingsError as error:
        yield Problem("audit", error.problem, error.fix)
    except OSError as error:
        yield Problem("audit", f"{path} cannot be read ({error.strerror}).", "Correct its permissions.")


def _takes_lines(path: Path) -> bool:
    """Without making it: `check` may run under another account."""
    if path.exists():
        return path.is_file() and os.access(path, os.W_OK)
    nearest = next(parent for parent in path.absolute().parents if parent.exists())
    return nearest.is_dir() and os.access(nearest, os.W_OK)
