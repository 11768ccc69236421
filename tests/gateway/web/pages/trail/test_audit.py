"""The page of the audit trail: filtered, paged, for administrators, and in itself."""

from __future__ import annotations

import pytest

from gateway.records.ledger import audit_trail
from gateway.records.views import trail_rows
from support.records import audit_events
from support.web_gateway import WebGateway


def write(web: WebGateway, who: str, case: int, number: int = 1, why: str = "") -> None:
    """Rows of somebody."""
    for _ in range(number):
        with web.database.write("test") as session:
            at = web.database.now(session)
            audit_trail.append(
                session, at, who, "case parked", f"case {case}", {"why": why}, address="10.7.7.7"
            )


def test_rows_are_found_by_who_event_case_day_and_outcome(web: WebGateway) -> None:
    """Each says when, who, from where, what, of what; what people typed is text."""
    write(web, "zoe-trail", 4711, why="<b>because</b>")
    client = web.client("admin", own_session=True)
    for asked in (
        "who=zoe-trail",
        "case=4711",
        "who=zoe-trail&event=case+parked&outcome=done&since=2020-01-01",
    ):
        text = client.get(f"/audit?{asked}").text
        assert "10.7.7.7" in text
        assert "&lt;b&gt;because" in text
    for asked in ("who=zoe-trail&outcome=refused", "who=zoe-trail&until=2020-01-01", "who=zoe-trail&case=1"):
        assert "Nothing fits." in client.get(f"/audit?{asked}").text
    looks = [event.detail for event in audit_events(web.database, "audit trail looked at")]
    assert {"asked who": "zoe-trail"} in looks
    # A text that is no login of the trail may be anything, also a patient's name.
    assert {"asked outcome": "refused"} in looks
    assert {"asked case": "1"} in looks


def test_a_long_trail_is_paged(web: WebGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link keeps the filter."""
    monkeypatch.setattr(trail_rows, "PAGE", 5)
    write(web, "pia-trail", 1, number=7)
    client = web.client("admin")
    first = client.get("/audit?who=pia-trail").text
    assert first.count("10.7.7.7") == 5
    older = first.split('href="/audit?')[1].split('"')[0].replace("&amp;", "&")
    assert "who=pia-trail" in older
    assert client.get(f"/audit?{older}").text.count("10.7.7.7") == 2


@pytest.mark.parametrize(
    "asked", ["case=x", "since=yesterday", "until=2026-13-01", "case=99999999999999999999"]
)
def test_what_cannot_be_looked_for_is_said(web: WebGateway, asked: str) -> None:
    """And nothing is shown for it."""
    answer = web.client("admin").get(f"/audit?{asked}")
    assert answer.status_code == 422
    assert "This cannot be looked for" in answer.text


def test_an_administrator_of_one_site_sees_its_cases_alone(web: WebGateway) -> None:
    """Nothing of the gateway as a whole, and nothing of another site's."""
    web.add("nora", "admin", "north")
    north, south = web.case(site="north"), web.case(site="south")
    write(web, "ida-north", north)
    write(web, "ida-south", south)
    text = web.client("nora", own_session=True).get("/audit").text
    assert "ida-north" in text
    assert "ida-south" not in text
    assert "signed in" not in text.split("<tbody>")[1]


@pytest.mark.parametrize("login", ["reader", "lead"])
def test_others_do_not_see_it(web: WebGateway, login: str) -> None:
    """What others did is no business of those who read."""
    client = web.client(login)
    assert client.get("/audit").status_code == 403
