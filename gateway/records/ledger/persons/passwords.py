"""Passwords: changed by whose they are, or set anew by a one-time link that an administrator hands over.

A link holds 256 random bits, of which SHA-256 is kept; it works once and for a time, and setting a password by it ends
every session. It does not open the second factor: the old password sealed that, so a recovery code is asked for, unless
the administrator took the second factor away as well.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlmodel import col, delete, select

from gateway.errors import NotAllowed, NotThere, WrongState
from gateway.records.accounts import HASHER, fits, token_hash
from gateway.records.credentials import ISSUED_LOGIN
from gateway.records.database import Database
from gateway.records.factors.passwords import check_password_rule
from gateway.records.factors.sealed_secrets import open_by_password, seal_by_password
from gateway.records.ledger import audit_trail
from gateway.records.ledger.persons.accounts import end_all, of_number
from gateway.records.ledger.persons.second_factor import without_factor
from gateway.records.tables.administration import Account, WebSession


def change_password(database: Database, account_id: int, token: str, old: str, new: str) -> None:
    """Replace one's own password; every session but that of `token` ends. Raises NotAllowed, Invalid, NotThere."""
    with database.read() as session:
        account = session.get(Account, account_id)
        now = database.now(session)
    if account is None:
        raise NotThere(f"There is no account {account_id}.", "Sign in again.")
    _has_a_password(account)
    right = not account.disabled and fits(account.password_hash, old)
    if right:
        check_password_rule(new, account.login, account.site, account.display_name)
        hashed = HASHER.hash(new)
        secret = open_by_password(account.second_factor, old)
        factor = seal_by_password(secret, new) if secret is not None else account.second_factor
    changed = False
    with database.write("change_password") as session:
        present = of_number(session, account_id)
        if right and not present.disabled and present.password_hash == account.password_hash:
            present.password_hash = hashed
            if present.second_factor == account.second_factor:
                present.second_factor = factor
            present.reset_hash, present.reset_until = "", None
            others = col(WebSession.token_hash) != token_hash(token)
            session.execute(delete(WebSession).where(col(WebSession.account_id) == account_id, others))
            own = session.get(WebSession, token_hash(token))
            if own is not None:  # what was proposed is sealed by the old password
                own.factor = own.proposal = ""
            changed = True
        what = "password changed" if changed else "password change refused"
        audit_trail.append(session, now, account.login, what, f"account {account_id}")
    if not changed:
        raise NotAllowed("The present password does not fit.", "Enter the password you sign in with.")


def make_reset_link(
    database: Database, account_id: int, lifetime: timedelta, who: str, *, with_factor: bool = False
) -> str:
    """The secret of a new one-time link, which replaces an earlier one; `with_factor` takes the second factor away,
    too. Raises NotThere, WrongState."""
    secret = secrets.token_urlsafe(32)
    with database.write("make_reset_link") as session:
        account = of_number(session, account_id)
        _has_a_password(account)
        if account.disabled:
            raise WrongState(f"{account.login} is disabled.", "Enable the account first.")
        now = database.now(session)
        account.reset_hash, account.reset_until = _hash(secret), now + lifetime
        if with_factor:
            without_factor(account)
        told = {"second_factor_too": with_factor}
        audit_trail.append(session, now, who, "one-time link made", f"account {account_id}", told)
    return secret


def use_reset_link(database: Database, secret: str, new: str) -> str:
    """Set the password that a one-time link allows, and end every session; the login. Raises NotThere, Invalid."""
    chosen = select(Account).where(Account.reset_hash == _hash(secret), col(Account.disabled).is_(False))
    with database.read() as session:
        account = session.exec(chosen).first()
        now = database.now(session)
    if account is None or account.reset_until is None or account.reset_until <= now:
        raise _no_link()
    check_password_rule(new, account.login, account.site, account.display_name)
    hashed = HASHER.hash(new)
    with database.write("use_reset_link") as session:
        present = session.exec(chosen.with_for_update()).first()
        if present is None:
            raise _no_link()
        present.password_hash = hashed
        present.reset_hash, present.reset_until = "", None
        end_all(session, present.saved_id)
        audit_trail.append(session, now, present.login, "password set by link", f"account {present.id}")
        return present.login


def _has_a_password(account: Account) -> None:
    """Raise WrongState for a person of an issuer: a password here would be a way in that the issuer does not see."""
    if account.login.startswith(ISSUED_LOGIN):
        raise WrongState("This account signs in at its issuer.", "Change the password there.")


def _hash(secret: str) -> str:
    return hashlib.sha256(f"one-time link\0{secret}".encode()).hexdigest()


def _no_link() -> NotThere:
    return NotThere(
        "This link was used, has ended, or was replaced by a newer one.",
        "Ask an administrator for a new one.",
    )
