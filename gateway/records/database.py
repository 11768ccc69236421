"""The engine and its transactions: one named transaction per event, on SQLite or PostgreSQL.

SQLite runs in WAL with synchronous=FULL: a committed transaction survives power loss. Writers begin
IMMEDIATE, because a deferred writer that must upgrade its snapshot fails at once ("database is locked"),
whatever the busy timeout.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from gateway.clock import Clock
from gateway.records import crash

BUSY_TIMEOUT_MS = 30_000
"""How long a SQLite writer waits for another: writes take milliseconds, so half a minute means trouble."""


class Database:
    """Transactions on one database; share one per process, it is safe across threads.

    `clock` replaces the database's own clock in tests; without it the database decides what time it is,
    so that replicas with wrong clocks cannot steal each other's leases.
    """

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._clock = clock
        self.engine = (
            _sqlite_engine(url)
            if self.is_sqlite
            else create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True)
        )

    @contextmanager
    def write(self, name: str) -> Iterator[Session]:
        """One transaction that changes something; `name` is the event, and the name of its crash points."""
        with Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"gateway_begin": "IMMEDIATE"})
            yield session
            session.flush()
            crash.point(f"{name}:before")
            session.commit()
        crash.point(f"{name}:after")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One transaction that only looks."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    def now(self, session: Session) -> datetime:
        """The database's present moment, aware, in UTC."""
        if self._clock is not None:
            return self._clock()
        if self.is_sqlite:
            return datetime.now(UTC)
        moment: datetime = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
        return moment.astimezone(UTC)

    def give_up_deleted(self, tables: Sequence[str]) -> bool:
        """Let the database's files hold nothing that was deleted or replaced; False when that has to be tried again.

        Writers wait meanwhile: SQLite is copied as a whole, of PostgreSQL these tables. Its write-ahead log, replicas
        and every backup keep the old bytes until they are renewed.
        """
        try:
            if self.is_sqlite:
                raw = self.engine.raw_connection()
                try:
                    cursor = raw.cursor()
                    cursor.execute("VACUUM")
                    busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                    cursor.close()
                finally:
                    raw.close()
                return not busy
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("SET lock_timeout = '10s'")
                for table in tables:
                    connection.exec_driver_sql(f'VACUUM (FULL) "{table}"')
                connection.exec_driver_sql("RESET lock_timeout")
        except (DBAPIError, sqlite3.OperationalError):
            return False
        return True

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
        hide_parameters=True,  # errors and logs name the statement alone
    )

    @event.listens_for(engine, "do_connect")
    def _is_its_owners(_dialect: Any, _record: Any, arguments: Sequence[Any], _more: Any) -> None:
        # Whatever the account's mask is; SQLite gives its log and index the mode of the file.
        if arguments[0] != ":memory:":
            with suppress(OSError):  # no folder, or no permission: SQLite says so
                os.close(os.open(arguments[0], os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is deleted is overwritten, not only unlinked
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("gateway_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {kind}")

    return engine
