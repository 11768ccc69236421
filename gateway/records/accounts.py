"""Who may sign in, what they may see, and whose session a cookie is.

Passwords are kept as argon2id, sessions on the server, where they can be ended. `ledger.persons` writes both.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlmodel import Session, col, select

from gateway.errors import NotAllowed
from gateway.records.database import Database
from gateway.records.tables.administration import Account, KnownPlace, WebSession

HASHER = PasswordHasher()


@cache
def decoy() -> str:
    """Verified for an unknown login, so that the time taken does not tell which logins exist.

    Made once, by whoever serves a sign-in before the first comes; every command line would wait for it otherwise.
    """
    return HASHER.hash(secrets.token_hex(16))


SEEN_EVERY = timedelta(minutes=1)
"""How exactly the last sight of a session is kept: not each picture is a write."""


@dataclass(frozen=True)
class Viewer:
    """A signed-in person: what they are and which site's cases they may see (empty: every site, as their account says
    in so many words)."""

    account_id: int
    login: str
    display_name: str
    role: str
    site: str
    csrf: str = ""


@dataclass(frozen=True)
class Whence:
    """Where somebody signs in from; `places` are what the account is known by there, hashed."""

    address: str = ""
    device: str = ""
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class HalfSignIn:
    """A sign-in whose password was right and whose second factor is asked for (`code`) or must be set up (`set-up`)."""

    account_id: int
    login: str
    stage: str
    csrf: str


def session_of(database: Database, token: str, idle: timedelta | None = None) -> Viewer | None:
    """Who a cookie's token belongs to; None when the session ended, was left alone for longer than `idle`, is half a
    sign-in, or the account was disabled or belongs to no site."""
    with database.read() as session:
        found = _living(session, database.now(session), token, idle)
        if found is None or found[0].stage != "open":
            return None
        return viewer_of(found[1], found[0].csrf)


def half_sign_in(database: Database, token: str) -> HalfSignIn | None:
    """The half sign-in that a token belongs to."""
    with database.read() as session:
        found = _living(session, database.now(session), token, None)
        if found is None or found[0].stage == "open":
            return None
        row, account = found
        return HalfSignIn(account.saved_id, account.login, row.stage, row.csrf)


def is_worth_noting(database: Database, token: str) -> bool:
    """Whether a session was last noted as seen so long ago that it is time to note it again."""
    with database.read() as session:
        row = session.get(WebSession, token_hash(token))
        return row is not None and row.last_seen_at + SEEN_EVERY <= database.now(session)


def _living(
    session: Session, now: datetime, token: str, idle: timedelta | None
) -> tuple[WebSession, Account] | None:
    row = session.get(WebSession, token_hash(token))
    if row is None or row.expires_at <= now or (idle is not None and row.last_seen_at + idle <= now):
        return None
    account = session.get(Account, row.account_id)
    return (row, account) if account is not None and not account.disabled and is_placed(account) else None


def is_placed(account: Account) -> bool:
    """Whether it is said what an account may see: a site, or every site."""
    return bool(account.site) or account.every_site


def is_known(database: Database, login: str, places: Iterable[str]) -> bool:
    """Whether this login signed in from one of these places before; the same look-up for a login that is not there."""
    chosen = (
        select(KnownPlace.ids())
        .join(Account, col(KnownPlace.account_id) == col(Account.id))
        .where(Account.login == login, col(KnownPlace.place).in_(list(places)))
    )
    with database.read() as session:
        return session.exec(chosen.limit(1)).first() is not None


def answering(session: Session) -> frozenset[tuple[str, str]]:
    """Login and site of every enabled account that acknowledges critical results for its hospital."""
    found = session.exec(
        select(Account.login, Account.site).where(
            Account.role == "coordinator", col(Account.disabled).is_(False), Account.site != ""
        )
    )
    return frozenset(found)


def uploading_sites(session: Session) -> list[str]:
    """The sites of those who may upload for one."""
    chosen = select(Account.site).where(
        Account.role == "coordinator", Account.site != "", col(Account.disabled).is_(False)
    )
    return sorted(set(session.exec(chosen)))


def without_site(session: Session) -> list[str]:
    """The logins of enabled accounts of which nobody said what they may see: coordinators of before, as a rule."""
    chosen = select(Account.login).where(
        Account.site == "", col(Account.every_site).is_(False), col(Account.disabled).is_(False)
    )
    return sorted(session.exec(chosen))


def viewer_of(account: Account, csrf: str) -> Viewer:
    """A saved account as the person of a session; `csrf` is the secret that this session's forms carry. Raises
    NotAllowed for one that belongs to no site."""
    if not is_placed(account):
        raise NotAllowed(
            "Your account belongs to no site, so it would see nothing.",
            f"An administrator gives it one: gateway users set {account.login} --site SITE",
        )
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
