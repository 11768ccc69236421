"""The rule of the calendar that a reader sees beside the recommendation: an interval, and never a date."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from gateway.records.database import Database
from gateway.records.ledger.enrolments import NewEnrolment, end_enrolment, enrol, keep_opened
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Study
from gateway.records.views.own_rule import own_rule
from routing_rules.surveillance.guidelines import standard_table
from routing_rules.surveillance.risk import JcvStatus, PatientRisk
from support.records import NONE_DECLARED, FakeClock, matched_case

HIGH = {
    "jcv_status": JcvStatus.POSITIVE,
    "jcv_index": 2.0,
    "months_on_natalizumab": 30.0,
    "recorded_on": date(2026, 1, 1),
    "prior_immunosuppression": False,
}
LOW = {
    "jcv_status": JcvStatus.NEGATIVE,
    "tested_on": date(2026, 1, 20),
    "months_on_natalizumab": 12.0,
    "recorded_on": date(2026, 1, 1),
}
OLD = {**LOW, "tested_on": date(2025, 1, 20), "months_on_natalizumab": 30.0}


def shown(
    database: Database, clock: FakeClock, *, patient: str = "hash", day: str = "20260210", **risk: Any
) -> str:
    """What the page of a case says of its patient, who is enrolled with this risk."""
    [number] = enrol(database, [NewEnrolment("hospital", "", b"letter", PatientRisk(**risk), None)], "carla")
    keep_opened(database, number, "hash", "PML-A")
    case_id = matched_case(database, clock)
    with database.write("test") as session:
        study = session.get_one(Study, session.get_one(Case, case_id).study_id)
        study.patient_hash, study.study_date = patient, day
        session.get_one(Case, case_id).shows = " ".join(sorted(standard_table().full_mri.sequences))
    return of_page(database, case_id)


def of_page(database: Database, case_id: int) -> str:
    """What the form of a case says."""
    with database.read() as session:
        return own_rule(session, session.get_one(Case, case_id).study_id, NONE_DECLARED)


@pytest.mark.parametrize(
    ("risk", "told"),
    [
        (HIGH, "3 to 4 months after this one: antibodies against JC virus and 18 or more months"),
        (LOW, "12 months after this one: no antibodies against JC virus"),
        (OLD, "Assumed: the negative antibody test is older than 6 months, taken as positive"),
        ({}, "Assumed: JC virus status is not known, taken as positive"),
    ],
)
def test_the_rule_of_an_enrolled_patient_is_an_interval_with_its_source(
    database: Database, clock: FakeClock, risk: dict[str, Any], told: str
) -> None:
    """As the calendar reckons it from the risk that the site entered, and what it took for granted."""
    said = shown(database, clock, **risk)
    assert told in said
    assert "MAGNIMS 2015" in said


@pytest.mark.parametrize(
    "shows", ["dwi flair", "dwi flair t1- t2", ""], ids=["short", "T1 of one image", "unknown"]
)
def test_after_an_mri_that_may_be_short_the_full_one_is_still_asked_for(
    database: Database, clock: FakeClock, shows: str
) -> None:
    """An abbreviated MRI stops one clock only, and what was not recognised is not taken for a full one."""
    shown(database, clock, **LOW)
    with database.write("test") as session:
        case = session.exec(select(Case)).one()
        case.shows = shows
        case_id = case.saved_id
    assert "the next MRI 0 to 12 months after this one: every patient on natalizumab: a full MRI" in of_page(
        database, case_id
    )


@pytest.mark.parametrize("risk", [HIGH, OLD])
def test_it_has_no_date(database: Database, clock: FakeClock, risk: dict[str, Any]) -> None:
    """Beside shifted dates a real one would tell the shift."""
    assert not re.search(r"202\d-?\d\d", shown(database, clock, **risk))


@pytest.mark.parametrize(
    "other", [{"patient": "another hash"}, {"patient": ""}, {"day": "none"}, {"day": ""}]
)
def test_nothing_is_said_where_nothing_is_known(
    database: Database, clock: FakeClock, other: dict[str, Any]
) -> None:
    """A patient whom nobody enrolled, a study without a number or without a date."""
    assert shown(database, clock, **other, **HIGH) == ""


def test_a_patient_who_was_taken_off_has_no_rule(database: Database, clock: FakeClock) -> None:
    """The calendar no longer watches them."""
    case_id = matched_case(database, clock)
    [number] = enrol(database, [NewEnrolment("hospital", "", b"letter", PatientRisk(), None)], "carla")
    keep_opened(database, number, "hash", "PML-A")
    with database.write("test") as session:
        study = session.get_one(Study, session.get_one(Case, case_id).study_id)
        study.patient_hash, study.study_date = "hash", "20260210"
    assert of_page(database, case_id)
    end_enrolment(database, number, "carla", "moved away")
    assert of_page(database, case_id) == ""
