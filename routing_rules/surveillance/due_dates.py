"""When is a patient's next surveillance MRI due, by which rule, and how sure is that? Pure; dates in, dates out.

The intervals are data with their sources (surveillance_rules.json); of all that apply the earliest counts. What is not
known is taken as the riskier possibility, and the answer says so. A report's recommendation can only make the date
earlier: the sources give it for findings that cannot wait, none lets it replace surveillance.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field


class JcvStatus(StrEnum):
    """Antibodies against JC virus."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNKNOWN = "unknown"


class CalendarState(StrEnum):
    """Where a patient stands on a day."""

    NOT_DUE = "not_due"
    DUE = "due"
    OVERDUE = "overdue"
    MISSING = "missing"
    """Overdue, and no surveillance MRI of this patient was ever seen."""
    UNKNOWN_DATA = "unknown_data"
    """There is nothing to count from; to be treated as due."""


@dataclass(frozen=True)
class PatientRisk:
    """What is known about the risk of one patient; None is not known. No identity.

    `months_on_natalizumab` are those on the day `recorded_on`; they go on until `stopped_on`.
    """

    enrolled_on: date | None = None
    jcv_status: JcvStatus = JcvStatus.UNKNOWN
    jcv_index: float | None = None
    months_on_natalizumab: float | None = None
    recorded_on: date | None = None
    prior_immunosuppression: bool | None = None
    dosing_interval_weeks: float | None = None
    stopped_on: date | None = None


@dataclass(frozen=True)
class FollowUp:
    """A report's wish for a follow-up, in days after the MRI it was made on.

    Up to 28 days it is the short-term follow-up of the sources; a longer one has the report itself as its source.
    """

    of_mri_on: date
    earliest_days: int = 14
    latest_days: int = 28


@dataclass(frozen=True)
class NextDue:
    """The next MRI belongs between two days, both included; the rule that says so, and what was taken for granted."""

    due_from: date
    due_by: date
    rule_id: str
    when: str
    source: str
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class CalendarStatus:
    """Where a patient stands; `next_due` is None when no rule asks for an MRI or there is nothing to count from."""

    state: CalendarState
    next_due: NextDue | None
    days_overdue: int
    explanation: str


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(_Strict):
    """One rule of the table; either in months or in weeks."""

    id: str
    applies_to: str
    when: str
    earliest_months: int = 0
    latest_months: int = 0
    earliest_weeks: int = 0
    latest_weeks: int = 0
    source: str

    def after(self, day: date) -> tuple[date, date]:
        """The first and the last day on which the MRI after `day` belongs."""
        return (
            _months_after(day, self.earliest_months) + timedelta(weeks=self.earliest_weeks),
            _months_after(day, self.latest_months) + timedelta(weeks=self.latest_weeks),
        )


class Note(_Strict):
    """A statement of a source that gives no interval, to be shown beside the dates."""

    id: str
    text: str
    source: str


class PopulationLimits(_Strict):
    """What the populations of the rules are bounded by."""

    high_risk_from_months: int
    long_exposure_months: int
    low_index: float
    after_stopping_months: int


class SurveillanceRules(_Strict):
    """The table of intervals: edition, rules, notes and limits."""

    about: str
    edition: str
    intervals: tuple[Interval, ...] = Field(min_length=1)
    notes: tuple[Note, ...]
    limits: PopulationLimits


@cache
def standard_rules() -> SurveillanceRules:
    """The table that comes with this library."""
    text = files("routing_rules.surveillance").joinpath("surveillance_rules.json").read_text(encoding="utf-8")
    return SurveillanceRules.model_validate_json(text)


