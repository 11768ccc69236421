"""The settings of ways in and of whom to tell of a weakness: the issuer of the hospital's sign-in, security.txt."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from gateway.settings_table import Table, parts

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Signatures with a key that only the issuer has; none and HMAC are not among them and cannot be set."""
ROLE_NAMES = ("reader", "lead", "coordinator", "admin")
EVERY_SITE = "*"
HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def is_protected(address: str) -> bool:
    """Whether an address is HTTPS, or of this machine, where nobody listens in between."""
    split = urlsplit(address)
    return split.scheme == "https" or (split.scheme == "http" and (split.hostname or "") in HERE)


def rows_of(lines: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Rows of a mapping, (value of the claim, what it is here): split at the last `=`, values may hold others."""
    split = (line.rpartition("=") for line in lines)
    return tuple((value.strip(), meaning.strip()) for value, _, meaning in split)


class OidcSettings(Table):
    """Sign-in by an OpenID Connect issuer, beside local accounts or instead of them."""

    issuer: str = Field(
        "",
        description="address of the issuer, exactly as it names itself; HTTPS; empty: local accounts alone",
    )
    name: str = Field("the hospital's sign-in", description="what the sign-in page calls it")
    client_id: str = Field("", description="what the issuer knows this gateway as")
    client_secret: str = Field(
        "", repr=False, description="its secret; give it as a file; empty: a public client, PKCE alone"
    )
    scopes: tuple[str, ...] = Field(
        ("openid", "profile"), description="what is asked for; in the environment separated by commas"
    )
    login_claim: str = Field(
        "preferred_username", description="claim whose value is shown as login, after oidc:; never compared"
    )
    name_claim: str = Field(
        "name", description="claim with the name that pages show and reports are signed with"
    )
    role_claim: str = Field(
        "groups", description="claim that decides the role; realm_access.roles for a claim within a claim"
    )
    roles: tuple[str, ...] = Field(
        (),
        description='which value is which role: ["pml-readers=reader", "pml-it=admin"]; the first row that a person '
        "has decides, and who has none is refused",
    )
    site_claim: str = Field("groups", description="claim that decides the site")
    sites: tuple[str, ...] = Field(
        (),
        description='which value is which site: ["neuro-north=north", "pml-it=*"], * for every site; who has no row is '
        "refused, as is who has rows of two sites; a coordinator needs one site",
    )
    algorithms: tuple[Algorithm, ...] = Field(
        ("RS256", "PS256", "ES256"),
        description="signatures of tokens that are taken; none and HMAC never are",
    )
    clock_skew: float = Field(
        60.0, ge=0, le=300, description="seconds that the clocks of issuer and gateway may differ"
    )
    timeout: float = Field(10.0, gt=0, le=60, description="seconds for one call to the issuer")
    ca: Path | None = Field(
        None, description="PEM authorities of the issuer, where the system does not know them"
    )
    only: bool = Field(
        False, description="true: local accounts do not sign in any more, but for the one in break_glass"
    )
    break_glass: str = Field(
        "", description="login of the local account for emergencies; each sign-in with it is a notice"
    )

    _separated = field_validator("scopes", "roles", "sites", "algorithms", mode="before")(parts)

    @field_validator("issuer")
    @classmethod
    def _is_protected(cls, value: str) -> str:
        if value and not is_protected(value):
            raise ValueError("the issuer must be an https:// address")
        if value and (urlsplit(value).query or urlsplit(value).fragment):
            raise ValueError("the issuer is an address without ? and #")
        return value

    @field_validator("scopes")
    @classmethod
    def _asks_for_a_person(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in value:
            raise ValueError("the scopes lack openid: without it the issuer says nothing of the person")
        return value

    @field_validator("roles", "sites")
    @classmethod
    def _are_rows(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for line, (claimed, meaning) in zip(value, rows_of(value), strict=True):
            if not claimed or not meaning:
                raise ValueError(f"{line!r} is no row; write as value=meaning")
        return value

    @field_validator("roles")
    @classmethod
    def _name_roles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for _, role in rows_of(value):
            if role not in ROLE_NAMES:
                raise ValueError(f"there is no role {role!r}; known are {', '.join(ROLE_NAMES)}")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.issuer:
            for key in ("client_id", "roles", "sites", "algorithms"):
                if not getattr(self, key):
                    raise ValueError(f"with an issuer, {key} must say something: nobody could sign in")
        if self.only and not self.issuer:
            raise ValueError("only = true without an issuer would let nobody in")
        if self.only and not self.break_glass:
            raise ValueError("only = true needs break_glass: the local account for when the issuer is away")
        return self


class SecurityTxtSettings(Table):
    """Whom a finder of a weakness tells, as /.well-known/security.txt (RFC 9116)."""

    contact: tuple[str, ...] = Field(
        (),
        description='addresses, best first: ["mailto:security@clinic.example"]; empty: there is no such page; in the '
        "environment separated by commas",
    )
    expires: str = Field(
        "", description="until when the page is right, as 2027-06-30T00:00:00Z; within a year"
    )
    policy: str = Field("", description="address of how reports are handled; empty: none")
    languages: str = Field("", description="languages of an answer, as en, de; empty: not said")

    _separated = field_validator("contact", mode="before")(parts)

    @field_validator("contact", "policy")
    @classmethod
    def _are_addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for address in (value,) if isinstance(value, str) else value:
            if address and not address.startswith(("mailto:", "https://", "tel:")):
                raise ValueError(f"{address!r} is no mailto:, tel: or https:// address")
            if not address.isprintable() or " " in address:
                raise ValueError(f"{address!r} is no address")
        return value

    @field_validator("languages")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("the languages stand on one line")
        return value

    @model_validator(mode="after")
    def _expires_with_a_zone(self) -> Self:
        if self.contact and self.expires_at is None:
            raise ValueError("expires must be a moment with a zone, as 2027-06-30T00:00:00Z (RFC 9116 2.5.5)")
        return self

    @property
    def expires_at(self) -> datetime | None:
        """The moment of `expires`; None when it is none with a zone."""
        try:
            moment = datetime.fromisoformat(self.expires)
        except ValueError:
            return None
        return moment if moment.tzinfo is not None else None
