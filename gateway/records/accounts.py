"""Who may sign in: argon2id passwords, lockout, and server-side sessions that can be ended."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlmodel import col, delete, select

from gateway.errors import Conflict, GatewayError, NotAllowed, NotThere
from gateway.records import audit
from gateway.records.database import Database
from gateway.records.tables.service import ROLES, Account, WebSession

SHORTEST_PASSWORD = 12
FAILURES_TO_LOCK = 5
LOCK = timedelta(minutes=15)
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


def add_user(
    database: Database,
    login: str,
    display_name: str,
    role: str,
    site: str,
    password: str,
    who: str = "command line",
) -> int:
    """Create an account; returns its number."""
    if role not in ROLES:
        raise GatewayError(f"{role!r} is not a role.", f"Use one of: {', '.join(ROLES)}.")
    if len(password) < SHORTEST_PASSWORD:
        raise GatewayError(
            f"The password has {len(password)} characters.", f"Use at least {SHORTEST_PASSWORD}."
        )
    hashed = HASHER.hash(password)
    with database.write("add_user") as session:
        if session.exec(select(Account).where(Account.login == login)).first() is not None:
            raise Conflict(f"There is already an account {login!r}.", "Choose another login.")
        account = Account(
            login=login, display_name=display_name or login, role=role, site=site, password_hash=hashed
        )
        session.add(account)
        session.flush()
        audit.append(
            session,
            database.now(session),
            who,
            "account added",
            f"account {account.id}",
            {"role": role, "site": site},
        )
        return account.saved_id


def sign_in(database: Database, login: str, password: str, lifetime: timedelta) -> tuple[str, Viewer]:
    """Open a session: the cookie's secret token, and who it is. NotAllowed never says which part was wrong."""
    with database.read() as session:
        account = session.exec(select(Account).where(Account.login == login)).first()
        now = database.now(session)
    locked = account is not None and account.locked_until is not None and account.locked_until > now
    right = _password_fits(account.password_hash if account else decoy(), password) and account is not None
    with database.write("sign_in") as session:
        if account is None or locked or not right or account.disabled:
            if account is not None and not locked:
                _count_failure(session.get_one(Account, account.id), now + LOCK)
            audit.append(
                session,
                now,
                login if account else "unknown login",
                "sign-in refused",
                f"account {account.id if account else '-'}",
            )
            refused = True
        else:
            row = session.get_one(Account, account.id)
            row.failed_sign_ins, row.locked_until = 0, None
            token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
            session.add(
                WebSession(
                    token_hash=_hash(token),
                    account_id=account.saved_id,
                    csrf=csrf,
                    created_at=now,
                    expires_at=now + lifetime,
                )
            )
            audit.append(session, now, account.login, "signed in", f"account {account.id}")
            refused = False
    if refused:
        raise NotAllowed(
            "This login and password do not fit, or the account is locked.",
            f"Try again; after {FAILURES_TO_LOCK} wrong passwords an account rests for {LOCK.seconds // 60} minutes.",
        )
    assert account is not None
    return token, Viewer(
        account.saved_id, account.login, account.display_name, account.role, account.site, csrf
    )


def session_of(database: Database, token: str) -> Viewer | None:
    """Who a cookie's token belongs to, or None when the session ended or the account was disabled."""
    with database.read() as session:
        row = session.get(WebSession, _hash(token))
        if row is None or row.expires_at <= database.now(session):
            return None
        account = session.get(Account, row.account_id)
        if account is None or account.disabled:
            return None
        return Viewer(
            account.saved_id, account.login, account.display_name, account.role, account.site, row.csrf
        )


def sign_out(database: Database, token: str) -> None:
    """End a session."""
    with database.write("sign_out") as session:
        session.execute(delete(WebSession).where(col(WebSession.token_hash) == _hash(token)))


def check_password(database: Database, account_id: int, password: str) -> None:
    """Raise NotAllowed unless this is the account's password: asked again at the signature.

    Wrong ones count as at the sign-in, so that a stolen session cannot guess either.
    """
    with database.read() as session:
        account = session.get(Account, account_id)
        now = database.now(session)
    if account is None:
        raise NotThere(f"There is no account {account_id}.", "Sign in again.")
    if account.locked_until is not None and account.locked_until > now:
        raise NotAllowed("The account is locked after wrong passwords.", "Wait a quarter of an hour.")
    if not _password_fits(account.password_hash, password):
        with database.write("check_password") as session:
            _count_failure(session.get_one(Account, account_id), now + LOCK)
            audit.append(session, now, account.login, "signature password refused", f"account {account_id}")
        raise NotAllowed("The password does not fit.", "Enter the password you sign in with.")


def end_expired_sessions(database: Database) -> None:
    """Forget sessions whose time is over."""
    with database.write("end_expired_sessions") as session:
        session.execute(delete(WebSession).where(col(WebSession.expires_at) <= database.now(session)))


def _count_failure(account: Account, until: datetime) -> None:
    account.failed_sign_ins += 1
    if account.failed_sign_ins >= FAILURES_TO_LOCK:
        account.failed_sign_ins = 0
        account.locked_until = until


def _password_fits(hashed: str, password: str) -> bool:
    try:
        return HASHER.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
