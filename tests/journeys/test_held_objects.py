"""A study with more than MR images: forwarded without the rest, and one object released afterwards arrives too."""

from __future__ import annotations

import json
from datetime import date

import pytest
from pydicom import Dataset

from gateway.demo.demo_systems import Client, DemoSystems
from gateway.demo.phantom import phantom_study
from gateway.pipeline.steps.manifest import verify
from support.journeys import push, sign, uids, wait_for_case
from support.objects.held_objects import burned_in, screen_capture, zip_report
from support.records import audit_events

pytestmark = pytest.mark.timeout(240)


def study_in_the_hospital(systems: DemoSystems, *, with_text: int = 0) -> list[Dataset]:
    """MR images, a screen capture with burned-in text and a private report; `with_text` FLAIR images have text too."""
    images = list(phantom_study(date(2026, 2, 2), small=True))
    burned_in(images, "flair", with_text)
    study = [*images, screen_capture(images[0]), zip_report(images[0])]
    systems.hospital.keep(study)
    return study


def held(client: Client, case_id: int, reason: str) -> list[int]:
    """Objects of a case held for a reason."""
    told = client.call("GET", f"/api/cases/{case_id}/held")
    return [one["id"] for one in told["objects"] if one["reason"] == reason and one["releasable"]]


def decide(client: Client, case_id: int, held_id: int, decision: str) -> None:
    """Look at the picture, then decide."""
    assert client.fetch(f"/cases/{case_id}/held/{held_id}.png").startswith(b"\x89PNG")
    client.call(
        "POST", f"/api/cases/{case_id}/held/{held_id}", {"decision": decision, "why": "only a side mark"}
    )


def test_an_object_released_after_forwarding_arrives_at_the_reading_site(systems: DemoSystems) -> None:
    """MR images first; the released capture follows alone; the report still goes the whole way back."""
    study = study_in_the_hospital(systems)
    push(systems, study)
    lead = systems.client()
    case = wait_for_case(systems, lead, "FORWARDED")
    before = {file.sop_instance_uid: file.path.stat().st_mtime_ns for file in systems.reading_site.files()}
    assert len(before) == len(study) - 2
    assert {str(file.header.Modality) for file in systems.reading_site.files()} == {"MR"}

    [capture] = held(lead, case["id"], "sop-class")
    decide(lead, case["id"], capture, "released")
    systems.wait(
        lambda: len(systems.reading_site.files()) == len(study) - 1, 60, "the capture at the reading site"
    )
    wait_for_case(systems, lead, "FORWARDED")
    after = {file.sop_instance_uid: file.path.stat().st_mtime_ns for file in systems.reading_site.files()}
    assert before.items() < after.items(), "what was there was not sent again"
    [arrived] = [file.header for file in systems.reading_site.files() if file.header.Modality == "OT"]
    assert arrived.PatientID == case["pseudonym"]
    assert arrived.BurnedInAnnotation == "NO"
    assert not uids(file.header for file in systems.reading_site.files()) & uids(study)

    told = lead.call("GET", f"/api/cases/{case['id']}/manifests")["manifests"]
    newest, first = (json.loads(lead.fetch(one["address"])) for one in told)
    assert verify(newest)
    assert verify(first)
    assert len(newest["instances"]) == len(first["instances"]) + 1
    assert {(one["reason"], one["decision"]) for one in newest["held"]} == {
        ("sop-class", "released"),
        ("sop-class", "waiting"),
    }
    sign(lead, case["id"])
    wait_for_case(systems, lead, "CONFIRMED")
    database = systems.database()
    actions = [event.action for event in audit_events(database)]
    database.close()
    assert actions.count("original looked at") == actions.count("held object released") == 1
    assert "Musterfrau" not in (systems.folder / "gateway.log").read_text()


def test_a_held_flair_image_stops_everything_until_it_is_decided(systems: DemoSystems) -> None:
    """Nothing reaches the reading site before the last of two images is decided; then all but the left out do."""
    study = study_in_the_hospital(systems, with_text=2)
    push(systems, study)
    lead = systems.client()

    def parked() -> bool:
        return any(case["problem"] for case in lead.cases())

    systems.wait(parked, 60, "the case to ask")
    [case] = lead.cases()
    assert "2 images of series 2 (flair) are held" in case["problem"]
    assert systems.reading_site.files() == ()
    one, other = held(lead, case["id"], "burned-in-annotation")
    decide(lead, case["id"], one, "released")
    assert systems.reading_site.files() == ()
    decide(lead, case["id"], other, "left out")
    wait_for_case(systems, lead, "FORWARDED")
    assert len(systems.reading_site.files()) == len(study) - 3
