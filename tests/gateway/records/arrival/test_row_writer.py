"""Rows in groups behind the files: one that cannot be written fails alone, and none that can wait is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlmodel import select

from gateway.records import ledger
from gateway.records.arrival import row_writer
from gateway.records.arrival.row_writer import RowWriter, is_away
from gateway.records.database import Database
from gateway.records.tables.studies import Instance
from support.records import QUIET, new_instance


@pytest.fixture
def rows(sqlite: Database) -> Iterator[RowWriter]:
    """The writer of one process."""
    made = RowWriter(sqlite, QUIET)
    yield made
    made.flush()


def _uids(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(session.exec(select(Instance.sop_instance_uid)))


def _nothing(_kept: ledger.Kept) -> None:
    """What comes after a row, where nothing does."""


def test_who_needs_a_row_waits_for_it(rows: RowWriter, sqlite: Database) -> None:
    """And hears where the bytes are."""
    settled: list[ledger.Kept] = []
    kept = rows.add(new_instance(1), settled.append, needed=True).wait()
    assert settled == [kept] == [ledger.Kept(1, "received/1.dcm")]
    assert _uids(sqlite) == ["1.2.3.1.1"]


def test_what_was_added_is_there_after_a_flush(rows: RowWriter, sqlite: Database) -> None:
    """However many threads added it, and nobody waited for it."""
    threads = [
        threading.Thread(
            target=lambda n=n: [rows.add(new_instance(n * 10 + i), _nothing, needed=False) for i in range(10)]
        )
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert rows.flush()
    assert len(_uids(sqlite)) == 40
    assert rows.flush()  # nothing left to wait for


def test_a_row_that_the_database_never_takes_fails_alone(
    rows: RowWriter, sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others of its group have theirs, and it is not tried for ever: its file waits for the next start."""
    monkeypatch.setattr(row_writer, "_PAUSE_S", 0.5)
    groups: list[int] = []
    keep = ledger.keep_instances

    def keep_instances(
        database: Database, facts: list[ledger.NewInstance], quiet: timedelta
    ) -> list[ledger.Kept]:
        groups.append(len(facts))
        return keep(database, facts, quiet)

    monkeypatch.setattr(ledger, "keep_instances", keep_instances)
    settled: list[ledger.Kept] = []
    wrong = new_instance(2, study="1.8", uploaded_by=99)  # there is no such account
    tickets = [
        rows.add(one, settled.append, needed=False) for one in (new_instance(1), wrong, new_instance(3))
    ]
    _until(lambda: len(groups) == 4)
    assert rows.flush()
    assert groups == [3, 1, 1, 1]
    assert _uids(sqlite) == ["1.2.3.1.1", "1.2.3.1.3"]
    assert len(settled) == 2
    with pytest.raises(IntegrityError):
        tickets[1].wait()
    assert not rows.is_failing


def test_while_the_database_is_away_rows_wait(
    rows: RowWriter, sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who can wait does; who cannot hears of it; when the database is back, every row is written."""
    monkeypatch.setattr(row_writer, "_RETRY_S", 0.05)
    away = threading.Event()
    away.set()
    keep = ledger.keep_instances

    def keep_instances(
        database: Database, facts: list[ledger.NewInstance], quiet: timedelta
    ) -> list[ledger.Kept]:
        if away.is_set():
            raise OperationalError("INSERT", {}, Exception("the disk is full"))
        return keep(database, facts, quiet)

    monkeypatch.setattr(ledger, "keep_instances", keep_instances)
    rows.add(new_instance(1), _nothing, needed=False)
    with pytest.raises(OperationalError):
        rows.add(new_instance(2), _nothing, needed=True).wait()
    _until(lambda: rows.is_failing)
    assert not rows.flush(0.2)
    assert _uids(sqlite) == []
    away.clear()
    assert rows.flush()
    assert _uids(sqlite) == ["1.2.3.1.1"]
    assert not rows.is_failing


def test_a_file_that_cannot_be_tidied_up_does_not_lose_the_row(rows: RowWriter, sqlite: Database) -> None:
    """The row is committed by then, and the next object of the group must not suffer."""

    def fail(_kept: ledger.Kept) -> None:
        raise OSError("the disk")

    assert rows.add(new_instance(1), fail, needed=True).wait().study_id == 1
    assert rows.add(new_instance(2), _nothing, needed=True).wait().study_id == 1
    assert len(_uids(sqlite)) == 2


def test_the_thread_ends_when_nothing_comes_and_starts_again(
    rows: RowWriter, sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An idle receiver holds no thread for it."""
    monkeypatch.setattr(row_writer, "_IDLE_S", 0.05)
    rows.add(new_instance(1), _nothing, needed=True).wait()
    _until(lambda: rows._thread is None)
    rows.add(new_instance(2), _nothing, needed=True).wait()
    assert len(_uids(sqlite)) == 2


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (OSError("the disk"), True),
        (OperationalError("INSERT", {}, Exception("gone")), True),
        (DataError("INSERT", {}, Exception("too long")), False),
        (ValueError("x"), False),
    ],
)
def test_a_database_that_is_away_is_not_a_row_that_is_wrong(error: Exception, away: bool) -> None:
    """Only the former gets better by waiting."""
    assert is_away(error) is away


def _until(true: object, seconds: float = 30.0) -> None:
    ends = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < ends
        time.sleep(0.01)
