"""What a reading site sends back by DICOM: under the patient's identity into the sender's PACS, or held."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest
import requests
from pydicom import Dataset

from gateway.demo.demo_systems import GATEWAY_AE, HOST, READING_AE, Client, DemoSystems
from gateway.demo.errors import DemoError
from gateway.demo.phantom import phantom_study
from gateway.demo.push import push as push_files
from gateway.lifecycle import ReplyState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.migrations import schema
from gateway.records.tables.cases import Reply
from support.journeys import FAST, push, scan, sign, wait_for_case
from support.nodes import replies
from support.records import audit_events

pytestmark = pytest.mark.timeout(180)


def forwarded(systems: DemoSystems) -> tuple[list[Dataset], list[Dataset], Client]:
    """A study at the reading site: the originals, the copies as that site holds them, and a signed-in client."""
    study = scan(systems)
    push(systems, study)
    client = systems.client()
    wait_for_case(systems, client, "FORWARDED")
    return study, [file.read() for file in systems.reading_site.files()], client


def send_back(systems: DemoSystems, *datasets: Dataset) -> None:
    """C-STORE from the reading site's AE title."""
    folder = systems.folder / f"made-{datasets[0].SOPInstanceUID}"
    push_files(
        replies.files(folder, *datasets), HOST, systems.dicom_port, GATEWAY_AE, calling_ae_title=READING_AE
    )


def rows(systems: DemoSystems) -> list[Reply]:
    """Every reply of the gateway's records."""
    from sqlmodel import select

    database = systems.database()
    with database.read() as session:
        found = list(session.exec(select(Reply)))
    database.close()
    return found


def wait_for_replies(systems: DemoSystems, state: ReplyState, number: int) -> list[Reply]:
    """All replies, once `number` of them are in `state`."""

    def there() -> list[Reply] | None:
        found = rows(systems)
        return found if sum(row.state == state for row in found) >= number else None

    found: list[Reply] = systems.wait(there, 60, f"{number} replies to be {state}")
    return found


def wait_for_held(systems: DemoSystems) -> Reply:
    """The one reply that waits for a person."""
    found: list[Reply] = systems.wait(
        lambda: [row for row in rows(systems) if row.problem], 60, "a reply to be held"
    )
    [held] = found
    return held


def errors_of(path: Path) -> set[str]:
    """What dciodvfy calls an error."""
    judged = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
    return {line for line in judged.stderr.splitlines() if line.startswith("Error")}


@pytest.mark.dicom3tools
def test_every_kind_of_object_arrives_at_the_sender_under_the_patients_identity(systems: DemoSystems) -> None:
    """SR, presentation state, segmentation, key objects and a derived image: original patient, study and references,
    committed, valid, nothing of the pseudonym left, and each opening of the vault in the audit trail."""
    study, copies, client = forwarded(systems)
    made = [
        replies.seg(copies),
        replies.sr(copies),
        replies.gsps(copies),
        replies.kos(copies),
        replies.derived(copies[0]),
    ]
    send_back(systems, *made)
    found = wait_for_replies(systems, ReplyState.CONFIRMED, len(made))
    assert [row.problem for row in found] == [""] * len(made)
    [case] = client.cases()
    originals = {str(image.SOPInstanceUID) for image in study}
    for came in made:
        [home] = systems.hospital.files(SOPInstanceUID=str(came.SOPInstanceUID))
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
        before = systems.folder / "before.dcm"
        before.write_bytes(replies.file_of(came))
        assert errors_of(home.path) <= errors_of(before)
    database = systems.database()
    trail = [event.detail["why"] for event in audit_events(database, "identity read")]
    database.close()
    assert sum("of the reading site, case 1" in why for why in trail) == len(made)
    log = (systems.folder / "gateway.log").read_text()
    for secret in (
        str(study[0].PatientName.family_name),
        str(study[0].PatientID),
        str(study[0].StudyInstanceUID),
    ):
        assert secret not in log


@pytest.mark.soak
def test_an_object_that_fits_no_case_is_held_and_never_passed_on(systems: DemoSystems) -> None:
    """Of a study that was never sent out: acknowledged, shown with a way out, discarded with a reason; no new case."""
    _, copies, client = forwarded(systems)
    stray = replies.sr(copies)
    stray.StudyInstanceUID = "2.25.4711"
    send_back(systems, stray)
    held = wait_for_held(systems)
    assert held.case_id is None
    [shown] = client.call("GET", "/api/replies")["replies"]
    assert "was not sent out" in shown["problem"]
    assert shown["fix"]
    client.call("POST", f"/api/replies/{held.id}/retry")
    wait_for_held(systems)
    client.call("POST", f"/api/replies/{held.id}/discard", {"why": "made for a course"})
    [shown] = client.call("GET", "/api/replies")["replies"]
    assert (shown["state"], shown["problem"]) == ("DISCARDED", "")
    assert systems.hospital.files(Modality="SR") == ()
    assert len(client.cases()) == 1


