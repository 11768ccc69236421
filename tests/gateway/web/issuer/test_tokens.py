"""What makes a token believed, and each way to forge one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from gateway.web.issuer.tokens import Expected, TokenRefused, UnknownKey, auth_time, judge

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
EXPECTED = Expected("https://issuer.example", "gateway", "the-nonce", ("RS256", "ES256"), 60.0)
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
CURVE = ECKey.generate_key("P-256", {"kid": "curve"})
STRANGER = RSAKey.generate_key(2048, {"kid": "one"})
KEYS = [KEY.as_dict(private=False), CURVE.as_dict(private=False)]
GOOD: dict[str, Any] = {
    "iss": "https://issuer.example",
    "aud": "gateway",
    "sub": "4711",
    "nonce": "the-nonce",
    "iat": AT - 1,
    "exp": AT + 300,
}


def made(key: Any = KEY, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token; None takes a claim away."""
    body = {name: value for name, value in (GOOD | claims).items() if value is not None}
    return jwt.encode(
        header or {"alg": "RS256", "kid": "one"}, body, key, algorithms=["RS256", "ES256", "HS256"]
    )


def part(value: Any) -> str:
    """One part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def hmac_with(secret: bytes) -> str:
    """A token of the oldest trick: signed with what everybody may know, which a verifier may take for a secret."""
    signed = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(GOOD)}"
    digest = hmac.digest(secret, signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "token",
    [
        made(),
        made(CURVE, {"alg": "ES256", "kid": "curve"}),
        made(aud=["gateway", "another"], azp="gateway"),
        made(header={"alg": "RS256"}),
        made(exp=AT - 30),
        made(iat=AT + 30),
    ],
    ids=["RSA", "EC", "several audiences", "without a key id", "just over", "just ahead"],
)
def test_a_good_token_is_believed(token: str) -> None:
    """By the issuer's key, for us, about this question, in time but for the clocks' difference."""
    assert judge(token, KEYS, EXPECTED, NOW)["sub"] == "4711"


FORGED = {
    "of nobody": f"{part({'alg': 'none'})}.{part(GOOD)}.",
    "of nobody, shouted": f"{part({'alg': 'NONE', 'kid': 'one'})}.{part(GOOD)}.",
    "with no algorithm": f"{part({'kid': 'one'})}.{part(GOOD)}.x",
    "with a list for an algorithm": f"{part({'alg': ['RS256'], 'kid': 'one'})}.{part(GOOD)}.x",
    "HMAC with the public key": hmac_with(KEY.as_pem(private=False)),
    "an algorithm that is not taken": jwt.encode(
        {"alg": "RS512", "kid": "one"}, GOOD, KEY, algorithms=["RS512"]
    ),
    "of another key": made(STRANGER),
    "with its own key": made(STRANGER, {"alg": "RS256", "jwk": STRANGER.as_dict(private=False)}),
    "with an address of keys": made(
        STRANGER, {"alg": "RS256", "kid": "one", "jku": "https://evil.example/keys"}
    ),
    "changed": made().replace(".", f".{part(GOOD | {'sub': 'admin'})}.", 1).rsplit(".", 2)[0] + ".x",
    "of another issuer": made(iss="https://evil.example"),
    "of nearly the issuer": made(iss="https://issuer.example/"),
    "for another program": made(aud="another"),
    "for others": made(aud=["another", "third"]),
    "given to another": made(aud=["gateway", "another"], azp="another"),
    "for several, given to nobody": made(aud=["gateway", "another"]),
    "for nobody": made(aud=None),
    "of another question": made(nonce="another"),
    "of no question": made(nonce=None),
    "over": made(exp=AT - 61),
    "without an end": made(exp=None),
    "without a beginning": made(iat=None),
    "of the future": made(iat=AT + 61),
    "not yet": made(nbf=AT + 61),
    "without a subject": made(sub=None),
    "with an empty subject": made(sub=""),
    "with a subject that is a number": made(sub=4711),
    "with a long subject": made(sub="x" * 256),
    "with an end that is a word": made(exp="tomorrow"),
    "encrypted": "a.b.c.d.e",
    "no token": "x",
    "huge": "a." + "b" * 100_000 + ".c",
    "empty": "",
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_is_refused(how: str) -> None:
    """Each with a reason that names no person."""
    with pytest.raises(TokenRefused) as refused:
        judge(FORGED[how], KEYS, EXPECTED, NOW)
    assert "4711" not in str(refused.value)


def test_a_key_that_is_not_published_is_looked_for_again() -> None:
    """An issuer changes its keys: the caller fetches them once more."""
    with pytest.raises(UnknownKey):
        judge(made(header={"alg": "RS256", "kid": "new"}), KEYS, EXPECTED, NOW)


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [KEY.as_dict(private=False) | {"use": "enc"}],
        [KEY.as_dict(private=False) | {"alg": "PS256"}],
        [KEY.as_dict(private=False), STRANGER.as_dict(private=False)],
        [{"kty": "RSA", "kid": "one", "n": "!", "e": "AQAB"}],
        [{"kty": "RSA", "kid": "one"}],
    ],
    ids=["none", "to encrypt", "of another algorithm", "two of one id", "unreadable", "empty"],
)
def test_a_key_that_is_not_for_this_is_not_used(keys: list[dict[str, Any]]) -> None:
    """Nor is one chosen of two."""
    with pytest.raises(TokenRefused):
        judge(made(), keys, EXPECTED, NOW)


def test_a_short_key_is_refused() -> None:
    """1024 bits were broken long ago."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of such keys, and uses them
        short = RSAKey.generate_key(1024, {"kid": "one"})
        with pytest.raises(TokenRefused, match="2048"):
            judge(made(short), [short.as_dict(private=False)], EXPECTED, NOW)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        (AT, NOW),
        (AT + 0.5, NOW + timedelta(seconds=0.5)),
        (None, None),
        ("x", None),
        (True, None),
        (1e300, None),
    ],
)
def test_the_time_of_the_sign_in_is_read_or_not_known(told: Any, meant: datetime | None) -> None:
    """Whole or broken seconds; nothing else is taken for a time."""
    assert auth_time({"auth_time": told}) == meant
