"""The chain of rows that were written before there was a key: each was hashed together with the row before it.

Who can write the database can work out such hashes again; that is why rows are sealed with a key now. Rows of before
keep their digest and can be checked by it as they always could, and are sealed besides from the upgrade on.
"""

from __future__ import annotations

import hashlib
import json

from sqlmodel import Session, col, select

from gateway.records.tables.administration import AuditEvent

GENESIS = "0" * 64
"""What the first event names as the digest before it."""


def digest_of(event: AuditEvent) -> str:
    """SHA-256, hexadecimal, of all that such an event says and of the digest before it."""
    body = [event.previous, event.at.isoformat(), event.who, event.action, event.subject, event.detail]
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def verify(session: Session) -> int | None:
    """The id of the first of these events that does not fit the chain, or None when all are intact."""
    previous = GENESIS
    chained = select(AuditEvent).where(col(AuditEvent.digest).is_not(None))
    for event in session.exec(chained.order_by(col(AuditEvent.id))):
        if event.previous != previous or event.digest != digest_of(event):
            return event.id
        previous = event.digest
    return None
