"""How fast passwords may be guessed, and how many are hashed at once.

argon2id takes 64 MB and a core for each password: at most two at once, a short line behind them, and 429 for the rest.
Guesses are braked by address, and by login *from* an address, with growing delays. No brake is by login alone: a
stranger would use it to keep the owner out. Each guess counts before its hash begins, so that a hundred at once are no
more than a hundred in a row; nothing here asks whether the login exists.

Kept in memory: one process answers the pages, and a restart is not in a stranger's hands.
"""

from __future__ import annotations

import hashlib
import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.errors import NotAllowed
from gateway.web.foundation.problems import TooManyRequests

HASHES_AT_ONCE = 2
LONGEST_LINE = 16
LONGEST_WAIT_S = 10.0
MOST_REMEMBERED = 10_000
"""Addresses and logins of strangers: the oldest is forgotten first."""


@dataclass(frozen=True)
class Brake:
    """`free` wrong guesses cost nothing; each further doubles the delay, from one second to `longest_s`."""

    free: int
    longest_s: float

    def delay_s(self, guesses: int) -> float:
        """Seconds to wait after so many wrong guesses."""
        return 0.0 if guesses < self.free else min(2.0 ** min(guesses - self.free, 30), self.longest_s)


BY_LOGIN_AND_ADDRESS = Brake(free=5, longest_s=900)
"""From the fifth on: ten guesses take a quarter of an hour, a hundred a day."""
BY_ADDRESS = Brake(free=20, longest_s=60)
"""A whole clinic may come from one address: braked later, and never for long."""
FORGOTTEN_AFTER_S = 3600.0


@dataclass
class _Guesses:
    number: int = 0
    last_at: float = 0.0


class SignInBrakes:
    """The brakes of one process; `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._guesses: OrderedDict[bytes, _Guesses] = OrderedDict()
        self._hashing = threading.BoundedSemaphore(HASHES_AT_ONCE)
        self._waiting = 0

    @contextmanager
    def guess(self, login: str, address: str) -> Iterator[None]:
        """One look at a password: a wrong guess if it ends in NotAllowed. TooManyRequests before anything is hashed."""
        keys = _keys(login, address)
        self._count(keys)
        try:
            with self._turn():
                yield
        except NotAllowed:
            raise
        except BaseException:
            self._take_back(keys)
            raise
        self._take_back(keys, forgive=keys[0][0])

    def _count(self, keys: list[tuple[bytes, Brake]]) -> None:
        with self._lock:
            now = self._clock()
            wait_s = max(self._wait_s(key, brake, now) for key, brake in keys)
            if wait_s > 0:
                raise TooManyRequests(
                    "There were too many wrong passwords from this address.",
                    f"Wait {_in_words(wait_s)}, then try again; another address is not affected.",
                    retry_after_s=wait_s,
                )
            for key, _ in keys:
                guesses = self._guesses.setdefault(key, _Guesses())
                guesses.number, guesses.last_at = guesses.number + 1, now
                self._guesses.move_to_end(key)
            while len(self._guesses) > MOST_REMEMBERED:
                self._guesses.popitem(last=False)

    def _wait_s(self, key: bytes, brake: Brake, now: float) -> float:
        guesses = self._guesses.get(key)
        if guesses is None:
            return 0.0
        if now - guesses.last_at >= FORGOTTEN_AFTER_S:
            del self._guesses[key]
            return 0.0
        return guesses.last_at + brake.delay_s(guesses.number) - now

    def _take_back(self, keys: list[tuple[bytes, Brake]], forgive: bytes | None = None) -> None:
        with self._lock:
            for key, _ in keys:
                guesses = self._guesses.get(key)
                if guesses is None:
                    continue
                guesses.number -= 1
                if guesses.number <= 0 or key == forgive:
                    del self._guesses[key]

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One of the few hashes at once, after a short wait."""
        with self._lock:
            if self._waiting >= LONGEST_LINE:
                raise _busy()
            self._waiting += 1
        try:
            if not self._hashing.acquire(timeout=LONGEST_WAIT_S):
                raise _busy()
        finally:
            with self._lock:
                self._waiting -= 1
        try:
            yield
        finally:
            self._hashing.release()


def _busy() -> TooManyRequests:
    return TooManyRequests(
        "Too many people are signing in at this moment.", "Try again in a few seconds.", retry_after_s=5
    )


def _keys(login: str, address: str) -> list[tuple[bytes, Brake]]:
    """What a guess is counted under; hashed, since a login that somebody typed may be a password."""
    network = _network(address)
    pairs = ((f"{network}\0{login}", BY_LOGIN_AND_ADDRESS), (network, BY_ADDRESS))
    return [(hashlib.blake2b(text.encode("utf-8", "replace")).digest(), brake) for text, brake in pairs]


def _network(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 address, which is as a rule one customer's."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _in_words(seconds: float) -> str:
    whole = max(1, round(seconds))
    if whole == 1:
        return "a second"
    return f"{whole} seconds" if whole < 120 else f"{-(-whole // 60)} minutes"
