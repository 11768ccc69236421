"""What reading sites sent back, on the pages: held first, for whoever may see it, decided with a reason."""

from __future__ import annotations

import itertools
import re
from typing import Any

from sqlmodel import select

from gateway.lifecycle import CaseState, ReplyState
from gateway.records import numbers
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import Case, Reply
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows, reply_rows
from support.records import audit_events
from support.web_gateway import ORIGINAL_UID, WebGateway

SR = "1.2.840.10008.5.1.4.1.1.88.33"
_numbers = itertools.count(1)


def came(web: WebGateway, case_id: int | None = None, **columns: Any) -> int:
    """An object of the reading site, as intake and steps would have left it; returns its number."""
    number = next(_numbers)
    with web.database.write("test_reply") as session:
        now = web.database.now(session)
        values: dict[str, Any] = {
            "node": "reading-site",
            "calling_ae_title": "READER",
            "address": "127.0.0.1",
            "received_by": "c-store",
            "study_instance_uid": f"2.25.{number}",
            "sop_class_uid": SR,
            "sop_instance_uid": f"{ORIGINAL_UID}.7.{number}",
            "transfer_syntax_uid": "1.2.840.10008.1.2.1",
            "digest": f"{number:064}",
            "blob": "none",
            "size": 1,
            "case_id": case_id,
            "study_id": session.get_one(Case, case_id).study_id if case_id else None,
            "look_again_at": now,
            "received_at": now,
            "reached_at": now,
        }
        row = Reply(**(values | columns))
        session.add(row)
        session.flush()
        assert row.id is not None
        return row.id


def state_of(web: WebGateway, reply_id: int) -> str:
    """The state in the records."""
    with web.database.read() as session:
        return reply_rows.reply(session, reply_id).state


def test_a_held_object_is_shown_with_its_problem_and_fix_and_no_uid(web: WebGateway) -> None:
    """On the page of replies and, when its case is known, on the case's page."""
    case_id = web.case()
    came(web, case_id, problem=f"It refers to {ORIGINAL_UID}.", fix="Ask the reading site.")
    for path in ("/replies", f"/cases/{case_id}"):
        page = web.client("lead").get(path).text
        assert "Ask the reading site." in page
        assert "Comprehensive SR" in page
        assert ORIGINAL_UID not in page
    told = web.client("lead").get(f"/api/cases/{case_id}").json()["replies"]
    assert [(one["kind"], one["state"]) for one in told] == [("Comprehensive SR", "RECEIVED")]
    assert ORIGINAL_UID not in web.client("lead").get("/api/replies").text


def test_objects_of_no_case_are_for_those_who_see_every_site(web: WebGateway) -> None:
    """A coordinator sees what came for the own site, and nothing of another's or of nobody's."""
    stray = came(web, problem="It fits nothing.", fix="Discard it.")
    north, south = came(web, web.case(site="north")), came(web, web.case(site="south"))
    listed = {one["id"] for one in web.client("lead").get("/api/replies").json()["replies"]}
    assert {stray, north, south} <= listed
    seen = {one["id"] for one in web.client("north").get("/api/replies").json()["replies"]}
    assert north in seen
    assert not seen & {stray, south}
    assert web.client("reader").get("/replies").status_code == 403


def test_a_lead_tries_again_or_discards_with_a_reason(web: WebGateway) -> None:
    """Both change the records and the audit trail; without a reason nothing is discarded."""
    again, gone = came(web, problem="a", fix="b"), came(web, problem="a", fix="b")
    lead = web.client("lead")
    assert lead.post(f"/replies/{again}/retry").headers["location"] == "/replies"
    assert lead.post(f"/replies/{gone}/discard", data={"why": " "}).status_code == 400
    assert state_of(web, gone) == ReplyState.RECEIVED
    assert lead.post(f"/replies/{gone}/discard", data={"why": "sent by mistake"}).status_code == 303
    assert state_of(web, gone) == ReplyState.DISCARDED
    with web.database.read() as session:
        assert reply_rows.reply(session, again).problem == ""
    events = [(event.who, event.action) for event in audit_events(web.database)]
    assert events[-2:] == [("lead", "reply retried"), ("lead", "reply discarded")]
    assert lead.post(f"/api/replies/{gone}/discard", json={"why": "again"}).status_code == 409
    assert lead.post(f"/api/replies/{again}/discard", json={"why": "  "}).status_code == 422
    assert state_of(web, again) == ReplyState.RECEIVED
    for login in ("reader", "north"):
        assert web.client(login).post(f"/replies/{again}/retry").status_code == 403


