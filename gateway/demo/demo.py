"""`gateway demo`: the whole loop on this machine, with real sockets and real processes."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from pydicom import Dataset
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from gateway.demo.demo_systems import GATEWAY_AE, HOST, Client, DemoSystems
from gateway.demo.errors import DemoError
from gateway.demo.phantom import phantom_study
from gateway.records.views import case_rows
from gateway.reporting.example import phantom_report

console = Console()
MILESTONES = {
    "MATCHED": "a rule named it a case",
    "PREPARED": "de-identified, and proven clean",
    "FORWARDED": "at the reading site, and in the queue",
    "REPORTED": "signed by the reader",
    "COMPOSED": "the DICOM SR is built, identity restored",
    "RETURNED": "the hospital's PACS took the SR",
    "CONFIRMED": "the hospital's PACS committed to it",
}
PRIOR_DAYS = 91


def run(once: bool, seconds: float | None = None) -> int:
    """Run the demo; 0 when everything that was promised happened, 1 with the reason when not."""
    with tempfile.TemporaryDirectory(prefix="pml-gateway-demo-") as folder:
        try:
            with DemoSystems(Path(folder)) as systems:
                return _play(systems, once, seconds)
        except DemoError as error:
            console.print(f"[red]{error.problem}[/red]\n{error.fix}", soft_wrap=True)
            return 1
        except KeyboardInterrupt:
            console.print("Stopped.")
            return 0


def _play(systems: DemoSystems, once: bool, seconds: float | None) -> int:
    console.print(
        Panel(
            f"Hospital archive {systems.hospital.ae_title} on port {systems.hospital.port}, "
            f"gateway {GATEWAY_AE} on port "
            f"{systems.dicom_port}, reading site {systems.reading_site.ae_title} on port {systems.reading_site.port}",
            title="pml-gateway demo: every patient here is synthetic",
        )
    )
    studies = _scan(systems)
    client = systems.client()
    _wait_for_states(systems, client, "FORWARDED", len(studies))
    if not once:
        return _stay(systems, seconds)
    case_id = _sign_newest(client)
    console.print(f"Case {case_id}: claimed and signed as Dr. Demo Reader.")
    _wait_for_states(systems, client, "CONFIRMED", 1, case_id)
    _print_journal(systems, case_id)
    problems = verify_returned(systems, studies[-1])
    for problem in problems:
        console.print(f"[red]{problem}[/red]")
    if not problems:
        console.print(
            "[green]The hospital holds a signed SR of the original patient, study and accession number.[/green]"
        )
    return 1 if problems else 0


def _scan(systems: DemoSystems) -> list[list[Dataset]]:
    """Make the previous study and the present one, keep them in the archive, and push both; returns their headers."""
    today = datetime.now(UTC).date()
    visits: list[tuple[date, bool]] = [(today - timedelta(days=PRIOR_DAYS), False), (today, True)]
    studies = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        for when, lesion in visits:
            task = progress.add_task(f"Scanning and sending the head MRI of {when}", total=None)
            headers = []
            for dataset in phantom_study(when, lesion=lesion):
                systems.hospital.keep([dataset])
                del dataset.PixelData
                headers.append(dataset)
            studies.append(headers)
            systems.hospital.push_study(
                str(headers[0].StudyInstanceUID),
                HOST,
                systems.dicom_port,
                GATEWAY_AE,
                partial(_show, progress, task),
            )
    return studies


def _show(progress: Progress, task: TaskID, sent: int, total: int) -> None:
    progress.update(task, completed=sent, total=total)


def _wait_for_states(
    systems: DemoSystems, client: Client, state: str, wanted: int, case_id: int | None = None
) -> None:
    """Tell each milestone as it happens, until `wanted` cases (or the one named) are in `state`."""
    told: set[tuple[int, str]] = set()

    def arrived() -> bool:
        done = 0
        for case in client.cases():
            number, reached = int(case["id"]), str(case["state"])
            if case_id not in (None, number):
                continue
            if case.get("problem"):
                raise DemoError(f"Case {number} is parked: {case['problem']}", str(case.get("fix", "")))
            if (number, reached) not in told:
                told.add((number, reached))
                console.print(
                    f"  case {number} {case['pseudonym'] or '':<14} {reached:<10} {MILESTONES.get(reached, '')}"
                )
            done += reached == state
        return done >= wanted

    systems.wait(arrived, 90, f"{wanted} case(s) to be {state}")


def _sign_newest(client: Client) -> int:
    """Claim the newest case and sign the phantom's report, compared with the case before it."""
    *earlier, case = sorted(client.cases(), key=lambda each: str(each["study_date"]))
    case_id = int(case["id"])
    prior = date.fromisoformat(str(earlier[-1]["study_date"])) if earlier else None
    client.call("POST", f"/api/cases/{case_id}/claim")
    report = phantom_report(prior_study_date=prior, told_at=datetime.now(UTC))
    client.call(
        "POST",
        f"/api/cases/{case_id}/sign",
        {"report": report.model_dump(mode="json"), "password": client.password},
    )
    return case_id


def _print_journal(systems: DemoSystems, case_id: int) -> None:
    database = systems.database()
    try:
        with database.read() as session:
            lines = case_rows.journal(session, case_rows.case(session, case_id).study_id, case_id)
    finally:
        database.close()
    console.rule(f"Journal of case {case_id}")
    for line in lines:
        detail = ", ".join(f"{name}: {value}" for name, value in line.detail.items())
        console.print(
            f"{line.at:%H:%M:%S} {line.who:<10} {line.what}  {detail}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def verify_returned(systems: DemoSystems, study: list[Dataset]) -> list[str]:
    """What is wrong with the SR in the hospital's own store; empty when it is the report that was promised."""
    returned = [file.read() for file in systems.hospital.files(Modality="SR")]
    if len(returned) != 1:
        return [f"The hospital holds {len(returned)} structured reports, not 1."]
    [report] = returned
    original = study[0]
    problems = [
        f"{key} of the SR is not the original study's."
        for key in ("PatientID", "PatientName", "PatientBirthDate", "StudyInstanceUID", "AccessionNumber")
        if report.get(key) != original.get(key)
    ]
    if report.get("VerificationFlag") != "VERIFIED":
        problems.append("The SR is not verified.")
    referenced = {
        str(item.ReferencedSOPInstanceUID)
        for evidence in report.CurrentRequestedProcedureEvidenceSequence
        for series in evidence.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }
    if referenced != {str(header.SOPInstanceUID) for header in study}:
        problems.append("The SR does not reference exactly the original images.")
    forwarded = systems.reading_site.files()
    if any(file.header.get("PatientID") == original.PatientID for file in forwarded):
        problems.append("The reading site received an original PatientID.")
    return problems


def _stay(systems: DemoSystems, seconds: float | None) -> int:
    console.print(
        Panel(
            f"Queue    {systems.address}/\nLogin    reader\nPassword {systems.password}\n\n"
            "Open it, claim a case, look at the brain, sign. "
            "The report travels back to the hospital by itself. Ctrl+C ends the demo.",
            title="The reading queue is open",
        )
    )
    deadline = None if seconds is None else time.monotonic() + seconds
    while deadline is None or time.monotonic() < deadline:
        time.sleep(0.2)
    return 0
