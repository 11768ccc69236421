"""The audit trail, for the whole gateway: who did what, in the transaction of the deed. It only grows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from gateway.records.audit import GENESIS, digest_of
from gateway.records.tables.administration import AuditEvent

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
    event = AuditEvent(
        at=at,
        who=who,
        action=action,
        subject=subject,
        detail=dict(detail or {}),
        previous=last.digest if last else GENESIS,
        digest="",
    )
    event.digest = digest_of(event)
    session.add(event)
    session.flush()
