"""The surveillance page and its API: who sees what, enrolling one or many, dates with their reasons."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from gateway.identity.numbers import subject
from gateway.pipeline.steps import calendar as calendar_step
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.records import ledger
from gateway.records.identities import sealed_letters
from gateway.records.tables.administration import Account, AuditEvent, LetterboxKey
from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.studies import Enrolment, Study
from routing_rules.surveillance.due_dates import CalendarState
from routing_rules.surveillance.guidelines import SiteGuidelines, guideline, own_guideline
from support.web_gateway import WebGateway

KEY = PseudonymKey(b"k" * 32, "test")
TODAY = datetime.now(UTC).date()
SOURCE = "MAGNIMS 2015"
HIGH = {
    "jcv_status": "positive",
    "months_on_natalizumab": "30",
    "prior_immunosuppression": "no",
    "jcv_index": "0.5",
}


@pytest.fixture(autouse=True)
def published(web: WebGateway) -> None:
    """The worker was started once; every test begins with empty calendars."""
    ledger.publish_letterbox(web.database, KEY)
    with web.database.write("test") as session:
        for row in session.exec(select(Enrolment)):
            session.delete(row)


def opened(web: WebGateway) -> None:
    """What the worker does every few seconds."""
    calendar_step.open_letters(web.database, KEY)


def enrol(web: WebGateway, login: str = "north", **body: Any) -> int:
    """Through the API, and identified."""
    answer = web.client(login).post("/api/surveillance", json={"patient_id": "QX-777-31", **body})
    assert answer.status_code == 201, answer.text
    opened(web)
    return int(answer.json()["id"])


def days_ago(days: int) -> str:
    """A day, ISO 8601."""
    return (TODAY - timedelta(days=days)).isoformat()


def calendar(web: WebGateway, login: str = "north") -> dict[str, Any]:
    """As programs see it."""
    answer = web.client(login).get("/api/surveillance")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


class TestRights:
    """Real dates beside pseudonyms would tell the date shift to whoever reads."""

    def test_a_coordinator_sees_the_own_site_only(self, web: WebGateway) -> None:
        """An administrator sees every site; another site's entry cannot be touched."""
        mine = enrol(web, label="register 1")
        other = enrol(web, "south", label="register 2")
        assert [one["label"] for one in calendar(web)["patients"]] == ["register 1"]
        assert {one["label"] for one in calendar(web, "admin")["patients"]} == {"register 1", "register 2"}
        north = web.client("north")
        assert "register 2" not in north.get("/surveillance").text
        assert north.put(f"/api/surveillance/{other}", json={}).status_code == 404
        assert north.post(f"/api/surveillance/{other}/end", json={"why": "x"}).status_code == 404
        assert north.post(f"/surveillance/{other}/end", data={"why": "x"}).status_code == 404
        assert north.put(f"/api/surveillance/{mine}", json={"label": "register 9"}).status_code == 204

    def test_a_lead_sees_numbers_of_sites(self, web: WebGateway) -> None:
        """No patient, no date, no form."""
        enrol(web, label="register 1", last_mri_on=days_ago(700))
        told = calendar(web, "lead")
        assert set(told) == {"today", "sites"}
        [site] = told["sites"]
        assert (site["site"], site["counts"]["overdue"]) == ("north", 1)
        assert "due_by_month" not in site
        page = web.client("lead").get("/surveillance").text
        assert "register 1" not in page
        assert "PML-" not in page
        assert days_ago(700) not in page
        assert 'name="patient_id"' not in page
        assert web.client("lead").post("/api/surveillance", json={"patient_id": "P"}).status_code == 403

    def test_a_reader_sees_nothing(self, web: WebGateway) -> None:
        """Neither page nor service, nor a link to it."""
        reader = web.client("reader")
        assert reader.get("/surveillance").status_code == 403
        assert reader.get("/api/surveillance").status_code == 403
        assert "/surveillance" not in reader.get("/").text


