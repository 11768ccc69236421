"""A pipeline in this process, on SQLite and on a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.records import migrations
from gateway.records.database import Database
from support.pipeline import Pipeline, make_pipeline
from support.records import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """A clock that moves only when told to."""
    return FakeClock()


@pytest.fixture
def database(database_url: str, clock: FakeClock) -> Iterator[Database]:
    """An empty, migrated database."""
    opened = Database(database_url, clock)
    migrations.upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def pipeline(tmp_path: Path, database: Database, clock: FakeClock) -> Pipeline:
    """Everything with the shipped profile."""
    return make_pipeline(tmp_path, database, clock)
