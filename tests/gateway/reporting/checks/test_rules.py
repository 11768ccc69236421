"""The two tables of rules: what is refused, what is asked, and how a reason settles it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from gateway.reporting.answers import (
    Completeness,
    Diagnosis,
    IntervalUnit,
    IrisPhase,
    NewLesion,
    Quality,
    Recommendation,
)
from gateway.reporting.checks.rules import ASKED, ASKED_BY_STUDY, REFUSED, contradictions, questions, refusals
from gateway.reporting.example import phantom_form, phantom_report
from gateway.reporting.form import FORM, item_of_field
from gateway.reporting.lesions.answers import Attribution, SwiPattern, T2Signal
from gateway.reporting.questions import QUESTIONS
from gateway.reporting.report import Report, form_problems, form_questions, report_from_form
from support.objects.reports import reports

REPORT = phantom_report()
LESION = REPORT.lesions[0]


def fields(report: Report, **changes: Any) -> list[str]:
    """Where the contradictions of a report with these changes are shown."""
    return [problem.field for problem in contradictions(report.model_copy(update=changes))]


def lesion(**changes: Any) -> Any:
    """The phantom's lesions with changes in the only one."""
    return (LESION.model_copy(update=changes),)


def protocol(**changes: Any) -> Any:
    """The phantom's protocol with changes."""
    return REPORT.protocol.model_copy(update=changes)


@settings(max_examples=25, deadline=None)
@given(reports())
def test_a_report_that_the_model_took_has_no_contradiction(report: Report) -> None:
    """Nothing in it is refused, and what is asked has its reason, and only that."""
    assert refusals(report) == []
    assert {problem.question for problem in questions(report)} == set(report.reasons)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"lesions": lesion(swi=(SwiPattern.NONE, SwiPattern.FIBRE_TRACTS))}, ["lesions.0.swi"]),
        ({"lesions": lesion(t2=(T2Signal.HOMOGENEOUS, T2Signal.INHOMOGENEOUS))}, ["lesions.0.t2"]),
        ({"new_lesion": NewLesion.UNDETERMINED}, ["new_lesion"]),
        ({"protocol": protocol(completeness=Completeness.LIMITED)}, ["protocol.limitation"]),
        ({"protocol": protocol(quality=Quality.NON_DIAGNOSTIC)}, ["protocol.limitation"]),
        ({"communication": None}, ["communication.person"]),
        ({"follow_up_value": None}, ["follow_up_value"]),
        ({"follow_up_unit": IntervalUnit.MONTHS}, ["follow_up_value"]),
        ({"recommendations": (Recommendation.CSF_PCR,)}, ["recommendations"]),
        ({"lesions": lesion(attribution=Attribution.MS)}, ["suspicion"]),
        ({"diagnoses": (Diagnosis.MS,)}, ["suspicion"]),
        ({"iris_phase": IrisPhase.NOT_APPLICABLE}, []),
    ],
)
def test_a_contradiction_stands_at_its_field_and_alone(changes: dict[str, Any], expected: list[str]) -> None:
    """One change that does not fit is one problem, at the item where it is mended."""
    assert fields(REPORT, **changes) == expected


def test_what_is_refused_comes_before_what_is_asked() -> None:
    """The reader sees everything that is wrong, not only the first, each with what to do."""
    changed = REPORT.model_copy(update={"communication": None, "lesions": (), "follow_up_value": None})
    problems = contradictions(changed)
    assert [problem.field for problem in problems] == [
        "follow_up_value",
        "suspicion",
        "new_lesion",
        "communication.person",
    ]
    assert all(problem.fix and str(problem) == f"{problem.problem} {problem.fix}" for problem in problems)
    assert [bool(problem.question) for problem in problems] == [False, True, True, True]


def test_no_rule_that_refuses_asks_and_each_question_has_its_rule() -> None:
    """The table of rules and the table of questions are about the same questions, each at a place of the form."""
    assert set(ASKED) | set(ASKED_BY_STUDY) == set(QUESTIONS)
    assert not set(ASKED) & set(ASKED_BY_STUDY)
    assert not set(ASKED.values()) & set(REFUSED)
    sections = {section.name for section in FORM if section.repeats}
    for key, question in QUESTIONS.items():
        assert question.field in sections or item_of_field(question.field) is not None
        assert item_of_field(f"reasons.{key}") is not None


