"""Signing in: the password, then the second factor where there is one or has to be one; and signing out.

What was read before the slow hash is read again after it: an account that was disabled or got another password
meanwhile does not get in.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session, col, func, select

from gateway.errors import NotAllowed, NotThere
from gateway.records.accounts import (
    Viewer,
    Whence,
    decoy,
    fits,
    token_hash,
    viewer_of,
)
from gateway.records.database import Database
from gateway.records.factors import second_factor
from gateway.records.factors.sealed_secrets import (
    open_by_password,
    open_by_token,
    seal_by_password,
    seal_by_token,
)
from gateway.records.ledger import audit_trail, refusals
from gateway.records.tables.administration import Account, AuditEvent, KnownPlace, WebSession

HALF: Final = timedelta(minutes=10)
"""How long a right password waits for the second factor, or for its set-up."""
MOST_PLACES: Final = 20
"""Places an account is known by; the one not used for longest is forgotten."""
MOST_UNKNOWN_AN_HOUR: Final = 60
"""Lines of logins that do not exist: strangers make them, and the trail only grows."""
UNKNOWN_LOGINS: Final = refusals.NewRefusal(
    "",
    "",
    "Sign-ins with logins that do not exist, more in an hour than the audit trail lists.",
    "Somebody guesses: the log of the proxy in front has the addresses; a firewall can keep strangers from the pages.",
)
_NOBODY, _REFUSED = "unknown login", "sign-in refused"
NOWHERE: Final = Whence()


@dataclass(frozen=True)
class SignIn:
    """What came of a right password: a session of `viewer`, or half of one (`viewer` None) and what is asked next."""

    token: str
    viewer: Viewer | None
    stage: str


def sign_in(
    database: Database,
    login: str,
    password: str,
    lifetime: timedelta,
    whence: Whence = NOWHERE,
    *,
    wanted_of: Collection[str] = (),
) -> tuple[str, Viewer]:
    """Open a session by the password alone: the secret token, and who it is. NotAllowed never says which part was
    wrong, but that a second factor is wanted, which a program cannot give."""
    begun = begin_sign_in(database, login, password, lifetime, whence, wanted_of=wanted_of)
    if begun.viewer is None:
        sign_out(database, begun.token)
        raise NotAllowed(
            "This account signs in with a second factor.",
            "Sign in on the page /sign-in, or send the code; for a program use an account or a token without one.",
        )
    return begun.token, begun.viewer


def begin_sign_in(
    database: Database,
    login: str,
    password: str,
    lifetime: timedelta,
    whence: Whence = NOWHERE,
    *,
    wanted_of: Collection[str] = (),
) -> SignIn:
    """Check a password; of the roles `wanted_of` a second factor is required. Raises NotAllowed."""
    with database.read() as session:
        account = session.exec(select(Account).where(Account.login == login)).first()
        now = database.now(session)
    right = fits(account.password_hash if account else decoy(), password) and account is not None
    token = secrets.token_urlsafe(32)
    row = WebSession(
        token_hash=token_hash(token),
        account_id=0,
        csrf=secrets.token_urlsafe(24),
        created_at=now,
        expires_at=now + HALF,
        last_seen_at=now,
        address=whence.address,
        device=whence.device,
    )
    if account is not None and right and account.second_factor:
        row.stage = "code"
        secret = open_by_password(account.second_factor, password)
        row.factor = seal_by_token(secret, token) if secret is not None else ""
    elif account is not None and right and account.role in wanted_of:
        row.stage = "set-up"
        secret = second_factor.new_secret()
        row.factor, row.proposal = seal_by_token(secret, token), seal_by_password(secret, password)
    begun: SignIn | None = None
    with database.write("sign_in") as session:
        present = _unchanged(session, account) if right else None
        if present is None:
            _refused(session, account, now)
        else:
            viewer = viewer_of(present, row.csrf)
            row.account_id = present.saved_id
            if row.stage == "open":
                row.expires_at = now + lifetime
                _opened(session, present, now, whence)
            else:
                audit_trail.append(
                    session, now, present.login, "second factor asked", f"account {present.id}", {}
                )
            session.add(row)
            begun = SignIn(token, viewer if row.stage == "open" else None, row.stage)
    if begun is None:
        raise NotAllowed(
            "This login and password do not fit, or the account is disabled.",
            "Try again; after some wrong passwords each further one from this address has to wait longer.",
        )
    return begun


def _refused(session: Session, account: Account | None, now: datetime) -> None:
    """A line in the trail; of logins that do not exist so many an hour, and the rest is counted on the page Nodes."""
    who, since = account.login if account else _NOBODY, now - timedelta(hours=1)
    lately = select(func.count()).where(
        AuditEvent.at > since, AuditEvent.who == _NOBODY, AuditEvent.action == _REFUSED
    )
    if account is None and session.exec(lately).one() >= MOST_UNKNOWN_AN_HOUR:
        refusals.count(session, now, UNKNOWN_LOGINS)
        return
    audit_trail.append(session, now, who, _REFUSED, f"account {account.id if account else '-'}")


def finish_sign_in(
    database: Database, token: str, code: str, lifetime: timedelta, whence: Whence = NOWHERE
) -> tuple[str, Viewer]:
    """Open the session of a half sign-in by a code of the authenticator or a recovery code: under a new token. Raises
    NotAllowed, NotThere."""
    opened: tuple[str, Viewer] | None = None
    with database.write("finish_sign_in") as session:
        now = database.now(session)
        row, account = half(session, token, now, "code")
        if take_code(account, open_by_token(row.factor, token), code, now):
            opened = open_session(session, account, now, lifetime, whence)
            session.delete(row)
        else:
            audit_trail.append(session, now, account.login, "second factor refused", f"account {account.id}")
    if opened is None:
        raise wrong_code()
    return opened


def open_session(
    session: Session,
    account: Account,
    now: datetime,
    lifetime: timedelta,
    whence: Whence,
    detail: Mapping[str, Any] | None = None,
) -> tuple[str, Viewer]:
    """A session of an account whose sign-in is complete: its token, and who it is. Raises NotAllowed."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    viewer = viewer_of(account, csrf)
    session.add(
        WebSession(
            token_hash=token_hash(token),
            account_id=account.saved_id,
            csrf=csrf,
            created_at=now,
            expires_at=now + lifetime,
            last_seen_at=now,
            address=whence.address,
            device=whence.device,
        )
    )
    _opened(session, account, now, whence, detail)
    return token, viewer


