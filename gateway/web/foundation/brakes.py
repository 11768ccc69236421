"""How fast passwords may be guessed, and how many are hashed at once.

argon2id takes 64 MB and a core for each password: at most two at once, a short line behind them, and 429 for the rest.
Guesses are braked by address, and by login *from* an address, with growing delays. Many addresses that guess at one
login are braked, too, but only where that login never signed in before: its owner's own places stay as they are, and at
a new one the owner waits once, for a time that no further guess of a stranger prolongs. At the signature the session
counts, and it has a line of its own. Each guess counts before its hash begins, so that a hundred at once are no more
than a hundred in a row; nothing here asks whether the login exists.

Kept in memory: one process answers the pages, and a restart is not in a stranger's hands.
"""

from __future__ import annotations

import hashlib
import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
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
BY_PROVIDER = Brake(free=100, longest_s=60)
"""A /48 of IPv6, which one customer may have: 65,536 of the networks above."""
BY_LOGIN = Brake(free=20, longest_s=60)
"""A botnet guesses at one login: at a place not known, one guess for each wait."""
BY_CODES = Brake(free=10, longest_s=900)
"""A second factor has a million codes: many addresses would go through them in hours."""
FORGOTTEN_AFTER_S = 3600.0


@dataclass
class _Guesses:
    wrong: int = 0
    last_wrong_at: float = 0.0
    looked_at: int = 0
    """Not yet known whether right or wrong: each counts as wrong until it is."""
    turn_at: float | None = None
    """When a place that is not known may guess at a login under attack: said at its first try, and not put off."""


@dataclass
class Look:
    """One look at a password, while it lasts."""

    is_half: bool = False
    """The password was right and a second factor is still asked for: what was wrong before is not forgiven yet."""


