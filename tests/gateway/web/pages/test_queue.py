"""The queue: what it shows, how pollers save work, and that nothing hostile or identifying gets out."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col

from gateway.lifecycle import CaseState
from gateway.records.tables.cases import Case
from support.web_gateway import ORIGINAL_UID, WebGateway, explanation

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def numbers(web: WebGateway, login: str = "reader", show: str = "open") -> list[int]:
    """The case numbers of a view, in order."""
    return [one["id"] for one in web.client(login).get("/api/queue", params={"show": show}).json()["cases"]]


def test_suspected_pml_comes_first(web: WebGateway) -> None:
    """Priority decides before age."""
    routine = web.case()
    suspected = web.case(referral="suspected_pml", priority=1)
    order = numbers(web)
    assert order.index(suspected) < order.index(routine)
    page = web.client("reader").get("/").text
    assert page.index(f'data-case="{suspected}"') < page.index(f'data-case="{routine}"')


def test_views_show_what_they_say(web: WebGateway) -> None:
    """To read, mine, needs attention and all are different lists."""
    waiting, over = web.case(), web.case(CaseState.CONFIRMED)
    parked = web.case(problem="The reading site is away.", fix="Start it.")
    assert web.client("second").post(f"/api/cases/{waiting}/claim").status_code == 200
    assert waiting in numbers(web, "second", "mine")
    assert waiting not in numbers(web, "reader", "mine")
    assert parked in numbers(web, show="parked")
    assert parked not in numbers(web, show="to-read")
    assert over not in numbers(web)
    assert over in numbers(web, show="all")


def test_a_long_view_comes_in_pages(web: WebGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every case is on one page, in the same order, and there is a way to the next; behind the last is the last."""
    made = [web.case() for _ in range(5)]
    whole = numbers(web)
    monkeypatch.setattr("gateway.records.views.queue.PAGE", 2)
    client = web.client("reader")
    first = client.get("/api/queue").json()
    pages = [client.get("/api/queue", params={"page": n + 1}).json() for n in range(first["pages"])]
    assert [one["id"] for page in pages for one in page["cases"]] == whole
    assert set(made) <= set(whole)
    assert {len(page["cases"]) for page in pages[:-1]} == {2}
    assert client.get("/api/queue", params={"page": 999}).json() == pages[-1]
    shown = client.get("/", params={"page": 2}).text
    assert [f'data-case="{one["id"]}"' in shown for one in pages[1]["cases"]] == [True, True]
    assert "/?show=open&amp;page=1" in shown
    assert "/?show=open&amp;page=3" in shown


def test_a_poller_is_answered_304_until_something_changes(web: WebGateway) -> None:
    """The ETag of the last answer saves the next one, and a claim changes it."""
    case_id = web.case()
    client = web.client("reader")
    first = client.get("/api/queue")
    etag = {"If-None-Match": first.headers["etag"]}
    again = client.get("/api/queue", headers=etag)
    assert (again.status_code, again.content) == (304, b"")
    assert web.client("second").post(f"/api/cases/{case_id}/claim").status_code == 200
    changed = client.get("/api/queue", headers=etag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_a_claim_that_ends_by_time_changes_the_etag(web: WebGateway) -> None:
    """No write happens when a claim runs out, yet pollers see it."""
    case_id = web.case()
    client = web.client("reader")
    client.post(f"/api/cases/{case_id}/claim")
    etag = client.get("/api/queue").headers["etag"]
    with web.database.write("test_expire") as session:
        moment = web.database.now(session) - timedelta(seconds=1)
        session.execute(update(Case).where(col(Case.id) == case_id).values(claimed_until=moment))
    answer = client.get("/api/queue", headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert not next(one for one in answer.json()["cases"] if one["id"] == case_id)["claimed"]


def test_hostile_text_stays_text(web: WebGateway) -> None:
    """A rule title, a problem or a node's answer with markup in it is shown, not run."""
    case_id = web.case(
        rule_title=HOSTILE,
        problem=HOSTILE,
        fix=HOSTILE,
        pseudonym=HOSTILE,
        waiting_for=HOSTILE,
        referral=HOSTILE,
        readability=HOSTILE,
    )
    lead = web.client("lead")
    for path in ("/", "/?show=parked", f"/cases/{case_id}", "/studies"):
        text = lead.get(path).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
    assert "&lt;script&gt;alert(1)" in lead.get(f"/cases/{case_id}").text


def test_no_original_uid_and_no_identity_is_in_any_answer(web: WebGateway) -> None:
    """Records hold UIDs and a hospital's free text; readers get neither, on pages and as JSON."""
    case_id = web.case(problem=f"Object {ORIGINAL_UID}.5 was refused.", explanation=explanation())
    reader = web.client("reader")
    for path in ("/", f"/cases/{case_id}", "/api/queue", f"/api/cases/{case_id}", "/queue/rows"):
        text = reader.get(path).text
        assert ORIGINAL_UID not in text, path
        assert not re.search(r"\d\.\d+\.\d+\.\d+\.\d+\.\d+", text), path
        assert "Müller" not in text, path
    assert "(UID withheld)" in reader.get(f"/cases/{case_id}").text
    assert "Müller" in web.client("north").get(f"/cases/{case_id}").text, "the sender's own text"


def test_an_unknown_case_and_a_huge_number_are_answered_plainly(web: WebGateway) -> None:
    """No stack trace, no 500: a problem with its fix."""
    reader = web.client("reader")
    assert reader.get("/api/cases/999999").json() | {"detail": ""} == {
        "type": "/problems/not-there",
        "title": "Not there",
        "status": 404,
        "detail": "",
        "fix": "The queue shows every case you may see.",
    }
    answer = reader.get(f"/api/cases/{2**80}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    page = reader.get("/cases/999999")
    assert page.status_code == 404
    assert "There is no case 999999" in page.text


def test_the_next_case_is_claimed_and_opened(web: WebGateway) -> None:
    """By a button for who reads; a program gets its number, the same while it is held."""
    web.case(priority=-1)
    client = web.client("second")
    assert 'action="/queue/next"' in client.get("/").text
    answer = client.post("/queue/next", data={"csrf": client.headers["X-CSRF-Token"]})
    assert answer.status_code == 303
    place = re.fullmatch(r"/cases/(\d+)/report", answer.headers["location"])
    assert place
    assert client.get(answer.headers["location"]).status_code == 200
    assert client.post("/api/queue/next").json() == {"case_id": int(place[1])}
    client.post(f"/api/cases/{place[1]}/release")
