"""What journeys share: a fast gateway of real processes, small phantom studies, and a reader that is a program."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Final

from pydicom import Dataset

from gateway.demo.demo_systems import GATEWAY_AE, HOST, Client, DemoSystems
from gateway.demo.phantom import phantom_study
from gateway.reporting.example import phantom_report

FAST = {
    "GATEWAY_STUDY__QUIET_PERIOD": "2",
    "GATEWAY_ENGINE__POLL": "0.1",
    "GATEWAY_ENGINE__RETRY_FIRST": "0.2",
    "GATEWAY_ENGINE__RETRY_LONGEST": "1",
    "GATEWAY_ENGINE__COMMITMENT_WAIT": "0.5",
    "GATEWAY_ENGINE__COMMITMENT_RETRY": "1",
    "GATEWAY_ENGINE__LEASE": "3",
    "GATEWAY_SERVE__RESTART_DELAY": "0.1",
    "GATEWAY_DICOM__TIMEOUT": "10",
}


def scan(systems: DemoSystems, when: date = date(2026, 2, 2)) -> list[Dataset]:
    """Put a small study into the hospital's archive; returns its headers."""
    datasets = list(phantom_study(when, small=True))
    systems.hospital.keep(datasets)
    for dataset in datasets:
        del dataset.PixelData
    return datasets


def push(systems: DemoSystems, study: list[Dataset]) -> None:
    """Send the study from the hospital to the gateway."""
    systems.hospital.push_study(str(study[0].StudyInstanceUID), HOST, systems.dicom_port, GATEWAY_AE)


def wait_for_case(
    systems: DemoSystems, client: Client, state: str, seconds: float = 60, number: int = 0
) -> dict[str, Any]:
    """The case (the only one, unless `number` says which in the order of the queue), once it is in `state`."""

    def there() -> dict[str, Any] | None:
        cases = sorted(client.cases(), key=lambda case: int(case["id"]))
        return cases[number] if len(cases) > number and cases[number]["state"] == state else None

    found: dict[str, Any] = systems.wait(there, seconds, f"case {number} to be {state}")
    return found


ASKED: Final = dict.fromkeys(
    ("sequence_not_recognised", "b_value_not_measured", "complete_against_verdict"), "It was sent apart."
)
"""Reasons for what is asked where a journey sends only some of the phantom's series."""


def sign(client: Client, case_id: int) -> None:
    """Claim a case and sign the phantom's report."""
    client.call("POST", f"/api/cases/{case_id}/claim")
    report = phantom_report(prior_study_date=None, told_at=datetime.now(UTC)).model_dump(mode="json")
    report["reasons"] = ASKED
    client.call("POST", f"/api/cases/{case_id}/sign", {"report": report, "password": client.password})


def uids(datasets: Iterable[Dataset]) -> set[str]:
    """Their SOP Instance UIDs."""
    return {str(dataset.SOPInstanceUID) for dataset in datasets}
