"""The systems of the demo: a hospital archive, a reading site and a real gateway (its own processes) on free ports."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

from gateway.demo.errors import DemoError
from gateway.demo.hospital import HospitalArchive
from gateway.demo.reading_site import ReadingSite
from gateway.records import ledger
from gateway.records.database import Database
from gateway.service import scaffold

HOST = "127.0.0.1"
GATEWAY_AE, HOSPITAL_AE, READING_AE = "GATEWAY", "HOSPITAL", "READING"

RULES = """\
rules:
  - id: natalizumab-surveillance
    title: Head MRI whose description names natalizumab or PML
    when:
      all:
        - modalities: {is: MR}
        - study_description: {matches: '(natalizumab|PML)'}
    destination: reading-site
    referral: surveillance
"""
FAST = {
    "GATEWAY_STUDY__QUIET_PERIOD": "3",
    "GATEWAY_ENGINE__POLL": "0.2",
    "GATEWAY_ENGINE__RETRY_FIRST": "0.5",
    "GATEWAY_ENGINE__COMMITMENT_RETRY": "1",
    "GATEWAY_ENGINE__LEASE": "10",
    "GATEWAY_LOG__LEVEL": "WARNING",
}
"""A demo does not wait five minutes for late series."""


def free_port() -> int:
    """A TCP port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class DemoSystems:
    """All parties on one machine; use as a context manager. `environment` adds to the gateway's settings."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.dicom_port, self.web_port = free_port(), free_port()
        self.hospital = HospitalArchive(HOSPITAL_AE, HOST, 0, folder / "hospital")
        self.reading_site = ReadingSite(READING_AE, HOST, 0, folder / "reading-site")
        self.password = secrets.token_urlsafe(12)
        self._environment = {**FAST, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where the pages are."""
        return f"http://{HOST}:{self.web_port}"

    @property
    def config(self) -> Path:
        """The gateway's configuration file."""
        return self.folder / "gateway" / "gateway.toml"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the gateway's processes."""
        return {
            **os.environ,
            **self._environment,
            "GATEWAY_DICOM__PORT": str(self.dicom_port),
            "GATEWAY_WEB__PORT": str(self.web_port),
            "GATEWAY_DICOM__AE_TITLE": GATEWAY_AE,
        }

    def __enter__(self) -> DemoSystems:
        try:
            self.hospital.start()
            self.reading_site.start()
            self.hospital.know(GATEWAY_AE, HOST, self.dicom_port)
            self._configure()
            self.start_gateway()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_gateway()
        self.reading_site.stop()
        self.hospital.stop()

    def _configure(self) -> None:
        scaffold.init(self.config.parent)
        (self.config.parent / "nodes.yaml").write_text(
            "nodes:\n"
            f"  - {{name: hospital-pacs, kind: dimse, ae_title: {HOSPITAL_AE}, host: {HOST},"
            f" port: {self.hospital.port}, roles: [sender, archive], site: hospital}}\n"
            f"  - {{name: reading-site, kind: dimse, ae_title: {READING_AE}, host: {HOST},"
            f" port: {self.reading_site.port}, roles: [reader], site: reading, commitment: false,"
            f" accounts: [reading-site]}}\n",
            encoding="utf-8",
        )
        (self.config.parent / "rules" / "natalizumab.yaml").write_text(RULES, encoding="utf-8")

    def start_gateway(self, seconds: float = 90.0) -> None:
        """Start `gateway serve` and wait until its pages and its DICOM port answer; makes the reader account once."""
        log = (self.folder / "gateway.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve", "--config", str(self.config)],
            env=self.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.wait(self._is_ready, seconds, "the gateway to start")
        database = self.database()
        try:
            if not self._has_reader(database):
                ledger.add_user(
                    database, "reader", "Dr. Demo Reader", "lead", "", self.password, "demo", every_site=True
                )
                ledger.add_user(
                    database, "admin", "Demo Admin", "admin", "", self.password, "demo", every_site=True
                )
        finally:
            database.close()

    def stop_gateway(self, number: int = signal.SIGTERM) -> None:
        """End the gateway and its roles; SIGKILL is how crash tests do it."""
        if self._process is None:
            return
        try:
            if number == signal.SIGKILL:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)
            self._process.wait(40)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._process = None

    def database(self) -> Database:
        """A connection of one's own to the gateway's records; close it."""
        return Database(
            self._environment.get(
                "GATEWAY_STORAGE__DATABASE", f"sqlite:///{self.config.parent}/gateway-data/gateway.sqlite"
            )
        )

    def client(self, login: str = "reader") -> Client:
        """A program that is signed in."""
        return Client(self.address, login, self.password)

    def wait(self, ready: Callable[[], Any], seconds: float, what: str) -> Any:
        """Poll until `ready` gives something true; raises DemoError with the gateway's last log lines."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = ready()
            if found:
                return found
            if self._process is not None and self._process.poll() is not None:
                break
            time.sleep(0.1)
        lines = (self.folder / "gateway.log").read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        raise DemoError(f"Waited {seconds:g} s for {what}.", "The gateway's last words:\n" + "\n".join(lines))

    def _is_ready(self) -> bool:
        try:
            with socket.create_connection((HOST, self.dicom_port), 1):
                return requests.get(f"{self.address}/healthz", timeout=2).ok
        except (OSError, requests.RequestException):
            return False

    @staticmethod
    def _has_reader(database: Database) -> bool:
        from gateway.records.views import case_rows

        with database.read() as session:
            return any(account.login == "reader" for account in case_rows.accounts(session))


class Client:
    """A program at the gateway's HTTP interface, signed in with a session."""

    def __init__(self, address: str, login: str, password: str) -> None:
        self._address, self.password = address, password
        self._session = requests.Session()
        told = self.call("POST", "/api/session", {"login": login, "password": password})
        self._session.headers["X-CSRF-Token"] = told["csrf"]

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One request; the JSON answer, or DemoError with what the gateway said."""
        answer = self._session.request(method, self._address + path, json=body, timeout=30)
        if not answer.ok:
            raise DemoError(f"{method} {path} answered {answer.status_code}.", answer.text[:500])
        return answer.json() if answer.content else None

    def fetch(self, path: str) -> bytes:
        """What is at an address, as it is: a picture or a file."""
        answer = self._session.get(self._address + path, timeout=30)
        if not answer.ok:
            raise DemoError(f"GET {path} answered {answer.status_code}.", answer.text[:500])
        return answer.content

    def cases(self) -> list[dict[str, Any]]:
        """Every case, also those that are over."""
        found: list[dict[str, Any]] = self.call("GET", "/api/queue?show=all")["cases"]
        return found
