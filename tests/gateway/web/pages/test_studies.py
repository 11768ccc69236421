"""The page of received studies: why, and what a person may decide."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Study
from routing_rules.facts import StudyFacts
from routing_rules.matching import match
from routing_rules.rule_files import rules_from_text
from support.web_gateway import ORIGINAL_UID, RULES, WebGateway


def _study(web: WebGateway, **columns: Any) -> int:
    case_id = web.case(site="north")
    with web.database.write("test_study") as session:
        study = session.get_one(Study, session.get_one(Case, case_id).study_id)
        result = match(RULES.rules, StudyFacts(called_ae_title="GATEWAY"))
        study.explanation = [one.to_json() for one in result.explanations]
        for name, value in columns.items():
            setattr(study, name, value)
        return study.id or 0


def _row(web: WebGateway, study_id: int) -> Study:
    with web.database.read() as session:
        return session.get_one(Study, study_id)


def test_an_unmatched_study_shows_why_and_the_nearest_rule(web: WebGateway) -> None:
    """Condition by condition, to the site it came from; to programs as JSON."""
    study_id = _study(web, state="UNMATCHED")
    page = web.client("north").get("/studies").text
    assert "No rule applies" in page
    assert "found: GATEWAY" in page
    assert "Nearest rule: <b>by-address</b>" in page
    [told] = [
        one for one in web.client("north").get("/api/studies").json()["studies"] if one["id"] == study_id
    ]
    assert told["nearest_rule"]["missing"][0]["expected"] == "PML"


def test_no_original_uid_is_in_what_programs_get(web: WebGateway) -> None:
    """Problems, reasons and the nearest rule are written by steps that see originals."""
    result = match(RULES.rules, StudyFacts(called_ae_title=f"MR.{ORIGINAL_UID}"))
    study_id = _study(web, state="UNMATCHED")
    texts = dict.fromkeys(("problem", "fix", "held_because", "waiting_for"), f"See MR.{ORIGINAL_UID}.7")
    with web.database.write("test_study") as session:
        study = session.get_one(Study, study_id)
        study.explanation = [one.to_json() for one in result.explanations]
        for name, value in texts.items():
            setattr(study, name, value)
    answer = web.client("lead").get("/api/studies").text
    assert "See MR.(UID withheld)" in answer
    assert ORIGINAL_UID not in answer
    assert ORIGINAL_UID not in web.client("lead").get("/studies").text


EITHER = rules_from_text("""
rules:
  - id: either
    title: One way or the other
    when:
      all:
        - any:
            - all: [{called_ae_title: {is: PML}}, {site: {is: north}}]
            - study_description: {contains: natalizumab}
        - modalities: {contains: MR}
""")


def test_the_nearest_rule_names_the_fewest_things_that_would_have_to_differ(web: WebGateway) -> None:
    """Of two ways to meet it the shorter one, not every condition that was not met."""
    result = match(EITHER.rules, StudyFacts(called_ae_title="GATEWAY", modalities=("MR",)))
    study_id = _study(web, state="UNMATCHED", explanation=[one.to_json() for one in result.explanations])
    [told] = [
        one for one in web.client("north").get("/api/studies").json()["studies"] if one["id"] == study_id
    ]
    assert [one["fact"] for one in told["nearest_rule"]["missing"]] == ["study_description"]


def test_a_lead_routes_an_unmatched_study_by_hand(web: WebGateway) -> None:
    """With a rule and a reason; both stay in the records."""
    study_id = _study(web, state="UNMATCHED")
    lead = web.client("lead")
    assert "Route by hand" in lead.get("/studies").text
    answer = lead.post(f"/studies/{study_id}/route", data={"rule": "by-address", "why": "asked by phone"})
    assert answer.status_code == 303
    row = _row(web, study_id)
    assert row.state == "COMPLETED"
    assert row.accepted["unmatched"]["who"] == "lead"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"rule": "by-address", "why": " "}, "This needs a reason."),
        ({"rule": "nonsense", "why": "so"}, "There is no rule 'nonsense'."),
    ],
)
def test_routing_needs_a_known_rule_and_a_reason(web: WebGateway, body: dict[str, str], problem: str) -> None:
    """What is missing is said, and nothing changes."""
    study_id = _study(web, state="UNMATCHED")
    answer = web.client("lead").post(f"/api/studies/{study_id}/route", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (422, problem)
    assert _row(web, study_id).state == "UNMATCHED"


def test_a_held_study_goes_on_with_a_reason(web: WebGateway) -> None:
    """The button is there only for what a person may let pass."""
    study_id = _study(web, state="COMPLETED", problem="Another name.", fix="Ask.", held_because="other-name")
    for_good = _study(web, state="COMPLETED", problem="Two patients.", fix="Ask.")
    lead = web.client("lead")
    page = lead.get("/studies").text
    assert f"/studies/{study_id}/go-on" in page
    assert f"/studies/{for_good}/go-on" not in page
    assert lead.post(f"/api/studies/{study_id}/go-on", json={"why": "she married"}).status_code == 200
    assert _row(web, study_id).accepted["other-name"]["why"] == "she married"
    assert lead.post(f"/api/studies/{for_good}/go-on", json={"why": "so"}).status_code == 409


def test_readers_and_other_sites_decide_nothing(web: WebGateway) -> None:
    """A reader has no right; a site's own coordinator may look but not decide."""
    study_id = _study(web, state="UNMATCHED")
    body = {"rule": "by-address", "why": "so"}
    for login in ("reader", "north"):
        assert web.client(login).post(f"/api/studies/{study_id}/route", json=body).status_code == 403
    assert "Route by hand" not in web.client("north").get("/studies").text
