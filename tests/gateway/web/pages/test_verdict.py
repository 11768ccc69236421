"""The protocol verdict on pages and as JSON: a reader overrules it, the sender's site is told what to send again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.lifecycle import CaseState
from gateway.records.accounts import Viewer
from gateway.records.tables.cases import Case
from gateway.web.foundation.case_access import open_case
from gateway.web.pages.verdict import may_judge
from routing_rules.protocol.assessment import assess
from routing_rules.series.series import SeriesFacts, SeriesKind
from support.web_gateway import ORIGINAL_UID, WebGateway

FLAIR = "Send a FLAIR series of the whole brain"


def _verdict() -> dict[str, Any]:
    """What routing keeps of a study that has a T2 and diffusion but no FLAIR."""
    described: dict[str, Any] = {
        "modality": "MR",
        "description": "Müller",
        "confidence": 0.95,
        "series_number": 3,
    }
    t2 = SeriesFacts(ORIGINAL_UID, kind=SeriesKind.T2, slice_thickness_mm=3.0, **described)
    dwi = SeriesFacts(
        f"{ORIGINAL_UID}.4", kind=SeriesKind.DWI, slice_thickness_mm=4.0, b_values=(0.0, 1000.0), **described
    )
    return assess([t2, dwi], suspected=False).to_json()


def _limited(web: WebGateway, **columns: Any) -> int:
    return web.case(readability="not_readable", verdict=_verdict(), **columns)


def _study_of(web: WebGateway, case_id: int) -> int:
    with web.database.read() as session:
        return session.get_one(Case, case_id).study_id


def _judge(web: WebGateway, login: str, case_id: int, **body: Any) -> int:
    wanted = {"readability": "readable_with_limits", "why": "an older FLAIR is there", **body}
    return web.client(login).post(f"/api/cases/{case_id}/verdict", json=wanted).status_code


def test_the_holder_overrules_on_the_page(web: WebGateway) -> None:
    """The form is there only with the claim; afterwards page, queue and report form show both verdicts."""
    case_id = _limited(web)
    reader = web.client("reader")
    assert "Judge it otherwise" not in reader.get(f"/cases/{case_id}").text
    reader.post(f"/api/cases/{case_id}/claim")
    assert "Judge it otherwise" in reader.get(f"/cases/{case_id}").text
    form = {"readability": "readable_with_limits", "why": "an older FLAIR is there", "generation": "1"}
    answer = reader.post(f"/cases/{case_id}/verdict", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{case_id}")
    for path in (f"/cases/{case_id}", f"/cases/{case_id}/report"):
        page = reader.get(path).text
        assert "reader judged: Readable with limits" in page, path
        assert "an older FLAIR is there" in page, path
    assert "judged by a reader; found: Not readable" in reader.get("/").text
    told = reader.get(f"/api/cases/{case_id}").json()
    assert (told["readability"], told["overruled"]) == ("not_readable", "readable_with_limits")
    assert told["overrule"] | {"at": ""} == {
        "readability": "readable_with_limits",
        "why": "an older FLAIR is there",
        "by": "reader",
        "at": "",
    }


def test_only_the_holder_or_a_lead_overrules(web: WebGateway) -> None:
    """A reader without the claim is told so, a coordinator may not, a lead may; after the signature nobody may."""
    case_id = _limited(web)
    assert _judge(web, "second", case_id) == 409
    assert _judge(web, "north", case_id) == 403
    assert _judge(web, "lead", case_id) == 204
    assert _judge(web, "lead", case_id, readability="readable", generation=9) == 409
    signed = _limited(web, state=CaseState.CONFIRMED)
    assert _judge(web, "lead", signed) == 409
    assert "Judge it otherwise" not in web.client("lead").get(f"/cases/{signed}").text


@pytest.mark.parametrize(
    "body",
    [{"why": "  "}, {"readability": "good enough"}, {"readability": "not_readable"}, {"why": "x" * 501}],
)
def test_a_judgement_that_says_nothing_is_refused(web: WebGateway, body: dict[str, Any]) -> None:
    """Without a reason, with an unknown verdict, or with the one that stands: 422, and nothing changes."""
    case_id = _limited(web)
    assert _judge(web, "lead", case_id, **body) == 422
    assert web.client("lead").get(f"/api/cases/{case_id}").json()["overrule"] is None
    form = {"readability": "", "why": ""} | {key: value for key, value in body.items() if len(value) < 500}
    assert web.client("lead").post(f"/cases/{case_id}/verdict", data=form).status_code == 422


def test_a_pollers_etag_changes_with_the_judgement(web: WebGateway) -> None:
    """The queue tells of it without a reload."""
    case_id = _limited(web)
    client = web.client("lead")
    etag = {"If-None-Match": client.get("/api/queue").headers["etag"]}
    assert client.get("/api/queue", headers=etag).status_code == 304
    assert _judge(web, "lead", case_id) == 204
    assert client.get("/api/queue", headers=etag).status_code == 200


def test_the_senders_site_is_told_what_to_send_again(web: WebGateway) -> None:
    """On its page of studies, of the upload and of the case, and as JSON; no UID, no description."""
    case_id = _limited(web, received_by="upload")
    study_id = _study_of(web, case_id)
    north = web.client("north")
    for path in ("/studies", f"/upload/{study_id}", f"/cases/{case_id}"):
        page = north.get(path).text
        assert FLAIR in page, path
        assert ORIGINAL_UID not in page, path
        assert "PML cannot be excluded" in page, path
    listed = north.get("/api/studies").json()["studies"]
    [study] = [one for one in listed if one["id"] == study_id]
    assert study["case_ids"] == [case_id]
    assert study["cases"][0]["readability"] == "not_readable"
    assert study["cases"][0]["letter"].startswith("The study is not readable for the question")
    assert FLAIR in north.get(f"/api/cases/{case_id}").json()["letter"]


def test_a_readable_study_asks_for_nothing(web: WebGateway) -> None:
    """Found so, or judged so by a reader; one judged not readable says the reader's reason."""
    fine = web.case()
    assert web.client("north").get(f"/api/cases/{fine}").json()["letter"] == ""
    case_id = _limited(web)
    assert _judge(web, "lead", case_id, readability="readable", why="the FLAIR is in series 9") == 204
    assert web.client("north").get(f"/api/cases/{case_id}").json()["letter"] == ""
    assert _judge(web, "lead", fine, readability="not_readable", why="blurred by motion") == 204
    letter = web.client("north").get(f"/api/cases/{fine}").json()["letter"]
    assert "is not readable for the question" in letter
    assert "A reader judged so: blurred by motion" in letter