def sign_out(database: Database, token: str) -> None:
    """End a session."""
    with database.write("sign_out") as session:
        row = session.get(WebSession, token_hash(token))
        if row is None:
            return
        if row.stage == "open":
            login = session.get_one(Account, row.account_id).login
            now = database.now(session)
            audit_trail.append(session, now, login, "signed out", f"account {row.account_id}")
        session.delete(row)


def check_password(
    database: Database, account_id: int, password: str, code: str = "", *, with_code: bool = False
) -> None:
    """Raise NotAllowed unless this is the account's password, and `with_code` a code of its second factor: asked again
    at the signature.

    A wrong one stands in the audit trail; how often may be guessed is for the caller to say, as at the sign-in.
    """
    with database.read() as session:
        account = session.get(Account, account_id)
        now = database.now(session)
    if account is None:
        raise NotThere(f"There is no account {account_id}.", "Sign in again.")
    right = not account.disabled and fits(account.password_hash, password)
    if right and not with_code:
        return
    if right and not account.second_factor:
        raise NotAllowed(
            "This site asks for a second factor at the signature, and you have none yet.",
            "Set it up on the page Account; what you entered here is kept as the draft.",
        )
    secret = open_by_password(account.second_factor, password) if right else None
    taken = False
    with database.write("check_password") as session:
        present = _unchanged(session, account) if right else None
        if present is not None:
            taken = take_code(present, secret, code, now)
        if not taken:
            what = "signature password refused" if present is None else "signature code refused"
            audit_trail.append(session, now, account.login, what, f"account {account_id}")
    if not right:
        raise NotAllowed("The password does not fit.", "Enter the password you sign in with.")
    if not taken:
        raise wrong_code()


def half(session: Session, token: str, now: datetime, *stages: str) -> tuple[WebSession, Account]:
    """The session of a token that is at one of these stages, with its account held; raises NotThere."""
    row = session.get(WebSession, token_hash(token))
    chosen = select(Account).where(Account.id == (row.account_id if row else 0)).with_for_update()
    account = session.exec(chosen).first()
    if row is None or row.stage not in stages or row.expires_at <= now or account is None or account.disabled:
        raise NotThere("This sign-in has ended.", "Sign in again.")
    return row, account


def take_code(account: Account, secret: str | None, code: str, now: datetime) -> bool:
    """Use up a code of the authenticator, or a recovery code; False for a wrong one."""
    step = second_factor.step_of(secret, code, now, account.factor_step) if secret else None
    if step is not None:
        account.factor_step = step
        return True
    hashed = second_factor.recovery_hash(code)
    if hashed not in account.recovery_codes:
        return False
    account.recovery_codes = [one for one in account.recovery_codes if one != hashed]
    return True


def wrong_code() -> NotAllowed:
    """The code does not fit."""
    return NotAllowed(
        "The code does not fit, or it was used already.",
        "Enter the next one of the authenticator, or a recovery code; an administrator can reset the second factor.",
    )


def _unchanged(session: Session, seen: Account | None) -> Account | None:
    """The account as it is now, when it may still sign in with what was checked."""
    if seen is None:
        return None
    present = session.exec(select(Account).where(Account.id == seen.id).with_for_update()).first()
    usable = present is not None and not present.disabled and present.password_hash == seen.password_hash
    return present if usable else None


def _opened(
    session: Session,
    account: Account,
    now: datetime,
    whence: Whence,
    detail: Mapping[str, Any] | None = None,
) -> None:
    account.last_sign_in_at = now
    _know(session, account.saved_id, now, whence.places)
    audit_trail.append(session, now, account.login, "signed in", f"account {account.id}", detail)


def _know(session: Session, account_id: int, now: datetime, places: tuple[str, ...]) -> None:
    chosen = select(KnownPlace).where(KnownPlace.account_id == account_id)
    known = {one.place: one for one in session.exec(chosen.order_by(col(KnownPlace.last_at)))}
    for place in places:
        if place in known:
            known[place].last_at = now
        else:
            session.add(KnownPlace(account_id=account_id, place=place, last_at=now))
    others = [one for name, one in known.items() if name not in places]
    for one in others[: max(0, len(others) + len(places) - MOST_PLACES)]:
        session.delete(one)
