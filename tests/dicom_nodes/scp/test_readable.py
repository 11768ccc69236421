"""What pynetdicom's decoders choke on is known before they are given it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_nodes.scp.readable import is_readable_command, is_readable_request
from support.nodes.raw_peer import association_request, command_set, echo_command, store_command


@pytest.mark.parametrize(
    "command", [echo_command(), store_command("2.25.1"), store_command("2.25.1", 65535, has_data=False)]
)
def test_commands_of_the_standard_are_readable(command: bytes) -> None:
    """C-ECHO and C-STORE requests."""
    assert is_readable_command(command)


@pytest.mark.parametrize(
    "command",
    [
        b"",
        b"\0\0\0",
        echo_command()[:-3],
        command_set([(0x0100, b"\x77\x77"), (0x0800, b"\x01\x01")]),
        command_set([(0x0110, b"\1\0")]),
        command_set([(0x0100, b"\x30")]),
    ],
    ids=[
        "empty",
        "cut header",
        "cut",
        "a command of no service",
        "no command field",
        "a command field of one byte",
    ],
)
def test_what_makes_no_message_is_not(command: bytes) -> None:
    """The peer then hears an A-ABORT instead of nothing."""
    assert not is_readable_command(command)


def test_association_requests_of_the_standard_are_readable() -> None:
    """With its two presentation contexts."""
    assert is_readable_request(association_request())


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        association_request()[:-5],
        association_request().replace(b"\x40\x00\x00\x13", b"\x40\x00\x00\x99", 1),
        association_request().replace(b"\x01\x00\x00\x00\x30", b"\x02\x00\x00\x00\x30", 1),
    ],
    ids=["empty", "cut", "an item whose length lies", "a context with an even ID"],
)
def test_what_makes_no_association_request_is_not(request_: bytes) -> None:
    """PS3.8 9.3.2 wants odd context IDs, and items that fit."""
    assert not is_readable_request(request_)


@given(st.binary(max_size=120), st.integers(0, 300), st.integers(0, 255))
def test_whatever_comes_is_answered(noise: bytes, place: int, value: int) -> None:
    """No decoder's error gets out, for garbage and for damage."""
    command, request_ = bytearray(store_command("2.25.1")), bytearray(association_request())
    command[place % len(command)] = value
    request_[place % len(request_)] = value
    for data in (noise, bytes(command)):
        assert is_readable_command(data) in (True, False)
    for data in (noise, bytes(request_)):
        assert is_readable_request(data) in (True, False)
