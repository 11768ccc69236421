"""Which bytes of an answer are asked for (RFC 9110 14.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from fastapi import Request

_ONE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True)
class ByteRange:
    """From `start` to `stop`, exclusive; of nothing there is: not satisfiable."""

    start: int
    stop: int

    @property
    def is_empty(self) -> bool:
        """Whether it lies behind the end."""
        return self.start >= self.stop


def asked_range(request: Request, size: int, etag: str) -> ByteRange | None:
    """The one range of `size` bytes that is asked for; None: all of it, as for several ranges and other units."""
    asked = _ONE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if asked is None or not any(asked.groups()):
        return None
    if request.headers.get("if-range", etag) != etag:
        return None
    first, last = asked.groups()
    if not first:
        return ByteRange(max(0, size - int(last)), size if int(last) else 0)
    if last and int(last) < int(first):
        return None
    return ByteRange(int(first), min(size, int(last) + 1) if last else size)


def takes_gzip(request: Request) -> bool:
    """Whether the answer may be compressed by gzip (RFC 9110 12.5.3)."""
    for entry in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = entry.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
