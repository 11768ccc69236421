"""Whoever edits what the gateway works by leaves a line in the trail, without a word of what stands in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.pipeline.jobs import in_force
from gateway.records import ledger
from gateway.records.database import Database
from gateway.settings import Settings
from support.records import FakeClock, audit_events

KEY = b"k" * 32


@pytest.fixture
def records(database_url: str) -> Iterator[Database]:
    """A database without a row."""
    database = Database(database_url, FakeClock())
    yield database
    database.close()


def settings_of(tmp_path: Path, **more: object) -> Settings:
    """Files in a folder of their own."""
    files = {"nodes": tmp_path / "nodes.yaml", "rules": tmp_path / "rules", "profiles": tmp_path / "profiles"}
    return Settings.model_validate(
        {"files": files, "storage": {"database": "postgresql://u:se-cret@db/x"}, **more}
    )


def test_what_changed_is_told_by_its_name_alone(records: Database, tmp_path: Path) -> None:
    """Once; settings by table and name, files by their names."""
    (tmp_path / "profiles").mkdir()
    profile, nodes = tmp_path / "profiles" / "own.yaml", tmp_path / "nodes.yaml"
    profile.write_text("name: own\n")
    nodes.write_text("nodes: {}\n")

    def tell(settings: Settings) -> None:
        for part, texts in in_force.parts(settings):
            ledger.note_configuration(records, KEY, part, texts)

    for _ in range(2):
        tell(settings_of(tmp_path))
    assert [event.subject for event in audit_events(records)] == [
        "configuration of settings",
        "configuration of nodes",
        "configuration of profiles",
    ]
    profile.write_text("name: other\n")
    (tmp_path / "profiles" / "new.yml").write_text("name: new\n")
    nodes.write_text("nodes: {} # once\n")
    tell(settings_of(tmp_path, audit={"away": 7}))
    told = audit_events(records)
    assert [event.detail["changed"] for event in told[3:]] == [
        ["audit.away"],
        ["nodes.yaml"],
        ["new.yml", "own.yaml"],
    ]
    assert "se-cret" not in "".join(str(event.detail) for event in told)


def test_a_guess_does_not_fit_without_the_key(records: Database) -> None:
    """A password of the settings cannot be tried against its digest."""
    ledger.note_configuration(records, KEY, "settings", {"a.b": "1"})
    ledger.note_configuration(records, b"another", "settings", {"a.b": "1"})
    first, second = audit_events(records)
    assert first.detail["digests"] != second.detail["digests"]