@pytest.mark.soak
def test_an_object_about_another_patients_images_is_held(systems: DemoSystems) -> None:
    """In the right study, but naming an image of somebody else's: at once, with its case, and not passed on."""
    _, copies, client = forwarded(systems)
    other = list(phantom_study(date(2026, 2, 9), small=True))
    for dataset in other:
        dataset.PatientID, dataset.PatientName = "DEMO-0815", "Other^Person"
    systems.hospital.keep(other)
    systems.hospital.push_study(str(other[0].StudyInstanceUID), HOST, systems.dicom_port, GATEWAY_AE)
    wait_for_case(systems, client, "FORWARDED", number=1)
    own = {str(copy.SOPInstanceUID) for copy in copies}
    foreign = [file.read() for file in systems.reading_site.files() if file.sop_instance_uid not in own]
    mixed = replies.kos(copies)
    item = mixed.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = foreign[0].SOPInstanceUID
    send_back(systems, mixed)
    held = wait_for_held(systems)
    assert (held.case_id, "another patient" in held.problem) == (1, True)
    told = client.call("GET", "/api/cases/1")["replies"]
    assert [one["state"] for one in told] == ["RECEIVED"]
    assert not systems.hospital.files(SOPInstanceUID=str(mixed.SOPInstanceUID))


@pytest.mark.soak
def test_a_report_waits_for_the_segmentation_it_refers_to(tmp_path: Path) -> None:
    """An SR that comes before its SEG is not held but waits, and both reach the sender."""
    with DemoSystems(tmp_path, {**FAST, "GATEWAY_STUDY__QUIET_PERIOD": "8"}) as systems:
        _, copies, _ = forwarded(systems)
        seg = replies.seg(copies)
        report = replies.sr(copies)
        report.ContentSequence[1].ReferencedSOPSequence[0].ReferencedSOPClassUID = seg.SOPClassUID
        report.ContentSequence[1].ReferencedSOPSequence[0].ReferencedSOPInstanceUID = seg.SOPInstanceUID
        send_back(systems, report)
        systems.wait(lambda: "not come yet" in rows(systems)[0].waiting_for, 30, "the report to wait")
        send_back(systems, seg)
        found = wait_for_replies(systems, ReplyState.CONFIRMED, 2)
        assert [row.problem for row in found] == ["", ""]
        [home] = systems.hospital.files(SOPInstanceUID=str(report.SOPInstanceUID))
        assert str(seg.SOPInstanceUID) in _referenced(home.read())


