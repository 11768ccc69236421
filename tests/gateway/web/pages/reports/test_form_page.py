"""Claiming, drafting and signing: races are told, drafts overwrite nothing, a signature happens once."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col

from gateway.records.ledger.enrolments import NewEnrolment, enrol, keep_opened
from gateway.records.tables.cases import Case, Draft
from gateway.records.tables.studies import Study
from gateway.reporting.answers import Recommendation
from gateway.reporting.example import phantom_form
from gateway.reporting.form import FORM
from routing_rules.surveillance.guidelines import standard_table
from routing_rules.surveillance.risk import PatientRisk
from support.web_gateway import PASSWORD, WebGateway

#: What the phantom was compared with was never sent here.
NO_PRIOR_HERE = {"reasons.prior_not_here": "Compared with the films."}
SIGNED = phantom_form() | NO_PRIOR_HERE


@pytest.fixture(autouse=True)
def called_now() -> None:
    """The call is made while the study is here: in the test, not when the tests were collected."""
    SIGNED.update(phantom_form(told_at=datetime.now(UTC)) | NO_PRIOR_HERE)


def claimed(web: WebGateway, login: str = "reader") -> int:
    """A case that this reader holds."""
    case_id = web.case()
    assert web.client(login).post(f"/api/cases/{case_id}/claim").status_code == 200
    return case_id


def test_a_lost_race_is_told_with_the_holders_name(web: WebGateway) -> None:
    """The second reader gets 409 and knows whom to ask."""
    case_id = claimed(web)
    answer = web.client("second").post(f"/api/cases/{case_id}/claim")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/already-claimed")
    assert "Dr. Reader" in answer.json()["detail"]
    page = web.client("second").post(f"/cases/{case_id}/claim")
    assert page.status_code == 409
    assert "Dr. Reader is reading" in page.text


def test_a_claim_is_released_by_its_holder_and_by_a_lead_only(web: WebGateway) -> None:
    """Another reader cannot take a case away."""
    case_id = claimed(web)
    assert web.client("second").post(f"/api/cases/{case_id}/release").status_code == 409
    assert web.client("lead").post(f"/api/cases/{case_id}/release").status_code == 204
    assert web.client("second").post(f"/api/cases/{case_id}/claim").status_code == 200
    assert web.client("second").post(f"/api/cases/{case_id}/release").status_code == 204


def test_an_expired_claim_is_free_for_the_next_reader(web: WebGateway) -> None:
    """A claim counts only while its time lasts; the first reader's draft is refused then."""
    case_id = claimed(web)
    with web.database.write("test_expire") as session:
        moment = web.database.now(session) - timedelta(seconds=1)
        session.execute(update(Case).where(col(Case.id) == case_id).values(claimed_until=moment))
    assert web.client("second").post(f"/api/cases/{case_id}/claim").status_code == 200
    late = web.client("reader").put(f"/api/cases/{case_id}/report", json={"version": 0, "content": {}})
    assert (late.status_code, late.json()["type"]) == (409, "/problems/not-claimed")


def test_the_form_shows_the_patients_own_interval_beside_the_recommendations(web: WebGateway) -> None:
    """Where the calendar knows the patient; without a date."""
    case_id = claimed(web)
    client = web.client("reader")
    assert 'id="own-rule"' not in client.get(f"/cases/{case_id}/report").text
    with web.database.write("test") as session:
        case = session.get_one(Case, case_id)
        case.shows = " ".join(sorted(standard_table().full_mri.sequences))
        study = session.get_one(Study, case.study_id)
        study.patient_hash, study.study_date, site = "hash of the patient", "20260210", study.site
    [number] = enrol(web.database, [NewEnrolment(site, "", b"letter", PatientRisk(), None)], "carla")
    keep_opened(web.database, number, "hash of the patient", "PML-A")
    page = client.get(f"/cases/{case_id}/report").text
    told = page.split('id="own-rule">')[1].split("</p>")[0]
    assert "the next MRI 3 to 4 months after this one" in told
    assert "2026" not in told.replace("BMC Neurology 2016", "")


