"""Whether an ID token is to be believed (OpenID Connect Core 3.1.3.7): signature, issuer, audience, nonce, times.

The algorithm is one of the settings' list, never the token's own word: `none` and HMAC cannot even be set. The key is
the one that the issuer publishes under the token's key id, of the kind the algorithm needs; keys, addresses and
certificates in the token's header are not looked at.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from gateway.errors import NotAllowed
from gateway.web.issuer.claims import MOST_SUBJECT

KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC"}
"""The kind of key that an algorithm needs, by its first letters."""
SMALLEST_RSA_BITS = 2048
LONGEST_TOKEN = 64_000


class TokenRefused(NotAllowed):
    """The token is not to be believed; the reason names no person and no part of the token."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The answer of the issuer cannot be believed: {why}.",
            "Begin the sign-in again; if it stays, tell whoever runs this gateway.",
        )
        self.why = why


class UnknownKey(TokenRefused):
    """The issuer's published keys do not have the one this token names: they may have changed."""


@dataclass(frozen=True)
class Expected:
    """What a token must say to be the answer to our question."""

    issuer: str
    client_id: str
    nonce: str
    algorithms: Sequence[str]
    skew_s: float


def judge(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected, now: datetime) -> dict[str, Any]:
    """The claims of a token that is to be believed. Raises TokenRefused, of it UnknownKey."""
    header = _header(token)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in expected.algorithms:
        raise TokenRefused("its signature is of an algorithm that [oidc] algorithms does not name")
    key = _key(keys, header.get("kid"), algorithm)
    try:
        decoded = jwt.decode(token, key, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError, KeyError):
        raise TokenRefused("its signature is not the issuer's") from None
    claims = decoded.claims
    _addressed(claims, expected)
    _in_time(claims, now.timestamp(), expected.skew_s)
    return dict(claims)


def auth_time(claims: Mapping[str, Any]) -> datetime | None:
    """When the issuer saw the person authenticate themselves; None when it does not say."""
    at = _number(claims, "auth_time")
    try:
        return datetime.fromtimestamp(at, UTC) if at is not None else None
    except (OverflowError, ValueError, OSError):
        return None


def _header(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > LONGEST_TOKEN:
        raise TokenRefused("it is no signed token")
    try:
        header = json.loads(urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except ValueError:
        raise TokenRefused("it is no signed token") from None
    if not isinstance(header, dict):
        raise TokenRefused("it is no signed token")
    return header


def _key(keys: Sequence[Mapping[str, Any]], kid: object, algorithm: str) -> RSAKey | ECKey:
    kind = KINDS[algorithm[:2]]
    fitting = [
        key
        for key in keys
        if key.get("kty") == kind
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    ]
    if len(fitting) != 1:
        raise UnknownKey("the issuer publishes no key, or several, that it could be signed with")
    public = {name: value for name, value in fitting[0].items() if name in ("kty", "n", "e", "crv", "x", "y")}
    try:
        made = RSAKey.import_key(public) if kind == "RSA" else ECKey.import_key(public)
    except (JoseError, ValueError, TypeError, KeyError):
        raise TokenRefused("the issuer's key cannot be read") from None
    if isinstance(made, RSAKey) and made.public_key.key_size < SMALLEST_RSA_BITS:
        raise TokenRefused(f"the issuer's key is shorter than {SMALLEST_RSA_BITS} bits")
    return made


def _addressed(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise TokenRefused("another issuer made it")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or expected.client_id not in audiences:
        raise TokenRefused("it is for another program")
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != expected.client_id:
        raise TokenRefused("it was given to another program")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not secrets.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise TokenRefused("it answers another question")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MOST_SUBJECT or not subject.isprintable():
        raise TokenRefused("it names nobody")


def _in_time(claims: Mapping[str, Any], now: float, skew_s: float) -> None:
    ends, made = _number(claims, "exp"), _number(claims, "iat")
    if ends is None or made is None:
        raise TokenRefused("it says no time")
    if ends <= now - skew_s:
        raise TokenRefused("its time is over")
    if made > now + skew_s or (_number(claims, "nbf") or 0.0) > now + skew_s:
        raise TokenRefused("it is of the future: the clocks of issuer and gateway differ")


def _number(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