class TestEnrolling:
    """One patient, by form or by program."""

    def test_the_identifier_cannot_be_read_back(self, web: WebGateway) -> None:
        """It is in no answer and in no row, before and after the worker opened the letter."""
        client = web.client("north")
        data = {"patient_id": "QX-777-31", "issuer": "QISS", "label": "register 7"}
        answer = client.post("/surveillance", data=data)
        assert (answer.status_code, answer.headers["location"]) == (303, "/surveillance?done=enrolled")
        for _ in range(2):
            page = client.get("/surveillance?done=enrolled").text
            assert "register 7" in page
            with web.database.read() as session:
                row = session.exec(select(Enrolment)).one()
            for secret in ("QX-777-31", "QISS"):
                assert secret not in page
                assert secret not in client.get("/api/surveillance").text
                assert secret not in str(row.model_dump())
            opened(web)
        assert calendar(web)["patients"][0]["pseudonym"] == KEY.of("north").pseudonym(
            subject("QISS", "QX-777-31", "")
        )

    def test_before_the_worker_was_started_it_says_so(self, web: WebGateway) -> None:
        """Without the published key nothing can be sealed, so nothing is kept."""
        with web.database.write("test") as session:
            session.delete(session.get_one(LetterboxKey, sealed_letters.NAME))
        answer = web.client("north").post("/api/surveillance", json={"patient_id": "P1"})
        assert answer.status_code == 503
        assert "Start the worker" in answer.json()["fix"]
        assert calendar(web)["patients"] == []

    def test_unknown_everywhere_is_taken_as_risky(self, web: WebGateway) -> None:
        """The page says what was assumed, by which rule and source."""
        enrol(web, enrolled_on=days_ago(10), last_full_mri_on=days_ago(30))
        page = web.client("north").get("/surveillance").text
        assert "JC virus status is not known, taken as positive" in page
        assert SOURCE in page
        [patient] = calendar(web)["patients"]
        assert (patient["rule"], patient["state"]) == ("NTZ-HIGH", "not_due")

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"patient_id": ""}, "patient id is empty"),
            ({"jcv_index": "high"}, "is no number"),
            ({"enrolled_on": "2031-01-01"}, "lies in the future"),
            ({"label": "QX-777-31 old"}, "contains the PatientID"),
            ({"label": "Doe^Jane"}, "looks like a name or a birth date"),
            ({"label": "born 7.4.1961"}, "looks like a name or a birth date"),
            ({"site": "south"}, "is not one you may enrol for"),
        ],
    )
    def test_what_cannot_be_read_is_told_and_the_form_stays_filled(
        self, web: WebGateway, fields: dict[str, str], words: str
    ) -> None:
        """Nothing is kept; what was entered stands in the form again."""
        answer = web.client("north").post(
            "/surveillance", data={"patient_id": "QX-777-31", "dosing_interval_weeks": "6", **fields}
        )
        assert answer.status_code == 422
        assert words in answer.text
        assert 'name="dosing_interval_weeks" value="6"' in answer.text
        assert calendar(web)["patients"] == []

    def test_a_program_gets_every_problem(self, web: WebGateway) -> None:
        """As JSON, with column and fix; a misspelt field is refused."""
        client = web.client("north")
        answer = client.post("/api/surveillance", json={"patient_id": "P1", "jcv_index": 99})
        assert answer.status_code == 422
        assert answer.json()["problems"][0]["column"] == "jcv_index"
        assert client.post("/api/surveillance", json={"patient_id": "P1", "jcv": "x"}).status_code == 422

    def test_who_sees_every_site_names_one(self, web: WebGateway) -> None:
        """A site that nobody has is a typing error."""
        admin = web.client("admin")
        for site in ("", "nroth"):
            answer = admin.post("/api/surveillance", json={"patient_id": "P1", "site": site})
            assert "north or south" in answer.json()["fix"]
        assert enrol(web, "admin", site="south")


