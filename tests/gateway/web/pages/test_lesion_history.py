"""A second study of a patient: its form begins with the lesions of the first report, and growth is computed."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Identity, Study
from gateway.reporting.example import phantom_form
from gateway.web.pages.lesion_history import told_before
from support.web_gateway import PASSWORD, WebGateway

#: What the phantom was compared with was never sent here.
NO_PRIOR_HERE = {"reasons.prior_not_here": "Compared with the films."}
SIGNED = phantom_form() | NO_PRIOR_HERE


@pytest.fixture(autouse=True)
def called_now() -> None:
    """The call is made while the study is here: in the test, not when the tests were collected."""
    SIGNED.update(phantom_form(told_at=datetime.now(UTC)) | NO_PRIOR_HERE)


def study_of_patient(web: WebGateway, day: str, patient: str) -> int:
    """A claimed case of this patient's study of a day (YYYYMMDD)."""
    case_id = web.case()
    with web.database.write("test_patient") as session:
        identity = session.exec(select(Identity).where(Identity.patient_hash == patient)).first()
        if identity is None:
            now = web.database.now(session)
            identity = Identity(
                patient_hash=patient,
                pseudonym=f"PML-{patient}",
                scheme=2,
                site="north",
                sealed=b"x",
                key_id="k",
                created_at=now,
            )
            session.add(identity)
            session.flush()
        case = session.get(Case, case_id)
        assert case is not None
        session.execute(update(Case).where(col(Case.id) == case_id).values(identity_id=identity.id))
        session.execute(update(Study).where(col(Study.id) == case.study_id).values(study_date=day))
    assert web.client("reader").post(f"/api/cases/{case_id}/claim").status_code == 200
    return case_id


def signed(web: WebGateway, case_id: int, **changes: str) -> list[dict[str, Any]]:
    """The lesions of the report that was signed, as it is stored."""
    changes = {"long_axis_mm": "31"} | changes
    form = {**SIGNED, **{f"lesions.0.{name}": value for name, value in changes.items()}}
    if changes.get("time_course") != "new":
        form["new_lesion"] = "absent"
    answer = web.client("reader").post(
        f"/api/cases/{case_id}/sign", json={"password": PASSWORD, "form": form}
    )
    assert answer.status_code == 201, answer.text
    lesions: list[dict[str, Any]] = (
        web.client("reader").get(f"/api/cases/{case_id}/report").json()["report"]["lesions"]
    )
    return lesions


def test_a_lesion_is_the_same_in_the_next_report_and_its_growth_is_shown(web: WebGateway) -> None:
    """Number and tracking UID stay; the form shows what was measured, then how much it grew per month."""
    first = study_of_patient(web, "20260101", "grows")
    (before,) = signed(web, first, time_course="new")
    assert (before["number"], before["prior"]) == (1, None)
    assert before["tracking_uid"].startswith("2.25.")

    second = study_of_patient(web, "20260302", "grows")
    client = web.client("reader")
    page = html.unescape(client.get(f"/cases/{second}/report").text)
    assert "In the prior report, 60 days earlier: Long axis 31 mm." in page
    assert 'name="lesions.0.number" inputmode="decimal" value="1"' in page
    forged = {"number": "1", "long_axis_mm": "41", "time_course": "increase", "prior.days": "1"}
    (after,) = signed(web, second, **forged)
    assert after["tracking_uid"] == before["tracking_uid"]
    assert after["prior"] == {"days": 60, "time_course": "new", "long_axis_mm": "31", "volume_cm3": None}
    shown = html.unescape(client.get(f"/cases/{second}/report").text)
    assert "Change of long axis since prior report: +10.000 mm" in shown
    assert "Change of long axis per month since prior report: +5.07 mm/mo" in shown


def test_a_time_course_against_the_measures_is_not_signed_without_a_reason(web: WebGateway) -> None:
    """The reader is asked why; the prior measure comes from the record, not from the form."""
    signed(web, study_of_patient(web, "20260101", "shrinks"), time_course="new")
    second = study_of_patient(web, "20260302", "shrinks")
    lesion = {"lesions.0.number": "1", "lesions.0.long_axis_mm": "20", "lesions.0.time_course": "increase"}
    form = {**SIGNED, **lesion, "new_lesion": "absent"}
    client = web.client("reader")
    refused = client.post(f"/api/cases/{second}/sign", json={"password": PASSWORD, "form": form})
    assert refused.status_code == 422
    assert "time course" in refused.text
    told = {**form, "reasons.course_against_measures": "Wider, not longer."}
    answer = client.post(f"/api/cases/{second}/sign", json={"password": PASSWORD, "form": told})
    assert answer.status_code == 201, answer.text


def test_the_lesions_of_another_patient_or_a_later_study_are_none_of_its(web: WebGateway) -> None:
    """Only an earlier study of the same patient is a prior."""
    signed(web, study_of_patient(web, "20260301", "other"), time_course="new")
    for day, patient in (("20260302", "alone"), ("20260101", "other")):
        case_id = study_of_patient(web, day, patient)
        assert "In the prior report" not in web.client("reader").get(f"/cases/{case_id}/report").text


def test_what_is_typed_and_is_no_number_has_not_grown() -> None:
    """A half-written measure breaks no page."""
    content = {
        "lesions.0.prior.days": "30",
        "lesions.0.prior.long_axis_mm": "24",
        "lesions.0.volume_cm3": "1e99",
    }
    for typed in ("", "3..", "NaN", "-Infinity", "1e999999"):
        (line,) = told_before("lesions.0", {**content, "lesions.0.long_axis_mm": typed})
        assert line == "In the prior report, 30 days earlier: Long axis 24 mm."
    assert list(told_before("lesions.0", {"lesions.0.prior.days": "x"})) == []


def test_a_resolved_lesion_is_told_as_resolved() -> None:
    """What has gone was not “present, not measured”."""
    content = {"lesions.0.prior.days": "30", "lesions.0.prior.time_course": "resolved"}
    assert list(told_before("lesions.0", content)) == ["In the prior report, 30 days earlier: resolved."]


def test_a_form_without_comparison_tells_no_growth() -> None:
    """The page says what the report will say."""
    content = {
        "lesions.0.prior.days": "30",
        "lesions.0.prior.long_axis_mm": "20",
        "lesions.0.long_axis_mm": "30",
    }
    told = {
        done: len(list(told_before("lesions.0", content | {"comparison.done": done})))
        for done in ("", "yes", "no", "no_prior")
    }
    assert told == {"": 4, "yes": 4, "no": 1, "no_prior": 1}
