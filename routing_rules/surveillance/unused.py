"""Which of the things that are asked about a patient change no date under a guideline, so that the page can say so.

Worked out, not declared: every input is varied over a grid that crosses each limit of the guideline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import product
from typing import Any

from routing_rules.surveillance.days import months_after
from routing_rules.surveillance.due_dates import NextDue, ReportWish, next_due, wish
from routing_rules.surveillance.guidelines import Guideline, Limits, WishKind
from routing_rules.surveillance.risk import JcvStatus, PatientRisk
from routing_rules.surveillance.treatments import Drug, Treatment
from routing_rules.surveillance.windows import LastMris

TODAY = date(2026, 6, 1)
LAST = date(2026, 2, 1)
SAID = PatientRisk(enrolled_on=date(2022, 1, 1), recorded_on=TODAY)


def grid(limits: Limits) -> dict[str, Sequence[Any]]:
    """Each clinical input with values on both sides of every limit, and unknown: 648 combinations."""
    negative, low, high = (
        limit.value
        for limit in (limits.negative_index_up_to, limits.low_index_up_to, limits.high_index_above)
    )
    first, long = limits.high_risk_from_months.value, limits.long_exposure_months.value
    return {
        "jcv_status": tuple(JcvStatus),
        "tested_on": (None, months_after(TODAY, -limits.test_valid_months.value), months_after(TODAY, -24)),
        "months_on_natalizumab": (None, first - 1, (first + long) / 2, long),
        "prior_immunosuppression": (None, False, True),
        "jcv_index": (None, negative, low, (low + high) / 2, high, high + 0.1),
    }


def combinations(limits: Limits) -> Iterator[PatientRisk]:
    """A patient for each combination of the grid."""
    values = grid(limits)
    for chosen in product(*values.values()):
        yield replace(SAID, **dict(zip(values, chosen, strict=True)))


_COURSES: Mapping[str, Sequence[Any]] = {
    "enrolled_on": (date(2022, 1, 1), date(2025, 1, 1)),
    "recorded_on": (TODAY, date(2025, 1, 1)),
    "stopped_on": (None, date(2026, 3, 1)),
    "dosing_interval_weeks": (None, 4.0, 6.0, 12.0),
    "treatments": (
        (),
        (Treatment(Drug.NATALIZUMAB, date(2025, 1, 1), date(2026, 3, 1)),),
        (Treatment(Drug.NATALIZUMAB, date(2020, 1, 1), date(2026, 3, 1)),),
    ),
    "last_full_mri_on": (None, date(2025, 3, 1)),
    "last_contrast_mri_on": (None, date(2026, 3, 1)),
}
INPUTS = tuple(name for name in PatientRisk.__dataclass_fields__)


@cache
def unused_inputs(guideline: Guideline) -> tuple[str, ...]:
    """The inputs that change no date under this guideline, in the order of the form."""
    patients = list(combinations(guideline.limits))
    values = {**grid(guideline.limits), **_COURSES}
    return tuple(name for name in INPUTS if not _changes(name, values[name], patients, guideline))


def _changes(name: str, values: Sequence[Any], patients: Sequence[PatientRisk], guideline: Guideline) -> bool:
    mris = LastMris() if name == "enrolled_on" else LastMris(LAST, LAST)
    # When contrast was given matters where a report asks for it.
    wishes = (wish(WishKind.CONTRAST, LAST),) if name == "last_contrast_mri_on" else ()
    return any(
        len({_dates(replace(patient, **{name: value}), mris, guideline, wishes) for value in values}) > 1
        for patient in patients
    )


def _dates(
    risk: PatientRisk, mris: LastMris, guideline: Guideline, wishes: Sequence[ReportWish] = ()
) -> tuple[object, ...]:
    if risk.last_full_mri_on is not None:
        mris = replace(mris, full_on=risk.last_full_mri_on)
    if risk.last_contrast_mri_on is not None:
        mris = replace(mris, by_sequence=(("t1_contrast", risk.last_contrast_mri_on),))
    due: NextDue | None = next_due(TODAY, risk, mris, wishes, guideline)
    return (due.due_from, due.due_by) if due else ()
