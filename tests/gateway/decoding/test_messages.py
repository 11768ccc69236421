"""Messages between the gateway and a process that decodes."""

from __future__ import annotations

import sys
from io import BytesIO

import pytest

from gateway.decoding.messages import message, read_message


def test_a_message_is_read_as_it_was_written() -> None:
    """What it says, then its bytes."""
    stream = BytesIO(message({"a": 1}, b"xyz") + b"xyz" + message({}))
    assert read_message(stream, 3) == ({"a": 1}, b"xyz")
    assert read_message(stream, 3) == ({}, b"")
    with pytest.raises(EOFError):
        read_message(stream, 3)


def test_a_message_that_is_cut_or_too_long_is_refused() -> None:
    """Nothing is allocated by a number that came from the other side."""
    whole = message({"a": 1}, b"xyz") + b"xyz"
    for stop in range(len(whole)):
        with pytest.raises(EOFError):
            read_message(BytesIO(whole[:stop]), 3)
    with pytest.raises(ValueError, match="longer"):
        read_message(BytesIO(whole), 2)
    with pytest.raises(ValueError, match="longer"):
        read_message(BytesIO(b"\xff" * 12), sys.maxsize)
