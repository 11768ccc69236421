"""The chain of the audit trail: whoever changes, removes or inserts an event is found out."""

from __future__ import annotations

from gateway.records import audit
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.tables.service import AuditEvent


def test_the_audit_chain_finds_a_changed_event(database: Database) -> None:
    """Changing an old event breaks the chain at that event."""
    for number in range(3):
        with database.write("test") as session:
            audit_trail.append(session, database.now(session), "ana", f"act {number}", "case 1")
    with database.read() as session:
        assert audit.verify(session) is None
    with database.write("test") as session:
        event = session.get_one(AuditEvent, 2)
        event.action = "something else"
    with database.read() as session:
        assert audit.verify(session) == 2
