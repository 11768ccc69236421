"""What every test gets: a clean environment, the same examples each time, and the programs that its markers name."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from gateway.records import accounts
from support import services

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from support.postgresql import PostgresServer

# Deterministic: a failure found once is found by everybody. No deadline: the machine is shared with other tests.
# 40 examples unless a test asks for more: the whole suite has to end within ten minutes on two processors.
settings.register_profile(
    "gateway",
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gateway")

_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Keep settings and proxies of whoever runs the tests out of them, in this process and in those it starts."""
    for name in [name for name in os.environ if name.startswith("GATEWAY_")]:
        del os.environ[name]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"
    gc.disable()
    _quick_passwords()


def _quick_passwords() -> None:
    """Passwords of accounts that tests make are hashed in no time; how slow the gateway's own hash is has its test.

    64 MB and a sixth of a second of a processor for each account and each sign-in were minutes of the suite.
    """
    accounts.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def pytest_collection_finish() -> None:
    """What is imported by now stays: the collector need not go through it again and again."""
    gc.freeze()
    gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave a test out when a program it names by its markers is not installed; in CI, let it fail."""
    absent = [program for marker in item.iter_markers() for program in services.missing(marker.name)]
    if absent and services.required():
        pytest.fail(services.summary(absent), pytrace=False)
    if absent:
        pytest.skip(services.summary(absent))


_told: list[int] = []
DESCRIPTORS = Path("/dev/fd")
MOST_DESCRIPTORS = 500
"""select(), which pynetdicom waits with, takes no descriptor from 1,024 on."""


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """A test that leaves files and sockets open costs a later test its sockets, by chance: name it while it can be."""
    if not DESCRIPTORS.is_dir() or len(os.listdir(DESCRIPTORS)) <= MOST_DESCRIPTORS or _told:
        return
    gc.collect()
    still_open = len(os.listdir(DESCRIPTORS))
    if still_open > MOST_DESCRIPTORS:
        _told.append(still_open)  # once: every later test would be named too
        pytest.fail(
            f"{still_open} descriptors are open, by this test or those before it: close what is opened"
        )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this process of the tests. Mark the tests that use it with `postgres`."""
    from support.postgresql import postgres_server

    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite database to copy: every revision runs once, not for each test."""
    from support.empty_records import migrate

    path = tmp_path_factory.mktemp("migrated") / "empty.sqlite"
    migrate(f"sqlite:///{path}")
    # No log that would have to be copied too.
    assert [beside.name for beside in path.parent.iterdir()] == [path.name]
    return path


@pytest.fixture(scope="session")
def migrated_server(postgres_server: PostgresServer) -> tuple[PostgresServer, str]:
    """A server with an empty, migrated database to copy, and its name."""
    from support.empty_records import migrate

    name = f"migrated_{os.getpid()}"
    migrate(postgres_server.create(name))
    return postgres_server, name


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of an empty PostgreSQL database for this test alone."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    yield postgres_server.create(name)
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def bare_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without a table; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'gateway.sqlite'}"


@pytest.fixture
def migrated_postgres_url(migrated_server: tuple[PostgresServer, str]) -> Iterator[str]:
    """The address of a PostgreSQL database for this test alone, with every table and no row."""
    server, like = migrated_server
    name = f"test_{os.getpid()}_{next(_numbers)}"
    yield server.create(name, like)
    server.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with every table and no row; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("migrated_postgres_url"))
    shutil.copyfile(request.getfixturevalue("migrated_file"), tmp_path / "gateway.sqlite")
    return f"sqlite:///{tmp_path / 'gateway.sqlite'}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium for the tests of one module. Mark them with `browser`.

    Not for the session: while Playwright is open, asyncio.run() refuses in this thread, and other tests need it.
    """
    from support.chromium import open_browser

    with open_browser() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page with its own cookies; the test fails when a script raises or the page asks another host."""
    from support.chromium import open_page

    with open_page(browser) as opened:
        yield opened
