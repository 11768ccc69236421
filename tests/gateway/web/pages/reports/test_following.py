"""What follows a signed report, on its pages and for programs: who may, what is asked, and nothing typed is lost."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from gateway.records.tables.cases import Case, SignedReport
from gateway.reporting.example import phantom_form
from support.web_gateway import PASSWORD, WebGateway
from support.web_objects import NO_PRIOR_HERE, returned_case


def signed(web: WebGateway, case_id: int) -> list[SignedReport]:
    """The documents of a case, oldest first."""
    with web.database.read() as session:
        return list(
            session.exec(
                select(SignedReport)
                .where(SignedReport.case_id == case_id)
                .order_by(col(SignedReport.version))
            )
        )


def send(client: httpx.Client, case_id: int, kind: str, **fields: Any) -> httpx.Response:
    """Post the form of a document."""
    data = {"csrf": client.headers["X-CSRF-Token"], "do": "sign", "password": PASSWORD} | fields
    return client.post(f"/cases/{case_id}/documents/{kind}", data=data)


def corrected(web: WebGateway, client: httpx.Client, case_id: int, **changes: str) -> dict[str, Any]:
    """The fields of the page of a correction, with other answers."""
    page = client.get(f"/cases/{case_id}/documents/correction")
    assert page.status_code == 200
    assert f'action="/cases/{case_id}/documents/correction"' in page.text
    version = re.search(r'name="version" value="(\d+)"', page.text)
    assert version
    fields = dict(client.get(f"/api/cases/{case_id}/report").json()["report"])
    assert fields
    form = phantom_form(told_at=datetime.fromisoformat(fields["communication"]["at"])) | NO_PRIOR_HERE
    after = str(signed(web, case_id)[-1].saved_id)
    return form | {"version": version[1], "after": after, "note": "The axis was read again."} | changes


@pytest.mark.parametrize("kind", ["addendum", "withdrawal"])
def test_words_are_signed_and_sent(web: WebGateway, kind: str) -> None:
    """By a form of one text; the case goes on, its page lists both documents."""
    case_id, client = returned_case(web), web.client("reader")
    page = client.get(f"/cases/{case_id}").text
    assert f'href="/cases/{case_id}/documents/{kind}"' in page
    form = client.get(f"/cases/{case_id}/documents/{kind}")
    assert form.status_code == 200
    answer = send(client, case_id, kind, note="Late images agree.", after=str(signed(web, case_id)[-1].id))
    assert (answer.status_code, answer.headers.get("location")) == (303, f"/cases/{case_id}")
    first, second = signed(web, case_id)
    assert (second.kind, second.note, second.version) == (kind, "Late images agree.", 2)
    assert second.content == first.content
    page = client.get(f"/cases/{case_id}").text
    assert "Late images agree." in page
    assert kind.capitalize() in page
    old = client.get(f"/cases/{case_id}/report?document={first.id}").text
    assert "Not in force" in old


def test_a_correction_lists_what_changed(web: WebGateway) -> None:
    """The form begins with what was signed; the new document has the item, what it was and what it is."""
    case_id, client = returned_case(web), web.client("reader")
    fields = corrected(web, client, case_id, certainty_percent="51")
    answer = send(client, case_id, "correction", **fields)
    assert answer.status_code == 303, re.findall(r'class="wrong"[^<]*<|role="alert">.*', answer.text)[:5]
    first, second = signed(web, case_id)
    assert second.kind == "correction"
    [line] = second.changed
    assert "51" in line
    assert first.content["certainty_percent"] != second.content["certainty_percent"] == 51
    uids = [[lesion["tracking_uid"] for lesion in each.content["lesions"]] for each in (first, second)]
    assert uids[0] == uids[1], "a lesion stays the same lesion"


def test_a_correction_that_corrects_nothing_is_asked_about(web: WebGateway) -> None:
    """And one without a reason; what was typed stands there again."""
    case_id, client = returned_case(web), web.client("reader")
    same = send(client, case_id, "correction", **corrected(web, client, case_id))
    assert same.status_code == 422
    assert "says what the report says" in same.text
    silent = send(
        client, case_id, "correction", **corrected(web, client, case_id, certainty_percent="52", note="")
    )
    assert silent.status_code == 422
    assert "Say in a sentence" in silent.text
    assert 'value="52"' in silent.text
    assert len(signed(web, case_id)) == 1


def test_a_correction_is_kept_as_a_draft(web: WebGateway) -> None:
    """By script or by its button, without a claim; the page begins with it then."""
    case_id, client = returned_case(web), web.client("reader")
    fields = corrected(web, client, case_id, certainty_percent="53")
    assert send(client, case_id, "correction", **fields | {"do": "save"}).status_code == 200
    assert 'value="53"' in client.get(f"/cases/{case_id}/documents/correction").text
    assert len(signed(web, case_id)) == 1


@pytest.mark.parametrize("kind", ["addendum", "correction", "withdrawal"])
def test_who_did_not_sign_may_not_unless_they_lead(web: WebGateway, kind: str) -> None:
    """Another reader is told who may; a lead gets the form."""
    case_id = returned_case(web)
    other = web.client("second")
    assert "/documents/" not in other.get(f"/cases/{case_id}").text
    for answer in (
        other.get(f"/cases/{case_id}/documents/{kind}"),
        send(other, case_id, kind, note="x", after="1"),
    ):
        assert answer.status_code == 403
        assert "Dr. Reader" in answer.text
    assert web.client("lead").get(f"/cases/{case_id}/documents/{kind}").status_code == 200


def test_a_wrong_password_loses_no_word(web: WebGateway) -> None:
    """The text stands in the form again."""
    case_id, client = returned_case(web), web.client("reader")
    after = str(signed(web, case_id)[-1].id)
    answer = send(client, case_id, "addendum", note="A long thought.", after=after, password="not it")
    assert answer.status_code == 403
    assert "A long thought." in answer.text
    assert len(signed(web, case_id)) == 1


def test_an_older_page_signs_nothing(web: WebGateway) -> None:
    """Somebody else signed meanwhile: 409, with the words still there."""
    case_id, client = returned_case(web), web.client("reader")
    answer = send(client, case_id, "addendum", note="Mine.", after="1999999")
    assert answer.status_code == 409
    assert "Mine." in answer.text


def test_programs_sign_what_follows(web: WebGateway) -> None:
    """With the number of the document that they saw."""
    case_id, client = returned_case(web), web.client("reader")
    told = client.get(f"/api/cases/{case_id}/report").json()
    assert [each["kind"] for each in told["documents"]] == ["report"]
    body = {
        "kind": "addendum",
        "note": "By a program.",
        "after": told["documents"][0]["id"],
        "password": PASSWORD,
    }
    answer = client.post(f"/api/cases/{case_id}/documents", json=body)
    assert answer.status_code == 201, answer.text
    told = client.get(f"/api/cases/{case_id}/report").json()
    assert [each["kind"] for each in told["documents"]] == ["addendum", "report"]
    assert client.post(f"/api/cases/{case_id}/documents", json=body).status_code == 409


def test_a_withdrawn_report_says_so_wherever_it_is_shown(web: WebGateway) -> None:
    """On its page and on the case's; only a correction can follow."""
    case_id, client = returned_case(web), web.client("reader")
    send(client, case_id, "withdrawal", note="Wrong patient.", after=str(signed(web, case_id)[-1].id))
    with web.database.write("test") as session:
        session.get_one(Case, case_id).state = "CONFIRMED"
        session.get_one(Case, case_id).returned_as = "enhanced"
    assert "no report of this study stands" in client.get(f"/cases/{case_id}/report").text
    page = client.get(f"/cases/{case_id}").text
    assert "no report stands" in page
    assert f"/cases/{case_id}/documents/addendum" not in page
    assert f"/cases/{case_id}/documents/correction" in page


