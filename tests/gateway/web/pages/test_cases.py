"""One case: what its JSON tells, outcomes summed, and what people may do with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.records.tables.cases import Delivery
from support.web_gateway import ORIGINAL_UID, WebGateway


def delivered(web: WebGateway, case_id: int, *rows: tuple[str, str, str, str, int]) -> None:
    """Outcomes of a case: direction, node, outcome, detail and seconds ago."""
    with web.database.write("test_deliveries") as session:
        now = web.database.now(session)
        for number, (direction, node, outcome, detail, ago) in enumerate(rows):
            session.add(
                Delivery(
                    case_id=case_id,
                    direction=direction,
                    node=node,
                    sop_instance_uid=f"2.25.{case_id}.{number}",
                    outcome=outcome,
                    detail=detail,
                    at=now - timedelta(seconds=ago),
                )
            )


def test_equal_outcomes_are_one_line_with_their_number_and_the_last_moment(web: WebGateway) -> None:
    """Per direction, node, outcome and reason: what differs is a line of its own."""
    case_id = web.case()
    delivered(
        web,
        case_id,
        ("forward", "reading-site", "accepted", "", 300),
        ("forward", "reading-site", "accepted", "", 10),
        ("forward", "reading-site", "accepted", "", 200),
        ("forward", "reading-site", "refused", f"no context for MR.{ORIGINAL_UID}", 100),
        ("return", "hospital", "accepted", "", 50),
    )
    client = web.client("admin")
    lines = client.get(f"/api/cases/{case_id}").json()["deliveries"]
    assert [(one["direction"], one["node"], one["outcome"], one["objects"]) for one in lines] == [
        ("forward", "reading-site", "accepted", 3),
        ("forward", "reading-site", "refused", 1),
        ("return", "hospital", "accepted", 1),
    ]
    assert lines[0]["at"] > lines[2]["at"] > lines[1]["at"]
    assert lines[1]["detail"] == "no context for MR.(UID withheld)"
    page = client.get(f"/cases/{case_id}").text
    assert page.count("no context for") == 1


def test_the_json_of_a_case_is_one_of_the_queue_and_more(web: WebGateway) -> None:
    """A program that reads the queue reads the case alike; nothing of the study's own columns is among it."""
    case_id = web.case()
    told = web.client("reader").get(f"/api/cases/{case_id}").json()
    [queued] = [one for one in web.client("reader").get("/api/queue").json()["cases"] if one["id"] == case_id]
    assert told | queued == told
    assert [line["reached"] for line in told["journal"]] == ["RECEIVED", "MATCHED", "PREPARED", "FORWARDED"]
    assert (told["signed"], told["draft_version"], told["overrule"], told["letter"]) == (None, 0, None, "")
    assert not {"study_instance_uid", "patient_hash", "address"} & set(told)


def test_a_claim_is_prolonged_by_its_holder(web: WebGateway) -> None:
    """From now on, as long as the settings say; another reader is told who holds it."""
    case_id = web.case()
    reader = web.client("reader")
    first = reader.post(f"/api/cases/{case_id}/claim").json()["claimed_until"]
    assert reader.post(f"/api/cases/{case_id}/claim").json()["claimed_until"] >= first
    refused = web.client("second").post(f"/cases/{case_id}/claim")
    assert refused.status_code == 409
    assert "Dr. Reader" in refused.text


@pytest.mark.parametrize("action", ["claim", "release", "park", "retry"])
def test_nobody_acts_on_another_sites_case(web: WebGateway, action: str) -> None:
    """It is not there for them; whoever has the right at every site is not held up."""
    web.add(f"lead-{action}", "lead", "south")
    case_id = web.case(site="north", problem="x", fix="y")
    answer = web.client(f"lead-{action}").post(f"/cases/{case_id}/{action}", data={"why": "a reason"})
    assert answer.status_code == 404
    assert web.client("lead").get(f"/api/cases/{case_id}").json()["problem"] == "x"


def test_parking_without_a_reason_shows_the_case_again(web: WebGateway) -> None:
    """With what is missing; the case goes on."""
    case_id = web.case()
    answer = web.client("lead").post(f"/cases/{case_id}/park", data={"why": "  "})
    assert answer.status_code == 422
    assert "Parking needs a reason." in answer.text
    assert web.client("lead").get(f"/api/cases/{case_id}").json()["problem"] == ""


def test_a_long_reason_is_kept_in_part(web: WebGateway) -> None:
    """Five hundred characters: a reason, not an essay."""
    case_id = web.case()
    web.client("lead").post(f"/cases/{case_id}/park", data={"why": "x" * 600})
    assert web.client("lead").get(f"/api/cases/{case_id}").json()["problem"].count("x") == 500
