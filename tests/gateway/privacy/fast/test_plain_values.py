"""What counts as a plain value: spelled the only way it can be, padding included."""

from __future__ import annotations

import pytest

from gateway.privacy.fast.plain_values import PLAIN, is_plain


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("DS", b"1.25"),
        ("DS", b"-0.5\\12345 "),
        ("IS", b"12"),
        ("IS", b"-7 "),
        ("TM", b"101530.250000 "),
        ("UI", b"1.2.840.10\0\0"[:-1]),
        ("UI", b"1.2.840\0"),
        ("US", b"\1\0\2\0"),
        ("FD", bytes(8)),
    ],
)
def test_a_plain_value_is_one(vr: str, value: bytes) -> None:
    """With exactly the padding that makes its length even."""
    assert is_plain(vr, value) is (len(value) % 2 == 0)


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("DS", b""),
        ("DS", b"1.2"),  # an odd length
        ("DS", b"1.25  "),
        ("DS", b" 1.2"),
        ("DS", b"1e10"),
        ("DS", b"+1.2"),
        ("DS", b"123456"),  # may number somebody
        ("DS", b"1.2\n"),
        ("DS", b"1.25\0\0"),
        ("DS", b"1.2\0"),
        ("IS", b"12345 "),
        ("IS", b"1.25"),
        ("TM", b"10:15:30"),
        ("TM", b"1015"),
        ("TM", b"471192.3"),  # no time of day, but perhaps a number
        ("UI", b"1.2.3 "),
        ("UI", b"1.2\\1.3\0"),
        ("UI", b"1" * 66),
        ("US", b"\1"),
        ("US", b""),
        ("FL", b"\0\0\xc0\x7f"),  # not a number
    ],
)
def test_anything_else_is_asked_about(vr: str, value: bytes) -> None:
    """Other spellings of the same, values that may identify, and what is no value of this VR."""
    assert not is_plain(vr, value)


def test_the_values_to_ask_with_are_plain() -> None:
    """One of each VR."""
    assert all(is_plain(vr, value) for vr, value in PLAIN.items())
