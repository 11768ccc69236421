"""Whose a study without a patient number is, on its pages and in the API: who sees what, and who links it."""

from __future__ import annotations

from sqlmodel import select

from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Instance, Study
from support.nodes.replies import file_of
from support.web_gateway import WebGateway, phantom

WHY = "the ward said so"


def unknown(web: WebGateway, has_number: bool | None = False) -> tuple[int, int, int]:
    """A case of a study without a number, that study, and a study of a patient with one; the numbers of all three."""
    case_id, known_case = web.case(), web.case()
    with web.database.write("test_unknown") as session:
        study, known = (session.get_one(Case, one).study_id for one in (case_id, known_case))
        for number, answer, patient in ((study, has_number, "UNKNOWN"), (known, True, "REAL-7")):
            session.get_one(Study, number).has_number = answer
            image = phantom()[0]
            image.PatientID = patient
            row = Instance(
                study_id=number,
                sop_class_uid=str(image.SOPClassUID),
                sop_instance_uid=str(image.SOPInstanceUID),
                series_instance_uid=str(image.SeriesInstanceUID),
                transfer_syntax_uid="1.2.840.10008.1.2.1",
                digest="0" * 64,
                blob=f"received/person-{number}.dcm",
                size=1,
                generation=1,
                received_at=web.database.now(session),
            )
            session.add(row)
            web.context.blobs.put(row.blob, file_of(image))
    return case_id, study, known


def test_the_case_says_that_it_stands_alone(web: WebGateway) -> None:
    """For everybody; who sees studies finds the page on which it is linked, and a reader does not."""
    case_id, study, _ = unknown(web)
    assert "This study stands alone" in web.client("reader").get(f"/cases/{case_id}").text
    assert f'href="/studies/{study}/person"' not in web.client("reader").get(f"/cases/{case_id}").text
    for login in ("lead", "north", "admin"):
        assert f'href="/studies/{study}/person"' in web.client(login).get(f"/cases/{case_id}").text
    assert "No patient number" in web.client("lead").get("/studies").text
    assert web.client("reader").get(f"/studies/{study}/person").status_code == 403


def test_a_lead_links_and_takes_apart(web: WebGateway) -> None:
    """By the page; a reason is needed, and what is refused is told on the page with what was typed."""
    case_id, study, known = unknown(web)
    lead = web.client("lead")
    at = f"/studies/{study}/person"
    assert 'name="same_as"' in lead.get(at).text
    assert lead.post(at, data={"same_as": str(known), "why": " "}).status_code == 409
    refused = lead.post(at, data={"same_as": str(study), "why": WHY})
    assert (refused.status_code, "There is no other study" in refused.text) == (409, True)
    assert lead.post(at, data={"same_as": str(known), "why": WHY}).status_code in (200, 303)
    assert f"linked it to the patient of study {known}" in lead.get(f"/cases/{case_id}").text
    assert lead.get(f"/api/cases/{case_id}").json()["person_of"] == known
    assert "Take apart" in lead.get(at).text
    assert lead.post(at, data={"why": "it was another"}).status_code in (200, 303)
    assert lead.get(f"/api/cases/{case_id}").json()["person_of"] is None


def test_programs_link_as_well(web: WebGateway) -> None:
    """With the same rules: a number says whose a study is, and only those who manage cases may."""
    _, study, known = unknown(web)
    at, body = f"/api/studies/{study}/person", {"same_as": known, "why": WHY}
    assert web.client("north").post(at, json=body).status_code == 403
    lead = web.client("lead")
    assert lead.post(at, json=body | {"why": ""}).status_code == 422
    assert lead.post(at, json=body).json() == {"study": study, "same_as": known}
    assert lead.post(at, json=body).status_code == 409
    assert lead.post(at, json=body | {"same_as": None}).json() == {"study": study, "same_as": None}
    assert lead.post(f"/api/studies/{known}/person", json=body | {"same_as": study}).status_code == 409


def test_only_who_may_see_identities_sees_both(web: WebGateway) -> None:
    """The coordinator of the site, with each look in the audit trail; not the lead, not another site."""
    _, study, known = unknown(web)
    at = f"/studies/{study}/person?other={known}"
    assert "REAL-7" not in web.client("lead").get(at).text
    assert web.client("south").get(at).status_code == 404
    page = web.client("north").get(at).text
    assert "REAL-7" in page
    assert "UNKNOWN" in page
    assert 'name="why"' not in page
    with web.database.read() as session:
        looks = session.exec(select(AuditEvent).where(AuditEvent.action == "persons looked at")).all()
    assert [(one.who, one.subject) for one in looks] == [("north", f"studies {study} and {known}")]
    assert web.client("north").get(f"/studies/{study}/person?other=9999").status_code == 404
