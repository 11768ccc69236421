"""The code flow with PKCE: what is asked of the issuer, and the answer exchanged for a token that is believed.

A seed in a cookie of the asking browser makes everything that must come back: the state (this browser asked), the nonce
(the token is the answer to it) and the verifier of PKCE (only who asked can use the code). So nothing is kept here of
strangers who begin a sign-in, and nothing of it can be taken from the address that they come back with.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlencode

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session

from gateway import clock
from gateway.web.issuer.provider import IssuerAway, Provider
from gateway.web.issuer.tokens import Expected, TokenRefused, UnknownKey, judge

BACK = "/sign-in/issuer/back"
ASKED_AGAIN_S = "60"
"""With `max_age` the token must say when the person was seen; 0 sends some issuers round for ever. We compare it."""


def new_seed() -> str:
    """A secret of one question."""
    return secrets.token_urlsafe(32)


def derived(seed: str, purpose: str) -> str:
    """What comes of a seed for one purpose; 43 characters, as PKCE asks for (RFC 7636 4.1)."""
    made = hmac.digest(seed.encode(), purpose.encode(), hashlib.sha256)
    return urlsafe_b64encode(made).rstrip(b"=").decode()


def is_ours(seed: str, state: str) -> bool:
    """Whether an answer is to the question of this browser's seed."""
    return bool(seed) and hmac.compare_digest(derived(seed, "state").encode(), state.encode())


def question(provider: Provider, own_address: str, seed: str, *, ask_again: bool = False) -> str:
    """The address that the browser goes to; `ask_again`: the person must authenticate themselves now."""
    more = {"prompt": "login", "max_age": ASKED_AGAIN_S} if ask_again else {}
    with _session(provider, own_address) as session:
        address, _ = session.create_authorization_url(
            provider.services().authorization,
            state=derived(seed, "state"),
            nonce=derived(seed, "nonce"),
            code_verifier=derived(seed, "verifier"),
            **more,
        )
    return str(address)


def exchanged(provider: Provider, own_address: str, seed: str, code: str) -> tuple[dict[str, Any], str]:
    """The claims of the token that a code stands for, and the token. Raises IssuerAway or TokenRefused."""
    services = provider.services()
    try:
        with provider.turn(), _session(provider, own_address) as session:
            answer = session.fetch_token(
                services.token,
                grant_type="authorization_code",
                code=code,
                code_verifier=derived(seed, "verifier"),
                allow_redirects=False,
            )
    except requests.RequestException:
        raise IssuerAway("it does not answer") from None
    except (AuthlibBaseError, ValueError, TypeError, KeyError, AttributeError):
        raise TokenRefused("it does not take the code, which may be used already") from None
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise TokenRefused("it holds no ID token")
    settings = provider.settings
    expected = Expected(
        settings.issuer,
        settings.client_id,
        derived(seed, "nonce"),
        settings.algorithms,
        settings.clock_skew,
    )
    try:
        return judge(token, provider.keys(), expected, clock.now()), token
    except UnknownKey:
        return judge(token, provider.keys(again=True), expected, clock.now()), token


def end_address(provider: Provider, own_address: str, token: str) -> str:
    """Where the browser ends the person's session at the issuer (RP-Initiated Logout); empty: it has no such place."""
    services = provider.services()
    if not services.end_session:
        return ""
    said = {"client_id": provider.settings.client_id, "post_logout_redirect_uri": f"{own_address}/sign-in"}
    joint = "&" if "?" in services.end_session else "?"
    return services.end_session + joint + urlencode(({"id_token_hint": token} if token else {}) | said)


def _session(provider: Provider, own_address: str) -> Any:
    settings = provider.settings
    offered = provider.services().token_methods
    method = "none"
    if settings.client_secret:
        basic = "client_secret_basic" in offered or "client_secret_post" not in offered
        method = "client_secret_basic" if basic else "client_secret_post"
    session = OAuth2Session(
        settings.client_id,
        settings.client_secret or None,
        scope=" ".join(settings.scopes),
        redirect_uri=own_address + BACK,
        token_endpoint_auth_method=method,
        code_challenge_method="S256",
    )
    return provider.bounded(session)
