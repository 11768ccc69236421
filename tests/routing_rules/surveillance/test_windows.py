"""When one rule asks for the next MRI: within the periods of natalizumab, after them, and around their end."""

from __future__ import annotations

from datetime import date

import pytest

from routing_rules.surveillance.days import LONG_AGO
from routing_rules.surveillance.guidelines import Interval, standard_table
from routing_rules.surveillance.risk import Course, Period
from routing_rules.surveillance.windows import LastMris, Window, windows

ENROLLED = date(2024, 1, 1)
STOP = date(2025, 6, 1)
GOING_ON = Course((Period(None, None),))
STOPPED = Course((Period(None, STOP),), (date(2025, 8, 1),))
PAUSED = Course((Period(date(2020, 1, 1), STOP), Period(date(2025, 9, 1), None)))


def rule(number: str) -> Interval:
    """A rule of the table."""
    return next(each for each in standard_table().intervals if each.id == number)


def asked(number: str, course: Course, last: date | None, full: date | None = None) -> list[Window]:
    """When a rule of the table asks after this MRI."""
    mris = LastMris(last, full or last)
    return windows(rule(number), LONG_AGO, ENROLLED, mris, course, standard_table().limits)


@pytest.mark.parametrize(
    ("number", "course", "last", "first"),
    [
        ("NTZ-HIGH", GOING_ON, date(2025, 2, 1), (date(2025, 5, 1), date(2025, 6, 1))),
        ("NTZ-HIGH", GOING_ON, None, (ENROLLED, date(2024, 5, 1))),
        ("NTZ-HIGH", STOPPED, date(2025, 2, 1), (date(2025, 5, 1), STOP)),  # fell due before the end
        ("NTZ-HIGH", STOPPED, date(2025, 4, 1), None),
        ("NTZ-SWITCH", GOING_ON, date(2025, 4, 1), None),
        ("NTZ-SWITCH", STOPPED, date(2025, 4, 1), (date(2025, 7, 1), date(2025, 8, 1))),
        ("NTZ-SWITCH", STOPPED, date(2026, 4, 30), (date(2026, 5, 1), date(2026, 6, 1))),  # the closing one
        ("NTZ-SWITCH", STOPPED, date(2026, 5, 1), None),
        ("NTZ-SWITCH", PAUSED, date(2025, 5, 15), (date(2025, 8, 15), date(2025, 9, 15))),
        ("NTZ-SWITCH", PAUSED, date(2025, 7, 1), None),  # would be due after the restart
        ("NTZ-HIGH", PAUSED, date(2025, 7, 1), (date(2025, 10, 1), date(2025, 11, 1))),
        ("NTZ-HIGH", PAUSED, date(2025, 5, 15), (date(2025, 9, 1), date(2025, 9, 15))),
        ("NTZ-SWITCH-END", GOING_ON, date(2025, 2, 1), None),
        ("NTZ-SWITCH-END", STOPPED, date(2025, 4, 30), (date(2025, 5, 1), date(2025, 7, 1))),
        ("NTZ-SWITCH-END", STOPPED, date(2025, 5, 1), None),
        ("NTZ-SWITCH-NEXT", STOPPED, date(2025, 7, 31), (date(2025, 8, 1), date(2025, 12, 1))),
        ("NTZ-SWITCH-NEXT", STOPPED, date(2025, 8, 1), None),
        ("NTZ-SWITCH-NEXT", Course((Period(None, STOP),)), date(2025, 6, 5), None),
    ],
)
def test_the_first_window_of_a_rule(
    number: str, course: Course, last: date | None, first: Window | None
) -> None:
    """By the population that it is for; an MRI in the window answers it."""
    found = asked(number, course, last)
    assert (min(found) if found else None) == first


def test_a_rule_opens_when_its_population_is_reached() -> None:
    """Not before, and not after an end that came first."""
    since, limits = date(2025, 4, 1), standard_table().limits
    mris = LastMris(date(2024, 11, 1), date(2024, 11, 1))
    assert windows(rule("NTZ-HIGH"), since, ENROLLED, mris, GOING_ON, limits) == [(since, since)]
    assert windows(rule("NTZ-HIGH"), date(2025, 7, 1), ENROLLED, mris, STOPPED, limits) == []
    assert windows(rule("NTZ-SWITCH-END"), date(2025, 7, 1), ENROLLED, mris, STOPPED, limits) == []


def test_the_full_mri_has_a_clock_of_its_own() -> None:
    """Counted from the last full one, else from the enrolment, else from the first that is known."""
    assert asked("EMA-ALL", GOING_ON, date(2025, 6, 1), date(2025, 1, 1)) == [
        (date(2026, 1, 1), date(2026, 1, 1))
    ]
    limits = standard_table().limits
    short = LastMris(date(2025, 6, 1))
    assert windows(rule("EMA-ALL"), LONG_AGO, ENROLLED, short, GOING_ON, limits) == [
        (ENROLLED, date(2025, 1, 1))
    ]
    [(first, last)] = windows(rule("EMA-ALL"), LONG_AGO, None, short, GOING_ON, limits)
    assert (first, last) == (date(2025, 6, 1), date(2026, 6, 1))
    assert windows(rule("EMA-ALL"), LONG_AGO, None, LastMris(), GOING_ON, limits) == []


def test_nobody_is_asked_about_an_end_of_before_the_enrolment() -> None:
    """Without any MRI, an end or a next therapy long before the enrolment asks for nothing."""
    old = Course((Period(None, date(2022, 1, 1)),), (date(2022, 2, 1),))
    assert [asked(number, old, None) for number in ("NTZ-SWITCH", "NTZ-SWITCH-END", "NTZ-SWITCH-NEXT")] == [
        []
    ] * 3