def test_stow_rs_with_the_reading_sites_account_is_a_way_back(systems: DemoSystems) -> None:
    """An account of the node's name stores an SR over HTTP; it reaches the sender like one that came by C-STORE."""
    study, copies, _ = forwarded(systems)
    database = systems.database()
    ledger.add_user(database, "reading-site", "Reading site", "coordinator", "reading", systems.password)
    database.close()
    report = replies.sr(copies)
    body = (
        b"--part\r\nContent-Type: application/dicom\r\n\r\n" + replies.file_of(report) + b"\r\n--part--\r\n"
    )
    answer = requests.post(
        f"{systems.address}/dicom-web/studies/{report.StudyInstanceUID}",
        data=body,
        headers={"Content-Type": 'multipart/related; type="application/dicom"; boundary=part'},
        auth=("reading-site", systems.password),
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    [row] = wait_for_replies(systems, ReplyState.CONFIRMED, 1)
    assert row.received_by == "stow-rs"
    [home] = systems.hospital.files(SOPInstanceUID=str(report.SOPInstanceUID))
    assert home.header.PatientID == study[0].PatientID


def test_our_own_images_that_come_back_are_dropped(systems: DemoSystems) -> None:
    """A reading site that sends the whole study back: acknowledged, no second study, nothing at the sender, a note."""
    study, copies, client = forwarded(systems)
    send_back(systems, *copies)
    page = client.call("GET", "/api/cases/1")
    assert page["echoes"] == len(study)
    assert [line["what"] for line in page["journal"]].count("our own images came back") == 1
    assert rows(systems) == []
    assert len(client.cases()) == 1
    assert len(systems.hospital.files()) == len(study)


def test_where_the_reading_site_reports_by_dicom_its_report_ends_the_case(systems: DemoSystems) -> None:
    """`reports_by: dicom`: a preliminary report and a segmentation leave the case open, the complete one ends it."""
    reports_by_dicom(systems)
    _, copies, client = forwarded(systems)
    send_back(systems, replies.sr(copies, complete=False), replies.seg(copies))
    wait_for_replies(systems, ReplyState.CONFIRMED, 2)
    assert [case["state"] for case in client.cases()] == ["FORWARDED"]
    send_back(systems, replies.sr(copies, "Final."))
    wait_for_case(systems, client, "CONFIRMED")
    journal = client.call("GET", "/api/cases/1")["journal"]
    assert journal[-1]["what"] == "reported by the reading site itself"
    assert client.call("GET", "/api/queue")["cases"] == []


def test_the_web_report_still_goes_its_way_beside_the_reading_sites_objects(systems: DemoSystems) -> None:
    """Without `reports_by` the case stays open and says that a report came; the signature ends it as ever."""
    _, copies, client = forwarded(systems)
    send_back(systems, replies.sr(copies))
    wait_for_replies(systems, ReplyState.CONFIRMED, 1)
    [case] = client.cases()
    assert (case["state"], case["site_report"]) == ("FORWARDED", True)
    sign(client, case["id"])
    wait_for_case(systems, client, "CONFIRMED")
    assert len(systems.hospital.files(Modality="SR")) == 2


def test_an_object_waits_for_a_sender_that_is_down(systems: DemoSystems) -> None:
    """It is tried again by itself and arrives once, under its own UID."""
    _, copies, _ = forwarded(systems)
    systems.hospital.stop()
    report = replies.sr(copies)
    send_back(systems, report)
    systems.wait(
        lambda: rows(systems)[0].state == ReplyState.RESTORED and rows(systems)[0].attempts >= 2,
        60,
        "two tries",
    )
    systems.hospital.start()
    wait_for_replies(systems, ReplyState.CONFIRMED, 1)
    assert len(systems.hospital.files(SOPInstanceUID=str(report.SOPInstanceUID))) == 1


CRASHES = (
    "keep_reply",
    "note_echo",
    "advance-RECEIVED-RESTORED",
    "advance-RESTORED-RETURNED",
    "ask_commitment",
    "postpone-RETURNED",
    "record_commitment",
    "advance-RETURNED-CONFIRMED",
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_each_commit_point_loses_no_object(tmp_path: Path, when: str) -> None:
    """`kill -9` before and after every commit of a reply: it arrives once, and ends its case."""
    markers = tmp_path / "markers"
    markers.mkdir()
    points = [f"{point}:{when}" for point in CRASHES]
    armed = {"GATEWAY_CRASH_AT": ",".join(points), "GATEWAY_CRASH_MARKERS": str(markers)}
    with DemoSystems(tmp_path, {**FAST, **armed}) as systems:
        reports_by_dicom(systems)
        _, copies, client = forwarded(systems)
        report = replies.sr(copies)

        def sent() -> bool:
            try:
                send_back(systems, report, copies[0])
            except DemoError:
                return False
            return True

        systems.wait(sent, 100, "the reading site to send")
        wait_for_case(systems, client, "CONFIRMED", 100)
        assert {marker.name for marker in markers.iterdir()} == {point.replace(":", "-") for point in points}
        assert len(systems.hospital.files(Modality="SR")) == 1
        assert [row.state for row in rows(systems)] == [ReplyState.CONFIRMED]


@pytest.mark.postgres
def test_objects_go_back_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """The same with PostgreSQL: kept, restored, returned, and the case ended."""
    database = Database(postgres_url)
    schema.upgrade(database)
    database.close()
    with DemoSystems(tmp_path, {**FAST, "GATEWAY_STORAGE__DATABASE": postgres_url}) as systems:
        reports_by_dicom(systems)
        _, copies, client = forwarded(systems)
        send_back(systems, replies.sr(copies), copies[0])
        wait_for_case(systems, client, "CONFIRMED")
        assert len(systems.hospital.files(Modality="SR")) == 1


def reports_by_dicom(systems: DemoSystems) -> None:
    """Say in nodes.yaml that the reading site reports by DICOM."""
    nodes = systems.config.parent / "nodes.yaml"
    nodes.write_text(nodes.read_text().replace("roles: [reader]", "roles: [reader], reports_by: dicom"))


def _referenced(dataset: Dataset) -> set[str]:
    found = set()
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                found |= _referenced(item)
                if "ReferencedSOPInstanceUID" in item:
                    found.add(str(item.ReferencedSOPInstanceUID))
    return found
