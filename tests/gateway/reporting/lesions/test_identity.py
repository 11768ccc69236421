"""A lesion keeps its number and its tracking UID from report to report, and its prior measures come from there."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reporting.example import phantom_form, phantom_report
from gateway.reporting.lesions.answers import TimeCourse
from gateway.reporting.lesions.identity import (
    merged,
    numbers_of,
    prior_lesions,
    proposed,
    tracked,
    with_prior,
)
from gateway.reporting.lesions.lesion import Lesion
from gateway.reporting.report import form_problems, form_questions, report_from_form
from support.objects.read_reports import form_fields
from support.objects.reports import document

LESION = phantom_report().lesions[0]


def lesion(**changes: Any) -> Lesion:
    """The phantom's lesion with changes."""
    return LESION.model_copy(update=changes)


def prior(days: int = 61) -> Any:
    """A prior report with lesion 2 of 24 mm that is tracked, and lesion 5 that an earlier version signed."""
    lesions = [
        lesion(number=2, tracking_uid="2.25.77", long_axis_mm=Decimal(24), volume_cm3=Decimal("2.5")),
        lesion(number=5, long_axis_mm=None),
    ]
    return prior_lesions(lesions, days)


@given(st.lists(st.none() | st.integers(1, 9), max_size=6))
def test_a_lesion_without_a_number_takes_none_that_was_given(numbers: list[int | None]) -> None:
    """New lesions are numbered above all others, in their order."""
    given_numbers = [number for number in numbers if number]
    told = numbers_of([lesion(number=number) for number in numbers])
    new = [mine for mine, number in zip(told, numbers, strict=True) if number is None]
    assert [mine for mine, number in zip(told, numbers, strict=True) if number] == given_numbers
    assert new == sorted(set(new))
    assert not set(new) & set(given_numbers)


def test_the_form_proposes_the_lesions_of_the_prior_report() -> None:
    """Number and place are proposed; what is seen today is for the reader."""
    content = proposed(prior())
    assert content["lesions.0.number"] == "2"
    assert content["lesions.1.number"] == "5"
    assert content["lesions.0.places.frontal_lobe"] == "right"
    assert not any(".t2" in field or ".long_axis_mm" in field for field in content)
    assert proposed(None) == {}


def test_what_follows_from_the_number_is_the_gateways() -> None:
    """A form cannot bring its own tracking UID or prior measure; a new lesion has a number above both reports'."""
    form = {
        "lesions.0.number": "2",
        "lesions.0.tracking_uid": "2.25.1",
        "lesions.0.prior.long_axis_mm": "1",
        "lesions.1.comment": "new",
        "lesions.2.comment": "",
        "narrative": "x",
    }
    known = with_prior(form, prior())
    assert known == {
        "narrative": "x",
        "lesions.0.number": "2",
        "lesions.0.tracking_uid": "2.25.77",
        "lesions.0.prior.days": "61",
        "lesions.0.prior.time_course": LESION.time_course.value,
        "lesions.0.prior.long_axis_mm": "24",
        "lesions.0.prior.volume_cm3": "2.5",
        "lesions.1.comment": "new",
        "lesions.1.number": "6",
        "lesions.2.comment": "",
    }
    assert with_prior(known, prior()) == known
    assert "lesions.0.prior.days" not in with_prior(known, None)


def test_a_prior_on_the_same_day_or_later_is_none() -> None:
    """Growth per month needs time between the studies."""
    assert prior_lesions([LESION], 0) is None
    assert prior_lesions([], 5) is None


def test_a_lesion_is_known_by_its_newest_description_of_all_earlier_reports() -> None:
    """Neither a report without lesions nor one that leaves a lesion out ends identity, and no number comes twice."""
    newest = prior_lesions([lesion(number=1, tracking_uid="2.25.1", long_axis_mm=Decimal(30))], 90)
    oldest = prior_lesions(
        [lesion(number=n, tracking_uid=f"2.25.{n}", long_axis_mm=Decimal(20)) for n in (1, 2)], 400
    )
    history = merged([None, newest, oldest])
    known = with_prior(
        {"lesions.0.number": "1", "lesions.1.number": "2", "lesions.2.comment": "new"}, history
    )
    told = [(known[f"lesions.{n}.prior.days"], known[f"lesions.{n}.prior.long_axis_mm"]) for n in (0, 1)]
    assert told == [("90", "30"), ("400", "20")]
    assert known["lesions.1.tracking_uid"] == "2.25.2"
    assert known["lesions.2.number"] == "3"
    assert merged([None]) is None


def test_a_resolved_lesion_is_not_proposed_and_keeps_its_number() -> None:
    """A lesion that has gone is not said to be present; its number stays its own."""
    gone = prior_lesions([lesion(number=4, time_course=TimeCourse.RESOLVED, long_axis_mm=None)], 90)
    assert proposed(gone) == {}
    assert with_prior({"lesions.0.comment": "new"}, gone)["lesions.0.number"] == "5"
    assert with_prior({"lesions.0.number": "4"}, gone)["lesions.0.prior.time_course"] == "resolved"


