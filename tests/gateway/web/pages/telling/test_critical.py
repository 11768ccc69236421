"""A critical result is shown after the sign-in and acknowledged by its site; red until then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from gateway.records.ledger.telling.critical import on_signed
from gateway.records.tables.administration import Account
from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.critical import CriticalResult
from gateway.reporting.example import phantom_report
from support.web_gateway import WebGateway


def raised(web: WebGateway, site: str = "north") -> int:
    """A signed case with a critical result; returns the number of the result."""
    case_id = web.case(site=site, state="REPORTED")
    content = phantom_report().model_dump(mode="json") | {"suspicion": "4"}
    with web.database.write("test") as session:
        now = web.database.now(session)
        case = session.get_one(Case, case_id)
        report = SignedReport(
            case_id=case_id,
            version=1,
            content=content,
            digest="0" * 64,
            signed_by=session.exec(select(Account.ids()).limit(1)).one(),
            signer_name="Reader",
            signer_login="reader",
            signed_at=now,
        )
        session.add(report)
        session.flush()
        on_signed(session, now, case, report)
        return session.exec(select(CriticalResult.ids()).where(CriticalResult.case_id == case_id)).one()


def told(web: WebGateway, number: int, login: str = "lead") -> dict[str, Any]:
    """The result as JSON."""
    answer = web.client(login).get(f"/api/critical/{number}")
    assert answer.status_code == 200
    return answer.json()


def test_a_link_leads_through_the_sign_in_to_the_result(web: WebGateway) -> None:
    """Nobody sees it without an account; the site sees impression, level with its scale, and the button."""
    number = raised(web)
    answer = web.client().get(f"/critical/{number}", headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?next=/critical/{number}"
    page = web.client("north").get(f"/critical/{number}").text
    assert phantom_report().narrative[:40] in page
    assert "4 of 4" in page
    assert "the patient's doctors know" in page.replace("&#39;", "'")
    assert "Critical result, not acknowledged" in page


def test_the_site_acknowledges_and_everything_says_so(web: WebGateway) -> None:
    """Case, report and API name who and when; a second click is told so."""
    number = raised(web)
    case_id = told(web, number)["case"]
    for path in (f"/cases/{case_id}", f"/cases/{case_id}/report"):
        assert "Critical result, not acknowledged" in web.client("lead").get(path).text, path
    assert number in [each["id"] for each in web.client("north").get("/api/critical").json()["critical"]]
    north = web.client("north")
    assert north.post(f"/critical/{number}/acknowledge").status_code == 303
    again = north.post(f"/critical/{number}/acknowledge")
    assert (again.status_code, "was acknowledged by north" in again.text) == (409, True)
    for path in (f"/cases/{case_id}", f"/cases/{case_id}/report", f"/critical/{number}"):
        page = web.client("lead").get(path).text
        assert "Critical result acknowledged" in page, path
        assert "not acknowledged" not in page, path
    assert (told(web, number)["way"], told(web, number)["acknowledged_by"]) == ("page", "Dr. North")
    assert number not in [each["id"] for each in north.get("/api/critical").json()["critical"]]


def test_a_program_of_the_site_acknowledges(web: WebGateway) -> None:
    """By the API, once."""
    number = raised(web)
    north = web.client("north")
    codes = [north.post(f"/api/critical/{number}/acknowledge").status_code for _ in range(2)]
    assert codes == [204, 409]
    assert told(web, number)["way"] == "api"


@pytest.mark.parametrize(("login", "code"), [("reader", 403), ("lead", 403), ("south", 404)])
def test_nobody_else_acknowledges(web: WebGateway, login: str, code: int) -> None:
    """The reading room may not answer for the hospital, and another site's result is not there at all."""
    number = raised(web)
    assert web.client(login).post(f"/api/critical/{number}/acknowledge").status_code == code
    assert told(web, number)["acknowledged_at"] is None


def test_a_lead_notes_a_call_and_a_reader_may_not(web: WebGateway) -> None:
    """With a name and a time that is over; the page shows both."""
    number = raised(web)
    lead, now = web.client("lead"), datetime.now(UTC)
    later = f"{now + timedelta(days=1):%Y-%m-%dT%H:%M}"
    for form in ({"told": "Dr Ward"}, {"told": "Dr Ward", "told_at": later}, {"told": " ", "told_at": later}):
        assert lead.post(f"/critical/{number}/telephone", data=form).status_code == 422, form
    call = {"told": "Dr Ward, on call", "told_at": now.isoformat()}
    assert web.client("reader").post(f"/api/critical/{number}/telephone", json=call).status_code == 403
    form = {"told": "Dr Ward, on call", "told_at": f"{now:%Y-%m-%dT%H:%M}"}
    assert lead.post(f"/critical/{number}/telephone", data=form).status_code == 303
    assert "Dr Ward, on call was told by telephone" in lead.get(f"/critical/{number}").text
    assert told(web, number)["way"] == "telephone"


def test_a_name_that_is_markup_stays_text(web: WebGateway) -> None:
    """What a lead types is shown, not obeyed."""
    number = raised(web)
    call = {"told": "<script>alert(1)</script>", "told_at": datetime.now(UTC).isoformat()}
    assert web.client("lead").post(f"/api/critical/{number}/telephone", json=call).status_code == 204
    assert "<script>alert" not in web.client("lead").get(f"/critical/{number}").text