class TestLists:
    """CSV by page and by program."""

    LIST = "patient_id;label;jcv;last_mri;phone\nP1;r1;pos;2026-01-05;1\nP2;r2;perhaps;;2\nP3;r3;neg;;3\n;r4;;;4\n"

    def test_good_lines_are_enrolled_and_bad_ones_told(self, web: WebGateway) -> None:
        """With line, column, value and fix; correcting and importing again doubles nobody."""
        client = web.client("north")
        answer = client.post("/surveillance/import", files={"file": ("list.csv", self.LIST.encode())})
        assert answer.status_code == 200
        assert "2 patients of the list enrolled" in answer.text
        assert "<b>Line 3</b>, jcv status is no JC virus status (found: perhaps)" in answer.text
        assert "<b>Line 5</b>, patient id is empty" in answer.text
        assert "Not used: phone" in answer.text
        assert "P1" not in answer.text
        opened(web)
        client.post("/api/surveillance/import", content=self.LIST.replace("perhaps", "pos"))
        opened(web)
        assert sorted(one["label"] for one in calendar(web)["patients"]) == ["r1", "r2", "r3"]

    def test_a_program_gets_numbers_and_problems(self, web: WebGateway) -> None:
        """A line for another site is a problem of that line."""
        text = "patient_id,site\nP1,north\nP2,south\n"
        told = web.client("north").post("/api/surveillance/import", content=text).json()
        assert told["enrolled"] == 1
        [problem] = told["problems"]
        assert (problem["line"], problem["column"], problem["value"]) == (3, "site", "south")

    def test_what_is_no_list_is_refused(self, web: WebGateway) -> None:
        """No file, and a file of something else."""
        client = web.client("north")
        assert client.post("/surveillance/import", data={"x": "y"}).status_code == 400
        answer = client.post("/surveillance/import", files={"file": ("x.csv", b"name\nJane\n")})
        assert answer.status_code == 422
        assert "there is no column patient_id" in answer.text


