"""A forgotten case on every page: it says so, shows numbers, and breaks nothing."""

from __future__ import annotations

import re

import pytest

from gateway.lifecycle import CaseState
from gateway.records import forgetting, ledger
from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows
from gateway.reporting.example import phantom_report
from support.web_gateway import WebGateway, phantom


def _signed(web: WebGateway, state: CaseState, **columns: object) -> int:
    """A case with images, a signed report and a patient."""
    case_id = web.case(state, **columns)
    web.images(case_id, phantom()[:2])
    content = phantom_report(prior_study_date=None).model_dump(mode="json")
    with web.database.write("test") as session:
        case, now = session.get_one(Case, case_id), web.database.now(session)
        session.get_one(Study, case.study_id).patient_hash = f"2.25.{case_id}"
        case.composed = {"pdf": {"blob": f"reports/{case_id}/pdf.dcm"}}
        if state not in (CaseState.FORWARDED, CaseState.PREPARED):
            session.add(
                SignedReport(
                    case_id=case_id,
                    version=1,
                    content=content,
                    digest="d" * 64,
                    signed_by=1,
                    signer_name="Dr. Reader",
                    signer_login="reader",
                    signed_at=now,
                )
            )
    return case_id


def _forget(web: WebGateway, case_id: int, whole: bool = True) -> None:
    number = ledger.begin_forgetting(
        web.database, f"2.25.{case_id}", "north", (), "admin", "asked for", even_open=True
    )
    if whole:
        forgetting.finish(web.database, web.context.blobs, number)


@pytest.mark.parametrize("state", [CaseState.CONFIRMED, CaseState.FORWARDED, CaseState.COMPOSED])
@pytest.mark.parametrize("whole", [True, False], ids=["forgotten", "being forgotten"])
def test_every_page_of_a_forgotten_case_answers(web: WebGateway, state: CaseState, whole: bool) -> None:
    """Case, report, pictures, queue, studies, upload and JSON: none fails, and the case says when it was forgotten."""
    case_id = _signed(web, state, received_by="upload")
    _forget(web, case_id, whole)
    with web.database.read() as session:
        study_id = case_rows.case(session, case_id).study_id
    for login in ("reader", "lead", "admin"):
        client = web.client(login)
        page = client.get(f"/cases/{case_id}")
        assert page.status_code == 200
        assert "Forgotten on" in page.text
        assert "/park" not in page.text
        assert client.get(f"/cases/{case_id}/report").headers["location"] == f"/cases/{case_id}"
        assert client.get(f"/cases/{case_id}/images/0/0.png").status_code == 404
        assert client.get(f"/api/cases/{case_id}/images").json()["series"] == []
        assert client.get(f"/api/cases/{case_id}").json()["forgotten_at"]
        assert client.get(f"/api/cases/{case_id}/report").status_code == 404
        assert client.get("/", params={"show": "all"}).status_code == 200
        assert case_id not in [one["id"] for one in client.get("/api/queue").json()["cases"]]
    assert "forgotten" in web.client("lead").get("/studies").text
    sender = web.client("north")
    assert "Forgotten" in sender.get(f"/upload/{study_id}").text
    assert "Forgotten" in sender.get("/upload").text
    assert sender.get(f"/upload/{study_id}/report.pdf").status_code == 404


@pytest.mark.parametrize("act", ["claim", "park", "retry", "sign"])
def test_nothing_can_be_done_with_it(web: WebGateway, act: str) -> None:
    """Each attempt is refused with a sentence, none with a failure."""
    case_id = _signed(web, CaseState.FORWARDED)
    _forget(web, case_id)
    lead = web.client("lead")
    body = (
        {"json": {"password": "x"}}
        if act == "sign"
        else {"data": {"why": "x", "csrf": lead.headers["X-CSRF-Token"]}}
    )
    prefix = "/api" if act in ("claim", "sign") else ""
    answer = lead.post(f"{prefix}/cases/{case_id}/{act}", **body)
    assert answer.status_code == 409, answer.text


def test_the_metrics_count_it_where_it_ended(web: WebGateway) -> None:
    """A confirmed case stays counted as confirmed, an open one moves to FORGOTTEN, and nothing counts as parked."""

    def numbers() -> dict[str, float]:
        text = web.metrics()
        return {
            name: float(value) for name, value in re.findall(r"^(gateway_\S+) (\S+)$", text, re.MULTILINE)
        }

    over, waiting = _signed(web, CaseState.CONFIRMED), _signed(web, CaseState.FORWARDED, problem="trouble")
    before = numbers()
    _forget(web, over)
    _forget(web, waiting)
    after = numbers()
    changed = {
        name: after[name] - before[name]
        for name in before
        if "free" not in name and after[name] != before[name]
    }
    assert changed == {
        'gateway_cases{state="FORWARDED"}': -1,
        'gateway_cases{state="FORGOTTEN"}': 1,
        'gateway_parked{unit="case"}': -1,
    }
