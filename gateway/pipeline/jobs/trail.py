"""The audit trail is sealed and anchored: by the worker, which has its key."""

from __future__ import annotations

from pathlib import Path

from gateway import logs
from gateway.errors import GatewayError
from gateway.records import ledger
from gateway.records.audit import anchors
from gateway.records.database import Database
from gateway.records.identities.audit_keys import audit_keys
from gateway.records.ledger.trail.sealing import BATCH
from gateway.settings import Settings

log = logs.get(__name__)


def seal(database: Database, settings: Settings) -> None:
    """Seal what was written since; without a key nothing is lost, and people are told."""
    try:
        keys = audit_keys(settings.storage.keys)
    except GatewayError as error:
        ledger.note_unsealed(database, f"The audit trail is not sealed. {error.problem}", error.fix)
        return
    while ledger.seal_trail(database, keys) >= BATCH:
        pass


def anchor(database: Database, settings: Settings) -> None:
    """Write the head of the chain outside the database, and then into the trail that it was."""
    due = ledger.anchor_due(database)
    if due is None:
        return
    path = anchor_file(settings)
    try:
        anchors.write(path, due, append_only=settings.audit.append_only)
    except GatewayError as error:
        log.error("the audit trail is not anchored", why=error.problem)
        ledger.note_unsealed(database, error.problem, error.fix)
        return
    ledger.note_anchor(database, due, path.name)


def anchor_file(settings: Settings) -> Path:
    """Where the heads of the chain are kept."""
    return settings.audit.anchors or settings.storage.objects.parent / "audit-anchors.jsonl"