@pytest.mark.parametrize("typed", ["1.0", "+1", "1_0", "01", "１", "0", "1000"])
def test_a_number_is_digits_alone(typed: str) -> None:
    """What identity is not found by is refused, never read as a number without history."""
    (problem,) = form_problems(phantom_form() | {"lesions.0.number": typed})
    assert problem.field == "lesions.0.number"
    assert "write it as 1" in problem.problem


def test_a_signed_lesion_is_tracked_and_a_known_one_keeps_its_uid() -> None:
    """Only what has no UID yet gets one."""
    new = count(1)
    signed = tracked([lesion(number=2, tracking_uid="2.25.77"), lesion()], lambda: f"2.25.{next(new)}")
    assert [(each.number, each.tracking_uid) for each in signed] == [(2, "2.25.77"), (3, "2.25.1")]


def test_the_sr_tells_identity_and_growth() -> None:
    """Tracking Identifier and Tracking Unique Identifier stand in the lesion's group, growth with its units."""
    form = with_prior(
        {**phantom_form(), "lesions.0.number": "2", "lesions.0.time_course": "increase"}, prior()
    )
    form |= {"new_lesion": "absent", "lesions.0.long_axis_mm": "31"}
    report = report_from_form(form)
    ds = document(report)
    findings = next(n for n in ds.ContentSequence if n.ConceptNameCodeSequence[0].CodeValue == "59776-5")
    group = next(
        n for n in findings.ContentSequence if n.ConceptNameCodeSequence[0].CodeValue == "NPS-LESION"
    )
    said = {
        n.ConceptNameCodeSequence[0].CodeValue: n
        for n in group.ContentSequence
        if n.ValueType in {"TEXT", "UIDREF"}
    }
    assert said["112039"].TextValue == "Lesion 2"
    assert said["112040"].UID == "2.25.77"
    grown = {
        n.ConceptNameCodeSequence[0].CodeValue: (
            float(n.MeasuredValueSequence[0].NumericValue),
            n.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue,
        )
        for n in group.ContentSequence
        if n.ConceptNameCodeSequence[0].CodeValue.startswith("NPS-GROW")
    }
    assert grown == {
        "NPS-GROW-AX": (7.0, "mm"),
        "NPS-GROW-AX-PCT": (29.2, "%"),
        "NPS-GROW-AX-MO": (3.49, "mm/mo"),
    }
    days = next(
        n for n in group.ContentSequence if n.ConceptNameCodeSequence[0].CodeValue == "NPS-PRIOR-DAYS"
    )
    assert float(days.MeasuredValueSequence[0].NumericValue) == 61
    assert days.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue == "d"
    assert form_fields(ds)["lesions.0.number"] == "2"


def test_growth_is_neither_told_nor_denied_without_a_comparison() -> None:
    """“No prior” beside a lesion of an earlier report is refused; without a comparison no growth is written."""
    form = {**phantom_form(), "lesions.0.number": "2"}
    del form["comparison.prior_study_date"], form["comparison.t2_load_change"]
    form |= {"new_lesion": "present_no_comparison", "comparison.done": "no_prior"}
    form |= {"lesions.0.time_course": "no_prior"}
    assert form_problems(form) == []
    (problem,) = form_problems(with_prior(form, prior()))
    assert (problem.field, problem.question) == ("comparison.done", "")

    form |= {"comparison.done": "no", "lesions.0.time_course": "undetermined"}
    ds = document(report_from_form(with_prior(form, prior())))
    assert "NPS-GROW" not in str(ds)
    assert "NPS-PRIOR-DAYS" not in str(ds)


def asked(**changes: str) -> set[str]:
    """What is asked of a report whose lesion 2 was 24 mm."""
    form = phantom_form() | {"new_lesion": "absent", "lesions.0.number": "2"}
    form |= {f"lesions.0.{name}": value for name, value in changes.items()}
    return {problem.question for problem in form_questions(with_prior(form, prior()))}


def test_a_time_course_against_the_measures_is_asked_about() -> None:
    """Growth that is a shrinking, shrinking that is growth, and a new lesion that the prior report had."""
    question = "course_against_measures"
    assert question not in asked(time_course="increase", long_axis_mm="31")
    assert question in asked(time_course="increase", long_axis_mm="20")
    assert question in asked(time_course="decrease", long_axis_mm="31")
    assert question not in asked(time_course="unchanged", long_axis_mm="26")
    assert question in asked(time_course="unchanged", long_axis_mm="31")
    assert question in asked(time_course="new", long_axis_mm="31")
    assert question not in asked(time_course="increase", long_axis_mm="20", volume_cm3="4")
    assert question not in asked(time_course="undetermined", long_axis_mm="2")