def test_a_draft_saved_from_an_old_version_overwrites_nothing(web: WebGateway) -> None:
    """Two windows of one reader: the second to save is told."""
    case_id = claimed(web)
    client = web.client("reader")
    first = client.put(f"/api/cases/{case_id}/report", json={"version": 0, "content": {"narrative": "first"}})
    assert (first.status_code, first.json()["version"]) == (200, 1)
    stale = client.put(
        f"/api/cases/{case_id}/report", json={"version": 0, "content": {"narrative": "second"}}
    )
    assert (stale.status_code, stale.json()["type"]) == (409, "/problems/stale-draft")
    assert client.get(f"/api/cases/{case_id}/report").json()["content"] == {"narrative": "first"}


def test_unsigned_text_is_its_authors_alone(web: WebGateway) -> None:
    """Nobody else reads it, on any page or in any answer, be the case held, given back, or another's."""
    case_id = claimed(web)
    draft = {"version": 0, "content": {**SIGNED, "narrative": "Zzyzxword in the text"}}
    assert web.client("reader").put(f"/api/cases/{case_id}/report", json=draft).status_code == 200
    paths = [f"{api}/cases/{case_id}{more}" for api in ("", "/api") for more in ("", "/report")]
    paths += ["/", "/api/queue", f"/api/cases/{case_id}/manifests", "/notices", "/nodes"]

    def readers() -> set[str]:
        return {
            login
            for login in ("reader", "second", "lead", "north", "admin")
            for path in paths
            if "Zzyzxword" in web.client(login).get(path).text
        }

    assert readers() == {"reader"}
    assert web.client("reader").post(f"/api/cases/{case_id}/release").status_code == 204
    assert readers() <= {"reader"}
    assert web.client("second").post(f"/api/cases/{case_id}/claim").status_code == 200
    assert web.client("second").get(f"/api/cases/{case_id}/report").json()["version"] == 0
    assert "Zzyzxword" not in web.client("second").get(f"/cases/{case_id}/report").text
    assert readers() <= {"reader"}
    assert web.client("second").post(f"/api/cases/{case_id}/release").status_code == 204
    assert web.client("reader").post(f"/api/cases/{case_id}/claim").status_code == 200
    assert "Zzyzxword" in web.client("reader").get(f"/cases/{case_id}/report").text


def test_a_left_draft_is_offered_to_readers_and_taken_over_by_a_button(web: WebGateway) -> None:
    """Its author and its age are told to who may report, and not to a coordinator; the journal says it was taken."""
    case_id = claimed(web)
    draft = {"version": 0, "content": {**SIGNED, "narrative": "Zzyzxword in the text"}}
    web.client("reader").put(f"/api/cases/{case_id}/report", json=draft)
    assert "Begin with theirs" not in web.client("second").get(f"/cases/{case_id}").text  # still held
    web.client("reader").post(f"/api/cases/{case_id}/release")
    page = web.client("second").get(f"/cases/{case_id}").text
    assert "<b>Dr. Reader</b> left an unsigned report" in page
    author = re.findall(r'name="author" value="(\d+)"', page)[0]
    assert "left an unsigned report" not in web.client("north").get(f"/cases/{case_id}").text
    assert web.client("north").get(f"/api/cases/{case_id}").json()["left_drafts"] == []
    [left] = web.client("second").get(f"/api/cases/{case_id}").json()["left_drafts"]
    assert (str(left["author"]), left["name"]) == (author, "Dr. Reader")
    refused = web.client("north").post(f"/cases/{case_id}/report/take-over", data={"author": author})
    assert refused.status_code == 403
    second = web.client("second")
    taken = second.post(f"/cases/{case_id}/report/take-over", data={"author": author})
    assert (taken.status_code, taken.headers["location"]) == (303, f"/cases/{case_id}/report")
    assert "Zzyzxword" in second.get(f"/cases/{case_id}/report").text
    told = second.get(f"/api/cases/{case_id}").json()["journal"][-1]
    assert (told["what"], told["who"], told["detail"]) == (
        "draft taken over",
        "second",
        {"from": "reader", "version": 1},
    )
    nobodys = second.post(f"/api/cases/{case_id}/report/take-over", json={"author": 2**30})
    assert nobodys.status_code == 404
    assert second.post(f"/cases/{case_id}/report/take-over", data={"author": "x"}).status_code == 404


