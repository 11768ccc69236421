"""Where an issuer's services and keys are (OpenID Connect Discovery): fetched within bounds, remembered for an hour.

An issuer that is away, slow, talkative or names itself otherwise is one error, which says so; who waits for it is few.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from gateway.sign_in_settings import OidcSettings, is_protected
from gateway.web.foundation.problems import Unavailable

REMEMBERED_S = 3600.0
AWAY_S = 5.0
"""So long nobody else waits for an issuer that did not answer."""
KEYS_AGAIN_S = 60.0
"""A token with a key id that nobody knows makes us look at the keys again, but not more often."""
MOST_BYTES = 512_000
AT_ONCE = 8
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class IssuerAway(Unavailable):
    """The issuer does not answer, or not as it should; local ways in are not touched by it."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The issuer cannot be asked now: {why}.",
            "Try again in a minute. The account for emergencies signs in with its password meanwhile.",
        )
        self.why = why


@dataclass(frozen=True)
class Services:
    """What an issuer says of itself."""

    authorization: str
    token: str
    keys: str
    end_session: str
    token_methods: tuple[str, ...]
    names_itself: bool
    """RFC 9207: its answers carry `iss`."""


class BoundedAdapter(HTTPAdapter):
    """Answers are short and come in time, however slowly their bytes drip."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> requests.Response:
        """Read the whole answer here. Raises requests.RequestException."""
        began = time.monotonic()
        options |= {"stream": True, "timeout": self._seconds}
        response = super().send(request, **options)
        body = bytearray()
        try:
            while piece := response.raw.read1(65536, decode_content=True):
                body += piece
                if len(body) > MOST_BYTES:
                    raise requests.ConnectionError("the answer is too long")
                if time.monotonic() - began > self._seconds:
                    raise requests.Timeout("the answer takes too long")
        except requests.RequestException:
            raise
        except Exception as error:  # noqa: BLE001  urllib3's errors, of many kinds, as one of requests'
            raise requests.ConnectionError(type(error).__name__) from None
        finally:
            response.close()
        response._content = bytes(body)
        response._content_consumed = True  # type: ignore[attr-defined]
        return response


class Provider:
    """The issuer that the settings name, as it presents itself; shared by the threads of one process."""

    def __init__(self, settings: OidcSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._few = threading.BoundedSemaphore(AT_ONCE)
        self._services: tuple[float, Services] | None = None
        self._away: tuple[float, str] | None = None
        self._keys: tuple[float, tuple[dict[str, Any], ...]] | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Few ask the issuer at once; the others are told to come again. Raises IssuerAway."""
        if not self._few.acquire(blocking=False):
            raise IssuerAway("many are asking it already")
        try:
            yield
        finally:
            self._few.release()

    def bounded(self, session: requests.Session) -> requests.Session:
        """A session of requests whose every call is bounded and verified."""
        adapter = BoundedAdapter(self.settings.timeout)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        if self.settings.ca is not None:
            session.verify = str(self.settings.ca)
        return session

    def services(self) -> Services:
        """Its services. Raises IssuerAway."""
        with self._lock:
            known = self._services
        if known is not None and self._clock() - known[0] < REMEMBERED_S:
            return known[1]
        with self._lock:
            away = self._away
        if away is not None and self._clock() - away[0] < AWAY_S:
            raise IssuerAway(away[1])
        address = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            made = _services(self._fetch(address), self.settings.issuer)
        except IssuerAway as error:
            with self._lock:
                self._away = (self._clock(), error.why)
            raise
        with self._lock:
            self._services, self._away = (self._clock(), made), None
        return made

    def keys(self, *, again: bool = False) -> tuple[dict[str, Any], ...]:
        """Its public keys; `again`: one was missing. Raises IssuerAway."""
        with self._lock:
            known = self._keys
        if known is not None and self._clock() - known[0] < (KEYS_AGAIN_S if again else REMEMBERED_S):
            return known[1]
        listed = self._fetch(self.services().keys).get("keys")
        if not isinstance(listed, list):
            raise IssuerAway("its list of keys is none")
        made = tuple(key for key in listed if isinstance(key, dict))
        with self._lock:
            self._keys = (self._clock(), made)
        return made

    def _fetch(self, address: str) -> dict[str, Any]:
        try:
            with self.turn(), self.bounded(requests.Session()) as session:
                answer = session.get(address, allow_redirects=False, headers={"Accept": "application/json"})
            if answer.status_code != 200:
                raise IssuerAway(f"it answers {answer.status_code}")
            body = json.loads(answer.content)
        except requests.RequestException as error:
            raise IssuerAway(_in_words(error)) from None
        except ValueError:
            raise IssuerAway("its answer is no JSON") from None
        if not isinstance(body, dict):
            raise IssuerAway("its answer is no object")
        return body


def _services(body: Mapping[str, Any], issuer: str) -> Services:
    if body.get("issuer") != issuer:
        raise IssuerAway("it names itself otherwise than [oidc] issuer does")
    for name in (*NEEDED, *(("end_session_endpoint",) if body.get("end_session_endpoint") else ())):
        address = body.get(name)
        if not isinstance(address, str) or not is_protected(address):
            raise IssuerAway(f"its {name} is no HTTPS address")
    methods = body.get("token_endpoint_auth_methods_supported")
    return Services(
        body["authorization_endpoint"],
        body["token_endpoint"],
        body["jwks_uri"],
        body.get("end_session_endpoint") or "",
        tuple(map(str, methods)) if isinstance(methods, list) else ("client_secret_basic",),
        body.get("authorization_response_iss_parameter_supported") is True,
    )


def _in_words(error: requests.RequestException) -> str:
    """Why, without addresses and without words of the library."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted here; [oidc] ca names further authorities"
    if isinstance(error, requests.Timeout):
        return "it does not answer in time"
    return "it does not answer"
