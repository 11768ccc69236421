"""What the worker works with: settings, nodes, rules and profiles, told in the trail when they are others than before.

Only names and digests are told. The digests are keyed, so that nobody tries passwords of the settings against them.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Final

from sqlmodel import col, select

from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.tables.administration import AuditEvent

IN_FORCE: Final = "configuration in force"
DIGITS: Final = 16


def note_configuration(database: Database, key: bytes, part: str, texts: Mapping[str, str]) -> bool:
    """Tell what of a part (as `nodes`) is in force, where that differs from what was told last: texts by their names.

    Returns whether it was told. Two workers may both tell; a row says what is so, whoever saw it first.
    """
    digests = {name: _digest(key, f"{part}\0{name}\0{text}") for name, text in sorted(texts.items())}
    subject = f"configuration of {part}"
    with database.write("note_configuration") as session:
        last = session.exec(
            select(AuditEvent)
            .where(AuditEvent.action == IN_FORCE, AuditEvent.subject == subject)
            .order_by(col(AuditEvent.id).desc())
            .limit(1)
        ).first()
        before: Mapping[str, str] = {} if last is None else last.detail["digests"]
        if last is not None and before == digests:
            return False
        detail = {
            "digest": _digest(key, json.dumps(digests, sort_keys=True)),
            "changed": sorted(
                name for name in digests.keys() | before if digests.get(name) != before.get(name)
            )
            if last is not None
            else [],
            "digests": digests,
        }
        audit_trail.append(session, database.now(session), "gateway", IN_FORCE, subject, detail)
    return True


def _digest(key: bytes, text: str) -> str:
    return hmac.new(key, f"configuration in the trail\0{text}".encode(), "sha256").hexdigest()[:DIGITS]
