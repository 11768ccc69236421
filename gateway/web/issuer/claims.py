"""Who a person of the issuer is here: role and site by the tables of the settings. Pure; nothing is guessed.

What no row names is refused with the reason. Of several roles the first row of the table decides, for tables are
written by hand and an order is a decision; of several sites none does, for an account has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.errors import NotAllowed
from gateway.records.credentials import Presented
from gateway.sign_in_settings import EVERY_SITE, OidcSettings, rows_of

NEEDS_A_SITE = frozenset({"coordinator"})
MOST_SUBJECT = 255
"""OpenID Connect Core 2: a subject has at most 255 ASCII characters."""
LONGEST_NAME = 100
_NOT_IN_LOGINS = re.compile(r"[^A-Za-z0-9._@+-]")


class Unmapped(NotAllowed):
    """The issuer knows this person, and the settings do not say who they are here; `why` names no person."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"You are signed in there, but not here: {why}.",
            "Ask for the right group at the issuer, or whoever runs this gateway for a row in [oidc].",
        )
        self.why = why


def person_of(claims: Mapping[str, Any], settings: OidcSettings) -> Presented:
    """The person that a good token presents. Raises Unmapped."""
    subject = claims["sub"]
    role = _role(values(claims, settings.role_claim), settings)
    site = _site(values(claims, settings.site_claim), settings)
    if role in NEEDS_A_SITE and not site:
        raise Unmapped(f"a {role} needs one site, and every site is written for this one")
    login = _NOT_IN_LOGINS.sub("", _text(claims, settings.login_claim))[:LONGEST_NAME]
    name = " ".join(_text(claims, settings.name_claim).split())[:LONGEST_NAME]
    return Presented(settings.issuer, subject, login, name or login or "Person of the issuer", role, site)


def values(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """The texts of a claim, one or a list of them; a claim of that very name, else the way of points to it."""
    at: Any = claims.get(name)
    if at is None:
        at = claims
        for part in name.split("."):
            at = at.get(part) if isinstance(at, Mapping) else None
    if isinstance(at, str):
        return frozenset({at})
    return frozenset(each for each in at if isinstance(each, str)) if isinstance(at, list) else frozenset()


def _role(claimed: Iterable[str], settings: OidcSettings) -> str:
    for value, role in rows_of(settings.roles):
        if value in claimed:
            return role
    raise Unmapped(f"no row of roles names a value of your claim {settings.role_claim}")


def _site(claimed: Iterable[str], settings: OidcSettings) -> str:
    sites = {site for value, site in rows_of(settings.sites) if value in claimed}
    if not sites:
        raise Unmapped(f"no row of sites names a value of your claim {settings.site_claim}")
    if len(sites) > 1:
        raise Unmapped("rows of sites name more than one for you, and an account has one")
    [site] = sites
    return "" if site == EVERY_SITE else site


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return "".join(sign for sign in value if sign.isprintable()) if isinstance(value, str) else ""
