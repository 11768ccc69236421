"""Commands on the audit trail."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from gateway.pipeline.jobs import trail
from gateway.records.database import Database
from gateway.records.identities import audit_keys
from gateway.records.ledger import audit_trail
from gateway.records.tables.administration import AuditEvent
from gateway.settings import Settings
from support.command_line import Command, command
from support.records import audit_events

__all__ = ["command"]


@pytest.fixture
def database(command: Command) -> Database:
    """The records of a new gateway, without a key of the trail, as one from before there was a trail's key."""
    assert command("init", ".")[0] == 0
    audit_key().unlink()
    assert command("migrate")[0] == 0
    return Database("sqlite:///gateway-data/gateway.sqlite")


def audit_key() -> Path:
    """Where the key is."""
    return Path("gateway-data/keys") / audit_keys.CURRENT


def _write(database: Database, detail: dict[str, object] | None = None) -> None:
    with database.write("test") as session:
        audit_trail.append(session, database.now(session), "=ana", "case parked", "case 1", detail)


def test_a_key_is_made_and_renewed_by_command(command: Command, database: Database) -> None:
    """Who did it is in the trail; a second key is refused."""
    assert command("audit", "verify")[0] == 1
    assert command("audit", "init-key")[0] == 0
    assert command("audit", "init-key")[0] == 1
    assert command("audit", "rotate-key")[0] == 0
    assert [event.action for event in audit_events(database)] == ["audit key made", "audit key rotated"]


def test_verify_names_what_was_done(command: Command, database: Database) -> None:
    """Intact, then changed, then cut behind an anchor; each time the exit status says so."""
    settings = Settings()
    audit_keys.make(settings.storage.keys)
    _write(database)
    trail.seal(database, settings)
    trail.anchor(database, settings)
    trail.seal(database, settings)
    code, said = command("audit", "verify")
    assert (code, "The trail is intact." in said) == (0, True), said
    code, said = command("audit", "verify", "--json")
    assert json.loads(said)["intact"] is True
    with database.write("test") as session:
        session.get_one(AuditEvent, 1).who = "eve"
    code, said = command("audit", "verify")
    assert (code, "Row 1 " in said) == (1, True), said
    assert audit_events(database)[-1].outcome == "failed"


def test_the_trail_is_written_out(command: Command, database: Database, tmp_path: Path) -> None:
    """As JSON lines and as CSV, where a spreadsheet takes no text for a formula; the export is in the trail first."""
    _write(database, {"why": "a question"})
    code, said = command("audit", "export")
    rows = [json.loads(line) for line in said.splitlines()]
    assert (code, [row["action"] for row in rows]) == (0, ["case parked", "audit trail exported"])
    assert (rows[0]["who"], rows[0]["detail"]) == ("=ana", {"why": "a question"})
    file = tmp_path / "trail.csv"
    assert command("audit", "export", "--format", "csv", "--out", str(file), "--until", "2999-01-01")[0] == 0
    with file.open(encoding="utf-8", newline="") as stream:
        [first, *_] = csv.DictReader(stream)
    assert (first["who"], json.loads(first["detail"])) == ("'=ana", {"why": "a question"})
    assert command("audit", "export", "--since", "2999-01-01") == (0, "")
