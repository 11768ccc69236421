"""The second factor of an account: proposed, set up by its first code, taken away again; new recovery codes."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from gateway.errors import NotAllowed, NotThere
from gateway.records.accounts import Viewer, Whence, fits, token_hash
from gateway.records.database import Database
from gateway.records.factors import second_factor
from gateway.records.factors.sealed_secrets import open_by_token, seal_by_password, seal_by_token
from gateway.records.ledger import audit_trail
from gateway.records.ledger.persons.accounts import of_number
from gateway.records.ledger.persons.sign_in import NOWHERE, half, open_session, wrong_code
from gateway.records.tables.administration import Account, WebSession


def propose_factor(database: Database, token: str, password: str) -> None:
    """Make a secret for the account of an open session, which the page shows until its first code sets it up. Raises
    NotAllowed for a wrong password, NotThere."""
    with database.read() as session:
        row = session.get(WebSession, token_hash(token))
        account = session.get(Account, row.account_id) if row is not None else None
    if account is None:
        raise NotThere("This session has ended.", "Sign in again.")
    secret = second_factor.new_secret()
    right = not account.disabled and fits(account.password_hash, password)
    proposal = seal_by_password(secret, password) if right else ""
    with database.write("propose_factor") as session:
        now = database.now(session)
        row, present = half(session, token, now, "open")
        right = right and present.password_hash == account.password_hash
        if right:
            row.factor, row.proposal = seal_by_token(secret, token), proposal
        what = "second factor proposed" if right else "second factor password refused"
        audit_trail.append(session, now, present.login, what, f"account {present.id}")
    if not right:
        raise NotAllowed("The password does not fit.", "Enter the password you sign in with.")


def proposed_secret(database: Database, token: str) -> str | None:
    """The secret that waits for its first code in this session."""
    with database.read() as session:
        row = session.get(WebSession, token_hash(token))
    return open_by_token(row.factor, token) if row is not None and row.proposal else None


def confirm_factor(database: Database, token: str, code: str) -> list[str]:
    """Set up the proposed second factor by its first code; the recovery codes, to be shown once. Raises NotAllowed,
    NotThere. At a sign-in `finish_set_up` follows."""
    codes = second_factor.new_recovery_codes()
    with database.write("confirm_factor") as session:
        now = database.now(session)
        row, account = half(session, token, now, "open", "set-up")
        if row.stage == "set-up" and account.second_factor:  # by a sign-in beside this one
            raise NotThere("This account has a second factor by now.", "Sign in again.")
        secret = open_by_token(row.factor, token) if row.proposal else None
        step = second_factor.step_of(secret, code, now, 0) if secret else None
        if step is not None:
            account.second_factor, account.factor_step = row.proposal, step
            account.recovery_codes = [second_factor.recovery_hash(one) for one in codes]
            row.factor = row.proposal = ""
        what = "second factor set up" if step is not None else "second factor refused"
        audit_trail.append(session, now, account.login, what, f"account {account.id}")
    if step is None:
        raise wrong_code()
    return codes


def finish_set_up(
    database: Database, token: str, lifetime: timedelta, whence: Whence = NOWHERE
) -> tuple[str, Viewer]:
    """Open the session of a sign-in whose second factor was just set up. Raises NotThere."""
    with database.write("finish_set_up") as session:
        now = database.now(session)
        row, account = half(session, token, now, "set-up")
        if row.proposal or not account.second_factor:
            raise NotThere("The second factor is not set up yet.", "Sign in again and set it up.")
        opened = open_session(session, account, now, lifetime, whence)
        session.delete(row)
        return opened


def remove_factor(database: Database, account_id: int, who: str, keep: str = "") -> None:
    """Take the second factor and its recovery codes away, and end every session but that of the token `keep`: whoever
    took them over by the lost factor does not stay. Raises NotThere."""
    with database.write("remove_factor") as session:
        without_factor(of_number(session, account_id))
        others = select(WebSession).where(
            WebSession.account_id == account_id, WebSession.token_hash != token_hash(keep)
        )
        for row in session.exec(others).all():
            session.delete(row)
        audit_trail.append(
            session, database.now(session), who, "second factor taken away", f"account {account_id}"
        )


def without_factor(account: Account) -> None:
    """Forget the secret and the recovery codes; the last time step stays, so that no old code comes to life."""
    account.second_factor, account.recovery_codes = "", []
