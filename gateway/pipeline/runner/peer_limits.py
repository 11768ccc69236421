"""How many workers one other system may hold, so that a dead one never holds up the others.

A node that answers may have half of the workers. One whose last exchange failed is tried by one worker at a
time, and all such nodes together have half of the workers: whatever hangs, the rest goes on.
"""

from __future__ import annotations

import threading
from collections import Counter


class PeerLimits:
    """Counts, for each node by its name, the workers that talk to it; the empty name is nobody and never full."""

    def __init__(self, workers: int) -> None:
        self._share = max(1, workers // 2)
        self._lock = threading.Lock()
        self._busy: Counter[str] = Counter()
        self._failing: set[str] = set()

    def full(self) -> frozenset[str]:
        """The nodes that get no further worker now."""
        with self._lock:
            full = {
                node
                for node, workers in self._busy.items()
                if workers >= (1 if node in self._failing else self._share)
            }
            if sum(self._busy[node] for node in self._failing) >= self._share:
                full |= self._failing
            return frozenset(full)

    def enter(self, node: str) -> None:
        """A worker begins to talk to the node."""
        if node:
            with self._lock:
                self._busy[node] += 1

    def leave(self, node: str, *, answered: bool) -> None:
        """It is done; `answered` says whether the node did its part, if only by refusing."""
        if not node:
            return
        with self._lock:
            self._busy[node] -= 1
            if not self._busy[node]:
                del self._busy[node]
            if answered:
                self._failing.discard(node)
            else:
                self._failing.add(node)
