"""While the gateway runs: a new vault key without a restart, then a patient forgotten to the last byte."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest
from sqlmodel import select

from gateway.demo.demo import verify_returned
from gateway.demo.demo_systems import DemoSystems
from gateway.records import ledger
from gateway.records.tables.administration import AuditEvent
from support.journeys import push, scan, sign, wait_for_case
from support.patients import found_in

pytestmark = pytest.mark.timeout(300)


def _gateway(systems: DemoSystems, *arguments: str) -> str:
    """Run a command beside the running gateway; what it printed."""
    ended = subprocess.run(
        [sys.executable, "-m", "gateway", *arguments, "--config", str(systems.config)],
        env=systems.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_key_rotates_and_the_patient_is_forgotten_without_a_restart(systems: DemoSystems) -> None:
    """Rotated between reading and returning, the report finds its patient; then nothing of the patient is left."""
    first = scan(systems)
    push(systems, first)
    client = systems.client()
    case = wait_for_case(systems, client, "FORWARDED")
    said = _gateway(systems, "vault", "rotate", "--retire")
    assert "1 identities were sealed again" in said
    sign(client, case["id"])
    wait_for_case(systems, client, "CONFIRMED")
    assert verify_returned(systems, first) == []
    second = scan(systems, date(2026, 5, 2))
    push(systems, second)
    later = wait_for_case(systems, client, "FORWARDED", number=1)
    assert later["pseudonym"] == case["pseudonym"]
    sign(client, later["id"])
    wait_for_case(systems, client, "CONFIRMED", number=1)
    database = systems.database()
    with database.read() as session:
        [only] = ledger.rows_by_key(session)
        read = session.exec(select(AuditEvent).where(AuditEvent.action == "identity read")).all()
    assert only in said
    assert [(event.who, event.detail["why"]) for event in read] == [
        ("gateway", f"report of case {number}") for number in (case["id"], later["id"])
    ]

    wanted = {
        str(value).encode()
        for dataset in (*first, *second)
        for value in (
            dataset.PatientID,
            dataset.PatientBirthDate,
            dataset.PatientName,
            dataset.StudyInstanceUID,
            dataset.SeriesInstanceUID,
            dataset.SOPInstanceUID,
        )
    }
    assert found_in(systems.config.parent, wanted) == wanted
    said = _gateway(systems, "forget", "--case", str(case["id"]), "--yes")
    assert case["pseudonym"] in said
    assert found_in(systems.config.parent, wanted) == set()
    assert {one["state"] for one in client.cases()} == {"CONFIRMED"}
    assert all(one["forgotten_at"] for one in client.cases())
    database.close()
