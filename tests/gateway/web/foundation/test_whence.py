"""Where somebody signs in from."""

from __future__ import annotations

import pytest
from fastapi import Request, Response

from gateway.web.foundation.whence import (
    DEVICE_COOKIE,
    device_for,
    keep_device,
    whence_of,
    with_device,
)


def asked(address: str = "192.0.2.1", cookie: str = "", agent: str = "") -> Request:
    """A request from there."""
    headers = [(b"user-agent", agent.encode()), (b"cookie", f"{DEVICE_COOKIE}={cookie}".encode())]
    return Request({"type": "http", "client": (address, 1), "headers": headers, "state": {}})


def test_a_browser_is_known_again_wherever_it_is() -> None:
    """By the cookie of its last sign-in, of which the records have a hash; what nobody made is no place."""
    first = asked()
    device = device_for(first)
    assert device_for(first) == device != device_for(asked())
    left = with_device(whence_of(first), device)
    back = whence_of(asked("198.51.100.9", device))
    assert len({*left.places} & {*back.places}) == 1
    assert device not in str(left)
    assert len(whence_of(asked(cookie="made up")).places) == 1
    assert whence_of(asked("192.0.2.1")).places == whence_of(asked("::ffff:192.0.2.1")).places


def test_the_cookie_is_for_the_server_alone() -> None:
    """No script reads it, no other site makes a browser send it."""
    response = Response()
    keep_device(response, "x", secure=True)
    cookie = response.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "secure"))


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "Safari on macOS"),
        ("curl/8.5.0", "curl"),
        ("<script>alert(1)</script>", "scriptalert1"),
        ("x" * 500, "x" * 40),
        ("", ""),
    ],
)
def test_a_device_is_told_in_a_few_words(agent: str, told: str) -> None:
    """Whatever it sends, nothing but letters."""
    assert whence_of(asked(agent=agent)).device.startswith(told)
    assert len(whence_of(asked(agent=agent)).device) <= 40
