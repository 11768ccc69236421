"""What the patient's earlier signed reports say of the lesions of a form, and how much each grew since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from gateway.records.views.case_rows import CasePage
from gateway.records.views.prior_reports import PriorReport
from gateway.reporting.answers import ComparisonDone
from gateway.reporting.codes import code, label, number_text
from gateway.reporting.lesions.answers import TimeCourse
from gateway.reporting.lesions.growth import growth
from gateway.reporting.lesions.identity import PriorLesions, merged, numbered, prior_lesions
from gateway.reporting.lesions.lesion import PriorMeasures
from gateway.reporting.numbers import with_point
from gateway.reporting.report import Report

MOST = Decimal(100_000)
"""What is typed beyond that is no measure."""
UNITS = {"long_axis_mm": "unit.mm", "volume_cm3": "unit.cm3"}


def lesions_before(page: CasePage) -> PriorLesions | None:
    """The lesions of the patient's earlier signed reports; None when there is none.

    An older reading of a study that was read again gives no lesion, but no number of it is used again either.
    """
    return merged(_told(prior) for prior in page.priors)


def _told(prior: PriorReport) -> PriorLesions | None:
    told = prior_lesions(Report.as_signed(prior.content).lesions, prior.days)
    return replace(told, lesions={}) if told and prior.read_again else told


def marks_before(page: CasePage, prior: int | None) -> list[dict[str, Any]]:
    """The marks of the report of the earlier case `prior`: number of the lesion, what is drawn, and its label.

    Their places are those of that case's pictures; on another study they stand only where both are aligned.
    """
    told = next((each for each in page.priors if each.case_id == prior), None)
    if told is None:
        return []
    return [
        {
            "number": number,
            "case": prior,
            "label": f"known lesion {number}: here last time",
            "mark": mark.model_dump(mode="json", exclude_none=True),
        }
        for number, lesion in numbered(Report.as_signed(told.content).lesions)
        for mark in lesion.marks
    ]


def told_before(prefix: str, content: Mapping[str, Any]) -> Iterator[str]:
    """What the prior report measured of the same lesion, then how much it grew, as far as the measures are numbers.

    A form that says that nothing was compared tells no growth, as its report does not.
    """
    told = {
        name: content[f"{prefix}.prior.{name}"]
        for name in PriorMeasures.model_fields
        if content.get(f"{prefix}.prior.{name}")
    }
    if not told:
        return
    try:
        prior = PriorMeasures.model_validate(told)
    except ValidationError:
        return
    known = [
        f"{label(name)} {number_text(value)} {code(unit).value}"
        for name, unit in UNITS.items()
        if (value := getattr(prior, name)) is not None
    ]
    if prior.time_course is TimeCourse.RESOLVED:
        known.insert(0, "resolved")
    yield f"In the prior report, {prior.days} days earlier: {', '.join(known) or 'present, not measured'}."
    if content.get("comparison.done") in {ComparisonDone.NO.value, ComparisonDone.NO_PRIOR.value}:
        return
    axis, volume = (_decimal(content.get(f"{prefix}.{name}")) for name in UNITS)
    for grown in growth(prior, axis, volume):
        yield f"{label(grown.concept)}: {grown.value:+f} {code(f'unit.{grown.unit}').value}"


def _decimal(text: Any) -> Decimal | None:
    try:
        value = Decimal(with_point(str(text or "")))
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < MOST else None
