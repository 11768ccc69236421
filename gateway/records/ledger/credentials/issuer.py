"""Persons whom an issuer signs in: an account is made at the first time, and what the issuer says of it each time.

The key is (issuer, subject). A login is a label: it begins with `oidc:`, which no local account's does, and where
another person's is the same already it gets a number of its own. So nobody becomes somebody else by a name or an
address of mail that they can choose.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from gateway.errors import NotAllowed
from gateway.records.accounts import Viewer, Whence, decoy
from gateway.records.credentials import ISSUED_LOGIN, Presented
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.notices import raise_notice
from gateway.records.ledger.persons.sign_in import NOWHERE, open_session
from gateway.records.tables.administration import Account, WebSession
from gateway.records.tables.credentials import IssuedPerson


def sign_in_by_issuer(
    database: Database, person: Presented, lifetime: timedelta, whence: Whence = NOWHERE
) -> tuple[str, Viewer]:
    """Open a session for whom the issuer presents: the cookie's secret token, and who it is.

    Raises NotAllowed for an account that was disabled here: the issuer does not enable it again.
    """
    nobodys = decoy()  # slow at the first time, so before the transaction; nobody knows the password it is of
    opened: tuple[str, Viewer] | None = None
    with database.write("sign_in_by_issuer") as session:
        now = database.now(session)
        account = _account_of(session, person, nobodys, now)
        if account.disabled:
            audit_trail.append(
                session, now, account.login, "sign-in refused", f"account {account.id}", {"by": "issuer"}
            )
        else:
            opened = open_session(session, account, now, lifetime, whence, {"by": "issuer"})
    if opened is None:
        raise NotAllowed("Your account here is disabled.", "An administrator of the gateway can enable it.")
    return opened


def _account_of(session: Session, person: Presented, nobodys: str, now: datetime) -> Account:
    """The person's account, made or brought up to date."""
    known = session.exec(
        select(IssuedPerson).where(
            IssuedPerson.issuer == person.issuer, IssuedPerson.subject == person.subject
        )
    ).first()
    is_now = {"role": person.role, "site": person.site}
    if known is None:
        account = Account(
            login=_free_login(session, person),
            display_name=person.display_name,
            role=person.role,
            site=person.site,
            every_site=not person.site,
            password_hash=nobodys,
        )
        session.add(account)
        session.flush()
        session.add(
            IssuedPerson(
                issuer=person.issuer,
                subject=person.subject,
                account_id=account.saved_id,
                first_at=now,
                last_at=now,
            )
        )
        audit_trail.append(session, now, "issuer", "account added", f"account {account.id}", is_now)
        return account
    account = session.get_one(Account, known.account_id)
    known.last_at = now
    if account.disabled:
        return account
    account.display_name = person.display_name
    if (account.role, account.site, account.every_site) != (person.role, person.site, not person.site):
        before = {"role before": account.role, "site before": account.site}
        account.role, account.site = person.role, person.site
        account.every_site = not person.site
        audit_trail.append(
            session, now, "issuer", "account changed", f"account {account.id}", is_now | before
        )
    return account


def _free_login(session: Session, person: Presented) -> str:
    own = hashlib.sha256(f"{person.issuer}\0{person.subject}".encode()).hexdigest()
    wanted = ISSUED_LOGIN + (person.login or own[:12])
    taken = session.exec(select(Account).where(Account.login == wanted)).first() is not None
    return f"{wanted}~{own[:12]}" if taken else wanted


def refuse_issued(database: Database, issuer: str, subject: str, why: str) -> None:
    """The issuer presented somebody who may not come in: the line says so, and sessions they have end."""
    with database.write("refuse_issued") as session:
        now = database.now(session)
        known = session.exec(
            select(IssuedPerson).where(IssuedPerson.issuer == issuer, IssuedPerson.subject == subject)
        ).first()
        whom = f"account {known.account_id}" if known is not None else "account -"
        if known is not None:
            session.execute(delete(WebSession).where(col(WebSession.account_id) == known.account_id))
        audit_trail.append(session, now, "issuer", "sign-in refused", whom, {"by": "issuer", "why": why})


def note_emergency(database: Database, account_id: int, login: str) -> None:
    """The local way in for emergencies was used: a line, and a notice to whoever runs the gateway."""
    with database.write("note_emergency") as session:
        now = database.now(session)
        audit_trail.append(session, now, login, "signed in for an emergency", f"account {account_id}")
        raise_notice(
            session,
            now,
            f"emergency sign-in {account_id} {now.isoformat()}",
            f"The account for emergencies signed in at {now:%Y-%m-%d %H:%M} UTC.",
            "/nodes",
        )
