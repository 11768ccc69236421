"""The chain of the audit trail: each event is hashed together with the one before it.

Changing, removing or inserting an event breaks every hash after it, which `verify` finds. Events are only ever added,
by `ledger.audit_trail`.
"""

from __future__ import annotations

import hashlib
import json

from sqlmodel import Session, col, select

from gateway.records.tables.administration import AuditEvent

GENESIS = "0" * 64
"""What the first event names as the digest before it."""


def digest_of(event: AuditEvent) -> str:
    """SHA-256, hexadecimal, of all that an event says and of the digest before it."""
    body = [event.previous, event.at.isoformat(), event.who, event.action, event.subject, event.detail]
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def verify(session: Session) -> int | None:
    """The id of the first event that does not fit the chain, or None when the whole trail is intact."""
    previous = GENESIS
    for event in session.exec(select(AuditEvent).order_by(col(AuditEvent.id))):
        if event.previous != previous or event.digest != digest_of(event):
            return event.id
        previous = event.digest
    return None
