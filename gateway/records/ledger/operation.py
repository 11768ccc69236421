"""The running of the gateway itself: which replica does a periodic job, and which rules are in force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col

from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.tables.administration import Tick

if TYPE_CHECKING:
    from routing_rules.versions import Publication


def take_tick(database: Database, name: str, slot: int) -> bool:
    """True for the one replica that may run a periodic job in this slot."""
    with database.write("take_tick") as session:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        # RETURNING decides: rowcount is wrong for ON CONFLICT DO NOTHING with psycopg.
        return (
            session.execute(
                insert(Tick).values(name=name, slot=slot).on_conflict_do_nothing().returning(col(Tick.slot))
            ).scalar_one_or_none()
            is not None
        )


def note_role(database: Database, role: str, *, stopped: bool = False) -> None:
    """Tell that a process of a role has begun, or has ended because it was asked to."""
    with database.write("note_role") as session:
        action = "role stopped" if stopped else "role started"
        audit_trail.append(session, database.now(session), "gateway", action, f"role {role}")


def put_rules_in_force(
    database: Database, who: str, action: str, change: Callable[[str, datetime], Publication]
) -> Publication:
    """Publish rules or go back to others, as `change(who, at)` does on disk, with its line in the audit trail.

    The change comes first, so that one that fails says nothing. A crash between it and the commit leaves a change that
    only the journal of the versions tells of. Nothing is said when nothing changed.
    """
    with database.write("rules_version") as session:
        at = database.now(session)
        done = change(who, at)
        if done.changed:
            detail = {
                "fingerprint": done.version.fingerprint,
                "before": None if done.before is None else done.before.number,
            }
            audit_trail.append(session, at, who, action, f"rules version {done.version.number}", detail)
    return done
