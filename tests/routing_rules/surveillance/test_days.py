"""Months of the calendar are counted from day to day."""

from __future__ import annotations

from datetime import date

import pytest

from routing_rules.surveillance.days import months_after


@pytest.mark.parametrize(
    ("day", "months", "reached"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -13, date(2024, 12, 15)),
        (date(2026, 1, 15), 12.0, date(2027, 1, 15)),
    ],
)
def test_the_same_day_so_many_months_later(day: date, months: float, reached: date) -> None:
    """Or earlier; where the month is shorter, its last day."""
    assert months_after(day, months) == reached
