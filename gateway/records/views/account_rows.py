"""Accounts and their sessions, as pages and commands list them: nothing that signs in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.records.accounts import Viewer
from gateway.records.tables.administration import Account, WebSession

NAME_DIGITS = 16


@dataclass(frozen=True)
class AccountRow:
    """One account."""

    id: int
    login: str
    display_name: str
    role: str
    site: str
    every_site: bool
    disabled: bool
    second_factor: bool
    recovery_codes: int
    last_sign_in_at: datetime | None
    link_until: datetime | None
    sessions: int


@dataclass(frozen=True)
class SessionRow:
    """One open session; `name` ends it, and nobody can sign in with it."""

    name: str
    address: str
    device: str
    opened_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    is_own: bool = False


def accounts(session: Session, now: datetime, idle: timedelta) -> list[AccountRow]:
    """Every account, by its login."""
    of_each: dict[int, int] = {}
    for one in session.exec(_open(now, idle)):
        of_each[one.account_id] = of_each.get(one.account_id, 0) + 1
    rows = session.exec(select(Account).order_by(col(Account.disabled), col(Account.login)))
    return [_row(one, now, of_each.get(one.saved_id, 0)) for one in rows]


def account_of(
    session: Session, now: datetime, idle: timedelta, *, login: str = "", number: int = 0
) -> AccountRow | None:
    """One account, by its login or its number."""
    chosen = select(Account).where(Account.login == login if login else Account.id == number)
    account = session.exec(chosen).first()
    if account is None:
        return None
    return _row(account, now, len(sessions(session, account.saved_id, now, idle)))


def sessions(
    session: Session, account_id: int, now: datetime, idle: timedelta, own: str = ""
) -> list[SessionRow]:
    """The open sessions of an account, the one used last first; `own` is the hash of the viewer's."""
    chosen = _open(now, idle).where(WebSession.account_id == account_id)
    return [
        SessionRow(
            one.token_hash[:NAME_DIGITS],
            one.address,
            one.device,
            one.created_at,
            one.last_seen_at,
            one.expires_at,
            one.token_hash == own,
        )
        for one in session.exec(chosen.order_by(col(WebSession.last_seen_at).desc()))
    ]


def may_manage(viewer: Viewer, account: AccountRow) -> bool:
    """Whether an administrator may change an account: one of a single site only its own site's."""
    return not viewer.site or (account.site == viewer.site and not account.every_site)


def _open(now: datetime, idle: timedelta) -> SelectOfScalar[WebSession]:
    return select(WebSession).where(
        WebSession.stage == "open", WebSession.expires_at > now, WebSession.last_seen_at > now - idle
    )


def _row(account: Account, now: datetime, open_sessions: int) -> AccountRow:
    open_link = account.reset_until if account.reset_until and account.reset_until > now else None
    return AccountRow(
        account.saved_id,
        account.login,
        account.display_name,
        account.role,
        account.site,
        account.every_site,
        account.disabled,
        bool(account.second_factor),
        len(account.recovery_codes),
        account.last_sign_in_at,
        open_link,
        open_sessions,
    )