def test_the_draft_answer_lists_what_is_missing_at_its_item(web: WebGateway) -> None:
    """Each problem names the field it belongs to."""
    case_id = claimed(web)
    draft = {"version": 0, "content": {**SIGNED, "suspicion": "", "lesions.0.border_white_matter": ""}}
    fields = {
        one["field"]
        for one in web.client("reader").put(f"/api/cases/{case_id}/report", json=draft).json()["problems"]
    }
    assert {"suspicion", "lesions.0.border_white_matter"} <= fields


def test_a_draft_keeps_what_the_form_has_and_no_kept_draft_breaks_the_page(web: WebGateway) -> None:
    """A field of a number without end is told and not kept; one that an earlier version kept is left out."""
    case_id = claimed(web)
    client = web.client("reader")
    endless = f"lesions.{'9' * 5000}.t1"
    kept = {"narrative": "kept", "lesions.0.places": "pons"}
    content = kept | {endless: "isointense"}
    answer = client.put(f"/api/cases/{case_id}/report", json={"version": 0, "content": content})
    assert answer.status_code == 200, answer.text
    told = [one for one in answer.json()["problems"] if "no such field" in one["problem"]]
    assert [one["field"] for one in told] == [endless[:60]]
    assert client.get(f"/api/cases/{case_id}/report").json()["content"] == kept

    with web.database.write("test_draft") as session:
        session.execute(update(Draft).where(col(Draft.case_id) == case_id).values(content=content))
    assert client.get(f"/api/cases/{case_id}/report").json()["content"] == kept
    for page in (f"/cases/{case_id}/report", f"/cases/{case_id}"):
        assert client.get(page).status_code == 200
    form = {"password": PASSWORD, "form": {endless: "isointense"}}
    assert client.post(f"/api/cases/{case_id}/sign", json=form).status_code == 422


def test_a_complete_report_is_signed_once(web: WebGateway) -> None:
    """The case moves on, the digest is shown, and a second signature is refused."""
    case_id = claimed(web)
    client = web.client("reader")
    body = {"password": PASSWORD, "form": SIGNED}
    answer = client.post(f"/api/cases/{case_id}/sign", json=body)
    assert answer.status_code == 201, answer.text
    told = client.get(f"/api/cases/{case_id}").json()
    assert told["state"] == "REPORTED"
    assert len(told["signed"]["digest"]) == 64
    again = client.post(f"/api/cases/{case_id}/sign", json=body)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-signed")
    assert client.put(f"/api/cases/{case_id}/report", json={"version": 0, "content": {}}).status_code == 409
    page = client.get(f"/cases/{case_id}/report")
    assert "Signed by Dr. Reader" in page.text
    assert "New or active PML highly suspected" in page.text


def test_a_signature_needs_the_password_again(web: WebGateway) -> None:
    """A session left open cannot sign."""
    case_id = claimed(web)
    body = {"password": "wrong wrong wrong", "form": SIGNED}
    answer = web.client("reader").post(f"/api/cases/{case_id}/sign", json=body)
    assert answer.status_code == 403
    assert web.client("reader").get(f"/api/cases/{case_id}").json()["state"] == "FORWARDED"


def test_a_contradicting_report_is_not_signed(web: WebGateway) -> None:
    """422 lists every problem in words."""
    case_id = claimed(web)
    body = {"password": PASSWORD, "form": {**SIGNED, "communication.person": "", "communication.at": ""}}
    answer = web.client("reader").post(f"/api/cases/{case_id}/sign", json=body)
    assert answer.status_code == 422
    assert any("critical result" in one for one in answer.json()["problems"])


def test_a_recognised_contrast_series_cannot_be_overlooked(web: WebGateway) -> None:
    """What the gateway recognised and what the reader states must agree."""
    case_id = claimed(web)
    form = {
        **SIGNED,
        "protocol.sequences.t1_contrast.acquired": "absent",
        "lesions.0.enhancement": "not_covered",
        "recommendations": ["follow_up", "add_contrast"],
    }
    form = {
        name: value
        for name, value in form.items()
        if not re.search(r"t1_contrast\.(thickness|quality)", name)
    }
    answer = web.client("reader").post(
        f"/api/cases/{case_id}/sign", json={"password": PASSWORD, "form": form}
    )
    assert answer.status_code == 422
    assert "contrast-enhanced T1 was recognised" in answer.text