def test_the_time_of_a_call_is_kept_through_a_correction(web: WebGateway) -> None:
    """It was typed by who signed: withheld in the form, it would be lost with the next save."""
    case_id, client = returned_case(web), web.client("reader")
    at = signed(web, case_id)[0].content["communication"]["at"]
    page = client.get(f"/cases/{case_id}/documents/correction").text
    assert f'name="communication.at" value="{at[:16]}"' in page


def test_nobody_else_keeps_a_draft_of_what_follows(web: WebGateway) -> None:
    """Who may not sign it is told who may, and nothing is kept."""
    case_id = returned_case(web)
    body = {"version": 0, "content": {"narrative": "Mine."}}
    answer = web.client("second").put(f"/api/cases/{case_id}/report", json=body)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/already-signed")
    assert "Dr. Reader" in answer.text
    kept = web.client("lead").put(f"/api/cases/{case_id}/report", json=body)
    assert kept.status_code == 200


def test_a_program_reads_no_report_after_a_withdrawal(web: WebGateway) -> None:
    """The documents say why; what was signed before is given as none that stands."""
    case_id, client = returned_case(web), web.client("reader")
    assert client.get(f"/api/cases/{case_id}/report").json()["report"]
    send(client, case_id, "withdrawal", note="Wrong patient.", after=str(signed(web, case_id)[-1].id))
    told = client.get(f"/api/cases/{case_id}/report").json()
    assert told["report"] is None
    assert told["documents"][0]["note"] == "Wrong patient."
