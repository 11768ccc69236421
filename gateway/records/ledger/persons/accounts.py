"""Accounts: added, changed, disabled and enabled again. The last administrator of everything cannot be lost.

A password is hashed or checked before the transaction begins: argon2id is slow on purpose, and other writers wait.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, delete, select

from gateway.errors import Conflict, Invalid, NotThere, WrongState
from gateway.records.accounts import HASHER
from gateway.records.credentials import ISSUED_LOGIN
from gateway.records.database import Database
from gateway.records.factors.passwords import check_password_rule
from gateway.records.ledger import audit_trail
from gateway.records.tables.administration import ROLES, Account, WebSession


@dataclass(frozen=True)
class Scope:
    """What an account is and whose cases it sees: one site's, or every site's, said in so many words."""

    role: str
    site: str = ""
    every_site: bool = False


def check_scope(scope: Scope) -> None:
    """Raise Invalid, with the fix, for a role that is none and for a site that is not said."""
    if scope.role not in ROLES:
        raise Invalid(f"{scope.role!r} is not a role.", f"Use one of: {', '.join(ROLES)}.")
    if scope.site and scope.every_site:
        raise Invalid(
            "One site and every site contradict each other.", "Give the site or every site, not both."
        )
    if scope.role == "coordinator" and not scope.site:
        raise Invalid(
            "A coordinator sends and sees for one site.", "Name it: --site SITE, or the field Site."
        )
    if not scope.site and not scope.every_site:
        raise Invalid(
            "It is not said which site this account sees.",
            "Name it (--site SITE, or the field Site), or say --every-site, or tick Every site.",
        )


def add_user(
    database: Database,
    login: str,
    display_name: str,
    role: str,
    site: str,
    password: str,
    who: str = "command line",
    *,
    every_site: bool = False,
) -> int:
    """Create an account; returns its number. Raises Invalid, Conflict."""
    login, site = login.strip(), site.strip()
    if not login or len(login) > 100 or not login.isprintable() or ":" in login:
        raise Invalid("This login cannot be used.", "Use 1 to 100 printable characters and no colon.")
    if login.startswith(ISSUED_LOGIN):
        raise Invalid(f"Logins with {ISSUED_LOGIN} are of persons of an issuer.", "Choose another login.")
    check_scope(Scope(role, site, every_site))
    check_password_rule(password, login, site, display_name)
    hashed = HASHER.hash(password)
    with database.write("add_user") as session:
        if session.exec(select(Account).where(Account.login == login)).first() is not None:
            raise Conflict(f"There is already an account {login!r}.", "Choose another login.")
        account = Account(
            login=login,
            display_name=display_name.strip() or login,
            role=role,
            site=site,
            every_site=every_site,
            password_hash=hashed,
        )
        session.add(account)
        session.flush()
        told = {"role": role, "site": site, "every_site": every_site}
        audit_trail.append(
            session, database.now(session), who, "account added", f"account {account.id}", told
        )
        return account.saved_id


def change_account(database: Database, account_id: int, scope: Scope, who: str) -> None:
    """Give an account another role or site; its sessions end. Raises Invalid, NotThere and WrongState: a person of an
    issuer would get back at the next sign-in what was taken here."""
    check_scope(scope)
    with database.write("change_account") as session:
        account = of_number(session, account_id)
        if account.login.startswith(ISSUED_LOGIN):
            raise WrongState(
                f"The issuer says at each sign-in which role and site {account.login} has.",
                "Change the groups there or the rows of [oidc]; to keep somebody out at once, disable the account.",
            )
        if scope != Scope("admin", "", every_site=True):
            _keep_an_administrator(session, account)
        before = {"role": account.role, "site": account.site, "every_site": account.every_site}
        account.role, account.site, account.every_site = scope.role, scope.site, scope.every_site
        told = {"role": scope.role, "site": scope.site, "every_site": scope.every_site, "before": before}
        audit_trail.append(
            session, database.now(session), who, "account changed", f"account {account_id}", told
        )
        end_all(session, account_id)


def disable_account(database: Database, account_id: int, who: str) -> None:
    """Let nobody sign in with an account any more; its sessions end, and an open one-time link is worth nothing."""
    with database.write("disable_account") as session:
        account = of_number(session, account_id)
        _keep_an_administrator(session, account)
        account.disabled = True
        account.reset_hash, account.reset_until = "", None
        audit_trail.append(session, database.now(session), who, "account disabled", f"account {account_id}")
        end_all(session, account_id)


def enable_account(database: Database, account_id: int, who: str) -> None:
    """Let an account sign in again, with what it signed in with before."""
    with database.write("enable_account") as session:
        of_number(session, account_id).disabled = False
        audit_trail.append(session, database.now(session), who, "account enabled", f"account {account_id}")


def of_number(session: Session, account_id: int) -> Account:
    """The account as it is now, held until the transaction ends; raises NotThere."""
    account = session.exec(select(Account).where(Account.id == account_id).with_for_update()).first()
    if account is None:
        raise NotThere(f"There is no account {account_id}.", "List them with: gateway users list")
    return account


def end_all(session: Session, account_id: int) -> None:
    """End every session of an account, and whatever sign-in it is half through."""
    session.execute(delete(WebSession).where(col(WebSession.account_id) == account_id))


def _keep_an_administrator(session: Session, leaving: Account) -> None:
    """Raise WrongState when nobody would be left who may do everything, or only persons of an issuer that may be away.

    The rows are locked in the order of their numbers, so that two administrators who take each other away at once are
    one after the other: the second finds out that it is the last.
    """
    chosen = select(Account).where(
        Account.role == "admin", col(Account.every_site).is_(True), col(Account.disabled).is_(False)
    )
    remaining = session.exec(
        chosen.order_by(Account.ids()).with_for_update().execution_options(populate_existing=True)
    ).all()
    with_password = [one for one in remaining if not one.login.startswith(ISSUED_LOGIN)]
    for staying, which in ((remaining, ""), (with_password, " who signs in without the issuer")):
        if [one.id for one in staying] == [leaving.id]:
            raise WrongState(
                f"{leaving.login} is the last administrator of every site{which}.",
                "Make another account one first: gateway users set NAME --role admin --every-site",
            )
