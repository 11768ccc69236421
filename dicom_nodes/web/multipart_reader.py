"""The body of a multipart request, cut into its parts while it comes in (RFC 2046 5.1.1; PS3.18 8.6.1.2).

`MultipartReader` is fed pieces of any size and holds no more than a header block, or a delimiter that was cut off. What
RFC 2046 allows is taken: a preamble and an epilogue, white space behind a delimiter, folded headers, parts without any
header or any byte. A line that only begins like a delimiter belongs to the part.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from enum import Enum, auto
from typing import Final

_LONGEST_HEADERS: Final = 16 * 1024
_LONGEST_PADDING: Final = 1024
_LINE_END: Final = b"\r\n"
_headers = BytesHeaderParser().parsebytes


class MultipartError(Exception):
    """The bytes are no multipart body."""


class PartEnd:
    """The part that was begun is complete: its delimiter has come."""


Event = Message | bytes | PartEnd
"""The headers that begin a part, then pieces of its content, then its end."""


class _Place(Enum):
    PREAMBLE = auto()
    HEADERS = auto()
    CONTENT = auto()
    EPILOGUE = auto()


class MultipartReader:
    """Reads the parts between lines of `boundary`."""

    def __init__(self, boundary: str) -> None:
        self._delimiter = _LINE_END + b"--" + boundary.encode("latin-1", "replace")
        # The first delimiter may be the very beginning: its line end is the one before the body.
        self._buffer = bytearray(_LINE_END)
        self._no_content = 0  # bytes in front of the buffer that may begin a delimiter, but are no content
        self._place = _Place.PREAMBLE

    @property
    def is_closed(self) -> bool:
        """Whether the closing delimiter has come: everything was sent."""
        return self._place is _Place.EPILOGUE

    @property
    def is_in_part(self) -> bool:
        """Whether a part was begun and its delimiter has not come."""
        return self._place in (_Place.HEADERS, _Place.CONTENT)

    def feed(self, data: bytes) -> Iterator[Event]:
        """What these bytes hold, in order; raises MultipartError."""
        if self.is_closed:
            return
        self._buffer += data
        while not self.is_closed:
            if self._place is _Place.HEADERS:
                end = self._buffer.find(_LINE_END + _LINE_END)
                if end < 0:
                    if len(self._buffer) > _LONGEST_HEADERS:
                        raise MultipartError("the headers of a part do not end")
                    return
                yield _headers(bytes(self._buffer[len(_LINE_END) : end + len(_LINE_END)]))
                # The empty line's end stays: it may belong to the delimiter of a part without content.
                del self._buffer[: end + len(_LINE_END)]
                self._no_content, self._place = len(_LINE_END), _Place.CONTENT
                continue
            at = self._buffer.find(self._delimiter)
            if at < 0:
                yield from self._content(len(self._buffer) - len(self._delimiter) + 1)
                return
            behind = self._behind(at + len(self._delimiter))
            if behind is None:  # the line of the delimiter has not come to its end
                yield from self._content(at)
                return
            place, after = behind
            if place is self._place:  # only the beginning of one
                yield from self._content(at + 1)
                continue
            was_in_part = self._place is _Place.CONTENT
            yield from self._content(at)
            self._no_content, self._place = 0, place
            del self._buffer[: after - at]
            if was_in_part:
                yield PartEnd()

    def _content(self, end: int) -> Iterator[bytes]:
        """The buffer's first `end` bytes, which no delimiter can begin in any more."""
        if end <= 0:
            return
        if self._place is _Place.CONTENT and end > self._no_content:
            yield bytes(self._buffer[self._no_content : end])
        self._no_content = max(0, self._no_content - end)
        del self._buffer[:end]

    def _behind(self, at: int) -> tuple[_Place, int] | None:
        """What the delimiter that ends at `at` begins, and where; the present place when it is none after all."""
        buffer = self._buffer
        if buffer.startswith(b"--", at):
            return _Place.EPILOGUE, at + 2
        end = at
        while end < len(buffer) and buffer[end] in b" \t":
            end += 1
        if buffer.startswith(_LINE_END, end):
            return _Place.HEADERS, end  # the line's end begins the block of headers
        rest = bytes(buffer[end:])
        if end - at <= _LONGEST_PADDING and (rest in (b"", b"\r") or (rest == b"-" and end == at)):
            return None
        return self._place, at
