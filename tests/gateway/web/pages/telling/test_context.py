"""Coordinators tell readers why a study was sent: by page, beside an upload, by API; readers see it first."""

from __future__ import annotations

from gateway.records import ledger
from gateway.records.tables.cases import Case
from support.web_gateway import WebGateway


def study_of(web: WebGateway, case_id: int) -> int:
    """The study of a case."""
    with web.database.read() as session:
        return session.get_one(Case, case_id).study_id


def test_a_coordinator_tells_and_the_reader_sees_it_after_the_look(web: WebGateway) -> None:
    """Numbers at once, texts once the worker has looked; the form begins with them."""
    case_id = web.case()
    study = study_of(web, case_id)
    form = {"context.question": "New lesion in the pons?", "context.jcv_index": "1,2", "contacts": "Dr Ward"}
    answer = web.client("north").post(f"/studies/{study}/context", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/studies/{study}/context")
    page = web.client("reader").get(f"/cases/{case_id}").text
    assert "From the hospital" in page
    assert "being looked at" in page
    assert "pons?" not in page
    ledger.keep_looked_at(web.database, study, 1, 1, (), (("ReasonForStudy", "MS control"),), 1)
    reader = web.client("reader")
    page = reader.get(f"/cases/{case_id}").text
    for shown in ("New lesion in the pons?", "Dr Ward", "MS control", "1 text of the order is not shown"):
        assert shown in page, shown
    assert reader.post(f"/api/cases/{case_id}/claim").status_code == 200
    content = reader.get(f"/api/cases/{case_id}/report").json()["content"]
    assert content["context.question"] == "New lesion in the pons?"
    assert content["context.jcv_index"] == "1.2"
    assert "New lesion in the pons?" in reader.get(f"/cases/{case_id}/report").text
    assert reader.get(f"/api/cases/{case_id}").json()["told"]["context"]["jcv_index"] == "1.2"


def test_an_identity_is_refused_where_it_was_typed(web: WebGateway) -> None:
    """With what was typed still in the form, and nothing kept."""
    study = study_of(web, web.case())
    north = web.client("north")
    page = north.post(f"/studies/{study}/context", data={"context.symptoms": "Frau Meyer <b>falls</b>"})
    assert page.status_code == 422
    assert "names a person" in page.text
    assert "Frau Meyer &lt;b&gt;falls" in page.text
    answer = north.put(f"/api/studies/{study}/context", json={"question": "since 12.03.2024", "x": "1"})
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["problems"]} == {"question", "x"}
    assert north.get(f"/api/studies/{study}/context").json()["version"] == 0


def test_a_withheld_text_is_seen_by_its_site_alone(web: WebGateway) -> None:
    """It says which, so that somebody writes it anew."""
    case_id = web.case()
    study = study_of(web, case_id)
    north = web.client("north")
    body = {"question": "Ottilie worse?"}
    assert north.put(f"/api/studies/{study}/context", json=body).status_code == 200
    ledger.keep_looked_at(web.database, study, 1, 1, ("question",), (), 0)
    assert "Ottilie worse?" in north.get(f"/studies/{study}/context").text
    assert "Write it without" in north.get(f"/studies/{study}/context").text
    for path in (f"/cases/{case_id}", f"/api/cases/{case_id}"):
        assert "Ottilie" not in web.client("reader").get(path).text, path
    assert "identifies the patient: question" in web.client("reader").get(f"/cases/{case_id}").text


def test_nobody_else_tells(web: WebGateway) -> None:
    """Readers may not, another site finds no such study."""
    study = study_of(web, web.case())
    for login, code in (("reader", 403), ("lead", 403), ("south", 404)):
        answer = web.client(login).put(f"/api/studies/{study}/context", json={"question": "x"})
        assert answer.status_code == code, login


def test_the_upload_page_asks(web: WebGateway) -> None:
    """Beside the files, in the words of the report's form."""
    page = web.client("north").get("/upload").text
    assert 'name="context.question"' in page
    assert 'name="contacts"' in page
