"""The audit trail: append-only, each event hashed together with the one before it.

Changing, removing or inserting an event breaks every hash after it, which `verify` finds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from gateway.records.tables.service import AuditEvent

GENESIS = "0" * 64
LOCK = 0x504D4C  # 'PML': one advisory lock, so that two PostgreSQL writers cannot chain to the same event


def append(
    session: Session,
    at: datetime,
    who: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add an event to the caller's transaction; `subject` is a case or account number, never a person's name."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    last = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc()).limit(1)).first()
    previous = last.digest if last else GENESIS
    event = AuditEvent(
        at=at,
        who=who,
        action=action,
        subject=subject,
        detail=dict(detail or {}),
        previous=previous,
        digest="",
    )
    event.digest = _digest(event)
    session.add(event)
    session.flush()


def verify(session: Session) -> int | None:
    """The id of the first event that does not fit the chain, or None when the whole trail is intact."""
    previous = GENESIS
    for event in session.exec(select(AuditEvent).order_by(col(AuditEvent.id))):
        if event.previous != previous or event.digest != _digest(event):
            return event.id
        previous = event.digest
    return None


def _digest(event: AuditEvent) -> str:
    body = [event.previous, event.at.isoformat(), event.who, event.action, event.subject, event.detail]
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