def test_somebody_who_does_not_hold_the_case_cannot_sign(web: WebGateway) -> None:
    """The claim is checked at the signature too."""
    case_id = claimed(web)
    body = {"password": PASSWORD, "form": SIGNED}
    assert web.client("second").post(f"/api/cases/{case_id}/sign", json=body).status_code == 409


def test_a_whole_report_can_be_signed_as_json(web: WebGateway) -> None:
    """Programs may send the nested report; a wrong one is refused with its problems."""
    from gateway.reporting.example import phantom_report

    case_id = claimed(web)
    client = web.client("reader")
    report = phantom_report(prior_study_date=None, told_at=datetime.now(UTC)).model_dump(mode="json")
    wrong = client.post(
        f"/api/cases/{case_id}/sign", json={"password": PASSWORD, "report": {**report, "suspicion": "9"}}
    )
    assert wrong.status_code == 422
    assert (
        client.post(f"/api/cases/{case_id}/sign", json={"password": PASSWORD, "report": report}).status_code
        == 201
    )


def test_a_signed_page_keeps_the_words_of_what_the_form_no_longer_offers(web: WebGateway) -> None:
    """A short-term follow-up, which earlier forms offered, is not shown as another recommendation."""
    from gateway.reporting.example import phantom_report

    case_id = claimed(web)
    client = web.client("reader")
    report = phantom_report(prior_study_date=None, told_at=datetime.now(UTC)).model_dump(mode="json")
    report["recommendations"] = ["short_term", "csf_pcr"]
    client.post(f"/api/cases/{case_id}/sign", json={"password": PASSWORD, "report": report})
    page = html.unescape(client.get(f"/cases/{case_id}/report").text)
    assert Recommendation.SHORT_TERM.label in page
    assert Recommendation.FOLLOW_UP.label not in page


def test_the_form_shows_every_item_with_both_patterns(web: WebGateway) -> None:
    """FORM is rendered whole: no item is forgotten, and MS and PML stand beside a lesion's items."""
    case_id = claimed(web)
    client = web.client("reader")
    client.put(
        f"/api/cases/{case_id}/report", json={"version": 0, "content": {"lesions.0.places.pons": "left"}}
    )
    page = html.unescape(client.get(f"/cases/{case_id}/report").text)
    for section in FORM:
        for item in section.items:
            name = section.field(item)
            if item.earlier:
                continue
            last = item.choices[-1].value if item.choices else ""
            by_kind = {
                "marks": f'data-drawn="{name}"',
                "uids": f'data-marks="{name}"',
                "pairs": f'name="{name}.{last}"',
            }
            shown = by_kind.get(item.kind, f'name="{name}"')
            if not section.repeats or section.name == "lesions":
                assert shown in page, name
            for text in (item.ms_pattern, item.pml_pattern):
                assert text in page


def test_without_scripts_the_form_saves_adds_removes_and_signs(web: WebGateway) -> None:
    """Plain posts do everything: a lesion is added, filled, a second removed, and the report signed."""
    case_id = claimed(web)
    client = web.client("reader")
    token = client.headers.pop("X-CSRF-Token")

    def post(version: int, **more: object) -> tuple[int, str]:
        data = {**SIGNED, **more, "csrf": token, "version": str(version)}
        answer = client.post(f"/cases/{case_id}/report", data=data)
        return answer.status_code, answer.text

    status, page = post(0, add="lesions")
    assert status == 200
    assert 'name="lesions.1.places.pons"' in page
    status, page = post(1, **{"lesions.1.comment": "to remove", "remove": "lesions.1"})
    assert status == 200
    assert "to remove" not in page
    status, page = post(2, narrative="", do="sign", password=PASSWORD)
    assert status == 422
    assert "The report is not complete yet." in page
    assert 'id="at-narrative"' in page
    status, page = post(3, do="sign", password="wrong wrong wrong")
    assert status == 403
    assert "The password does not fit" in page
    assert "New flame-shaped right frontal lesion" in page, "what was entered stays in the form"
    status, _ = post(4, do="sign", password=PASSWORD)
    assert status == 303
    assert client.get(f"/api/cases/{case_id}").json()["state"] == "REPORTED"


