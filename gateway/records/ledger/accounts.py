"""Accounts and their sessions: added, signed in and out, asked for the password again.

A password is hashed or checked before the transaction begins: argon2id is slow on purpose, and other writers wait.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlmodel import col, delete, select

from gateway.errors import Conflict, GatewayError, NotAllowed, NotThere
from gateway.records.accounts import (
    HASHER,
    SHORTEST_PASSWORD,
    Viewer,
    decoy,
    fits,
    token_hash,
    viewer_of,
)
from gateway.records.credentials import ISSUED_LOGIN
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.tables.administration import ROLES, Account, WebSession


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
    if login.startswith(ISSUED_LOGIN):
        raise GatewayError(
            f"Logins with {ISSUED_LOGIN} are of persons of an issuer.", "Choose another login."
        )
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
        audit_trail.append(
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
    right = fits(account.password_hash if account else decoy(), password) and account is not None
    opened: tuple[str, Viewer] | None = None
    with database.write("sign_in") as session:
        if account is None or not right or account.disabled:
            audit_trail.append(
                session,
                now,
                login if account else "unknown login",
                "sign-in refused",
                f"account {account.id if account else '-'}",
            )
        else:
            token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
            session.add(
                WebSession(
                    token_hash=token_hash(token),
                    account_id=account.saved_id,
                    csrf=csrf,
                    created_at=now,
                    expires_at=now + lifetime,
                )
            )
            audit_trail.append(session, now, account.login, "signed in", f"account {account.id}")
            opened = token, viewer_of(account, csrf)
    if opened is None:
        raise NotAllowed(
            "This login and password do not fit, or the account is disabled.",
            "Try again; after some wrong passwords each further one from this address has to wait longer.",
        )
    return opened


def sign_out(database: Database, token: str) -> None:
    """End a session."""
    with database.write("sign_out") as session:
        row = session.get(WebSession, token_hash(token))
        if row is None:
            return
        account = session.get_one(Account, row.account_id)
        audit_trail.append(
            session, database.now(session), account.login, "signed out", f"account {account.id}"
        )
        session.delete(row)


def check_password(database: Database, account_id: int, password: str) -> None:
    """Raise NotAllowed unless this is the account's password: asked again at the signature.

    A wrong one stands in the audit trail; how often may be guessed is for the caller to say, as at the sign-in.
    """
    with database.read() as session:
        account = session.get(Account, account_id)
        now = database.now(session)
    if account is None:
        raise NotThere(f"There is no account {account_id}.", "Sign in again.")
    if account.disabled or not fits(account.password_hash, password):
        with database.write("check_password") as session:
            audit_trail.append(
                session, now, account.login, "signature password refused", f"account {account_id}"
            )
        raise NotAllowed("The password does not fit.", "Enter the password you sign in with.")


def end_expired_sessions(database: Database) -> None:
    """Forget sessions whose time is over."""
    with database.write("end_expired_sessions") as session:
        session.execute(delete(WebSession).where(col(WebSession.expires_at) <= database.now(session)))