def next_due(
    enrolment: PatientRisk,
    last_mri_on: date | None,
    recommendation: FollowUp | None = None,
    rules: SurveillanceRules | None = None,
) -> NextDue | None:
    """The earliest MRI that any rule or the recommendation asks for after the last one.

    None: monitoring after stopping is over and nothing else is recommended, or there is neither a last MRI nor a date
    of enrolment nor a recommendation to count from.
    """
    table = rules or standard_rules()
    dates = [
        *_by_rules(enrolment, last_mri_on, table),
        *_by_recommendation(recommendation, last_mri_on, table),
    ]
    if not dates:
        return None
    earliest = min(dates, key=lambda due: (due.due_by, due.due_from))
    return replace(earliest, due_from=min(due.due_from for due in dates))


def status(
    today: date,
    enrolment: PatientRisk,
    last_mri_on: date | None,
    recommendation: FollowUp | None = None,
    rules: SurveillanceRules | None = None,
) -> CalendarStatus:
    """Where the patient stands on a day, in words for a coordinator."""
    due = next_due(enrolment, last_mri_on, recommendation, rules)
    if due is None:
        if last_mri_on is None and enrolment.enrolled_on is None:
            said = (
                "Neither an MRI nor the date of enrolment is known: treat it as due, and complete the data."
            )
            return CalendarStatus(CalendarState.UNKNOWN_DATA, None, 0, said)
        stopped = f"Natalizumab was stopped on {enrolment.stopped_on}; " if enrolment.stopped_on else ""
        return CalendarStatus(CalendarState.NOT_DUE, None, 0, f"{stopped}no rule asks for a further MRI.")
    state = _state(today, due, last_mri_on)
    late = max(0, (today - due.due_by).days)
    return CalendarStatus(state, due, late, _explanation(state, due, last_mri_on, late))


def months_on_natalizumab(enrolment: PatientRisk, day: date) -> float | None:
    """Months of treatment until a day; None when not known."""
    if enrolment.months_on_natalizumab is None:
        return None
    if enrolment.recorded_on is None:
        return enrolment.months_on_natalizumab
    until = min(day, enrolment.stopped_on) if enrolment.stopped_on else day
    return enrolment.months_on_natalizumab + max(0.0, (until - enrolment.recorded_on).days / _DAYS_A_MONTH)


_DAYS_A_MONTH = 30.4375
_LONG_AGO = date(1990, 1, 1)


@dataclass(frozen=True)
class _Risk:
    """The riskier reading of what is known: since when each population's rules apply (None: they do not)."""

    since: Mapping[str, date | None]
    assumptions: Mapping[str, tuple[str, ...]]


def _by_rules(enrolment: PatientRisk, last_mri_on: date | None, table: SurveillanceRules) -> list[NextDue]:
    base = last_mri_on or enrolment.enrolled_on
    if base is None:
        return []
    risk = _risk(enrolment, table.limits)
    stopped = enrolment.stopped_on
    dates = []
    for rule in table.intervals:
        since = risk.since.get(rule.applies_to)
        if since is None:
            continue
        first, last = rule.after(base)
        # Without any MRI the first is due from the day of enrolment on.
        first = max(base if last_mri_on is None else first, since)
        last = max(last, since)
        if rule.applies_to == "after_stopping":
            # The rules before stopping asked for what fell due until then; from then on these do.
            over = _months_after(since, table.limits.after_stopping_months)
            if first > over:
                continue
            last = min(last, over)
        elif stopped is not None and first > stopped:
            continue
        dates.append(
            NextDue(first, last, rule.id, rule.when, rule.source, risk.assumptions.get(rule.applies_to, ()))
        )
    return dates


def _by_recommendation(
    wish: FollowUp | None, last_mri_on: date | None, table: SurveillanceRules
) -> list[NextDue]:
    if wish is None or (last_mri_on is not None and last_mri_on > wish.of_mri_on):
        return []
    first, last = sorted((wish.earliest_days, wish.latest_days))
    rule = next(one for one in table.intervals if one.applies_to == "recommended")
    short = last <= rule.latest_weeks * 7
    rule_id, source = (rule.id, rule.source) if short else ("REPORT", "the signed report")
    after = f"{first} to {last} days" if first != last else f"{last} days"
    when = f"the report of the MRI of {wish.of_mri_on} recommends it after {after}"
    day = wish.of_mri_on
    return [NextDue(day + timedelta(days=first), day + timedelta(days=last), rule_id, when, source)]


