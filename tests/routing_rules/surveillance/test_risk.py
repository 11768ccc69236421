"""What is known of a patient is read the riskier way, and said; contradictions are asked about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from routing_rules.surveillance.days import LONG_AGO
from routing_rules.surveillance.guidelines import Population, guideline
from routing_rules.surveillance.risk import (
    JcvStatus,
    PatientRisk,
    Period,
    course_of,
    read_risk_of,
)
from routing_rules.surveillance.treatments import read_treatments

TODAY = date(2026, 6, 1)
POSITIVE = PatientRisk(jcv_status=JcvStatus.POSITIVE)
PAUSED = "natalizumab 2020-01-01/2021-01-01, natalizumab 2022-01-01/.."


def test_months_go_on_until_the_end_of_treatment() -> None:
    """Months are those of the day they were recorded, and grow until natalizumab is stopped."""
    risk = replace(POSITIVE, months_on_natalizumab=12.0, recorded_on=date(2026, 1, 1))
    strictest = guideline("strictest")
    since = read_risk_of(risk, date(2026, 12, 1), strictest).since[Population.HIGH_RISK]
    assert abs(since - date(2026, 7, 2)).days <= 2
    stopped = replace(risk, stopped_on=date(2026, 4, 1))
    assert read_risk_of(stopped, date(2026, 12, 1), strictest).since[Population.HIGH_RISK] is None


def test_months_of_several_periods_are_added_up() -> None:
    """A pause counts nothing and takes nothing away."""
    risk = PatientRisk(treatments=read_treatments(PAUSED))
    assert read_risk_of(replace(POSITIVE, treatments=risk.treatments), TODAY, guideline("strictest")).since[
        Population.HIGH_RISK
    ] == date(2022, 7, 2)


@pytest.mark.parametrize(
    ("treatments", "stopped_on", "periods"),
    [
        ("", None, [(None, None)]),
        ("", date(2026, 1, 1), [(None, date(2026, 1, 1))]),
        (PAUSED, None, [(date(2020, 1, 1), date(2021, 1, 1)), (date(2022, 1, 1), None)]),
        (
            PAUSED,
            date(2026, 1, 1),
            [(date(2020, 1, 1), date(2021, 1, 1)), (date(2022, 1, 1), date(2026, 1, 1))],
        ),
        (PAUSED, date(2021, 1, 1), [(date(2020, 1, 1), date(2021, 1, 1)), (date(2022, 1, 1), None)]),
    ],
)
def test_the_course_is_that_of_the_treatments_or_of_the_one_end(
    treatments: str, stopped_on: date | None, periods: list[tuple[date | None, date | None]]
) -> None:
    """An end that is entered apart ends the period that goes on; one of before a restart does not."""
    course = course_of(PatientRisk(stopped_on=stopped_on, treatments=read_treatments(treatments)))
    assert list(course.periods) == [Period(*each) for each in periods]


def test_two_ends_of_natalizumab_are_asked_about() -> None:
    """Until somebody says which is right the later one counts: it asks for MRIs for longer."""
    said = replace(
        POSITIVE, stopped_on=date(2026, 3, 1), treatments=read_treatments("natalizumab 2020-01-01/2026-01-01")
    )
    [question] = read_risk_of(said, TODAY, guideline("strictest")).questions
    assert "2026-03-01" in question
    assert "2026-01-01" in question
    assert course_of(said).stopped_on == date(2026, 3, 1)
    same = replace(said, stopped_on=date(2026, 1, 1))
    assert read_risk_of(same, TODAY, guideline("strictest")).questions == ()


def test_a_test_of_before_the_end_is_judged_as_of_the_end() -> None:
    """After natalizumab nobody is tested again for it: what was known then counts, and no test is due."""
    risk = PatientRisk(
        jcv_status=JcvStatus.NEGATIVE, tested_on=date(2025, 1, 1), stopped_on=date(2025, 3, 1), jcv_index=0.1
    )
    reading = read_risk_of(risk, TODAY, guideline("strictest"))
    assert (reading.since[Population.HIGH_RISK], reading.antibody_test_by) == (None, None)
    on = read_risk_of(replace(risk, stopped_on=None), TODAY, guideline("strictest"))
    assert (on.since[Population.ANTIBODY_NEGATIVE], on.antibody_test_by) == (None, date(2025, 7, 1))


def test_a_planned_end_does_not_end_anything_yet() -> None:
    """A day to come is known, and the rules on natalizumab go on until it."""
    risk = replace(POSITIVE, stopped_on=date(2026, 12, 1), months_on_natalizumab=30.0)
    assert read_risk_of(risk, TODAY, guideline("strictest")).since[Population.HIGH_RISK] == LONG_AGO


@pytest.mark.parametrize(
    ("months", "asked", "exposed"), [(60.0, True, True), (5.0, False, False), (0.0, True, False)]
)
def test_months_that_contradict_the_periods_are_asked_about(
    months: float, asked: bool, exposed: bool
) -> None:
    """Until somebody says which is right the longer treatment counts; what rounding explains is no contradiction."""
    said = replace(
        POSITIVE,
        months_on_natalizumab=months,
        recorded_on=date(2026, 5, 1),
        treatments=read_treatments("natalizumab 2026-01-01/.."),
    )
    reading = read_risk_of(said, TODAY, guideline("strictest"))
    assert any(f"{months:g} months" in question for question in reading.questions) is asked
    since = reading.since[Population.HIGH_RISK]
    assert (since is not None and since <= TODAY) is exposed