class TestCalendar:
    """What the page says."""

    def test_states_are_filtered_and_counted(self, web: WebGateway) -> None:
        """Most overdue first; every number of the plot is also text."""
        enrol(web, patient_id="A", label="late", **{**HIGH, "last_mri_on": days_ago(400)})
        enrol(web, patient_id="B", label="never", enrolled_on=days_ago(400))
        enrol(web, patient_id="C", label="fine", last_full_mri_on=days_ago(3))
        enrol(web, patient_id="D", label="due", last_mri_on=days_ago(100))
        enrol(web, patient_id="E", label="nothing known")
        told = calendar(web)
        states = [one["state"] for one in told["patients"]]
        assert states == ["unknown_data", "overdue", "missing", "due", "not_due"]
        [site] = told["sites"]
        assert site["counts"] == {str(state): 1 for state in CalendarState}
        assert sum(site["due_by_month"].values()) == 4
        client = web.client("north")
        shown = client.get("/surveillance?show=overdue").text
        assert ">late<" in shown
        assert ">fine<" not in shown
        assert 'role="img"' in shown
        assert "north: 1 no mri yet, overdue, 1 overdue" in shown
        assert client.get("/surveillance?show=nonsense").status_code == 200

    def test_a_long_list_is_found_by_label_or_pseudonym(
        self, web: WebGateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The page shows the most urgent ones and says how many more there are."""
        monkeypatch.setattr("gateway.web.pages.surveillance.MOST_ROWS", 2)
        client = web.client("north")
        client.post("/api/surveillance/import", content="patient_id,label\n1,Abel\n2,Bern\n3,Celle\n")
        opened(web)
        page = client.get("/surveillance").text
        assert "The first 2 are shown; 1 more are less urgent." in page
        assert ">Celle<" not in page
        assert ">Celle<" in client.get("/surveillance?find=cel").text
        assert (
            ">Bern<"
            in client.get(f"/surveillance?find={KEY.of('north').pseudonym(subject('', '2', ''))}").text
        )

    def test_editing_changes_the_date_at_once(self, web: WebGateway) -> None:
        """By form: unknown becomes negative, and the next MRI is a year away; the trail says what changed."""
        enrolment = enrol(web, last_full_mri_on=days_ago(30))
        form = {"label": "r1", "jcv_status": "negative", "tested_on": days_ago(40)}
        form["last_full_mri_on"] = days_ago(30)
        answer = web.client("north").post(f"/surveillance/{enrolment}", data=form)
        assert answer.status_code == 303
        [patient] = calendar(web)["patients"]
        assert (patient["rule"], patient["label"], patient["risk"]["jcv_status"]) == (
            "NTZ-LOW",
            "r1",
            "negative",
        )
        with web.database.read() as session:
            event = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
        assert event is not None
        assert (event.who, event.action, event.detail) == (
            "north",
            "enrolment edited",
            {"changed": ["jcv_status", "tested_on"]},
        )
        wrong = web.client("north").post(f"/surveillance/{enrolment}", data={"jcv_index": "x"})
        assert wrong.status_code == 422
        assert calendar(web)["patients"][0]["rule"] == "NTZ-LOW"

    def test_what_is_asked_and_what_is_not_used_stand_on_the_page(self, web: WebGateway) -> None:
        """A contradiction as a question, the guideline of the site, and the inputs that change no date under it."""
        enrol(web, jcv_status="negative", jcv_index=0.6, tested_on=days_ago(9), last_mri_on=days_ago(30))
        page = web.client("north").get("/surveillance").text
        assert "lies above the cut-off 0.4 of the assay: which is right?" in page
        assert f"Was the MRI of {days_ago(30)} a full one?" in page
        assert "None declared: the earliest of all rules" in page
        assert "Not used under this guideline: immunosuppression before, weeks between doses" in page
        [patient] = calendar(web)["patients"]
        assert len(patient["questions"]) == 2
        assert patient["guideline"] == "None declared: the earliest of all rules"

    def test_a_guideline_that_is_silent_after_natalizumab_says_so(
        self, web: WebGateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """On the page of its site; one with a rule for that time says nothing of the kind."""
        enrol(web, label="r1")
        client = web.client("north")
        silence = "has no rule for the time after natalizumab"
        assert silence not in client.get("/surveillance").text
        own = own_guideline(json.dumps({"title": "South", "use": ["NTZ-HIGH"]}))
        monkeypatch.setitem(
            vars(web.context), "guidelines", SiteGuidelines(guideline("ema-2016"), {"north": own})
        )
        assert f"<b>It {silence}" in client.get("/surveillance").text

    def test_a_wish_that_nothing_will_answer_is_closed_with_a_reason(self, web: WebGateway) -> None:
        """By page and by service, by the own site alone; who closed it and why stays to be seen, and it can return."""
        enrolment = enrol(web, patient_id="QX-777-32", label="r1", last_full_mri_on=days_ago(40))
        case_id = web.case(site="north")
        asked_on = days_ago(40)
        with web.database.write("test") as session:
            case = session.get_one(Case, case_id)
            study = session.get_one(Study, case.study_id)
            study.patient_hash = KEY.of("north").patient_hash(subject("", "QX-777-32", ""))
            study.study_date = asked_on.replace("-", "")
            session.add(
                SignedReport(
                    case_id=case_id,
                    version=1,
                    content={"suspicion": "2", "recommendations": ["add_contrast"]},
                    digest="",
                    signed_by=session.exec(select(Account.ids())).first() or 0,
                    signer_name="Rita",
                    signer_login="rita",
                    signed_at=datetime.now(UTC),
                )
            )
        client, path = web.client("north"), f"/surveillance/{enrolment}/wish"
        [patient] = calendar(web)["patients"]
        assert patient["rule"] == "REPORT-CONTRAST"
        [wish] = patient["wishes"]
        assert f'name="wish" value="{wish["wish"]}"' in client.get("/surveillance").text
        body = {"wish": wish["wish"], "why": "renal failure"}
        assert web.client("south").post(f"/api{path}", json=body).status_code == 404
        assert web.client("lead").post(f"/api{path}", json=body).status_code == 403
        assert client.post(path, data={**body, "why": " "}).status_code == 422
        assert client.post(path, data={**body, "wish": "contrast 2020-01-01"}).status_code == 404
        assert client.post(path, data={**body, "do": "close"}).status_code == 303
        [patient] = calendar(web)["patients"]
        assert (patient["rule"] != "REPORT-CONTRAST", patient["wishes"]) == (True, [])
        assert [(each["by"], each["why"]) for each in patient["closed_wishes"]] == [
            ("north", "renal failure")
        ]
        page = client.get("/surveillance").text
        assert f"Closed by north on {TODAY}: {wish['said']} Reason: renal failure" in page
        assert "Ask again" in page
        assert client.post(f"/api{path}", json=body).status_code == 404
        assert client.post(f"/api{path}", json={**body, "closed": False}).status_code == 204
        assert calendar(web)["patients"][0]["rule"] == "REPORT-CONTRAST"

    def test_treatments_are_entered_and_shown_as_one_line(self, web: WebGateway) -> None:
        """Read back as it is written; one that cannot be read says what to write."""
        line = "natalizumab 2019-03-01/2021-05-01, natalizumab 2022-01-01/.. every 6 weeks"
        enrolment = enrol(web, enrolled_on=days_ago(10), treatments=line.replace(", ", "; "))
        assert f'value="{line}"' in web.client("north").get("/surveillance").text
        [patient] = calendar(web)["patients"]
        assert (patient["risk"]["treatments"], patient["rule"]) == (line, "NTZ-HIGH")
        wrong = web.client("north").post(f"/surveillance/{enrolment}", data={"treatments": "natalizumab"})
        assert (wrong.status_code, "is no list of treatments" in wrong.text) == (422, True)

    def test_ending_needs_a_reason_and_keeps_the_entry(self, web: WebGateway) -> None:
        """It is in a view of its own, and counts no more."""
        enrolment = enrol(web, label="r1", last_mri_on=days_ago(900))
        client = web.client("north")
        assert client.post(f"/surveillance/{enrolment}/end", data={"why": " "}).status_code == 422
        assert client.post(f"/surveillance/{enrolment}/end", data={"why": "moved away"}).status_code == 303
        assert calendar(web)["sites"] == []
        page = client.get("/surveillance?show=ended").text
        assert "moved away" in page
        assert client.post(f"/api/surveillance/{enrolment}/end", json={"why": "again"}).status_code == 404

    def test_a_held_letter_shows_its_fix(self, web: WebGateway) -> None:
        """First in the list, in a view of its own; taken off, it is gone."""
        client = web.client("north")
        client.post("/api/surveillance", json={"patient_id": "P1", "label": "r1"})
        calendar_step.open_letters(web.database, PseudonymKey(b"x" * 32, "wrong"))
        page = client.get("/surveillance?show=held").text
        assert "Held: What was entered cannot be opened" in page
        assert "enrol the patient again" in page
        [patient] = calendar(web)["patients"]
        assert (patient["state"], patient["waiting"]) == (None, True)
        opened(web)
        assert calendar(web)["patients"][0]["problem"] == ""

    def test_a_received_study_counts(self, web: WebGateway) -> None:
        """Its real day is the last MRI; the page of the case still shows only the shifted one."""
        enrol(web, **HIGH)
        case_id = web.case(site="north")
        day = TODAY - timedelta(days=40)
        with web.database.write("test") as session:
            study = session.exec(select(Study).order_by(col(Study.id).desc())).first()
            assert study is not None
            study.patient_hash = KEY.of("north").patient_hash(subject("", "QX-777-31", ""))
            study.study_date = f"{day:%Y%m%d}"
            session.add(study)
        assert calendar(web)["patients"][0]["last_mri_on"] == day.isoformat()
        for path in (f"/cases/{case_id}", f"/api/cases/{case_id}", "/", "/api/queue", "/studies"):
            text = web.client("lead").get(path).text
            assert f"{day:%Y%m%d}" not in text
            assert day.isoformat() not in text
