"""Who may sign in: what a password must be, and whose session a cookie is.

Passwords are kept as argon2id, sessions on the server, where they can be ended. `ledger.accounts` writes both.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlmodel import Session, col, select

from gateway.records.database import Database
from gateway.records.tables.administration import Account, WebSession

SHORTEST_PASSWORD = 12
HASHER = PasswordHasher()


@cache
def decoy() -> str:
    """Verified for an unknown login, so that the time taken does not tell which logins exist.

    Made once, by whoever serves a sign-in before the first comes; every command line would wait for it otherwise.
    """
    return HASHER.hash(secrets.token_hex(16))


@dataclass(frozen=True)
class Viewer:
    """A signed-in person: what they are and which site's cases they may see (empty: every site)."""

    account_id: int
    login: str
    display_name: str
    role: str
    site: str
    csrf: str = ""


def session_of(database: Database, token: str) -> Viewer | None:
    """Who a cookie's token belongs to, or None when the session ended or the account was disabled."""
    with database.read() as session:
        row = session.get(WebSession, token_hash(token))
        if row is None or row.expires_at <= database.now(session):
            return None
        account = session.get(Account, row.account_id)
        return viewer_of(account, row.csrf) if account is not None and not account.disabled else None


def uploading_sites(session: Session) -> list[str]:
    """The sites of those who may upload for one."""
    chosen = select(Account.site).where(
        Account.role == "coordinator", Account.site != "", col(Account.disabled).is_(False)
    )
    return sorted(set(session.exec(chosen)))


def viewer_of(account: Account, csrf: str) -> Viewer:
    """A saved account as the person of a session; `csrf` is the secret that this session's forms carry."""
    return Viewer(account.saved_id, account.login, account.display_name, account.role, account.site, csrf)


def fits(hashed: str, password: str) -> bool:
    """Whether a password is the one that was hashed; slow on purpose (argon2id), so never inside a transaction."""
    try:
        return HASHER.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def token_hash(token: str) -> str:
    """A session's token as it is kept: who reads the table cannot sign in with it."""
    return hashlib.sha256(token.encode()).hexdigest()
