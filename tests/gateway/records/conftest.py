"""The records on SQLite and on a real PostgreSQL server: the same tests run on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.records.database import Database
from gateway.records.migrations import schema
from support.records import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """A clock that moves only when told to."""
    return FakeClock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[Database]:
    """An empty, migrated database."""
    url = (
        f"sqlite:///{tmp_path}/test.sqlite"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres_url")
    )
    opened = Database(url, clock)
    schema.upgrade(opened)
    yield opened
    opened.close()
