"""Empty records with the newest schema. The revisions run once for each process of the tests, not for each test."""

from __future__ import annotations

import sqlite3
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import inspect

from gateway.records.database import Database
from gateway.records.migrations import schema


def migrate(url: str) -> None:
    """Run every revision on the database of this address."""
    made = Database(url)
    schema.upgrade(made)
    made.close()


@cache
def _migrated() -> sqlite3.Connection:
    """A migrated SQLite database in memory, to copy."""
    kept = sqlite3.connect(":memory:", check_same_thread=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        migrate(f"sqlite:///{path}")
        made = sqlite3.connect(path)
        made.backup(kept)
        made.close()
    return kept


def newest(database: Database) -> None:
    """Give an empty database the newest schema; leave one as it is that has one: it is a copy of a migrated one."""
    if inspect(database.engine).has_table("alembic_version"):
        return
    if not database.is_sqlite:
        schema.upgrade(database)
        return
    raw = database.engine.raw_connection()
    try:
        into = raw.driver_connection
        assert isinstance(into, sqlite3.Connection)
        _migrated().backup(into)
    finally:
        raw.close()
