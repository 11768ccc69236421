"""HTTP connections: how many, by the address they come from, and how slow; decided before anything of one is read.

uvicorn waits for ever for the rest of a request, and for whoever does not take an answer. Here a request has a time to
arrive with its headers, a body and an answer have to make progress, and an address has its share of the connections.
Who has no request under way gives way to whoever comes. Behind a proxy addresses say nothing: those of [web] proxies
have no share, only all together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

from gateway import logs
from gateway.settings import Settings

_LOOK_EVERY_S: Final = 0.5
_SLOWEST: Final = 4096
"""Bytes that a body or an answer makes in one `progress_s`, or it is cut."""
_TELL_EVERY_S: Final = 10.0

log = logs.get(__name__)


@dataclass(frozen=True)
class ConnectionLimits:
    """`most` connections at once, `of_an_address`; seconds for a request, and for `_SLOWEST` bytes of a body."""

    most: int = 256
    of_an_address: int = 64
    request_s: float = 20.0
    progress_s: float = 30.0
    proxies: tuple[str, ...] = ()


def connection_limits(settings: Settings) -> ConnectionLimits:
    """As the settings say."""
    limits = settings.limits
    return ConnectionLimits(
        limits.connections,
        limits.connections_per_address,
        limits.request_seconds,
        limits.progress_seconds,
        settings.web.proxies,
    )


class Connections:
    """The connections of one server; used by its event loop alone."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._proxies: Sequence[IPv4Network | IPv6Network] = [ip_network(each) for each in limits.proxies]
        self._open: dict[BoundedConnection, str] = {}  # in the order they came
        self._cut = 0
        self._told_at = -_TELL_EVERY_S

    def __len__(self) -> int:
        return len(self._open)

    def protocol(self, *args: Any, **more: Any) -> BoundedConnection:
        """What uvicorn makes for each connection."""
        return BoundedConnection(self, *args, **more)

    def take(self, connection: BoundedConnection, address: str) -> bool:
        """Whether there is a place for it; another's may have been cut for it."""
        groups = [(list(self._open), self.limits.most)]
        if not self._is_proxy(address):
            same = [each for each, theirs in self._open.items() if theirs == address]
            groups.insert(0, (same, self.limits.of_an_address))
        for group, most in groups:
            left = [each for each in group if each in self._open]
            if len(left) < most:
                continue
            idle = next((each for each in left if each.is_idle), None)
            self.count_cut("too many are open")
            if idle is None:
                return False
            self.leave(idle)
            idle.cut()
        self._open[connection] = address
        return True

    def leave(self, connection: BoundedConnection) -> None:
        """It is closed."""
        self._open.pop(connection, None)

    def count_cut(self, why: str) -> None:
        """One word in a while for the log, however many."""
        self._cut += 1
        now = asyncio.get_running_loop().time()
        if now - self._told_at > _TELL_EVERY_S:
            log.warning("connections were cut", why=why, times=self._cut)
            self._told_at, self._cut = now, 0

    def _is_proxy(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._proxies)


class BoundedConnection(H11Protocol):
    """One of them."""

    def __init__(self, connections_of_all: Connections, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._all = connections_of_all
        self._watch: asyncio.TimerHandle | None = None
        self._since = self.loop.time()
        """When it connected, or the last answer was complete; while a request is under way: its last progress."""
        self._received = 0
        self._left = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if not self._all.take(self, self.client[0] if self.client else ""):
            self.cut()
            return
        self._watch = self.loop.call_later(_LOOK_EVERY_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.leave(self)
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        was_idle = self.is_idle
        super().data_received(data)
        if was_idle and not self.is_idle:
            self._progress()

    def on_response_complete(self) -> None:
        self._progress()
        super().on_response_complete()

    def resume_writing(self) -> None:
        self._progress()
        super().resume_writing()

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way whose headers have come."""
        return self.cycle is None or self.cycle.response_complete

    def cut(self) -> None:
        """End it, whatever is on its way."""
        self.transport.abort()

    def _progress(self) -> None:
        self._since, self._received = self.loop.time(), 0

    def _look(self) -> None:
        """Now and then: has anything happened?"""
        if self.transport.is_closing():
            # What is left of the last answer has its time, too.
            if self.loop.time() - self._since > self._all.limits.progress_s:
                self.cut()
                return
        elif (late := self._late()) is not None:
            self._all.count_cut(late)
            self.cut()
            return
        self._watch = self.loop.call_later(_LOOK_EVERY_S, self._look)

    def _late(self) -> str | None:
        """Why it is cut."""
        waited = self.loop.time() - self._since
        limits = self._all.limits
        left = self.transport.get_write_buffer_size()
        if left:
            if not self._left or self._left - left >= _SLOWEST:
                self._progress()
                self._left = left
            self._left = max(self._left, left)
            return "an answer is not taken" if waited > limits.progress_s else None
        self._left = 0
        if self.is_idle:
            return "no request came" if waited > limits.request_s else None
        waits_for_us = (
            not self.cycle.more_body or self.flow.read_paused or self.cycle.waiting_for_100_continue
        )
        if waits_for_us or self._received >= _SLOWEST:
            self._progress()
            return None
        return "a request comes too slowly" if waited > limits.progress_s else None
