"""Transactions: whole or not at all, alone when they write, and killed on either side of their commit."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from gateway.records.database import Database
from gateway.records.migrations import schema
from gateway.records.tables.administration import Account, Tick, WebSession
from support.crashes import killed_at
from support.records import FakeClock


def _ticks(database: Database) -> list[int]:
    with database.read() as session:
        return sorted(session.exec(select(Tick.slot)))


def _write(database: Database, slot: int) -> None:
    with database.write("test") as session:
        session.add(Tick(name="test", slot=slot))


def test_a_sqlite_database_is_its_owners_whatever_the_mask(tmp_path: Path) -> None:
    """The file, and the log and the index that SQLite itself makes beside it."""
    before = os.umask(0)
    try:
        made = Database(f"sqlite:///{tmp_path}/gateway.sqlite")
        schema.upgrade(made)
        with made.read() as session:
            session.exec(select(Tick)).all()
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        made.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("gateway.sqlite", "gateway.sqlite-wal", "gateway.sqlite-shm"), 0o600)


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    """Whatever was written before the error is gone with it, flushed or not."""
    with pytest.raises(KeyError), database.write("test") as session:  # noqa: PT012  both belong to the transaction
        session.add(Tick(name="test", slot=1))
        session.flush()
        raise KeyError
    _write(database, 2)
    assert _ticks(database) == [2]


def test_what_only_looks_changes_nothing(database: Database) -> None:
    """Even a row that is added there is gone afterwards: a reading transaction never commits."""
    with database.read() as session:
        session.add(Tick(name="test", slot=1))
        session.flush()
    assert _ticks(database) == []


def test_rows_can_be_read_after_their_transaction(database: Database) -> None:
    """They are handed from one function to the next; nobody asks the database for them again."""
    with database.write("test") as session:
        row = Tick(name="test", slot=1)
        session.add(row)
    assert (row.name, row.slot) == ("test", 1)


@pytest.fixture
def database_of_processes(database_url: str) -> Iterator[Database]:
    """A migrated database that several processes open."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.mark.parametrize(("point", "kept"), [("test:before", []), ("test:after", [1])])
def test_a_transaction_has_a_crash_point_on_either_side_of_its_commit(
    database_of_processes: Database, tmp_path: Path, point: str, kept: list[int]
) -> None:
    """Killed before it nothing is there, killed after it everything is."""
    url = database_of_processes.url
    assert killed_at(point, tmp_path / "markers", lambda: _write(Database(url), 1))
    assert _ticks(database_of_processes) == kept


def test_many_writers_wait_for_each_other(database: Database) -> None:
    """Each reads before it writes, which on SQLite fails at once unless it has begun as a writer."""
    failed: list[Exception] = []

    def count_up() -> None:
        for _ in range(10):
            try:
                with database.write("test") as session:
                    row = session.exec(select(Account).where(Account.login == "ana").with_for_update()).one()
                    row.display_name = str(int(row.display_name) + 1)
            except Exception as error:  # noqa: BLE001  told below, in the thread of the test
                failed.append(error)

    with database.write("test") as session:
        session.add(Account(login="ana", display_name="0", role="reader", password_hash="x"))
    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    with database.read() as session:
        assert session.exec(select(Account)).one().display_name == "40"


def test_a_row_cannot_name_one_that_is_not_there(database: Database) -> None:
    """SQLite looks only when it is told to."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(IntegrityError), database.write("test") as session:
        session.add(WebSession(token_hash="x", account_id=99, csrf="", created_at=now, expires_at=now))


def test_the_clock_of_a_test_decides(database: Database, clock: FakeClock) -> None:
    """Where one is given."""
    clock.pass_seconds(3600)
    with database.read() as session:
        assert database.now(session) == clock.time


def test_the_databases_clock_decides_otherwise(database_of_processes: Database) -> None:
    """Aware and in UTC; on PostgreSQL it goes on within a transaction."""
    with database_of_processes.read() as session:
        first, second = (database_of_processes.now(session) for _ in range(2))
    assert first.tzinfo is UTC
    assert first <= second
    assert abs(first - datetime.now(UTC)) < timedelta(minutes=1)


def test_what_was_deleted_is_given_up(database_of_processes: Database, tmp_path: Path) -> None:
    """On SQLite not a byte of it is left in any of its files; PostgreSQL writes the tables anew."""
    database = database_of_processes
    with database.write("test") as session:
        session.add_all(
            Account(login=f"mustermann-{n}", display_name="", role="reader", password_hash="x")
            for n in range(50)
        )
    with database.write("test") as session:
        for row in session.exec(select(Account)):
            session.delete(row)
    assert database.give_up_deleted(["account"])
    if database.is_sqlite:
        files = list(tmp_path.glob("gateway.sqlite*"))
        assert files
        assert not any(b"mustermann" in path.read_bytes() for path in files)
