"""Whoever looks is in the audit trail before the answer, once for a session and a thing, with address and outcome."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from gateway.records import ledger
from gateway.records.tables.administration import AuditEvent
from support.records import audit_events
from support.web_gateway import WebGateway


def looks(web: WebGateway, who: str) -> list[AuditEvent]:
    """What this account did, without its sign-in."""
    return [event for event in audit_events(web.database) if event.who == who and event.action != "signed in"]


def test_queue_and_case_are_looked_at_once_in_a_session(web: WebGateway) -> None:
    """The page, its rows and the service for programs are one look at the queue; each look says from where."""
    case_id = web.case()
    client = web.client("reader", own_session=True)
    for path in ("/", "/queue/rows", "/api/queue", f"/cases/{case_id}", f"/api/cases/{case_id}", "/"):
        assert client.get(path).status_code == 200
    assert [(event.action, event.subject, event.case_id) for event in looks(web, "reader")] == [
        ("queue looked at", "queue", None),
        ("case looked at", f"case {case_id}", case_id),
    ]
    assert {event.address for event in looks(web, "reader")} == {"127.0.0.1"}
    web.client("reader", own_session=True).get("/")
    assert len(looks(web, "reader")) == 3


def test_who_asks_for_what_is_not_theirs_is_told(web: WebGateway) -> None:
    """A page that the role may not see, and a case of another site: refused, with the case."""
    web.add("sven", "coordinator", "south")
    case_id = web.case(site="north")
    client = web.client("sven", own_session=True)
    assert client.get(f"/cases/{case_id}").status_code == 404
    assert client.get("/nodes").status_code == 403
    events = looks(web, "sven")
    assert {event.action for event in events} == {"access refused"}
    assert [(event.subject, event.case_id, event.outcome) for event in events] == [
        ("GET /cases/{case_id}", case_id, "refused"),
        ("GET /nodes", None, "refused"),
    ]


def test_nothing_is_shown_that_could_not_be_written(web: WebGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is an error page without the case."""
    case_id = web.case()
    client = web.client("lead", own_session=True)

    def broken(*_: object) -> None:
        raise OperationalError("", None, Exception())

    monkeypatch.setattr(ledger, "note_look", broken)
    answer = client.get(f"/cases/{case_id}")
    assert answer.status_code == 500
    assert "Natalizumab" not in answer.text


def test_a_braked_sign_in_is_told_once(web: WebGateway) -> None:
    """With the address it comes from; who it is nobody knows yet."""
    client = web.client()
    codes = [
        client.post("/api/session", json={"login": "nobody", "password": "x" * 12}).status_code
        for _ in range(9)
    ]
    assert codes.count(429) > 1
    [event] = audit_events(web.database, "sign-in braked")
    assert (event.who, event.address, event.outcome) == ("unknown login", "127.0.0.1", "refused")