def test_without_scripts_a_contradiction_asks_why_and_is_signed_with_the_reason(web: WebGateway) -> None:
    """The question stands beside its item with a field for the reason; the reason is in the signed report."""
    case_id = claimed(web)
    client = web.client("reader")
    token = client.headers.pop("X-CSRF-Token")

    def post(version: int, **more: object) -> tuple[int, str]:
        data = {**SIGNED, "lesions.0.attribution": "ms", **more, "csrf": token, "version": str(version)}
        answer = client.post(f"/cases/{case_id}/report", data=data)
        return answer.status_code, answer.text

    status, page = post(0, do="sign", password=PASSWORD)
    assert status == 422
    question = page[page.index('id="at-reasons.high_level_without_pml_lesion"') :][:900]
    assert "hidden" not in question[: question.index(">")]
    assert "every lesion favours MS or another cause" in question
    assert '<textarea id="reasons.high_level_without_pml_lesion"' in question
    other = page[page.index('id="at-reasons.no_contrast"') :]
    assert "hidden" in other[: other.index(">")]
    assert 'href="#at-reasons.high_level_without_pml_lesion"' in page
    reason = {"reasons.high_level_without_pml_lesion": "The ring on DWI outweighs the shape."}
    status, page = post(1, do="save", **reason)
    assert status == 200
    assert "The ring on DWI outweighs the shape.</textarea>" in page
    told = client.get(f"/api/cases/{case_id}/report").json()
    assert told["problems"] == []
    assert [asked["question"] for asked in told["questions"]] == [
        "high_level_without_pml_lesion",
        "prior_not_here",
    ]
    status, _ = post(2, do="sign", password=PASSWORD, **reason)
    assert status == 303
    signed = client.get(f"/cases/{case_id}/report").text
    assert "PML suspected, though every lesion, or every diagnosis named, is of another cause" in signed
    assert "The ring on DWI outweighs the shape." in signed


def test_a_call_before_the_study_came_is_not_signed(web: WebGateway) -> None:
    """The form and the signature know when the study came and what time it is."""
    case_id = claimed(web)
    for at in ("2020-01-01T10:00:00Z", "2040-01-01T10:00:00Z"):
        body = {"password": PASSWORD, "form": {**SIGNED, "communication.at": at}}
        answer = web.client("reader").post(f"/api/cases/{case_id}/sign", json=body)
        assert answer.status_code == 422
        assert [problem[:11] for problem in answer.json()["problems"]] == ["The call at"]


def test_a_plain_form_that_lost_a_race_keeps_what_was_typed(web: WebGateway) -> None:
    """Saved elsewhere in between: the form comes back with the reader's words and says what happened."""
    case_id = claimed(web)
    client = web.client("reader")
    client.put(f"/api/cases/{case_id}/report", json={"version": 0, "content": {"narrative": "elsewhere"}})
    answer = client.post(
        f"/cases/{case_id}/report", data={"version": "0", "narrative": "typed here", "do": "save"}
    )
    assert answer.status_code == 409
    assert "typed here" in answer.text
    assert "is at version 1" in answer.text
    assert client.get(f"/api/cases/{case_id}/report").json()["content"] == {"narrative": "elsewhere"}


def test_text_of_the_reader_is_escaped_and_kept(web: WebGateway) -> None:
    """Markup in a draft comes back as text, and numbers with dots are not taken for UIDs in it."""
    case_id = claimed(web)
    client = web.client("reader")
    text = "</textarea><script>alert(1)</script> 1.2.3.4.5.6"
    client.put(f"/api/cases/{case_id}/report", json={"version": 0, "content": {"narrative": text}})
    page = client.get(f"/cases/{case_id}/report").text
    assert "<script>alert" not in page
    assert "&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt; 1.2.3.4.5.6" in page


def test_the_form_starts_with_what_was_recognised(web: WebGateway) -> None:
    """Sequences and referral are filled in; the reader confirms."""
    case_id = claimed(web)
    content = web.client("reader").get(f"/api/cases/{case_id}/report").json()["content"]
    assert content["protocol.sequences.flair.acquired"] == "present"
    assert content["protocol.sequences.flair.thickness_mm"] == "1"
    assert content["protocol.sequences.mrs.acquired"] == "absent"
    assert content["context.referral"] == "surveillance"
