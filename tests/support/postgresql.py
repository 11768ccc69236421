"""A real PostgreSQL server for the tests: on a free port, never as root, gone when the tests are."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from support import services

# Nothing outlives the tests, so the server need not wait for the disk: about three times faster.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "log_min_messages": "warning",
}
TRIES = 3
START_S = 30.0


@dataclass(frozen=True)
class PostgresServer:
    """A running server that lets this machine in without a password."""

    port: int

    def url(self, database: str = "postgres") -> str:
        """The address of a database as SQLAlchemy and `[storage] database` write it."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, like: str = "template0") -> str:
        """Make a database, empty or with all that another one has; returns its address."""
        names = sql.Identifier(database), sql.Identifier(like)
        self._administer(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, also when something is still connected to it."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            f"postgresql://postgres@127.0.0.1:{self.port}/postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server in a folder of its own and stop it at the end.

    Raises LookupError when PostgreSQL is not installed, RuntimeError with the server's words when it does not start.
    """
    # Not pytest's folder: that one belongs to root with mode 0700 when root tests, and the server is never root.
    folder = Path(tempfile.mkdtemp(prefix="pml-gateway-postgres-"))
    try:
        data = folder / "data"
        if os.geteuid() == 0:
            account = _account()
            os.chown(folder, account.pw_uid, account.pw_gid)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        made = subprocess.run(
            _as_nobody([str(services.path_of("initdb")), *options, "-D", str(data)]),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stdout}")
        process, port = _start(folder, data)
        try:
            yield PostgresServer(port)
        finally:
            process.send_signal(signal.SIGINT)  # "fast": connections are ended, not waited for
            process.wait(timeout=START_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, data: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start on a free port; again on another one when somebody took it in between."""
    settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    log = folder / "log"
    for _ in range(TRIES):
        port = _free_port()
        command = _as_nobody([str(services.path_of("postgres")), "-D", str(data), "-p", str(port), *settings])
        with log.open("wb") as stream:
            process = subprocess.Popen(command, cwd=folder, stdout=stream, stderr=subprocess.STDOUT)
        if _answers(process, port):
            return process, port
        process.kill()
        process.wait()
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')}")


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server lets us in; False when it ended or takes too long."""
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _account() -> pwd.struct_passwd:
    """Who runs the server when root runs the tests: PostgreSQL refuses to be root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("There is neither a user postgres nor a user nobody to run the database server as.")


def _as_nobody(command: list[str]) -> list[str]:
    """The command without root's rights, and ended by the kernel when the tests are killed."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return command
    wrapper = [setpriv, "--pdeathsig", "INT"]
    if os.geteuid() == 0:
        account = _account()
        wrapper += [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    return [*wrapper, *command]


def _free_port() -> int:
    """A TCP port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
