"""One line for a session and a thing it looks at: a case has hundreds of pictures, a queue is asked for every minute.

The first look is in the trail before anything is shown. How often it was repeated comes as a second line when the time
of that look is over, or when the web role ends; if that role is killed, the number is lost and the look is not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from gateway.records.ledger.trail.looks import Look

ONE_LOOK_S: Final = 3600.0
MOST_KEPT: Final = 10_000
"""Looks whose repetitions are counted; beyond that all are told at once and begin again."""

Key = tuple[str, Look]
"""A session and what it looks at."""


@dataclass
class _Repeated:
    began: float
    times: int = 0


class Repetitions:
    """The looks of this process; `clock` is monotonic seconds."""

    def __init__(self, write: Callable[[Look], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._write, self._clock = write, clock
        self._kept: dict[Key, _Repeated] = {}
        self._lock = threading.Lock()

    def is_repeated(self, session: str, look: Look) -> bool:
        """Count a look that is in the trail already; False for one that has to be written first."""
        with self._lock:
            known = self._kept.get((session, look))
            if known is None or self._clock() - known.began >= ONE_LOOK_S:
                return False
            known.times += 1
            return True

    def begin(self, session: str, look: Look) -> None:
        """Write a first look; what raises leaves it unwritten and uncounted."""
        over = self._over()
        self._write(look)
        with self._lock:
            earlier = self._kept.pop((session, look), None)
            self._kept[session, look] = _Repeated(self._clock())
        if earlier is not None:
            over.append((look, earlier.times))
        self._tell(over)

    def end(self) -> None:
        """Tell what is counted, whatever its time."""
        with self._lock:
            over = [(look, repeated.times) for (_, look), repeated in self._kept.items()]
            self._kept.clear()
        self._tell(over)

    def _over(self) -> list[tuple[Look, int]]:
        """Take out what is told now: the looks whose time is over."""
        with self._lock:
            now = self._clock()
            full = len(self._kept) >= MOST_KEPT
            ended = [key for key, kept in self._kept.items() if full or now - kept.began >= ONE_LOOK_S]
            return [(key[1], self._kept.pop(key).times) for key in ended]

    def _tell(self, over: list[tuple[Look, int]]) -> None:
        for look, times in over:
            if times:
                self._write(replace(look, again=times))
