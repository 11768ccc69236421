"""What a reading site sends back by DICOM: under the patient's identity into the sender's PACS, or held."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pydicom import Dataset

from gateway.demo.push import push as push_files
from gateway.demo.stage import GATEWAY_AE, HOST, READING_AE, Client, Stage
from gateway.lifecycle import ReplyState
from gateway.records import audit, queries
from gateway.records.tables import Reply
from support import replies
from support.journeys import push, scan, wait_for_case

pytestmark = pytest.mark.timeout(180)


def forwarded(stage: Stage) -> tuple[list[Dataset], list[Dataset], Client]:
    """A study at the reading site: the originals, the copies as that site holds them, and a signed-in client."""
    study = scan(stage)
    push(stage, study)
    client = stage.client()
    wait_for_case(stage, client, "FORWARDED")
    return study, [file.read() for file in stage.reading_site.files()], client


def send_back(stage: Stage, *datasets: Dataset) -> None:
    """C-STORE from the reading site's AE title."""
    folder = stage.folder / f"made-{datasets[0].SOPInstanceUID}"
    push_files(
        replies.files(folder, *datasets), HOST, stage.dicom_port, GATEWAY_AE, calling_ae_title=READING_AE
    )


def rows(stage: Stage) -> list[Reply]:
    """Every reply of the gateway's records."""
    from sqlmodel import select

    database = stage.database()
    with database.read() as session:
        found = list(session.exec(select(Reply)))
    database.close()
    return found


def wait_for_replies(stage: Stage, state: ReplyState, number: int) -> list[Reply]:
    """All replies, once `number` of them are in `state`."""

    def there() -> list[Reply] | None:
        found = rows(stage)
        return found if sum(row.state == state for row in found) >= number else None

    found: list[Reply] = stage.wait(there, 60, f"{number} replies to be {state}")
    return found


def wait_for_held(stage: Stage) -> Reply:
    """The one reply that waits for a person."""
    found: list[Reply] = stage.wait(
        lambda: [row for row in rows(stage) if row.problem], 60, "a reply to be held"
    )
    [held] = found
    return held


def errors_of(path: Path) -> set[str]:
    """What dciodvfy calls an error."""
    judged = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
    return {line for line in judged.stderr.splitlines() if line.startswith("Error")}


@pytest.mark.dicom3tools
def test_every_kind_of_object_arrives_at_the_sender_under_the_patients_identity(stage: Stage) -> None:
    """SR, presentation state, segmentation, key objects and a derived image: original patient, study and references,
    committed, valid, nothing of the pseudonym left, and each opening of the vault in the audit trail."""
    study, copies, client = forwarded(stage)
    made = [
        replies.seg(copies),
        replies.sr(copies),
        replies.gsps(copies),
        replies.kos(copies),
        replies.derived(copies[0]),
    ]
    send_back(stage, *made)
    found = wait_for_replies(stage, ReplyState.CONFIRMED, len(made))
    assert [row.problem for row in found] == [""] * len(made)
    [case] = client.cases()
    originals = {str(image.SOPInstanceUID) for image in study}
    for came in made:
        [home] = stage.hospital.files(SOPInstanceUID=str(came.SOPInstanceUID))
        for keyword in (
            "PatientID",
            "PatientName",
            "PatientBirthDate",
            "StudyInstanceUID",
            "AccessionNumber",
        ):
            assert home.header.get(keyword) == study[0].get(keyword), (came.SOPClassUID.name, keyword)
        assert case["pseudonym"].encode() not in home.path.read_bytes()
        assert _referenced(home.read()) <= originals
        assert _referenced(home.read())
        before = stage.folder / "before.dcm"
        before.write_bytes(replies.file_of(came))
        assert errors_of(home.path) <= errors_of(before)
    database = stage.database()
    with database.read() as session:
        trail = [
            event.detail["why"] for event in queries.audit_trail(session) if event.action == "identity read"
        ]
        assert audit.verify(session) is None
    database.close()
    assert sum("of the reading site, case 1" in why for why in trail) == len(made)
    log = (stage.folder / "gateway.log").read_text()
    for secret in (
        str(study[0].PatientName.family_name),
        str(study[0].PatientID),
        str(study[0].StudyInstanceUID),
    ):
        assert secret not in log


def _referenced(dataset: Dataset) -> set[str]:
    found = set()
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                found |= _referenced(item)
                if "ReferencedSOPInstanceUID" in item:
                    found.add(str(item.ReferencedSOPInstanceUID))
    return found
