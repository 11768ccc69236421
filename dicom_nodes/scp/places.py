"""How many connections are open, by the address they come from: decided before anything of one is read.

Whoever does not ask for an association soon gives way to whoever comes: where an address, or all unknown ones together,
have no place left, the oldest connection of theirs that has not been let in is cut. Known addresses, those of nodes,
have places of their own that no stranger can take.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from weakref import ReferenceType, ref

from dicom_nodes.directory import NodeDirectory, addresses_of, has_address, hosts_of

MOST_STRANGERS = 16
"""Connections from unknown addresses at once: each is rejected within milliseconds of its request."""
_UNASKED_S = 30.0
"""A connection whose request takes longer, handshake included, is cut: ARTIM (PS3.8 9.1.5), whatever trickles in."""
_LOOK_UP_EVERY_S = 30.0
_MOST_REMEMBERED = 1024


@dataclass(eq=False)
class _Place:
    address: str
    is_known: bool
    since: float
    holder: ReferenceType[socket.socket]
    is_let_in: bool = False

    @property
    def connection(self) -> socket.socket | None:
        """The connection; None when it is closed."""
        found = self.holder()
        return None if found is None or found.fileno() < 0 else found


class Places:
    """The places of one receiver's connections; safe across threads."""

    def __init__(
        self, most: int, of_an_address: int, strangers: int, is_known: Callable[[str], bool]
    ) -> None:
        """At most `most` of known addresses, `of_an_address` of each of them, and `strangers` of all others."""
        self._most = most
        self._strangers = strangers
        self._of_an_address = of_an_address
        self._is_known = is_known
        self._places: list[_Place] = []
        self._lock = threading.Lock()

    def take(self, connection: socket.socket, address: str) -> bool:
        """Whether there is a place for a new connection; another's may have been cut for it."""
        place = _Place(address, self._is_known(address), time.monotonic(), ref(connection))
        with self._lock:
            self._forget_closed()
            for most, is_same in self._limits(place):
                same = [each for each in self._places if is_same(each)]
                if len(same) < most:
                    continue
                oldest = next((each for each in same if not each.is_let_in), None)
                if oldest is None:
                    return False
                self._cut(oldest)
            self._places.append(place)
        return True

    def _limits(self, new: _Place) -> tuple[tuple[int, Callable[[_Place], bool]], ...]:
        """How many of which others there may be beside it."""
        if not new.is_known:
            return ((self._strangers, lambda other: not other.is_known),)
        return (
            (self._of_an_address, lambda other: other.is_known and other.address == new.address),
            (self._most, lambda other: other.is_known),
        )

    def moved(self, before: socket.socket, after: socket.socket) -> None:
        """The connection goes on as another object (TLS)."""
        with self._lock:
            for place in self._places:
                if place.holder() is before:
                    place.holder = ref(after)

    def let_in(self, connection: socket.socket | None) -> tuple[int, int]:
        """Its association is one of a node's: it keeps its place. How many have been let in of its address, and in all.

        (0, 0) for a connection that is closed by now.
        """
        with self._lock:
            self._forget_closed()
            mine = next((each for each in self._places if each.connection is connection), None)
            if mine is None:
                return 0, 0
            mine.is_let_in = True
            others = [each for each in self._places if each.is_let_in]
            return sum(each.address == mine.address for each in others), len(others)

    def turned_away(self, connection: socket.socket | None) -> None:
        """It is not let in after all, and may be cut for another as soon as it has been told so."""
        with self._lock:
            for place in self._places:
                if place.connection is connection:
                    place.is_let_in = False

    def cut_late(self) -> None:
        """Cut what has been waited for too long."""
        since = time.monotonic() - _UNASKED_S
        with self._lock:
            self._forget_closed()
            for place in [each for each in self._places if not each.is_let_in and each.since < since]:
                self._cut(place)

    def __len__(self) -> int:
        with self._lock:
            self._forget_closed()
            return len(self._places)

    def _forget_closed(self) -> None:
        self._places = [each for each in self._places if each.connection is not None]

    def _cut(self, place: _Place) -> None:
        self._places.remove(place)
        if (connection := place.connection) is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(
                    connection, socket.SHUT_RDWR
                )  # TLS says goodbye only in its own thread


class KnownAddresses:
    """Whether an address is a node's; asks no name service, which could hold up everybody who connects.

    Names are looked up in a thread of their own, now and then; whoever was let in is known from then on.
    """

    def __init__(self, directory: Callable[[], NodeDirectory]) -> None:
        self._directory = directory
        self._seen: dict[str, None] = {}
        self._resolved: frozenset[str] = frozenset()
        self._looked_up_at = -_LOOK_UP_EVERY_S
        self._lock = threading.Lock()

    def __call__(self, address: str) -> bool:
        """Without an answer for a list of nodes that cannot be read."""
        try:
            nodes = self._directory()
        except Exception:  # noqa: BLE001  whoever asks for an association is told
            return address in self._seen
        with self._lock:
            is_due = time.monotonic() - self._looked_up_at > _LOOK_UP_EVERY_S
            if is_due:
                self._looked_up_at = time.monotonic()
        if is_due:
            threading.Thread(target=self._look_up, args=(nodes,), name="look-up-nodes", daemon=True).start()
        return address in self._seen or address in self._resolved or has_address(nodes, address)

    def remember(self, address: str) -> None:
        """It was let in."""
        with self._lock:
            if len(self._seen) >= _MOST_REMEMBERED:
                self._seen.clear()
            self._seen[address] = None

    def _look_up(self, nodes: NodeDirectory) -> None:
        self._resolved = frozenset(each for host in hosts_of(nodes) for each in addresses_of(host))
