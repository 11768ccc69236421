"""The records on SQLite and on a real PostgreSQL server: the same tests run on both."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.records.database import Database
from gateway.records.identities import keys
from gateway.records.identities.vault import Vault
from support.postgresql import PostgresServer
from support.records import FakeClock

_numbers = itertools.count(1)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that moves only when told to."""
    return FakeClock()


@pytest.fixture
def sqlite(tmp_path: Path, migrated_file: Path, clock: FakeClock) -> Iterator[Database]:
    """An empty, migrated database on SQLite alone: for what no server can do otherwise."""
    shutil.copyfile(migrated_file, tmp_path / "test.sqlite")
    opened = Database(f"sqlite:///{tmp_path}/test.sqlite", clock)
    yield opened
    opened.close()


@pytest.fixture
def postgresql(migrated_server: tuple[PostgresServer, str], clock: FakeClock) -> Iterator[Database]:
    """An empty, migrated database on the server. Mark the tests that use it with `postgres`."""
    server, like = migrated_server
    name = f"records_{os.getpid()}_{next(_numbers)}"
    opened = Database(server.create(name, like), clock)
    yield opened
    opened.close()
    server.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty, migrated database, on each of the two."""
    made: Database = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def key_folder(tmp_path: Path) -> Path:
    """A key folder with a first key."""
    keys.make_key(tmp_path / "keys" / "vault.key")
    return tmp_path / "keys"


@pytest.fixture
def vault(key_folder: Path) -> Vault:
    """The vault of a process that started before any rotation."""
    return Vault.from_folder(key_folder)
