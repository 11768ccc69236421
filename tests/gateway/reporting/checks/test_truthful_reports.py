"""Nothing true is refused, nothing untrue is signed: reports of ground truths, and reports that went wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.reporting.form import FORM, InputKind
from gateway.reporting.report import Report, StudyFacts, form_problems, form_questions, report_from_form
from support.objects.truths import REQUIRED, Truth, truthful_form, truths

FACTS = StudyFacts(
    readable_since=datetime(2026, 2, 3, 9, tzinfo=UTC), now=datetime(2026, 2, 3, 11, tzinfo=UTC)
)


def answered(form: dict[str, Any]) -> dict[str, Any]:
    """The form with a reason to everything that is asked of it."""
    return form | {f"reasons.{asked.question}": "It is so." for asked in form_questions(form)}


@settings(max_examples=50, deadline=None)
@given(truths())
def test_no_truthful_report_is_refused(truth: Truth) -> None:
    """A reader who says what is there may be asked why, and then signs; nothing said is changed on the way."""
    form = truthful_form(truth)
    assert [problem for problem in form_problems(form, FACTS) if not problem.question] == []
    assert form_problems(answered(form), FACTS) == []
    report = report_from_form(answered(form))
    assert report.answers_the_question <= truth.excludes
    assert report.pml_known is truth.pml_known
    assert len(report.lesions) == len(truth.visible)


GRAVE = (
    "suspicion",
    "new_lesion",
    "recommendations",
    "comparison.done",
    "context.referral",
    "context.pml_status",
    "iris_phase",
    "protocol.judged_by",
)
"""Where a wrong answer does most harm: each wrong turn begins here."""


@st.composite
def wrong_turns(draw: st.DrawFn) -> dict[str, Any]:
    """A truthful report in which some answers were changed to any others."""
    form = truthful_form(draw(truths()))
    items = [
        (section.field(item), item)
        for section in FORM
        for item in section.items
        if item.choices and (not section.repeats or section.name == "lesions")
    ]
    grave = draw(st.sampled_from([pair for pair in items if pair[0] in GRAVE]))
    for field, item in (grave, *draw(st.lists(st.sampled_from(items), max_size=2))):
        if field.startswith("lesions.") and "lesions.0.sites" not in form:
            continue
        value = draw(st.sampled_from([choice.value for choice in item.choices]))
        form[field] = [value] if item.kind is InputKind.CHOICES else value
    return form


def untruths(report: Report) -> list[str]:
    """What a reviewer finds in a signed report, written down again without the rules."""
    level = report.suspicion.level
    seen = report.protocol.sequences
    simplified = report.protocol.judged_by == "simplified"
    whole = all(
        (s := getattr(seen, name)).acquired == "present"
        and s.quality == "diagnostic"
        and s.coverage == "whole_brain"
        for name in (("flair", "dwi") if simplified else REQUIRED)
    )
    compared = report.comparison.done == "yes"
    new = [lesion for lesion in report.lesions if lesion.time_course == "new"]
    known = report.context.pml_status == "known"
    attributions = {str(lesion.attribution) for lesion in report.lesions}
    contrast = seen.t1_contrast.acquired == "present" and seen.t1_contrast.quality == "diagnostic"
    grown = any(lesion.time_course in {"new", "increase"} for lesion in report.lesions)
    findings = {
        "PML excluded unseen": level in {0, 1} and not whole,
        "a suspicion judged by the simplified protocol": simplified
        and report.context.referral in {"suspected_pml", "known_pml"},
        "no new lesion unseen": report.new_lesion in {"absent", "no_lesion"} and not whole,
        "routine unseen": "routine" in report.recommendations and not whole,
        "not assessable without further images": level is None
        and not {"repeat_sequences", "add_contrast", "follow_up"} & set(report.recommendations),
        "new without prior": (report.new_lesion == "present" or bool(new)) and not compared,
        "new and not new": bool(new) and report.new_lesion != "present",
        "no lesion but one": report.new_lesion == "no_lesion"
        and any(lesion.time_course != "resolved" for lesion in report.lesions),
        "known PML in no phase": known and report.iris_phase == "not_applicable",
        "enhancement without contrast": seen.t1_contrast.acquired == "absent"
        and any(lesion.enhancement in {"ring", "patchy", "none"} for lesion in report.lesions),
    }
    unexplained = {
        "nobody_told": level in {3, 4}
        and report.communication is None
        and (not known or not compared or grown or report.new_lesion == "present"),
        "suspicion_without_lesion": level in {3, 4} and not report.lesions,
        "high_level_without_pml_lesion": level in {3, 4}
        and bool(attributions)
        and attributions <= {"ms", "other"},
        "no_contrast": level in {2, 3, 4} and not contrast and "add_contrast" not in report.recommendations,
        "low_level_with_pml": level == 0 and not known and "pml" in report.diagnoses,
        "new_lesion_not_described": report.new_lesion == "present" and not new,
        "late_phase_at_high_level": level in {3, 4} and report.iris_phase == "late_post_pml",
    }
    findings |= {name: wrong for name, wrong in unexplained.items() if name not in report.reasons}
    return [name for name, wrong in findings.items() if wrong]


@settings(max_examples=50, deadline=None)
@given(wrong_turns())
def test_no_accepted_report_contradicts_itself(form: dict[str, Any]) -> None:
    """Whatever was answered: what is accepted holds together, and what does not has a reason."""
    for filled in (form, answered(form)):
        if form_problems(filled, FACTS) == []:
            assert untruths(report_from_form(filled)) == []


LIES: tuple[dict[str, Any], ...] = (
    {"suspicion": "0"},
    {"suspicion": "1"},
    {"suspicion": "3"},
    {"new_lesion": "absent"},
    {"new_lesion": "no_lesion"},
    {"recommendations": ["routine"], "follow_up_value": "6", "follow_up_unit": "mo"},
    {"protocol.judged_by": "simplified", "context.referral": "suspected_pml"},
)
"""What harms most when it is said of images that do not show it."""


@settings(max_examples=25, deadline=None)
@given(truths())
def test_no_grave_lie_about_any_truth_is_accepted(truth: Truth) -> None:
    """Each of them about every patient, so that none depends on being drawn: accepted only where it holds together."""
    form = truthful_form(truth)
    for lie in LIES:
        filled = answered(form | lie)
        if form_problems(filled, FACTS) == []:
            assert untruths(report_from_form(filled)) == []
