"""When is a patient's next surveillance MRI due, by which rule, and how sure is that? Pure; dates in, dates out.

The intervals are those of the guideline that the site declared; of all that apply the earliest counts. What is not
known is taken as the riskier possibility, and the answer says so. A report's wish can only make the date earlier: the
sources give it for findings that cannot wait, none lets it replace surveillance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from routing_rules.surveillance.guidelines import REPORT, SEQUENCE_NAMES, Guideline, WishKind, standard_table
from routing_rules.surveillance.risk import PatientRisk, RiskReading, course_of, read_risk_of
from routing_rules.surveillance.windows import LastMris, windows


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
class ReportWish:
    """What a report asks for, in days after the MRI it was made on, and what alone answers it.

    With `sequences`, later MRIs that had each of them; else a later MRI that can be read. Up to 28 days a follow-up is
    the short-term one of the sources; a longer one has the report itself as its source.
    """

    of_mri_on: date
    earliest_days: int = 14
    latest_days: int = 28
    kind: WishKind = WishKind.FOLLOW_UP
    sequences: tuple[str, ...] = ()

    def lacks(self, mris: LastMris) -> tuple[str, ...]:
        """The sequences that no later MRI is known to have had."""
        seen = ((name, mris.seen(name)) for name in self.sequences)
        return tuple(name for name, day in seen if day is None or day <= self.of_mri_on)


@dataclass(frozen=True)
class NextDue:
    """The next MRI belongs between two days, both included; the rule that says so, and what was taken for granted.

    `sequences` are those that the rules due by then ask for by name, `is_full` that it must be a full MRI.
    """

    due_from: date
    due_by: date
    rule_id: str
    when: str
    source: str
    assumptions: tuple[str, ...] = ()
    sequences: tuple[str, ...] = ()
    is_full: bool = False


@dataclass(frozen=True)
class CalendarStatus:
    """Where a patient stands; `next_due` is None when no rule asks for an MRI or there is nothing to count from.

    `next_full` is the clock of the full MRI alone. `questions` are contradictions that somebody has to resolve; until
    then the riskier answer counts. `antibody_test_by` is the day of the next test, None when none changes anything.
    """

    state: CalendarState
    next_due: NextDue | None
    days_overdue: int
    explanation: str
    next_full: NextDue | None = None
    questions: tuple[str, ...] = ()
    antibody_test_by: date | None = None


def all_due(
    today: date, risk: PatientRisk, mris: LastMris, wishes: Sequence[ReportWish], guideline: Guideline
) -> list[NextDue]:
    """What each rule of the guideline and each wish asks for after the last MRI, the earliest first."""
    return _all_due(read_risk_of(risk, today, guideline), risk, mris, wishes, guideline)


def _all_due(
    reading: RiskReading,
    risk: PatientRisk,
    mris: LastMris,
    wishes: Sequence[ReportWish],
    guideline: Guideline,
) -> list[NextDue]:
    course = course_of(risk)
    dates = [
        NextDue(
            first,
            last,
            rule.id,
            rule.when,
            rule.source,
            reading.assumptions.get(rule.applies_to, ()),
            rule.sequences,
            rule.clock == "full",
        )
        for rule in guideline.intervals
        if (since := reading.since[rule.applies_to]) is not None
        for first, last in windows(rule, since, risk.enrolled_on, mris, course, guideline.limits)
    ]
    dates += [_wished(wish, guideline, mris) for wish in wishes if is_open(wish, mris)]
    return sorted(dates, key=lambda due: (due.due_by, due.due_from))


def next_due(
    today: date,
    risk: PatientRisk,
    mris: LastMris,
    wishes: Sequence[ReportWish],
    guideline: Guideline,
) -> NextDue | None:
    """The earliest MRI that any rule or wish asks for after the last one, with all that it has to answer.

    None: monitoring after natalizumab is over and nothing is wished, or there is neither an MRI nor a date of
    enrolment nor a wish to count from.
    """
    return _together(all_due(today, risk, mris, wishes, guideline), today)


def status(
    today: date,
    risk: PatientRisk,
    mris: LastMris,
    wishes: Sequence[ReportWish],
    guideline: Guideline,
) -> CalendarStatus:
    """Where the patient stands on a day, in words for a coordinator."""
    reading = read_risk_of(risk, today, guideline)
    dates = _all_due(reading, risk, mris, wishes, guideline)
    due = _together(dates, today)
    full = next((each for each in dates if each.is_full), None)
    asked = (*reading.questions, *_asked_of_full(mris, guideline, is_asked=full is not None))
    test_by = reading.antibody_test_by
    if due is None:
        if mris.last_on is None and risk.enrolled_on is None:
            state = CalendarState.UNKNOWN_DATA
            said = (
                "Neither an MRI nor the date of enrolment is known: treat it as due, and complete the data."
            )
        else:
            state, stopped = CalendarState.NOT_DUE, course_of(risk).stopped_on
            said = f"{f'Natalizumab was stopped on {stopped}; ' if stopped else ''}no rule asks for a further MRI."
            said = said[0].upper() + said[1:]
        return CalendarStatus(state, None, 0, said, None, asked, test_by)
    state = _state(today, due, mris.last_on)
    late = max(0, (today - due.due_by).days)
    said = _explanation(state, due, mris.last_on, late)
    return CalendarStatus(state, due, late, said, full, asked, test_by)


def _together(dates: Iterable[NextDue], today: date) -> NextDue | None:
    """The earliest, opened when the first of all opens, with what every rule wants that is open by then, or today."""
    every = list(dates)
    if not every:
        return None
    earliest = every[0]
    met = [due for due in every if due.due_from <= max(earliest.due_by, today)]
    wanted = {sequence for due in met for sequence in due.sequences}
    return replace(
        earliest,
        due_from=min(due.due_from for due in every),
        sequences=tuple(sequence for sequence in SEQUENCE_NAMES if sequence in wanted),
        is_full=any(due.is_full for due in met),
    )


def is_open(wish: ReportWish, mris: LastMris) -> bool:
    """Whether nothing has answered a wish yet."""
    if wish.sequences:
        return bool(wish.lacks(mris))
    return mris.last_on is None or mris.last_on <= wish.of_mri_on


def _wished(wish: ReportWish, guideline: Guideline, mris: LastMris) -> NextDue:
    rule = next(each for each in guideline.wishes if each.applies_to is wish.kind)
    first, last = sorted((wish.earliest_days, wish.latest_days))
    short = wish.kind is not WishKind.FOLLOW_UP or last <= rule.latest_weeks * 7
    rule_id, source = (rule.id, rule.source) if short else (REPORT, "the signed report")
    after = f"{first} to {last} days" if first != last else f"{last} days"
    when = (
        f"the report of the MRI of {wish.of_mri_on} recommends it after {after}"
        if wish.kind is WishKind.FOLLOW_UP
        else f"{rule.when} (MRI of {wish.of_mri_on})"
    )
    if mris.last_on and mris.last_on > wish.of_mri_on:
        lacking = ", ".join(SEQUENCE_NAMES[name] for name in wish.lacks(mris))
        when += f"; no MRI since is known to have had {lacking}"
    day = wish.of_mri_on
    return NextDue(
        day + timedelta(days=first),
        day + timedelta(days=last),
        rule_id,
        when,
        source,
        sequences=wish.sequences or rule.sequences,
    )


def wish(kind: WishKind, of_mri_on: date, sequences: tuple[str, ...] = ()) -> ReportWish:
    """A wish without days of its own: those of the table, and the sequences of the table where none are named."""
    rule = next(each for each in standard_table().wishes if each.applies_to is kind)
    first, last = rule.after(of_mri_on)
    days = (first - of_mri_on).days, (last - of_mri_on).days
    return ReportWish(of_mri_on, *days, kind, sequences or rule.sequences)


def _asked_of_full(mris: LastMris, guideline: Guideline, *, is_asked: bool) -> tuple[str, ...]:
    if not (is_asked and mris.is_full_unsaid and guideline.has_clock_of_full_mri()):
        return ()
    return (f"Was the MRI of {mris.unsaid_on} a full one? Until that is said, a full MRI counts as due.",)


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
