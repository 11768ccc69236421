"""Reckoning with months of the calendar."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

DAYS_A_MONTH = 30.4375
LONG_AGO = date(1990, 1, 1)
"""Before natalizumab existed: what has held for as long as anybody asks."""


def months_after(day: date, months: float) -> date:
    """The same day so many whole months later (or earlier), or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + int(months), 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
