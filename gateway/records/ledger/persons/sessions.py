"""Sessions: noted as seen, ended by whose they are or by an administrator, forgotten when their time is over."""

from __future__ import annotations

from sqlmodel import col, delete, select

from gateway.errors import NotThere
from gateway.records.accounts import token_hash
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.tables.administration import Account, WebSession

SHORTEST_NAME = 16
"""Hexadecimal digits of a token's hash that name a session on a page; nobody can sign in with them."""


def note_seen(database: Database, token: str) -> None:
    """Note that somebody just used a session: its time alone begins anew."""
    with database.write("note_seen") as session:
        row = session.get(WebSession, token_hash(token))
        if row is not None:
            row.last_seen_at = database.now(session)


def end_session(database: Database, account_id: int, name: str, who: str) -> None:
    """End the session of an account that a page named so; raises NotThere."""
    with database.write("end_session") as session:
        chosen = select(WebSession).where(WebSession.account_id == account_id)
        rows = [row for row in session.exec(chosen) if row.token_hash.startswith(name)]
        if len(name) < SHORTEST_NAME or len(rows) != 1:
            raise NotThere("There is no such session.", "It may have ended already: load the page again.")
        session.delete(rows[0])
        audit_trail.append(session, database.now(session), who, "session ended", f"account {account_id}")


def end_sessions(database: Database, account_id: int, who: str, keep: str = "") -> int:
    """End every session of an account but that of the token `keep`; how many. Raises NotThere."""
    with database.write("end_sessions") as session:
        if session.get(Account, account_id) is None:
            raise NotThere(f"There is no account {account_id}.", "List them with: gateway users list")
        chosen = select(WebSession).where(
            WebSession.account_id == account_id, WebSession.token_hash != token_hash(keep)
        )
        rows = session.exec(chosen).all()
        for row in rows:
            session.delete(row)
        told = {"sessions": len(rows)}
        audit_trail.append(
            session, database.now(session), who, "sessions ended", f"account {account_id}", told
        )
        return len(rows)


def end_expired_sessions(database: Database) -> None:
    """Forget sessions whose time is over."""
    with database.write("end_expired_sessions") as session:
        session.execute(delete(WebSession).where(col(WebSession.expires_at) <= database.now(session)))