def test_another_site_sees_neither_letter_nor_case(web: WebGateway) -> None:
    """Not by page, not by JSON."""
    case_id = _limited(web)
    south = web.client("south")
    assert south.get(f"/api/cases/{case_id}").status_code == 404
    assert FLAIR not in south.get("/studies").text


def test_every_case_of_a_study_is_shown(web: WebGateway) -> None:
    """Two destinations are two cases: both on the page of studies and on the upload's page, each with its verdict."""
    first = _limited(web, received_by="upload", destination="reader-a")
    study_id = _study_of(web, first)
    second = web.case(destination="reader-b", received_by="upload")
    with web.database.write("test_two_cases") as session:
        session.get_one(Case, second).study_id = study_id
    north = web.client("north")
    for path in ("/studies", f"/upload/{study_id}"):
        page = north.get(path).text
        for shown in (f'href="/cases/{first}"', f'href="/cases/{second}"', "reader-a", "reader-b"):
            assert shown in page, (path, shown)
    [study] = [one for one in north.get("/api/studies").json()["studies"] if one["id"] == study_id]
    assert [one["destination"] for one in study["cases"]] == ["reader-a", "reader-b"]


@pytest.mark.parametrize("state", CaseState)
def test_who_may_judge_until_the_report_is_signed(web: WebGateway, state: CaseState) -> None:
    """Its holder and a lead; nobody afterwards, and nobody a forgotten case."""
    holder, lead, other = (
        Viewer(number, name, name, role, "")
        for number, name, role in ((41, "holder", "reader"), (42, "lead", "lead"), (43, "other", "reader"))
    )
    before = state in (CaseState.MATCHED, CaseState.PREPARED, CaseState.FORWARDED)
    opened = open_case(web.context, holder, web.case(state))
    mine = replace(opened, claimed=True, mine=True)
    assert (may_judge(holder, mine), may_judge(lead, opened), may_judge(other, opened)) == (
        before,
        before,
        False,
    )
    now = opened.now
    gone = replace(mine, page=replace(mine.page, row=replace(mine.page.row, forgotten_at=now)))
    assert not may_judge(holder, gone)
    assert not may_judge(lead, gone)
