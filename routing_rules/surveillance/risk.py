"""What is known of a patient's risk, read the riskier way; every assumption is said and every contradiction asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from routing_rules.surveillance.days import DAYS_A_MONTH, LONG_AGO, months_after
from routing_rules.surveillance.guidelines import Guideline, Limits, Population
from routing_rules.surveillance.treatments import Drug, Treatment

ROUNDED_MONTHS = 2.0
"""By so much months that somebody counted may differ from the days of the periods."""


class JcvStatus(StrEnum):
    """Antibodies against JC virus."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PatientRisk:
    """What is known about the risk of one patient; None is not known. No identity.

    `months_on_natalizumab` are those on the day `recorded_on`; they go on until `stopped_on`. Where `treatments` name
    natalizumab, its periods count instead, unless the months are more and contradict them; `stopped_on` then ends one
    that goes on.
    """

    enrolled_on: date | None = None
    jcv_status: JcvStatus = JcvStatus.UNKNOWN
    jcv_index: float | None = None
    months_on_natalizumab: float | None = None
    recorded_on: date | None = None
    prior_immunosuppression: bool | None = None
    dosing_interval_weeks: float | None = None
    stopped_on: date | None = None
    tested_on: date | None = None
    """The day of the antibody test that status and index are of."""
    treatments: tuple[Treatment, ...] = ()
    last_full_mri_on: date | None = None
    last_contrast_mri_on: date | None = None
    """Both as the site says: of MRIs that were not received here."""


@dataclass(frozen=True)
class Period:
    """Natalizumab from a day (None: not known) until another (None: it goes on)."""

    started_on: date | None
    stopped_on: date | None


@dataclass(frozen=True)
class Course:
    """The periods of natalizumab in order, at least one; and when other therapies began after it."""

    periods: tuple[Period, ...]
    next_began: tuple[date, ...] = ()

    @property
    def stopped_on(self) -> date | None:
        """When the last period ended; None while it goes on."""
        return self.periods[-1].stopped_on


@dataclass(frozen=True)
class RiskReading:
    """Since when each population's rules apply (None: they do not), what was taken for granted, what is asked."""

    since: Mapping[Population, date | None]
    assumptions: Mapping[Population, tuple[str, ...]]
    questions: tuple[str, ...] = ()
    antibody_test_by: date | None = None
    """When the next antibody test is due; None: no test changes what is reckoned."""


def course_of(risk: PatientRisk) -> Course:
    """The periods of natalizumab: those of the treatments, else the one that months and `stopped_on` describe."""
    said = [each for each in risk.treatments if each.drug is Drug.NATALIZUMAB]
    periods = [Period(each.started_on, each.stopped_on) for each in said] or [Period(None, risk.stopped_on)]
    last = periods[-1]
    if risk.stopped_on and (last.started_on or LONG_AGO) <= risk.stopped_on:
        # Where the two differ it is asked, and the later end counts until then: it asks for MRIs for longer.
        periods[-1] = Period(last.started_on, max(last.stopped_on or risk.stopped_on, risk.stopped_on))
    other = {Drug.NATALIZUMAB, Drug.PLASMA_EXCHANGE}
    began = [each.started_on for each in risk.treatments if each.drug not in other and each.started_on]
    return Course(tuple(periods), tuple(sorted(began)))


def _months_of_periods(course: Course, day: date) -> float | None:
    days = 0
    for period in course.periods:
        if period.started_on is None:
            return None
        days += max(0, (min(day, period.stopped_on or day) - period.started_on).days)
    return days / DAYS_A_MONTH


