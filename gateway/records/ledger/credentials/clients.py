"""Programs with a token: given one, shown once; used; revoked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import col, select

from gateway.errors import Conflict, Invalid, NotThere
from gateway.records.credentials import (
    DEFAULT_LIFETIME,
    LONGEST_LIFETIME,
    SCOPES,
    ClientRow,
    new_token,
    secret_hash,
)
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.notices import raise_notice
from gateway.records.tables.credentials import Client

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
USE_IS_NOTED_AFTER = timedelta(minutes=1)
"""A program stores thousands of objects: its last use is known to the minute."""

TOLD_BEFORE = timedelta(days=30)
"""As for certificates: whoever gives a program its new token is often in another hospital."""


def add_client(
    database: Database,
    name: str,
    scopes: Sequence[str],
    node: str = "",
    site: str = "",
    lifetime: timedelta = DEFAULT_LIFETIME,
    who: str = "command line",
) -> str:
    """Give a program a token, which is told here and never again. Raises Invalid or Conflict."""
    if not NAME.fullmatch(name):
        raise Invalid(
            f"{name[:40]!r} is no name for a program.",
            "Use up to 40 small letters, digits, points, hyphens and underscores, as in scanner-north.",
        )
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown or not scopes:
        raise Invalid(
            f"{', '.join(map(repr, unknown)) or 'Nothing'} is no scope.", f"Use of: {', '.join(SCOPES)}."
        )
    if bool(node) == bool(site):
        raise Invalid("A token is for one node or one site.", "Name a node of nodes.yaml, or a site.")
    if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
        raise Invalid(f"A token cannot last {lifetime.days} days.", f"Use 1 to {LONGEST_LIFETIME.days} days.")
    token = new_token()
    with database.write("add_client") as session:
        now = database.now(session)
        if session.exec(select(Client).where(Client.name == name)).first() is not None:
            raise Conflict(
                f"There is already a program {name!r}.",
                "Choose another name, as scanner-north-2: both tokens work until you revoke the old one.",
            )
        client = Client(
            name=name,
            token_hash=secret_hash(token),
            scopes=" ".join(sorted(set(scopes))),
            node=node,
            site=site,
            added_by=who,
            added_at=now,
            expires_at=now + lifetime,
        )
        session.add(client)
        session.flush()
        detail = {
            "scopes": client.scopes,
            "node": node,
            "site": site,
            "expires": f"{client.expires_at:%Y-%m-%d}",
        }
        audit_trail.append(session, now, who, "client added", f"client {client.id}", detail)
    return token


def revoke_client(database: Database, name: str, who: str = "command line") -> None:
    """End a program's token at once; twice is the same as once. Raises NotThere."""
    with database.write("revoke_client") as session:
        client = session.exec(select(Client).where(Client.name == name)).first()
        if client is None:
            raise NotThere(f"There is no program {name!r}.", "List them with: gateway clients list")
        if client.revoked_at is None:
            client.revoked_at = database.now(session)
            audit_trail.append(session, client.revoked_at, who, "client revoked", f"client {client.id}")


def note_client_use(database: Database, client: ClientRow, address: str) -> None:
    """Remember when and from where a program came last; a line for the first time and each new address."""
    with database.write("note_client_use") as session:
        row, now = session.get_one(Client, client.id), database.now(session)
        if row.last_address != address:
            audit_trail.append(
                session, now, f"client {row.name}", "client came", f"client {row.id}", {"from": address}
            )
        row.last_used_at, row.last_address = now, address


def refuse_client(database: Database, client: ClientRow, why: str, address: str) -> None:
    """A token that was ours once, or is not for this, was shown."""
    with database.write("refuse_client") as session:
        audit_trail.append(
            session,
            database.now(session),
            f"client {client.name}",
            "client refused",
            f"client {client.id}",
            {"why": why, "from": address},
        )


def note_ending_clients(database: Database) -> None:
    """Tell of each token that soon ends, and once more when it has: what its program stores would stay away in silence.

    One that was given for a short time is told of in the last quarter of it.
    """
    with database.write("note_ending_clients") as session:
        now = database.now(session)
        soon = col(Client.expires_at) <= now + TOLD_BEFORE
        for client in session.exec(select(Client).where(col(Client.revoked_at).is_(None), soon)):
            is_over = client.expires_at <= now
            if not is_over and client.expires_at - now > (client.expires_at - client.added_at) / 4:
                continue
            verb, so = (
                ("ended", "what it sends is refused")
                if is_over
                else ("ends", "give its program a new one before")
            )
            raise_notice(
                session,
                now,
                f"client {client.id} {verb}",
                f"The token of {client.name} {verb} on {client.expires_at:%Y-%m-%d}: {so}.",
                "/clients",
            )