@settings(max_examples=25, deadline=None)
@given(reports())
def test_each_rule_asks_its_own_question_at_its_own_field_and_once(report: Report) -> None:
    """A question is asked by its rule only, at the field the form shows it at, and at most once."""
    for key, rule in ASKED.items():
        asked = list(rule(report))
        assert len(asked) <= 1
        assert all((problem.question, problem.field) == (key, QUESTIONS[key].field) for problem in asked)
    assert not any(problem.question for rule in REFUSED for problem in rule(report))


def test_a_reason_settles_a_question_and_is_kept() -> None:
    """With the reason the report is signed, and says it; blanks are no reason."""
    form = phantom_form() | {"lesions.0.attribution": "ms"}
    (asked,) = form_problems(form)
    assert asked.question == "high_level_without_pml_lesion"
    assert form_problems(form | {f"reasons.{asked.question}": "  \n "}) == [asked]
    answered = form | {f"reasons.{asked.question}": " The DWI ring outweighs the shape. "}
    assert form_problems(answered) == []
    assert form_questions(answered) == [asked]
    report = report_from_form(answered)
    assert report.reasons == {asked.question: "The DWI ring outweighs the shape."}
    assert Report.model_validate(report.model_dump(mode="json")) == report


def test_a_reason_settles_nothing_that_is_refused() -> None:
    """A lesion of 900 mm is not signed for any reason."""
    form = phantom_form() | {"lesions.0.long_axis_mm": "900"}
    reasons = {f"reasons.{key}": "Because." for key in QUESTIONS}
    assert "lesions.0.long_axis_mm" in [problem.field for problem in form_problems(form | reasons)]


def test_who_reaches_nobody_says_whom_they_tried_and_signs() -> None:
    """A critical result is told first; a telephone that nobody answers does not keep the report from travelling."""
    form = {name: value for name, value in phantom_form().items() if not name.startswith("communication.")}
    (asked,) = form_problems(form)
    assert (asked.question, asked.field) == ("nobody_told", "communication.person")
    assert "say who was tried" in asked.fix
    report = report_from_form(form | {"reasons.nobody_told": "Ward and switchboard, three times in an hour."})
    assert report.reasons == {"nobody_told": "Ward and switchboard, three times in an hour."}


def test_a_reason_to_what_is_not_asked_is_left_out_of_the_form_and_refused_in_a_report() -> None:
    """A question that went away takes its reason with it; a program that sends one is told."""
    form = phantom_form() | {"reasons.no_contrast": "Allergy."}
    assert report_from_form(form) == REPORT
    with pytest.raises(ValidationError, match="not asked"):
        Report.model_validate(REPORT.model_dump(mode="json") | {"reasons": {"no_contrast": "Allergy."}})


def test_a_reason_names_no_date() -> None:
    """A reason is free text like any other: a shifted date would go back to the hospital."""
    form = phantom_form() | {"lesions.0.attribution": "ms"}
    problems = form_problems(form | {"reasons.high_level_without_pml_lesion": "As on 3.11.2025."})
    assert [problem.field for problem in problems] == ["reasons.high_level_without_pml_lesion"]


def test_a_signed_report_is_read_although_a_later_rule_would_refuse_it() -> None:
    """Coverage, status and reasons were not asked of earlier reports; they stay what was signed."""
    content = REPORT.model_dump(mode="json")
    for name in ("pml_status", "pml_certainty"):
        del content["context"][name]
    for sequence in content["protocol"]["sequences"].values():
        del sequence["coverage"]
    del content["reasons"]
    content |= {"recommendations": ["short_term", "csf_pcr", "urgent_contact"], "new_lesion": "undetermined"}
    content["lesions"][0]["long_axis_mm"] = "900"
    content["narrative"] = "As on 3 February 2026."
    content["communication"]["person"] = "-"
    with pytest.raises(ValidationError):
        Report.model_validate(content)
    report = Report.as_signed(content)
    assert report.new_lesion is NewLesion.UNDETERMINED
    assert report.answers_the_question
    assert (report.narrative, report.communication.person) == ("As on 3 February 2026.", "-")
    with pytest.raises(ValidationError):
        Report.as_signed(content | {"suspicion": "5"})
