"""The surveillance calendar for programs: what they send is what a form has, what they get is plain JSON."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.records.calendar import PatientRow
from gateway.web.api.surveillance import EnrolmentBody, RiskBody, patient_json
from gateway.web.foundation.enrolling import as_cell
from routing_rules.surveillance.due_dates import ReportWish, status
from routing_rules.surveillance.enrolment_csv import read_risk
from routing_rules.surveillance.risk import JcvStatus, PatientRisk
from routing_rules.surveillance.treatments import read_treatments
from routing_rules.surveillance.windows import LastMris
from support.records import NONE_DECLARED

TODAY = date(2026, 3, 1)


def row(risk: PatientRisk, last: date | None = None, **columns: Any) -> PatientRow:
    """A patient as the records have one."""
    wishes = [ReportWish(date(2026, 2, 20), 14, 28)] if columns.pop("asked", False) else []
    values: dict[str, Any] = {
        "id": 7,
        "site": "north",
        "label": "r1",
        "pseudonym": "PML-AAAA",
        "risk": risk,
        "said_last_mri_on": last,
        "last_mri_on": last,
        "last_full_mri_on": risk.last_full_mri_on or last,
        "status": status(TODAY, risk, LastMris(last, last), wishes, NONE_DECLARED.default),
        "guideline": NONE_DECLARED.default.title,
        "waiting": False,
        "problem": "",
        "fix": "",
        "enrolled_by": "north",
        "told_on": None,
        "ended_on": None,
        "ended_because": "",
    }
    return PatientRow(**(values | columns))


def test_what_is_read_of_a_patient_can_be_sent_back_unchanged() -> None:
    """GET, then PUT of the same risk: nothing is changed, and nothing unknown becomes known."""
    risk = PatientRisk(
        jcv_status=JcvStatus.POSITIVE,
        jcv_index=1.5,
        months_on_natalizumab=30.0,
        recorded_on=date(2026, 1, 1),
        prior_immunosuppression=None,
        dosing_interval_weeks=6.0,
        enrolled_on=date(2023, 1, 1),
        tested_on=date(2026, 1, 4),
        treatments=read_treatments("ocrelizumab 2026-02-01/.., plasma_exchange 2026-01-20"),
        last_full_mri_on=date(2025, 12, 1),
    )
    told = json.loads(json.dumps(patient_json(row(risk, date(2026, 1, 5)))))
    body = RiskBody.model_validate(told["risk"] | {"label": told["label"]})
    read, last, label, problems = read_risk(body.cells(), TODAY)
    assert problems == ()
    assert (read, last, label) == (risk, date(2026, 1, 5), "r1")


def test_a_patient_is_told_with_dates_and_their_reason() -> None:
    """ISO 8601; by which rule and source the next MRI is due."""
    told = patient_json(row(PatientRisk(enrolled_on=date(2020, 1, 1)), date(2025, 1, 1)))
    assert told["state"] == "overdue"
    assert told["days_overdue"] > 0
    assert date.fromisoformat(told["due_by"]) < TODAY
    assert told["rule"]
    assert told["source"]
    assert told["explanation"]


def test_whom_the_worker_has_not_looked_at_has_no_state() -> None:
    """Nobody knows yet whether an MRI was seen."""
    told = patient_json(row(PatientRisk(), waiting=True, problem="It cannot be opened.", fix="Enrol again."))
    assert (told["state"], told["waiting"], told["fix"]) == (None, True, "Enrol again.")


def test_no_field_of_a_patient_names_one() -> None:
    """Neither PatientID nor issuer, which are sealed, nor the hash that stands for them."""
    assert not {"patient_id", "issuer", "patient_hash", "letter"} & set(patient_json(row(PatientRisk())))


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "patient_id"),
        ({"patient_id": ""}, "patient_id"),
        ({"patient_id": "x" * 65}, "patient_id"),
        ({"patient_id": "P1", "jcv": "pos"}, "jcv"),
        ({"patient_id": "P1", "jcv_status": "perhaps"}, "jcv_status"),
        ({"patient_id": "P1", "last_mri_on": "5.1.2026"}, "last_mri_on"),
    ],
)
def test_a_body_that_is_wrong_is_refused_at_its_field(body: dict[str, object], wrong: str) -> None:
    """A misspelt field would otherwise be a risk that nobody knows."""
    with pytest.raises(ValidationError) as refused:
        EnrolmentBody.model_validate(body)
    assert [error["loc"][0] for error in refused.value.errors()] == [wrong]


def test_what_is_left_out_is_not_known() -> None:
    """Never no, never zero."""
    cells = EnrolmentBody(patient_id="P1").cells()
    assert cells.pop("patient_id") == "P1"
    assert cells.pop("jcv_status") == as_cell(JcvStatus.UNKNOWN)
    assert set(cells.values()) == {""}
