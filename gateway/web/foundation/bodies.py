"""The bodies of large requests on their way to the disk: in pieces, and not in the event loop.

What unpacks is bounded by the limit of what it came in: [web] max_upload_mb counts unpacked bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

from fastapi import Request
from starlette.requests import ClientDisconnect

from gateway.web.foundation.context import WebContext
from gateway.web.foundation.problems import TooLarge, Unsupported

PIECE: Final = 256 * 1024
CODINGS: Final = ("gzip", "x-gzip", "deflate")
"""The content codings that are taken (RFC 9110 8.4.1)."""
_MOST_MEMBERS: Final = 1000
"""Of one gzip body: each has the bytes behind it copied, and a piece could be nothing but empty ones."""
_EITHER_FORMAT: Final = 32 + zlib.MAX_WBITS  # of gzip and zlib, told by the first bytes


async def pieces(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes, in pieces worth a turn in another thread. Raises starlette's ClientDisconnect."""
    waiting = bytearray()
    is_broken = False
    try:
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= PIECE:
                yield bytes(waiting)
                waiting.clear()
    except ClientDisconnect:
        is_broken = True
    if waiting:
        yield bytes(waiting)  # what came before the end of the connection counts
    if is_broken:
        raise ClientDisconnect


class BrokenCoding(Exception):
    """The body is not what its Content-Encoding says, or not all of it."""


class Unpacker:
    """Undoes the Content-Encoding of a body; raises Unsupported for one that is not taken."""

    def __init__(self, context: WebContext, content_encoding: str) -> None:
        coding = content_encoding.strip().lower()
        if coding not in ("", "identity", *CODINGS):
            raise Unsupported(
                "The Content-Encoding of the request is not taken.", "Send it with gzip, or as it is."
            )
        self._limit = self._left = context.settings.web.max_upload_mb * 1_000_000
        self._is_packed = coding in CODINGS
        self._inflater = zlib.decompressobj(_EITHER_FORMAT)
        self._has_begun = False
        self._members = 1

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bytes behind the coding, a piece at a time; raises BrokenCoding, or TooLarge."""
        if not self._is_packed:
            yield data
            return
        while data:
            if self._inflater.eof:  # a gzip file may consist of several members (RFC 1952 2.2)
                self._members += 1
                if self._members > _MOST_MEMBERS:
                    raise TooLarge(
                        f"The request is packed in more than {_MOST_MEMBERS} gzip members.",
                        "Pack it as one, or send it as it is.",
                    )
                self._inflater = zlib.decompressobj(_EITHER_FORMAT)
            self._has_begun = True
            try:
                piece = self._inflater.decompress(data, PIECE)
            except zlib.error:
                raise BrokenCoding from None
            data = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
            self._left -= len(piece)
            if self._left < 0:
                raise TooLarge(
                    f"The request unpacks to more than {self._limit / 1e6:g} MB.",
                    "Send less at once, or raise [web] max_upload_mb.",
                )
            if piece:
                yield piece

    def finish(self) -> Iterator[bytes]:
        """What is left when the body has ended; raises BrokenCoding when the coding has not."""
        if not self._is_packed or not self._has_begun:
            return
        if not self._inflater.eof:
            yield from [rest] if (rest := self._inflater.flush()) else []
        if not self._inflater.eof:
            raise BrokenCoding