def test_the_reading_sites_report_shows_in_the_queue_until_it_is_counted(web: WebGateway) -> None:
    """The open case says that a report came; a lead can end it with that report, a reader cannot."""
    case_id = web.case()
    reply_id = came(web, case_id, state=ReplyState.CONFIRMED, is_report=True)
    row = next(one for one in web.client("lead").get("/api/queue").json()["cases"] if one["id"] == case_id)
    assert row["site_report"] is True
    assert "reading site reported" in web.client("reader").get("/").text
    assert "Count it as the report" in web.client("lead").get(f"/cases/{case_id}").text
    assert "Count it as the report" not in web.client("reader").get(f"/cases/{case_id}").text
    assert web.client("reader").post(f"/replies/{reply_id}/report").status_code == 403
    assert web.client("lead").post(f"/replies/{reply_id}/report").headers["location"] == f"/cases/{case_id}"
    with web.database.read() as session:
        assert case_rows.case(session, case_id).state == CaseState.CONFIRMED


def test_what_came_for_an_upload_waits_on_its_page_for_its_own_site(web: WebGateway) -> None:
    """With the original identity: for the uploader's site only, each time audited; never for a PACS's study."""
    uploaded, by_pacs = web.case(received_by="upload"), web.case()
    web.context.blobs.put("replies/home.dcm", b"the object")
    columns: dict[str, Any] = {"state": ReplyState.CONFIRMED, "restored": {"blob": "replies/home.dcm"}}
    mine, other = came(web, uploaded, **columns), came(web, by_pacs, **columns)
    with web.database.read() as session:
        study = session.get_one(Case, uploaded).study_id
        others = session.get_one(Case, by_pacs).study_id
        assert session.get_one(Study, study).sender == ""
    address = f"/upload/{study}/reply-{mine}.dcm"
    assert address in web.client("north").get(f"/upload/{study}").text
    assert "The report is ready" not in web.client("north").get(f"/upload/{study}").text
    answer = web.client("north").get(address)
    assert (answer.status_code, answer.content) == (200, b"the object")
    assert web.client("south").get(address).status_code == 404
    assert web.client("lead").get(address).status_code == 403
    assert web.client("north").get(f"/upload/{others}/reply-{other}.dcm").status_code == 404
    assert web.client("north").get(f"/upload/{others}/reply-{mine}.dcm").status_code == 404
    with web.database.read() as session:
        asked = select(AuditEvent).where(AuditEvent.action == "reply downloaded")
        assert [event.who for event in session.exec(asked)] == ["north"]


def test_metrics_count_replies_by_state_and_those_held(web: WebGateway) -> None:
    """A monitoring system can ring when something waits for a person."""
    came(web, problem="It fits nothing.", fix="Discard it.")
    text = web.metrics()
    with web.database.read() as session:
        counts = numbers.counts(session)
    assert f'gateway_parked{{unit="reply"}} {float(counts["parked_reply"])}' in text
    assert f'gateway_replies{{state="RECEIVED"}} {float(counts["reply_RECEIVED"])}' in text


MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d|\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d UTC")


def test_who_sees_pseudonyms_alone_sees_no_moment_of_an_arrival(web: WebGateway) -> None:
    """Beside a shifted date it would tell the shift: queue, case, journal, studies, replies, page and JSON."""
    case_id = web.case()
    came(web, case_id)
    paths = [
        "/",
        "/queue/rows",
        "/api/queue",
        "/studies",
        "/api/studies",
        "/replies",
        "/api/replies",
        "/conflicts",
    ]
    paths += [
        f"{api}/cases/{case_id}{more}"
        for api, more in (
            ("", ""),
            ("/api", ""),
            ("/api", "/report"),
            ("/api", "/held"),
            ("/api", "/manifests"),
        )
    ]
    for login in ("reader", "lead"):
        for path in paths:
            assert MOMENT.findall(web.client(login).get(path).text) == [], (login, path)
    told = web.client("north").get(f"/api/cases/{case_id}").json()
    assert MOMENT.match(told["created_at"])
    assert MOMENT.search(web.client("north").get(f"/cases/{case_id}").text)
    assert web.client("reader").get(f"/api/cases/{case_id}").json()["created_at"] == "less than 1 h ago"
