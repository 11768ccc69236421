"""The sealed chain: each row's HMAC-SHA-256 is over all that the row says, its place, and the seal before it.

Only the worker has the key. Who can write the database, and even who can run the web role, can change or delete rows,
but not so that the seals fit again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC

from sqlmodel import Session, col, select

from gateway.records.tables.administration import AuditEvent

BEFORE_THE_FIRST = "0" * 64
"""What stands as the seal before the first row."""


@dataclass(frozen=True)
class Head:
    """The last sealed row; `place` 0: nothing is sealed yet."""

    place: int = 0
    seal: str = BEFORE_THE_FIRST
    key_id: str = ""
    action: str = ""


def head(session: Session) -> Head:
    """Where the chain ends now."""
    sealed = select(AuditEvent).where(col(AuditEvent.place).is_not(None))
    row = session.exec(sealed.order_by(col(AuditEvent.place).desc()).limit(1)).first()
    return Head() if row is None else Head(row.place or 0, row.seal, row.key_id, row.action)


def seal_of(key: bytes, event: AuditEvent, before: str) -> str:
    """The seal, hexadecimal, of a row that has its place and the name of this key; `before` is the seal before it."""
    body = [
        before,
        event.place,
        event.key_id,
        event.id,
        event.at.astimezone(UTC).isoformat(),
        event.who,
        event.address,
        event.action,
        event.subject,
        event.case_id,
        event.outcome,
        event.detail,
        event.previous,
        event.digest,
    ]
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
