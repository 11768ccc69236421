"""When one rule of a guideline asks for the next MRI: the window of days, by the population it is for.

Pure. Rules on natalizumab ask within its periods; what fell due before an end stays due after it. After the end they
ask until monitoring is over, with a closing MRI; a restart hands over to the rules on natalizumab again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest

from routing_rules.surveillance.days import LONG_AGO, months_after
from routing_rules.surveillance.guidelines import Interval, Limits, Population
from routing_rules.surveillance.risk import Course

Window = tuple[date, date]


@dataclass(frozen=True)
class LastMris:
    """The newest MRI that could be read, and the newest full one.

    `unsaid_on` is one of which nobody said whether it was full: it may be, so the full one is due and asked about; it
    is overdue a year after it, and at the latest a year after the patient was entered (`known_since`) or the last full
    one was, so that a word that is renewed with every MRI keeps nobody waiting for ever. `by_sequence` is the newest
    MRI on which each sequence was seen.
    """

    last_on: date | None = None
    full_on: date | None = None
    unsaid_on: date | None = None
    known_since: date | None = None
    by_sequence: tuple[tuple[str, date], ...] = ()

    def seen(self, sequence: str) -> date | None:
        """The newest MRI that had this sequence, as far as that is known."""
        return dict(self.by_sequence).get(sequence)

    @property
    def is_full_unsaid(self) -> bool:
        """Whether a newer MRI than the last full one may have been full."""
        return self.unsaid_on is not None and (self.full_on is None or self.unsaid_on > self.full_on)


@dataclass(frozen=True)
class Asked:
    """What a rule is applied to: counted from `base`, which is an MRI (`is_mri`) or the day of enrolment."""

    rule: Interval
    since: date
    base: date
    is_mri: bool
    course: Course
    limits: Limits

    def counted(self) -> Window:
        """The rule's window; without any MRI the first is due from the day of enrolment on."""
        first, last = self.rule.after(self.base)
        return (first if self.is_mri else min(first, self.base)), last


def windows(
    rule: Interval, since: date, enrolled_on: date | None, mris: LastMris, course: Course, limits: Limits
) -> list[Window]:
    """The windows in which a rule asks for an MRI; empty when it asks for none, or there is nothing to count from."""
    last = mris.last_on
    if rule.clock == "full" and mris.is_full_unsaid and mris.unsaid_on:
        return _until_it_is_said(Asked(rule, since, mris.unsaid_on, True, course, limits), mris, enrolled_on)
    if rule.clock == "full":
        last = mris.full_on
    base = last or enrolled_on or mris.last_on
    if base is None:
        return []
    asked = Asked(rule, since, base, last is not None, course, limits)
    return list(_BY_POPULATION.get(rule.applies_to, _on_treatment)(asked))


def _until_it_is_said(asked: Asked, mris: LastMris, enrolled_on: date | None) -> list[Window]:
    """Due until it is said whether the newest MRI was a full one; at the latest when it would be if it was.

    And not for ever: a year after the last full one and after the patient was entered, it is taken as none.
    """
    before = asked.rule.after(mris.full_on)[0] if mris.full_on else enrolled_on or asked.base
    latest = (
        max(asked.rule.after(day)[1] for day in (mris.full_on, mris.known_since) if day)
        if (mris.known_since)
        else date.max
    )
    return [
        (min(first, max(before, asked.since)), min(last, max(latest, asked.since)))
        for first, last in _on_treatment(asked)
    ]


def _on_treatment(asked: Asked) -> Iterator[Window]:
    counted_first, counted_last = asked.counted()
    for number, period in enumerate(asked.course.periods):
        began = period.started_on if number and period.started_on else LONG_AGO
        opens = max(asked.since, began)
        first, last = max(counted_first, opens), max(counted_last, opens)
        if period.stopped_on is None or first <= period.stopped_on:
            yield first, last


def _after_stopping(asked: Asked) -> Iterator[Window]:
    periods = asked.course.periods
    for period, following in zip_longest(periods, periods[1:]):
        if period.stopped_on is None:
            continue
        over = months_after(period.stopped_on, asked.limits.after_stopping_months.value)
        closing = months_after(over, -asked.limits.closing_months.value)
        first, last = (max(day, period.stopped_on) for day in asked.counted())
        resumed = following.started_on if following else None
        if resumed is not None and resumed <= over:
            if first <= resumed:
                yield first, last
        elif asked.base < (closing if asked.is_mri else over):
            yield min(first, closing), min(last, over)


def _end_of_therapy(asked: Asked) -> Iterator[Window]:
    stopped = asked.course.stopped_on
    if stopped is not None and asked.since <= stopped:
        yield from _around(asked, stopped)


def _start_of_next(asked: Asked) -> Iterator[Window]:
    stopped = asked.course.stopped_on
    if stopped is None or asked.since > stopped:
        return
    over = months_after(stopped, asked.limits.after_stopping_months.value)
    started = asked.course.periods[-1].started_on or LONG_AGO
    following = [day for day in asked.course.next_began if started < day <= over]
    if following:
        yield from _around(asked, following[0])


def _around(asked: Asked, day: date) -> Iterator[Window]:
    """The window around a day; answered by an MRI in it, and not asked of who was enrolled after it."""
    first, last = asked.rule.after(day)
    if asked.base < first or (not asked.is_mri and asked.base <= last):
        yield first, last


_BY_POPULATION: Mapping[Population, Callable[[Asked], Iterator[Window]]] = {
    Population.AFTER_STOPPING: _after_stopping,
    Population.END_OF_THERAPY: _end_of_therapy,
    Population.START_OF_NEXT: _start_of_next,
}
"""Everybody else's rules ask while natalizumab goes on."""
