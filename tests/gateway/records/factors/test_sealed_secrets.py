"""The secret of a second factor, sealed."""

from __future__ import annotations

from gateway.records.accounts import token_hash
from gateway.records.factors.sealed_secrets import (
    open_by_password,
    open_by_token,
    seal_by_password,
    seal_by_token,
)

SECRET = "JBSWY3DPEHPK3PXP"


def test_only_the_password_opens_what_it_sealed() -> None:
    """Another one, nothing, or half of it open nothing, and that is no error."""
    sealed = seal_by_password(SECRET, "a long password")
    assert SECRET not in sealed
    assert sealed != seal_by_password(SECRET, "a long password")
    assert open_by_password(sealed, "a long password") == SECRET
    assert open_by_password(sealed, "another password") is None
    assert open_by_password("", "a long password") is None
    assert open_by_password(sealed[:20], "a long password") is None


def test_only_the_token_opens_what_it_sealed_and_its_hash_does_not() -> None:
    """The hash is what lies beside it in the table."""
    sealed = seal_by_token(SECRET, "token")
    assert open_by_token(sealed, "token") == SECRET
    assert open_by_token(sealed, token_hash("token")) is None
    assert open_by_token("", "token") is None
