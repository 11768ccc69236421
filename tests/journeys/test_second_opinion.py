"""One study through every step, over real sockets, and back into the sender's PACS."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gateway.demo.demo import verify_returned
from gateway.demo.demo_systems import GATEWAY_AE, HOST, DemoSystems
from gateway.records.database import Database
from gateway.records.migrations import schema
from gateway.records.views import case_rows
from support.journeys import FAST, push, scan, sign, uids, wait_for_case

pytestmark = pytest.mark.timeout(180)


def _loop(systems: DemoSystems) -> None:
    study = scan(systems)
    push(systems, study)
    client = systems.client()
    case = wait_for_case(systems, client, "FORWARDED")
    sign(client, case["id"])
    wait_for_case(systems, client, "CONFIRMED")
    assert verify_returned(systems, study) == []
    forwarded = systems.reading_site.files()
    assert len(forwarded) == len(study)
    assert not uids(file.header for file in forwarded) & uids(study)
    assert {str(file.header.PatientID) for file in forwarded} == {case["pseudonym"]}


@pytest.mark.dicom3tools
def test_a_study_comes_back_as_a_report(systems: DemoSystems) -> None:
    """Push, route, de-identify, forward, sign, return, commit; no dciodvfy error, and the audit chain holds."""
    _loop(systems)
    [report] = systems.hospital.files(Modality="SR")
    judged = subprocess.run(
        ["dciodvfy", "-new", str(report.path)], capture_output=True, text=True, check=False
    )
    assert [line for line in judged.stderr.splitlines() if line.startswith("Error")] == []
    database = systems.database()
    with database.read() as session:
        journal = case_rows.journal(session, 1, 1)
        assert journal[-1].detail["how"] == "storage commitment"
    database.close()
    log = (systems.folder / "gateway.log").read_text()
    for secret in ("Musterfrau", "DEMO-4711", str(report.header.StudyInstanceUID)):
        assert secret not in log


@pytest.mark.postgres
def test_the_loop_runs_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """The same journey with PostgreSQL as the database, migrated by hand as the manual says."""
    database = Database(postgres_url)
    schema.upgrade(database)
    database.close()
    with DemoSystems(tmp_path, {**FAST, "GATEWAY_STORAGE__DATABASE": postgres_url}) as systems:
        _loop(systems)


@pytest.mark.soak
@pytest.mark.dcmtk
def test_dcmtk_sends_a_folder_into_the_queue(systems: DemoSystems) -> None:
    """storescu of a folder ends in the queue, and echoscu is answered."""
    study = scan(systems)
    called = ["-aet", "HOSPITAL", "-aec", GATEWAY_AE, HOST, str(systems.dicom_port)]
    subprocess.run(["echoscu", *called], check=True, timeout=30)
    subprocess.run(
        ["storescu", "+sd", "+r", *called, str(systems.folder / "hospital")],
        check=True,
        timeout=60,
        env={"TCP_NODELAY": "1", "PATH": "/usr/bin"},
    )
    case = wait_for_case(systems, systems.client(), "FORWARDED")
    assert len(systems.reading_site.files()) == len(study)
    assert case["readability"] in ("readable", "readable_with_limits")


@pytest.mark.soak
def test_late_images_amend_the_case_before_the_report(systems: DemoSystems) -> None:
    """Images that come after completion make a new generation of the same case; all of them reach the reading site."""
    study = scan(systems)
    files = systems.hospital.files()
    late = files[-1]
    kept = late.path.read_bytes()
    systems.hospital.store.forget(late.sop_instance_uid)
    push(systems, study)
    client = systems.client()
    wait_for_case(systems, client, "FORWARDED")
    assert len(systems.reading_site.files()) == len(study) - 1
    late.path.write_bytes(kept)
    from gateway.demo.push import push as push_files

    push_files([late.path], HOST, systems.dicom_port, GATEWAY_AE, calling_ae_title="HOSPITAL")
    systems.wait(
        lambda: len(systems.reading_site.files()) == len(study), 60, "the late image at the reading site"
    )
    case = wait_for_case(systems, client, "FORWARDED")
    assert case["late_images"]
    assert len(client.cases()) == 1
