"""Things that go wrong outside: the loop waits, tells why, and goes on by itself."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest
from pydicom import dcmread

from gateway.demo.demo import verify_returned
from gateway.demo.demo_systems import GATEWAY_AE, HOST, DemoSystems
from gateway.demo.errors import DemoError
from gateway.demo.push import push as push_files
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows
from support.journeys import FAST, push, scan, sign, wait_for_case

pytestmark = pytest.mark.timeout(180)


def _refusals(systems: DemoSystems) -> list[tuple[str, str]]:
    database = systems.database()
    with database.read() as session:
        found = [(row.calling_ae_title, row.why) for row in case_rows.refusals(session)]
    database.close()
    return found


@pytest.mark.soak
def test_a_reading_site_that_is_down_gets_everything_later(systems: DemoSystems) -> None:
    """The case waits and says why; when the site is back it is forwarded without a person."""
    systems.reading_site.stop()
    study = scan(systems)
    push(systems, study)
    client = systems.client()
    systems.wait(lambda: any(case["waiting_for"] for case in client.cases()), 60, "the case to wait")
    assert client.cases()[0]["problem"] == ""
    systems.reading_site.start()
    wait_for_case(systems, client, "FORWARDED")
    assert len(systems.reading_site.files()) == len(study)


def test_a_sender_that_is_down_gets_its_report_later(systems: DemoSystems) -> None:
    """The signed report waits for the hospital's PACS and reaches it once, under one UID."""
    study = scan(systems)
    push(systems, study)
    client = systems.client()
    case = wait_for_case(systems, client, "FORWARDED")
    systems.hospital.stop()
    sign(client, case["id"])
    systems.wait(lambda: client.cases()[0]["waiting_for"], 60, "the report to wait")
    systems.hospital.start()
    wait_for_case(systems, client, "CONFIRMED")
    assert verify_returned(systems, study) == []


def test_an_unknown_caller_is_refused_and_shown(systems: DemoSystems) -> None:
    """A calling AE title that is no node is turned away, and a person can see it."""
    scan(systems)
    with pytest.raises(DemoError):
        push_files(
            [systems.hospital.files()[0].path],
            HOST,
            systems.dicom_port,
            GATEWAY_AE,
            calling_ae_title="STRANGER",
        )
    systems.wait(lambda: "STRANGER" in dict(_refusals(systems)), 20, "the refusal on the screen")


@pytest.mark.soak
def test_garbage_on_the_port_hurts_nobody(systems: DemoSystems) -> None:
    """Random bytes and silent connections do not keep a real sender from being served."""
    idle = socket.create_connection((HOST, systems.dicom_port))
    with socket.create_connection((HOST, systems.dicom_port)) as noise:
        noise.sendall(b"GET / HTTP/1.0\r\n\r\n" * 50)
    push(systems, scan(systems))
    wait_for_case(systems, systems.client(), "FORWARDED")
    idle.close()


@pytest.mark.soak
def test_a_nearly_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    """Below the free-space limit every store is answered A700; with space again the same push succeeds."""
    with DemoSystems(tmp_path, {**FAST, "GATEWAY_STORAGE__MIN_FREE_MB": "100000000"}) as systems:
        study = scan(systems)
        with pytest.raises(DemoError, match="A700"):
            push(systems, study)
        systems.stop_gateway()
        del systems._environment["GATEWAY_STORAGE__MIN_FREE_MB"]
        systems.start_gateway()
        push(systems, study)
        wait_for_case(systems, systems.client(), "FORWARDED")


def test_two_patients_in_one_study_are_never_passed_on(systems: DemoSystems) -> None:
    """The study is contested with the reason, and nothing reaches the reading site."""
    study = scan(systems)
    mixed = systems.hospital.files()[0].path
    dataset = dcmread(mixed)
    dataset.PatientID = "DEMO-OTHER"
    dataset.save_as(mixed)
    push(systems, study)
    database = systems.database()

    def contested() -> bool:
        with database.read() as session:
            found = session.get(Study, 1)  # its row follows the answer within milliseconds
            return found is not None and "two different patients" in found.waiting_for

    systems.wait(contested, 60, "the study to be contested")
    database.close()
    assert systems.reading_site.files() == ()


def test_sigterm_drains_and_a_restart_goes_on(systems: DemoSystems) -> None:
    """A gateway stopped in the middle continues where it was."""
    study = scan(systems)
    push(systems, study)
    systems.stop_gateway(signal.SIGTERM)
    systems.start_gateway()
    client = systems.client()
    case = wait_for_case(systems, client, "FORWARDED")
    sign(client, case["id"])
    wait_for_case(systems, client, "CONFIRMED")
    assert verify_returned(systems, study) == []
