"""Where what is done now comes from: the address, for the line in the audit trail.

It stands beside the work and not in every signature between a socket and the ledger; threads that a request starts
have it too, as asyncio and anyio hand it on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_address: ContextVar[str] = ContextVar("address", default="")


def address() -> str:
    """The address that this work comes from; empty for what the gateway does by itself."""
    return _address.get()


@contextmanager
def coming_from(place: str) -> Iterator[None]:
    """Let what is done inside come from this address."""
    token = _address.set(place)
    try:
        yield
    finally:
        _address.reset(token)