class _Line:
    """Few are hashed at once, a few wait, and the rest come again."""

    def __init__(self, at_once: int) -> None:
        self._hashing = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + LONGEST_LINE)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One of the few hashes at once, after a short wait."""
        if not self._places.acquire(blocking=False):
            raise busy()
        try:
            if not self._hashing.acquire(timeout=LONGEST_WAIT_S):
                raise busy()
            try:
                yield
            finally:
                self._hashing.release()
        finally:
            self._places.release()


class SignInBrakes:
    """The brakes of one process; `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._guesses: OrderedDict[bytes, _Guesses] = OrderedDict()
        self._sign_ins = _Line(HASHES_AT_ONCE)
        self._signatures = _Line(1)

    def guess(self, login: str, address: str, *, is_known: bool = False) -> AbstractContextManager[Look]:
        """One look at a password: a wrong guess if it ends in NotAllowed. TooManyRequests before anything is hashed.

        `is_known`: this login signed in from there before.
        """
        of_login = None if is_known else _key(f"login\0{login}")
        return self._guess(
            _keys(login, address), self._sign_ins.turn, "passwords from this address", of_login
        )

    def signature(self, session: str) -> AbstractContextManager[Look]:
        """The same for a person who is signed in: no stranger's guess, and no stranger's line, keeps a report back."""
        keys = [(_key(f"session\0{session}"), BY_LOGIN_AND_ADDRESS)]
        return self._guess(keys, self._signatures.turn, "passwords in this session")

    def code(self, login: str, address: str) -> AbstractContextManager[Look]:
        """One look at a code of a second factor. Only who has the password gets so far: no stranger can keep the owner
        out by it, so wrong ones of every address count together."""
        keys = [*_keys(login, address), (_key(f"code\0{login}"), BY_CODES)]
        return self._guess(keys, nullcontext, "codes for this login")

    def answer(self, address: str) -> AbstractContextManager[Look]:
        """The same for an answer that the issuer has to look at: what it does not take slows nobody's password."""
        keys = [(_key(f"answer\0{network_of(address)}"), BY_ADDRESS)]
        return self._guess(keys, nullcontext, "answers from this address")

    @contextmanager
    def _guess(
        self,
        keys: list[tuple[bytes, Brake]],
        turn: Callable[[], AbstractContextManager[None]],
        what: str,
        of_login: bytes | None = None,
    ) -> Iterator[Look]:
        look = Look()
        with self._lock:
            self._begin(keys, what, of_login)
        if of_login is not None:
            keys = [*keys, (of_login, BY_LOGIN)]
        try:
            with turn():
                yield look
        except NotAllowed:
            self._end(keys, wrong=True)
            raise
        except BaseException:
            self._end(keys)
            raise
        self._end(keys, forgive=None if look.is_half else keys[0][0])

    def _begin(self, keys: list[tuple[bytes, Brake]], what: str, of_login: bytes | None) -> None:
        now = self._clock()
        wait_s = max(self._wait_s(key, brake, now) for key, brake in keys)
        if wait_s <= 0 and of_login is not None:
            wait_s = self._turn_s(keys[0][0], of_login, now)
            what = "passwords for this login"
        if wait_s > 0:
            raise TooManyRequests(
                f"There were too many wrong {what}.",
                f"Wait {_in_words(wait_s)}, then try again; nobody else is affected.",
                retry_after_s=wait_s,
            )
        for key in (*(key for key, _ in keys), *([of_login] if of_login is not None else [])):
            self._guesses.setdefault(key, _Guesses()).looked_at += 1
            self._guesses.move_to_end(key)
        while len(self._guesses) > MOST_REMEMBERED:
            self._guesses.popitem(last=False)

    def _turn_s(self, here: bytes, of_login: bytes, now: float) -> float:
        """Seconds until a place that is not known may guess at a login that many guess at; 0: now, and once."""
        all_over = self._guesses.get(of_login, _Guesses())
        if now - all_over.last_wrong_at >= FORGOTTEN_AFTER_S:
            all_over.wrong = 0
        delay_s = BY_LOGIN.delay_s(all_over.wrong + all_over.looked_at)
        if delay_s <= 0:
            return 0.0
        place = self._guesses.setdefault(here, _Guesses())
        self._guesses.move_to_end(here)
        if place.turn_at is None:
            place.turn_at = now + delay_s
        if place.turn_at > now:
            return place.turn_at - now
        place.turn_at = None
        return 0.0

    def _wait_s(self, key: bytes, brake: Brake, now: float) -> float:
        guesses = self._guesses.get(key)
        if guesses is None:
            return 0.0
        if now - guesses.last_wrong_at >= FORGOTTEN_AFTER_S:
            guesses.wrong = 0
        since = now if guesses.looked_at else guesses.last_wrong_at
        return since + brake.delay_s(guesses.wrong + guesses.looked_at) - now

    def _end(
        self, keys: list[tuple[bytes, Brake]], *, wrong: bool = False, forgive: bytes | None = None
    ) -> None:
        """Only a wrong one prolongs a brake: people who know their password would keep it on for each other."""
        with self._lock:
            for key, _ in keys:
                guesses = self._guesses.get(key)
                if guesses is None:
                    continue
                guesses.looked_at = max(0, guesses.looked_at - 1)
                if wrong:
                    guesses.wrong, guesses.last_wrong_at = guesses.wrong + 1, self._clock()
                elif key == forgive:
                    guesses.wrong = 0
                if not guesses.wrong and not guesses.looked_at:
                    del self._guesses[key]


def busy() -> TooManyRequests:
    """The line is full, or did not move."""
    return TooManyRequests(
        "Too many people are signing in at this moment.", "Try again in a few seconds.", retry_after_s=5
    )


def _keys(login: str, address: str) -> list[tuple[bytes, Brake]]:
    """What a guess is counted under; hashed, since a login that somebody typed may be a password."""
    network = network_of(address)
    pairs: tuple[tuple[str, Brake], ...] = (
        (f"{network}\0{login}", BY_LOGIN_AND_ADDRESS),
        (network, BY_ADDRESS),
    )
    if ":" in network:
        pairs += ((_within(network, 48), BY_PROVIDER),)
    return [(_key(text), brake) for text, brake in pairs]


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace")).digest()


def network_of(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 address, which is as a rule one customer's."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        if parsed in _NAT64:
            return str(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF))
        return _within(str(parsed), 64)
    return str(parsed)


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses behind a translator (RFC 6052)."""


def _within(network: str, bits: int) -> str:
    try:
        return str(ipaddress.ip_network((network.partition("/")[0], bits), strict=False))
    except ValueError:  # no address at all: a name with a colon that a proxy wrote
        return network


def _in_words(seconds: float) -> str:
    whole = max(1, round(seconds))
    if whole == 1:
        return "a second"
    return f"{whole} seconds" if whole < 120 else f"{-(-whole // 60)} minutes"
