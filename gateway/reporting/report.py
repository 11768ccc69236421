"""The report a reader signs: every coded item of the structured second opinion, complete and free of contradictions.

A draft is a flat dictionary of form fields and may be incomplete; a `Report` cannot be. `report_from_form` is the step
from one to the other and lists everything that is still missing; `report_to_form` is the way back.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from gateway.errors import InvalidReport
from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.checks.rules import ASKED_BY_STUDY, contradictions, contradictions_of_study, questions
from gateway.reporting.checks.study_facts import NO_FACTS, StudyFacts
from gateway.reporting.fields import FormValues, at_groups, flatten, problems_of, unflatten
from gateway.reporting.form import FORM, FormItem, FormSection
from gateway.reporting.opinion import Opinion
from gateway.reporting.parts import SIGNED

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "FORM",
    "Contradiction",
    "FormItem",
    "FormSection",
    "Report",
    "StudyFacts",
    "form_problems",
    "form_questions",
    "report_from_form",
    "report_to_form",
]


class Report(Opinion):
    """A complete second opinion; constructing one checks every answer and every rule."""

    @model_validator(mode="after")
    def _agrees(self, info: ValidationInfo) -> Self:
        if info.context == SIGNED:
            return self
        if problems := contradictions(self):
            raise PydanticCustomError(
                "contradiction", "{text}", {"text": " ".join(map(str, problems)), "contradictions": problems}
            )
        return self

    @classmethod
    def as_signed(cls, content: Mapping[str, Any]) -> Self:
        """A report that was signed, from what is stored.

        It stays what it is: the rules held when it was signed, and later ones do not take it back. Answers of an
        earlier form are read as they are called today (`lesions.earlier_forms`).
        """
        return cls.model_validate(content, context=SIGNED)

    def problems(self, facts: StudyFacts) -> list[Contradiction]:
        """What the study itself contradicts in this report; empty when it may be signed."""
        return contradictions_of_study(self, facts)


def form_problems(
    form: Mapping[str, Any], facts: StudyFacts = NO_FACTS, *, zone: tzinfo = UTC
) -> list[Contradiction]:
    """Everything that keeps a draft from being signed, each with the form field it belongs to; empty when nothing."""
    try:
        report = _report(form, zone, facts)
    except ValidationError as error:
        return problems_of(error, form)
    return at_groups(report.problems(facts), form)


def form_questions(
    form: Mapping[str, Any], facts: StudyFacts = NO_FACTS, *, zone: tzinfo = UTC
) -> list[Contradiction]:
    """Everything that is asked of a draft, answered or not; empty as long as it is not complete."""
    answers = {name: value for name, value in form.items() if not name.startswith("reasons.")}
    try:
        return at_groups(questions(Opinion.model_validate(unflatten(answers, zone)), facts), form)
    except ValidationError:
        return []


def report_from_form(form: Mapping[str, Any], facts: StudyFacts = NO_FACTS, *, zone: tzinfo = UTC) -> Report:
    """The report a filled form stands for.

    `form` maps field names (`suspicion`, `lesions.0.border`, …) to text, or to a list of texts where several answers
    may be chosen. Times without a zone are read in `zone`. A reason to a question that is no longer asked is left
    out. Raises `InvalidReport` with every problem.
    """
    try:
        return _report(form, zone, facts)
    except ValidationError as error:
        raise InvalidReport([str(problem) for problem in problems_of(error, form)]) from None


def _report(form: Mapping[str, Any], zone: tzinfo, facts: StudyFacts) -> Report:
    asked = {problem.question for problem in form_questions(form, facts, zone=zone)}
    if facts is NO_FACTS:  # what is asked about the study cannot be known, so its reasons stay
        asked |= set(ASKED_BY_STUDY)
    reasons = {f"reasons.{key}" for key in asked}
    kept = {name: value for name, value in form.items() if not name.startswith("reasons.") or name in reasons}
    return Report.model_validate(unflatten(kept, zone))


def report_to_form(report: Report) -> FormValues:
    """The form fields of a report; `report_from_form` of them gives an equal report."""
    return flatten(report.model_dump(mode="json", exclude_none=True))
