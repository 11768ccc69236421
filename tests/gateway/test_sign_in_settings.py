"""Settings of an issuer that would let the wrong in, or nobody, are refused when they are read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.settings import Settings
from gateway.sign_in_settings import OidcSettings, SecurityTxtSettings, rows_of

GOOD: dict[str, Any] = {
    "issuer": "https://issuer.example/realm",
    "client_id": "gateway",
    "roles": ["a=reader"],
    "sites": ["a=north"],
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "http://issuer.example"},
        {"issuer": "ftp://127.0.0.1"},
        {"issuer": "https://issuer.example/?x=1"},
        {"client_id": ""},
        {"roles": []},
        {"sites": []},
        {"roles": ["a=owner"]},
        {"roles": ["reader"]},
        {"sites": ["=north"]},
        {"sites": ["a="]},
        {"algorithms": []},
        {"algorithms": ["none"]},
        {"algorithms": ["RS256", "HS256"]},
        {"scopes": ["profile"]},
        {"clock_skew": 3600},
        {"timeout": 0},
        {"only": True},
        {"only": True, "break_glass": "x", "issuer": ""},
    ],
    ids=str,
)
def test_settings_that_would_let_the_wrong_in_or_nobody_are_refused(wrong: dict[str, Any]) -> None:
    """With the reason, before anything is served."""
    with pytest.raises(ValidationError):
        OidcSettings.model_validate(GOOD | wrong)


def test_good_settings_are_taken_and_hide_the_secret() -> None:
    """Also as the environment gives lists: separated by commas."""
    made = OidcSettings.model_validate(GOOD | {"roles": "a=reader, b=admin", "client_secret": "very secret"})
    assert rows_of(made.roles) == (("a", "reader"), ("b", "admin"))
    assert "very secret" not in repr(made)
    assert "very secret" not in repr(Settings(oidc=made))


@pytest.mark.parametrize(
    "wrong",
    [
        {"contact": ["security@clinic.example"], "expires": "2027-01-01T00:00:00Z"},
        {"contact": ["mailto:a@b.example"]},
        {"contact": ["mailto:a@b.example"], "expires": "2027-01-01T00:00:00"},
        {"contact": ["mailto:a@b.example"], "expires": "soon"},
        {"contact": ["mailto:a@b.example\r\nContact: x"], "expires": "2027-01-01T00:00:00Z"},
        {"contact": ["mailto:a@b.example"], "expires": "2027-01-01T00:00:00Z", "policy": "http://b.example"},
        {"contact": ["mailto:a@b.example"], "expires": "2027-01-01T00:00:00Z", "languages": "en\nfr"},
    ],
    ids=str,
)
def test_a_security_txt_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    """Addresses with a scheme, a moment with a zone, nothing of two lines."""
    with pytest.raises(ValidationError):
        SecurityTxtSettings.model_validate(wrong)
