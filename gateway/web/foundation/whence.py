"""Where somebody signs in from: address, browser, and the places that an account is known by.

A place is the network an address belongs to, or a browser that keeps a cookie of random bits from its last sign-in. Of
both only a hash is kept. A known place is not slowed down by guesses that strangers make elsewhere.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

from fastapi import Request, Response

from gateway.records.accounts import Whence
from gateway.web.foundation.brakes import network_of

DEVICE_COOKIE: Final = "gateway_device"
DEVICE_DAYS: Final = 400
"""As long as browsers keep a cookie at most."""
_BROWSERS: Final = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
_SYSTEMS: Final = ("Windows", "Android", "iPhone", "iPad", "Mac OS", "Linux")
_DEVICE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def address_of(request: Request) -> str:
    """The address a request comes from, as the trusted proxies say it."""
    return request.client.host if request.client is not None else ""


def whence_of(request: Request) -> Whence:
    """Where this request comes from."""
    address = address_of(request)
    places = [_place("network", network_of(address))] if address else []
    if device := _device(request):
        places.append(_place("browser", device))
    return Whence(address, _in_words(request.headers.get("user-agent", "")), tuple(places))


def device_for(request: Request) -> str:
    """What the cookie of this browser holds, or will hold after a sign-in."""
    if sent := _device(request):
        return sent
    if not hasattr(request.state, "new_device"):
        request.state.new_device = secrets.token_urlsafe(32)
    made: str = request.state.new_device
    return made


def with_device(whence: Whence, device: str) -> Whence:
    """The same with the browser that will keep this cookie."""
    return Whence(
        whence.address, whence.device, tuple(dict.fromkeys((*whence.places, _place("browser", device))))
    )


def keep_device(response: Response, device: str, *, secure: bool) -> None:
    """Let the browser remember that it signed in here; the cookie signs nobody in."""
    response.set_cookie(
        DEVICE_COOKIE,
        device,
        max_age=DEVICE_DAYS * 86400,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def _device(request: Request) -> str:
    sent = request.cookies.get(DEVICE_COOKIE, "")
    return sent if _DEVICE.fullmatch(sent) else ""


def _place(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}\0{text}".encode()).hexdigest()


def _in_words(user_agent: str) -> str:
    """`Firefox on Linux`; for a program the first word it says of itself.

    >>> _in_words("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
    'Firefox on Linux'
    >>> _in_words("python-httpx/0.28")
    'python-httpx'
    """
    browser = next((name for name in _BROWSERS if f"{name}/" in user_agent), "")
    system = next((name for name in _SYSTEMS if name in user_agent), "")
    if browser and system:
        return (
            f"{browser.replace('Edg', 'Edge').replace('OPR', 'Opera')} on {system.replace('Mac OS', 'macOS')}"
        )
    return re.sub(r"[^\w .-]", "", user_agent.partition("/")[0])[:40]