def read_risk_of(risk: PatientRisk, today: date, guideline: Guideline) -> RiskReading:
    """The riskier reading of what is known on a day; after natalizumab ended, of what was known then."""
    course, limits = course_of(risk), guideline.limits
    day = min(today, course.stopped_on) if course.stopped_on else today
    antibodies, said_of_antibodies = _antibodies(risk, day, limits)
    high, said_of_months = _exposed_since(risk, course, int(limits.high_risk_from_months.value))
    long, said_of_long = _exposed_since(risk, course, int(limits.long_exposure_months.value))
    worse, said_of_worse = _worse(risk, day, limits)
    since = {
        Population.ON_TREATMENT: LONG_AGO,
        Population.ANTIBODY_NEGATIVE: LONG_AGO if antibodies is None else None,
        Population.HIGH_RISK: _latest(antibodies, high),
        Population.LONG_EXPOSURE: _latest(antibodies, long),
        Population.HIGH_RISK_LONG: _latest(antibodies, long, worse),
    }
    since[Population.END_OF_THERAPY] = since[Population.START_OF_NEXT] = since[Population.HIGH_RISK]
    since[Population.AFTER_STOPPING] = LONG_AGO
    assumptions = {
        Population.HIGH_RISK: (*said_of_antibodies, *said_of_months),
        Population.END_OF_THERAPY: (*said_of_antibodies, *said_of_months),
        Population.START_OF_NEXT: (*said_of_antibodies, *said_of_months),
        Population.LONG_EXPOSURE: (*said_of_antibodies, *said_of_long),
        Population.HIGH_RISK_LONG: (*said_of_antibodies, *said_of_long, *said_of_worse),
    }
    asks_index = any(rule.applies_to is Population.HIGH_RISK_LONG for rule in guideline.intervals)
    test_by = None if _is_over(course, today) else _test_by(risk, today, limits, asks_index=asks_index)
    return RiskReading(since, assumptions, _questions(risk, today, limits), test_by)


def _latest(*days: date | None) -> date | None:
    """When all of these hold; None when one never does."""
    known = [day for day in days if day is not None]
    return max(known) if len(known) == len(days) else None


def _is_contradicted(risk: PatientRisk, limits: Limits) -> bool:
    return (
        risk.jcv_status is JcvStatus.NEGATIVE
        and risk.jcv_index is not None
        and risk.jcv_index > limits.negative_index_up_to.value
    )


def _antibodies(risk: PatientRisk, day: date, limits: Limits) -> tuple[date | None, tuple[str, ...]]:
    """Since when antibodies are to be reckoned with; None while a negative test counts."""
    if risk.jcv_status is JcvStatus.UNKNOWN:
        return LONG_AGO, ("JC virus status is not known, taken as positive",)
    if risk.jcv_status is JcvStatus.POSITIVE:
        return LONG_AGO, ()
    if _is_contradicted(risk, limits):
        said = f"JC virus status is negative, but the index is {risk.jcv_index:g}: taken as positive"
        return LONG_AGO, (said,)
    return _grown_old(risk, day, limits, "the negative antibody test", "positive")


def _grown_old(
    risk: PatientRisk, day: date, limits: Limits, what: str, taken: str
) -> tuple[date | None, tuple[str, ...]]:
    if risk.tested_on is None:
        return LONG_AGO, (f"the day of {what} is not known, taken as {taken}",)
    months = limits.test_valid_months.value
    until = months_after(risk.tested_on, months)
    if day <= until:
        return None, ()
    # No day: readers may see what is assumed, and never a real date.
    return until, (f"{what} is older than {months:g} months, taken as {taken}",)


def _exposed_since(risk: PatientRisk, course: Course, months: int) -> tuple[date | None, tuple[str, ...]]:
    """The day on which the patient reaches so many months of treatment; None when it was stopped before."""
    known, recorded = risk.months_on_natalizumab, risk.recorded_on
    if (
        all(period.started_on for period in course.periods)
        and _more_than_periods(risk, course) <= ROUNDED_MONTHS
    ):
        return _reached(course, months), ()
    if known is None or (recorded is None and known < months):
        of = "months on natalizumab are" if known is None else "the day the months were recorded is"
        return LONG_AGO, (f"{of} not known, taken as {months} or more",)
    if recorded is None or known >= months:
        return LONG_AGO, ()
    reached = recorded + timedelta(days=round((months - known) * DAYS_A_MONTH))
    return (None if course.stopped_on is not None and reached > course.stopped_on else reached), ()