def _risk(enrolment: PatientRisk, limits: PopulationLimits) -> _Risk:
    antibodies, said_of_antibodies = _antibodies(enrolment, limits)
    high, said_of_months = _exposed_since(enrolment, limits.high_risk_from_months)
    long, _ = _exposed_since(enrolment, limits.long_exposure_months)
    index, prior = enrolment.jcv_index, enrolment.prior_immunosuppression
    worse = prior is not False or index is None or index > limits.low_index
    said_of_worse = () if prior is not None else ("prior immunosuppression is not known, taken as yes",)
    said = (*said_of_antibodies, *said_of_months)
    since = {
        "on_treatment": _LONG_AGO,
        "antibody_negative": None if antibodies else _LONG_AGO,
        "high_risk": high if antibodies else None,
        "long_exposure": long if antibodies else None,
        "high_risk_long": long if antibodies and worse else None,
        "after_stopping": enrolment.stopped_on,
    }
    assumptions = {
        "high_risk": said,
        "long_exposure": said,
        "high_risk_long": (*said, *said_of_worse),
    }
    return _Risk(since, assumptions)


def _antibodies(enrolment: PatientRisk, limits: PopulationLimits) -> tuple[bool, tuple[str, ...]]:
    if enrolment.jcv_status is JcvStatus.UNKNOWN:
        return True, ("JC virus status is not known, taken as positive",)
    if enrolment.jcv_status is JcvStatus.NEGATIVE:
        if enrolment.jcv_index is not None and enrolment.jcv_index > limits.low_index:
            said = f"JC virus status is negative, but the index is {enrolment.jcv_index:g}: taken as positive"
            return True, (said,)
        return False, ()
    return True, ()


def _exposed_since(enrolment: PatientRisk, months: int) -> tuple[date | None, tuple[str, ...]]:
    """The day on which the patient reaches so many months of treatment; None when it was stopped before."""
    known, recorded = enrolment.months_on_natalizumab, enrolment.recorded_on
    if known is None or (recorded is None and known < months):
        said = (
            "months on natalizumab are not known"
            if known is None
            else "the day the months were recorded is not known"
        )
        return _LONG_AGO, (f"{said}, taken as {months} or more",)
    if recorded is None or known >= months:
        return _LONG_AGO, ()
    reached = recorded + timedelta(days=round((months - known) * _DAYS_A_MONTH))
    return (None if enrolment.stopped_on is not None and reached > enrolment.stopped_on else reached), ()


def _state(today: date, due: NextDue, last_mri_on: date | None) -> CalendarState:
    if today < due.due_from:
        return CalendarState.NOT_DUE
    if today <= due.due_by:
        return CalendarState.DUE
    return CalendarState.MISSING if last_mri_on is None else CalendarState.OVERDUE


def _explanation(state: CalendarState, due: NextDue, last_mri_on: date | None, late: int) -> str:
    last = (
        f"The last surveillance MRI was on {last_mri_on}" if last_mri_on else "No surveillance MRI is known"
    )
    said = {
        CalendarState.NOT_DUE: f"the next is due from {due.due_from} to {due.due_by}",
        CalendarState.DUE: f"the next is due until {due.due_by}",
        CalendarState.OVERDUE: f"the next was due until {due.due_by}, {late} days ago",
        CalendarState.MISSING: f"the first was due until {due.due_by}, {late} days ago",
    }[state]
    taken = f" Assumed: {'; '.join(due.assumptions)}." if due.assumptions else ""
    return f"{last}; {said}. Rule {due.rule_id}: {due.when} ({due.source}).{taken}"


def _months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
