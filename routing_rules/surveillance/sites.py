"""How the sites stand: counts of every state, and how many MRIs fall due in the months ahead, for list and plot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from routing_rules.surveillance.due_dates import CalendarState, CalendarStatus


@dataclass(frozen=True)
class SiteSummary:
    """One site: `counts` has every state, `due_by_month` every month ahead as (YYYY-MM, MRIs that fall due in it).

    What was due before this month and is still open counts in this month: there it has to be made good.
    """

    site: str
    patients: int
    counts: Mapping[CalendarState, int]
    due_by_month: tuple[tuple[str, int], ...]


def summaries(
    patients: Iterable[tuple[str, CalendarStatus]], today: date, months: int = 12
) -> tuple[SiteSummary, ...]:
    """A summary of every site among (site, status), by name of site."""
    by_site: dict[str, list[CalendarStatus]] = {}
    for site, one in patients:
        by_site.setdefault(site, []).append(one)
    ahead = [_month(today, number) for number in range(months)]
    return tuple(_summary(site, by_site[site], ahead) for site in sorted(by_site))


def _summary(site: str, patients: list[CalendarStatus], ahead: list[str]) -> SiteSummary:
    states = Counter(one.state for one in patients)
    due = [f"{one.next_due.due_by:%Y-%m}" for one in patients if one.next_due is not None]
    months = Counter(max(month, ahead[0]) for month in due) if ahead else Counter()
    return SiteSummary(
        site,
        len(patients),
        {state: states[state] for state in CalendarState},
        tuple((month, months[month]) for month in ahead),
    )


def _month(day: date, later: int) -> str:
    year, month = divmod(day.year * 12 + day.month - 1 + later, 12)
    return f"{year:04d}-{month + 1:02d}"
