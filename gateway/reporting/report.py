"""The report a reader signs: every coded item of the structured second opinion, complete and free of contradictions.

A draft is a flat dictionary of form fields and may be incomplete; a `Report` cannot be. `report_from_form` is the step
from one to the other and lists everything that is still missing; `report_to_form` is the way back.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError, model_validator
from pydantic_core import PydanticCustomError

from gateway.errors import InvalidReport
from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.checks.rules import contradictions
from gateway.reporting.fields import FormValues, flatten, problems_of, unflatten
from gateway.reporting.form import FORM, FormItem, FormSection
from gateway.reporting.opinion import Opinion

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "FORM",
    "Contradiction",
    "FormItem",
    "FormSection",
    "Report",
    "form_problems",
    "report_from_form",
    "report_to_form",
]


class Report(Opinion):
    """A complete second opinion; constructing one checks every answer and every cross-check."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if found := contradictions(self):
            raise PydanticCustomError(
                "contradiction", "{text}", {"text": " ".join(map(str, found)), "contradictions": found}
            )
        return self

    def problems(self, contrast_t1: bool | None) -> list[str]:
        """What the study itself contradicts in this report; empty when it may be signed.

        `contrast_t1` says whether a contrast-enhanced T1 was recognised among the received series (None: not known).
        The reader may confirm one that was not recognised, and may overrule a wrong recognition by saying why.
        """
        protocol = self.protocol
        if contrast_t1 and not protocol.sequences.t1_contrast.present and not protocol.contrast_correction:
            return [
                (
                    "A contrast-enhanced T1 was recognised in this study, but the report says it is absent. "
                    "Mark it as present, or say in “correction of the recognised contrast series” what it really is."
                )
            ]
        return []


def form_problems(
    form: Mapping[str, Any], contrast_t1: bool | None = None, *, zone: tzinfo = UTC
) -> list[Contradiction]:
    """Everything that keeps a draft from being signed, each with the form field it belongs to; empty when nothing."""
    try:
        report = Report.model_validate(unflatten(form, zone))
    except ValidationError as error:
        return problems_of(error)
    return [
        Contradiction("protocol.sequences.t1_contrast.acquired", problem, "")
        for problem in report.problems(contrast_t1)
    ]


def report_from_form(form: Mapping[str, Any], *, zone: tzinfo = UTC) -> Report:
    """The report a filled form stands for.

    `form` maps field names (`suspicion`, `lesions.0.border`, …) to text, or to a list of texts where several answers
    may be chosen. Times without a zone are read in `zone`. Raises `InvalidReport` with every problem.
    """
    try:
        return Report.model_validate(unflatten(form, zone))
    except ValidationError as error:
        raise InvalidReport([str(problem) for problem in problems_of(error)]) from None


def report_to_form(report: Report) -> FormValues:
    """The form fields of a report; `report_from_form` of them gives an equal report."""
    return flatten(report.model_dump(mode="json", exclude_none=True))
