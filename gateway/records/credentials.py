"""Whom else the gateway knows: persons of an issuer, and programs with a token. `ledger.credentials` writes both.

A token is 32 random bytes, so SHA-256 keeps it well enough: argon2 protects what people think of, which can be guessed
from a list; 2**256 tokens cannot. It costs 64 MB and a core for each look, which a program's every request would pay.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from gateway.errors import WrongState
from gateway.records.database import Database
from gateway.records.tables.administration import Account
from gateway.records.tables.credentials import Client, IssuedPerson, SignerProof

SCOPES: dict[str, str] = {
    "stow": "store objects by STOW-RS",
}
"""What a token may be for; its value completes the sentence 'This token may …'."""
TOKEN = re.compile(r"gwc_[A-Za-z0-9_-]{43}")
"""A prefix by which a search for lost secrets knows it, and 32 bytes in base64url."""
DEFAULT_LIFETIME = timedelta(days=365)
LONGEST_LIFETIME = timedelta(days=3 * 365)
PROOF_ASKED = timedelta(minutes=10)
"""So long an issuer may take to ask a signer."""
PROOF_HOLDS = timedelta(minutes=5)
"""So long the signature may come after the issuer's answer."""
ISSUED_LOGIN = "oidc:"
"""How logins of an issuer's persons begin; no local account's does, so the two never meet."""


@dataclass(frozen=True)
class Presented:
    """A person as an issuer presents them, already mapped to what they are here; an empty site is every site."""

    issuer: str
    subject: str
    login: str
    display_name: str
    role: str
    site: str


@dataclass(frozen=True)
class ClientRow:
    """A program with a token, for pages and commands."""

    id: int
    name: str
    scopes: tuple[str, ...]
    node: str
    site: str
    added_by: str
    added_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_address: str

    def state(self, now: datetime) -> str:
        """In force, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= now else "in force"


def new_token() -> str:
    """A secret for a program; shown once."""
    return f"gwc_{secrets.token_urlsafe(32)}"


def secret_hash(secret: str) -> str:
    """A secret as it is kept: who reads the table cannot use it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def clients(session: Session) -> list[ClientRow]:
    """Every program, by name."""
    return [_row(client) for client in session.exec(select(Client).order_by(col(Client.name)))]


def client_of(session: Session, token: str) -> ClientRow | None:
    """Whose token this is, whatever its state; None for one that nobody was given."""
    if not TOKEN.fullmatch(token):
        return None
    client = session.exec(select(Client).where(Client.token_hash == secret_hash(token))).first()
    return _row(client) if client is not None else None


def _row(client: Client) -> ClientRow:
    return ClientRow(
        client.saved_id,
        client.name,
        tuple(client.scopes.split()),
        client.node,
        client.site,
        client.added_by,
        client.added_at,
        client.expires_at,
        client.revoked_at,
        client.last_used_at,
        client.last_address,
    )


def is_issued(database: Database, account_id: int) -> bool:
    """Whether an issuer signs this account in, so that it has no password here."""
    with database.read() as session:
        return _person_of(session, account_id) is not None


def is_for_emergencies(database: Database, login: str) -> bool:
    """Whether somebody can run the gateway by this local account while an issuer is away."""
    chosen = select(Account).where(
        Account.login == login,
        Account.role == "admin",
        col(Account.every_site).is_(True),
        col(Account.disabled).is_(False),
    )
    with database.read() as session:
        account = session.exec(chosen).first()
        return account is not None and _person_of(session, account.saved_id) is None


def check_not_for_emergencies(login: str, break_glass: str) -> None:
    """Raise WrongState for the account of [oidc] break_glass: with the issuer away nobody else may come in."""
    if break_glass and login == break_glass:
        raise WrongState(
            f"{login} is the account for emergencies.",
            "Name another one in [oidc] break_glass first, and start the gateway anew.",
        )


def _person_of(session: Session, account_id: int) -> IssuedPerson | None:
    return session.exec(select(IssuedPerson).where(IssuedPerson.account_id == account_id)).first()


def proven_until(database: Database, session_secret: str, case_id: int) -> datetime | None:
    """Until when this session may sign this case, because its person was asked at the issuer once more."""
    with database.read() as session:
        proof = session.get(SignerProof, secret_hash(session_secret))
        if proof is None or proof.proven_at is None or proof.case_id != case_id:
            return None
        until = proof.proven_at + PROOF_HOLDS
        return until if until > database.now(session) else None
