"""What archives count in a study, asked without being a burden: whoever is silent holds up nobody.

A node answers one question of ours at a time. One that failed is left alone for a while, twice as long after each
further failure. Only the worker's memory keeps this: after a restart it asks anew. What a node said about a study is
kept in the study's row (gateway.pipeline.steps.complete).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dicom_nodes.counts import InstanceCount
from dicom_nodes.errors import NodeError
from gateway import logs

log = logs.get(__name__)

_LEFT_ALONE: Final = timedelta(seconds=30)
_LEFT_ALONE_AT_MOST: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Busy:
    """The node is answering another question: ask again in a moment."""


@dataclass(frozen=True)
class _Failing:
    until: datetime
    pause: timedelta


class ArchiveCounts:
    """Which nodes are asked or left alone now. Safe across threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: set[str] = set()
        self._failing: dict[str, _Failing] = {}

    def of(self, node: str, now: datetime, ask: Callable[[], InstanceCount]) -> InstanceCount | Busy | None:
        """What `ask` answers; None when the node fails or is left alone at `now` (aware)."""
        with self._lock:
            failing = self._failing.get(node)
            # All that fail share one worker: with a time-out each they would soon have taken every one.
            taken = self._asked & self._failing.keys() if failing else ()
            if failing and (now < failing.until or taken):
                return None
            if node in self._asked:
                return Busy()
            self._asked.add(node)
        try:
            answer = ask()
        except (NodeError, OSError) as error:
            log.info("an archive could not be asked for its count", node=node, why=type(error).__name__)
            self._failed(node, now)
            return None
        finally:
            with self._lock:
                self._asked.discard(node)
        with self._lock:
            self._failing.pop(node, None)
        return answer

    def _failed(self, node: str, now: datetime) -> None:
        with self._lock:
            before = self._failing.get(node)
            pause = min(before.pause * 2, _LEFT_ALONE_AT_MOST) if before else _LEFT_ALONE
            self._failing[node] = _Failing(now + pause, pause)
