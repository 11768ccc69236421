"""Two versions of a study on the pages and in the API: who sees what, and who decides."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from pydicom import Dataset
from sqlmodel import select

from gateway.lifecycle import CaseState
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.studies import Instance
from gateway.reporting.example import phantom_report
from support.web_gateway import WebGateway, phantom


def contested(web: WebGateway, **columns: Any) -> tuple[int, int]:
    """A case whose study is contested: one object under two identities; the numbers of case and conflict."""
    case_id = web.case()
    first, second = phantom()[0], phantom()[0]
    second.PatientID, second.PatientName = "REAL-7", "Right^Rita"
    with web.database.write("test_contested") as session:
        now, study_id = web.database.now(session), session.get_one(Case, case_id).study_id
        values: dict[str, Any] = {
            "study_id": study_id,
            "site": "north",
            "state": "CONTESTED",
            "kind": "identity corrected",
            "kinds": {"identity corrected": 1},
            "objects": 1,
            "differences": [
                {"path": "PatientID", "concern": "identity", "objects": 1},
                {"path": "PatientName", "concern": "identity", "objects": 1},
            ],
            "look_again_at": now,
            "received_at": now,
            "last_at": now,
            "reached_at": now,
        }
        conflict = Conflict(**(values | columns))
        session.add(conflict)
        session.flush()
        for number, (dataset, standing) in enumerate(((first, "in force"), (second, "contested"))):
            blob = f"received/{study_id}-{number}.dcm"
            web.context.blobs.put(blob, file_of(dataset))
            session.add(
                Instance(
                    study_id=study_id,
                    sop_class_uid=str(dataset.SOPClassUID),
                    sop_instance_uid=str(dataset.SOPInstanceUID),
                    series_instance_uid=str(dataset.SeriesInstanceUID),
                    transfer_syntax_uid="1.2.840.10008.1.2.1",
                    digest=f"{number:064}",
                    blob=blob,
                    size=1,
                    generation=1,
                    standing=standing,
                    conflict_id=conflict.saved_id,
                    received_at=now,
                )
            )
        return case_id, conflict.saved_id


def file_of(dataset: Dataset) -> bytes:
    """A Part 10 file."""
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def test_everybody_sees_that_and_why_a_case_is_contested(web: WebGateway) -> None:
    """In the queue, on its page and in the API; a reader sees the attributes and no button."""
    case_id, conflict_id = contested(web)
    reader = web.client("reader")
    assert "contested" in reader.get("/").text
    page = reader.get(f"/cases/{case_id}").text
    assert "nobody can sign this case" in page
    assert "PatientID" in page
    assert 'name="choice"' not in page
    told = reader.get(f"/api/cases/{case_id}").json()
    assert "identity corrected" in told["contested"]
    assert [(one["id"], one["state"], one["kind"]) for one in told["conflicts"]] == [
        (conflict_id, "CONTESTED", "identity corrected")
    ]
    assert reader.get(f"/conflicts/{conflict_id}").status_code == 403
    assert reader.post(f"/api/conflicts/{conflict_id}/decide", json={}).status_code == 403


def test_a_lead_sees_which_attributes_and_no_value(web: WebGateway) -> None:
    """The reading site knows pseudonyms; so does its lead."""
    _, conflict_id = contested(web)
    page = web.client("lead").get(f"/conflicts/{conflict_id}").text
    assert "PatientName" in page
    assert 'name="choice"' in page
    assert "REAL-7" not in page
    assert "Right" not in page.replace("Right.", "")


def test_a_coordinator_of_the_site_sees_both_values(web: WebGateway) -> None:
    """Each look is in the audit trail; another site's coordinator finds nothing, and none of them decides."""
    _, conflict_id = contested(web)
    page = web.client("north").get(f"/conflicts/{conflict_id}").text
    assert "REAL-7" in page
    assert str(phantom()[0].PatientID) in page
    assert 'name="choice"' not in page
    with web.database.read() as session:
        looks = session.exec(
            select(AuditEvent.who).where(
                AuditEvent.action == "versions looked at", AuditEvent.subject == f"conflict {conflict_id}"
            )
        ).all()
    assert looks == ["north"]
    assert web.client("south").get(f"/conflicts/{conflict_id}").status_code == 404
    answer = web.client("north").post(
        f"/api/conflicts/{conflict_id}/decide", json={"choice": "newer", "why": "because", "objects": 1}
    )
    assert answer.status_code == 403


