"""How the secret of a second factor is kept: sealed, and nothing that opens it lies in the records.

At rest it is sealed by the account's password (argon2id, AES-256-GCM), for the minutes of a sign-in or a set-up by the
session's token, of which the records have a hash alone. Who reads the whole database cannot make a code, and the web
role needs no key for it. A password that was replaced by a one-time link opens nothing any more: then a recovery code
is asked for.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Final

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_SALT: Final = 16
_NONCE: Final = 12


def seal_by_password(secret: str, password: str) -> str:
    """Seal for a long time; slow on purpose, so never inside a transaction."""
    salt = secrets.token_bytes(_SALT)
    return _text(salt + _sealed(_slow_key(password, salt), secret))


def open_by_password(sealed: str, password: str) -> str | None:
    """The secret; None when this password does not open it, or nothing is there."""
    raw = _raw(sealed)
    return _opened(_slow_key(password, raw[:_SALT]), raw[_SALT:]) if len(raw) > _SALT + _NONCE else None


def seal_by_token(secret: str, token: str) -> str:
    """Seal for the minutes of a sign-in or a set-up."""
    return _text(_sealed(_quick_key(token), secret))


def open_by_token(sealed: str, token: str) -> str | None:
    """The secret; None when this token does not open it, or nothing is there."""
    raw = _raw(sealed)
    return _opened(_quick_key(token), raw) if len(raw) > _NONCE else None


def _slow_key(password: str, salt: bytes) -> bytes:
    # As hard to guess by as the password's own hash: 64 MB, three passes.
    return hash_secret_raw(password.encode(), salt, 3, 65536, 4, 32, Type.ID)


def _quick_key(token: str) -> bytes:
    """A token has 256 random bits; the prefix keeps the key apart from the hash in the table."""
    return hashlib.sha256(f"second factor\0{token}".encode()).digest()


def _sealed(key: bytes, secret: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, secret.encode(), None)


def _opened(key: bytes, raw: bytes) -> str | None:
    try:
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], None).decode()
    except InvalidTag:
        return None


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _raw(sealed: str) -> bytes:
    return base64.b64decode(sealed) if sealed else b""
