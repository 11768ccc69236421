"""A hostile day, bounded and on this machine: one honest study goes its way all the same."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path

import pytest
import requests

from gateway.demo.demo import verify_returned
from gateway.demo.demo_systems import GATEWAY_AE, HOST, DemoSystems
from gateway.demo.errors import DemoError
from gateway.demo.push import push as push_files
from gateway.records import ledger
from gateway.records.views import case_rows
from gateway.web.application import ROUTERS
from support.journeys import push, scan, sign, wait_for_case

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

ROUNDS = 60
"""Of each attacker; then it stops by itself."""
MOST_REFUSALS = 300
"""Rows about strangers and nodes together, whatever comes (gateway.records.ledger.refusals)."""
PLACEHOLDERS = ("{case_id}", "{study_id}", "{conflict_id}", "{reply_id}", "{enrolment_id}")


@contextmanager
def attackers(*what: Callable[[int], None]) -> Iterator[list[BaseException]]:
    """Each in a thread of its own, round after round; what of the gateway they found broken."""
    broken: list[BaseException] = []
    stopping = threading.Event()

    def run(one: Callable[[int], None]) -> None:
        for number in range(ROUNDS):
            if stopping.wait(0.05):
                return
            try:
                one(number)
            except (OSError, requests.RequestException, DemoError):
                continue  # turned away, as it should be
            except AssertionError as error:
                broken.append(error)

    threads = [threading.Thread(target=run, args=(one,), daemon=True) for one in what]
    for thread in threads:
        thread.start()
    try:
        yield broken
    finally:
        stopping.set()
        for thread in threads:
            thread.join(60)


def test_a_hostile_day_changes_nothing(systems: DemoSystems, tmp_path: Path) -> None:
    """The study is read and returned; another site is told nothing, no answer is an error, the trail is whole."""
    database = systems.database()
    ledger.add_user(database, "south", "Curious", "coordinator", "south", systems.password, "test")
    honest, curious = systems.client(), requests.Session()
    signed_in = curious.post(
        f"{systems.address}/api/session", json={"login": "south", "password": systems.password}, timeout=30
    )
    curious.headers["X-CSRF-Token"] = signed_in.json()["csrf"]
    study = scan(systems)
    one_file = systems.hospital.files()[0].path
    chance = random.Random(14)
    found: list[str] = []

    def noise(_round: int) -> None:
        with socket.create_connection((HOST, systems.dicom_port), 5) as peer:
            peer.sendall(chance.randbytes(chance.randrange(1, 2000)))

    def half_open(_round: int) -> None:
        with socket.create_connection((HOST, systems.dicom_port), 5), suppress(TimeoutError):
            threading.Event().wait(0.2)

    def stranger(number: int) -> None:
        push_files([one_file], HOST, systems.dicom_port, GATEWAY_AE, calling_ae_title=f"STRANGER{number % 9}")

    def guesses(number: int) -> None:
        said = requests.post(
            f"{systems.address}/api/session",
            json={"login": f"reader{number % 2 or ''}", "password": f"guess {number}"},
            timeout=30,
        )
        assert said.status_code in (403, 429), said.status_code

    def looks_around(number: int) -> None:
        for router in ROUTERS:
            for route in router.routes:
                path, methods = route.path, route.methods  # type: ignore[attr-defined]
                if "POST" not in methods and not any(name in path for name in PLACEHOLDERS):
                    continue
                for name in PLACEHOLDERS:
                    path = path.replace(name, str(number % 5 + 1))
                path = path.replace("{form}", "pdf").replace("{name:path}", "../../etc/passwd")
                if path in ("/sign-out", "/account/password") or "{" in path.replace("{series}", "1"):
                    continue
                method = "GET" if "GET" in methods else "POST"
                said = curious.request(
                    method,
                    systems.address + path,
                    data=chance.randbytes(200) if method == "POST" else None,
                    timeout=30,
                )
                assert said.status_code < 500, (method, path, said.status_code)
                found.append(said.text)

    def junk(_round: int) -> None:
        for path, kind in product(
            ("/upload", "/api/uploads", "/dicom-web/studies"), ("application/zip", "x/y")
        ):
            said = curious.post(
                systems.address + path,
                data=chance.randbytes(300_000),
                headers={"Content-Type": kind},
                timeout=30,
            )
            assert said.status_code < 500, (path, said.status_code)

    with attackers(noise, half_open, stranger, guesses, looks_around, junk) as broken:
        push(systems, study)
        case = wait_for_case(systems, honest, "FORWARDED", 180)
        sign(honest, case["id"])
        wait_for_case(systems, honest, "CONFIRMED", 180)
    assert verify_returned(systems, study) == []
    assert broken == []
    assert found
    assert not [text for text in found if case["pseudonym"] in text]
    with database.read() as session:
        assert len(case_rows.refusals(session)) < MOST_REFUSALS
    database.close()
    verified = subprocess.run(
        [sys.executable, "-m", "gateway", "audit", "verify", "--config", str(systems.config)],
        env=systems.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    printed = (tmp_path / "gateway.log").read_text(encoding="utf-8", errors="replace")
    assert str(study[0].PatientID) not in printed
    assert str(study[0].StudyInstanceUID) not in printed