def test_a_lead_decides_on_the_page(web: WebGateway) -> None:
    """With a choice and a reason; the case shows who decided."""
    case_id, conflict_id = contested(web)
    lead = web.client("lead")
    fields = {
        "csrf": lead.headers["X-CSRF-Token"],
        "choice": "newer",
        "why": "corrected in the PACS",
        "objects": "1",
    }
    missing = lead.post(f"/conflicts/{conflict_id}", data={**fields, "why": ""})
    assert missing.status_code == 409
    assert "needs a choice and a reason" in missing.text
    done = lead.post(f"/conflicts/{conflict_id}", data=fields)
    assert done.headers["location"] == f"/cases/{case_id}"
    assert "lead chose the newer set" in lead.get(f"/cases/{case_id}").text


def test_a_lead_decides_by_the_api(web: WebGateway) -> None:
    """What was not seen is not decided: 409 when more objects differ; a choice that does not exist is 422."""
    _, conflict_id = contested(web)
    lead, address = web.client("lead"), f"/api/conflicts/{conflict_id}/decide"
    body = {"choice": "first", "why": "a wrong correction", "objects": 7}
    assert lead.post(address, json=body).status_code == 409
    assert lead.post(address, json={**body, "choice": "both"}).status_code == 422
    answer = lead.post(address, json={**body, "objects": 1})
    assert (answer.status_code, answer.json()["choice"], answer.json()["decided_by"]) == (
        200,
        "first",
        "lead",
    )
    assert lead.post(address, json={**body, "objects": 1}).status_code == 409


def test_a_study_without_a_case_names_its_conflict(web: WebGateway) -> None:
    """The list of studies leads to both versions."""
    _, conflict_id = contested(web)
    assert f'href="/conflicts/{conflict_id}"' in web.client("lead").get("/studies").text


@pytest.mark.parametrize("login", ["lead", "admin"])
def test_a_conflict_that_failed_can_be_tried_again(web: WebGateway, login: str) -> None:
    """A step that failed in a way nobody foresaw waits for a person, who sees why."""
    _, conflict_id = contested(web, state="RECEIVED", problem="The step failed.", fix="Retry.")
    client = web.client(login)
    assert "The step failed." in client.get(f"/conflicts/{conflict_id}").text
    client.post(f"/conflicts/{conflict_id}/retry", data={"csrf": client.headers["X-CSRF-Token"]})
    with web.database.read() as session:
        assert session.get_one(Conflict, conflict_id).problem == ""


@pytest.mark.parametrize("signed", [True, False], ids=["signed here", "the reading site's own"])
def test_a_report_under_an_earlier_identity_has_its_next_step(web: WebGateway, signed: bool) -> None:
    """One action sends the corrected report; one that was not signed here comes from the reading site again."""
    form = {"enhanced": {"blob": "x", "sop_class_uid": "1.2", "sop_instance_uid": "2.25.7"}}
    made = {"composed": form, "returned_as": "enhanced"} if signed else {}
    case_id = web.case(CaseState.CONFIRMED, correction_wanted=True, **made)
    if signed:
        with web.database.write("test") as session:
            session.add(
                SignedReport(
                    case_id=case_id,
                    version=1,
                    content=phantom_report(prior_study_date=None).model_dump(mode="json"),
                    digest="d",
                    signed_by=1,
                    signer_name="Ana",
                    signer_login="ana",
                    signed_at=web.database.now(session),
                )
            )
    lead = web.client("lead")
    page = lead.get(f"/cases/{case_id}").text
    assert "under an identity since corrected" in page
    assert ("Send a corrected report" in page) == signed
    assert ("let the reading site send it again" in page) != signed
    answer = lead.post(f"/api/cases/{case_id}/correct")
    assert answer.status_code == (200 if signed else 409)
    if signed:
        with web.database.read() as session:
            case = session.get_one(Case, case_id)
            assert (case.state, case.predecessor["sop_instance_uid"]) == ("REPORTED", "2.25.7")
