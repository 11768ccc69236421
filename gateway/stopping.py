"""A flag that says stop, and that a signal handler may set.

`threading.Event` is none: its `set` waits for a lock that the main thread may hold in the `wait` which the signal has
just interrupted, and then neither ever returns.
"""

from __future__ import annotations

import time

_TICK_S = 0.05


class Stop:
    """Set once, by a handler or by any thread."""

    def __init__(self) -> None:
        self._is_set = False

    def set(self) -> None:
        """Ask whoever waits to stop."""
        self._is_set = True

    def is_set(self) -> bool:
        """Whether somebody asked."""
        return self._is_set

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until somebody asks, at most so many seconds; whether somebody did."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self._is_set:
            left = _TICK_S if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, _TICK_S))
        return True