def _more_than_periods(risk: PatientRisk, course: Course) -> float:
    """By how many months the number somebody recorded exceeds the periods on its day; 0.0 where one is not known."""
    if risk.months_on_natalizumab is None or risk.recorded_on is None:
        return 0.0
    periods = _months_of_periods(course, risk.recorded_on)
    return 0.0 if periods is None else risk.months_on_natalizumab - periods


def _reached(course: Course, months: int) -> date | None:
    left = round(months * DAYS_A_MONTH)
    for period in course.periods:
        start = period.started_on or LONG_AGO
        if period.stopped_on is None or (period.stopped_on - start).days >= left:
            return start + timedelta(days=left)
        left -= (period.stopped_on - start).days
    return None


def _worse(risk: PatientRisk, day: date, limits: Limits) -> tuple[date | None, tuple[str, ...]]:
    """Since when prior immunosuppression or a high index makes a long treatment worse; None while neither does."""
    index, low, high = risk.jcv_index, limits.low_index_up_to.value, limits.high_index_above.value
    if risk.prior_immunosuppression is None:
        return LONG_AGO, ("prior immunosuppression is not known, taken as yes",)
    if risk.prior_immunosuppression:
        return LONG_AGO, ()
    if index is None:
        return LONG_AGO, (f"the JC virus index is not known, taken as above {high:g}",)
    if index > high:
        return LONG_AGO, ()
    if index > low:
        return LONG_AGO, (f"for an index of {low:g} to {high:g} the source names no risk, taken as high",)
    return _grown_old(risk, day, limits, "the low index", f"above {high:g}")


def _questions(risk: PatientRisk, today: date, limits: Limits) -> tuple[str, ...]:
    asked = []
    if _is_contradicted(risk, limits):
        cut = limits.negative_index_up_to.value
        asked.append(
            f"The antibody status is negative, but an index of {risk.jcv_index:g} lies above the cut-off {cut:g} "
            "of the assay: which is right?"
        )
    least = limits.inconclusive_index_from.value
    if risk.jcv_status is JcvStatus.POSITIVE and risk.jcv_index is not None and risk.jcv_index < least:
        asked.append(
            f"The antibody status is positive, but an index of {risk.jcv_index:g} lies below {least:g}, where the "
            "assay is negative: which is right? Until then positive counts."
        )
    said = [each for each in risk.treatments if each.drug is Drug.NATALIZUMAB]
    asked += [
        f"The treatments begin natalizumab on {each.started_on}, which is still to come: is the year right?"
        for each in said
        if each.started_on and each.started_on > today
    ]
    last = said[-1:]
    if last and risk.stopped_on and last[0].stopped_on not in (None, risk.stopped_on):
        asked.append(
            f"Natalizumab was stopped on {risk.stopped_on}, but the treatments end it on {last[0].stopped_on}: "
            "which is right? Until then the later counts."
        )
    months, more = risk.months_on_natalizumab, _more_than_periods(risk, course_of(risk))
    if months is not None and abs(more) > ROUNDED_MONTHS:
        asked.append(
            f"{months:g} months on natalizumab were recorded on {risk.recorded_on}, but the treatments make "
            f"{months - more:.0f}: which is right? Until then the longer counts."
        )
    return tuple(asked)


def _is_over(course: Course, today: date) -> bool:
    return course.stopped_on is not None and course.stopped_on <= today


def _test_by(risk: PatientRisk, today: date, limits: Limits, *, asks_index: bool) -> date | None:
    """Six months after a test that was negative or low; today where its day is not known."""
    low = asks_index and risk.jcv_index is not None and risk.jcv_index <= limits.low_index_up_to.value
    if risk.jcv_status is JcvStatus.POSITIVE and not low:
        return None
    return months_after(risk.tested_on, limits.test_valid_months.value) if risk.tested_on else today
