"""How soon the next MRI is recommended: what is usual at each level as a table, and what no report says.

An interval between the bounds needs nothing, one outside needs a reason, one beyond `LONGEST_DAYS` is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.reporting.answers import IntervalUnit, Recommendation
from gateway.reporting.checks.contradiction import Contradiction
from routing_rules.surveillance.days import DAYS_A_MONTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.opinion import Opinion

DAYS = {IntervalUnit.DAYS: 1.0, IntervalUnit.WEEKS: 7.0, IntervalUnit.MONTHS: DAYS_A_MONTH}
YEARLY = "EMA/137488/2016: a full MRI at least once a year"
SOON = (
    "education module, section “Differentiation from MS Lesions”: 2 to 4 weeks when MS or PML is unclear; "
    "1 and 6 weeks are ours"
)
SURVEILLANCE = (
    "education module, section “Early Detection”: 3 to 6 months; EMA/137488/2016: at least once a year"
)
LONGEST_DAYS = 732
"""Two years, ours: longer than any guideline on natalizumab leaves between two MRI."""


@dataclass(frozen=True)
class Usual:
    """The usual interval in days, and where it comes from."""

    earliest: int
    latest: int
    source: str


#: Of a follow-up MRI, by the level of suspicion; None is “not assessable”.
USUAL: dict[int | None, Usual] = {
    None: Usual(1, 42, "ours: images that cannot answer are made again within six weeks"),
    0: Usual(7, 366, YEARLY),
    1: Usual(7, 366, YEARLY),
    2: Usual(7, 42, SOON),
    3: Usual(1, 42, SOON),
    4: Usual(1, 42, SOON),
}
#: Of routine surveillance, at every level.
ROUTINE = Usual(84, 366, SURVEILLANCE)
#: What may carry an interval, and what needs one.
TIMED = frozenset({Recommendation.ROUTINE, Recommendation.FOLLOW_UP, Recommendation.SHORT_TERM})
INTERVAL_NEEDED = TIMED - {Recommendation.ROUTINE}


def interval_days(opinion: Opinion) -> float | None:
    """The recommended interval in days; None without one."""
    value, unit = opinion.follow_up_value, opinion.follow_up_unit
    return None if value is None or unit is None else float(value) * DAYS[unit]


def interval_is_complete(opinion: Opinion) -> Iterator[Contradiction]:
    """One interval, of one recommendation, with its unit."""
    timed = TIMED & set(opinion.recommendations)
    value, unit = opinion.follow_up_value, opinion.follow_up_unit
    if len(timed) > 1:
        yield Contradiction(
            "recommendations",
            "Routine surveillance and a follow-up MRI are both recommended, but there is one interval.",
            "Keep one, and write the other in words.",
        )
    if (value is None) != (unit is None) or (timed & INTERVAL_NEEDED and value is None):
        yield Contradiction(
            "follow_up_value", "The follow-up interval is missing.", "Enter a number and its unit."
        )
    if not timed and (value is not None or unit is not None):
        yield Contradiction(
            "recommendations",
            "A follow-up interval is given, but no MRI is recommended.",
            "Choose follow-up or routine surveillance, or delete the interval.",
        )


def interval_is_possible(opinion: Opinion) -> Iterator[Contradiction]:
    """No interval is longer than any guideline allows, or shorter than a day."""
    days = interval_days(opinion)
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        yield Contradiction(
            "follow_up_value",
            f"The next MRI in {_interval(opinion)} cannot be meant.",
            "Enter between 1 day and 24 months.",
        )


def interval_is_usual(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why the next MRI is sooner or later than usual at this level."""
    days = interval_days(opinion)
    if days is None:
        return
    routine = Recommendation.ROUTINE in opinion.recommendations
    usual = ROUTINE if routine else USUAL[opinion.suspicion.level]
    if not usual.earliest <= days <= usual.latest:
        what = "routine surveillance" if routine else f"suspicion “{opinion.suspicion.label}”"
        yield Contradiction(
            "follow_up_value",
            f"The next MRI in {_interval(opinion)} is unusual for {what}: "
            f"{usual.earliest} to {usual.latest} days ({usual.source}).",
            "Correct the interval, or say why.",
            "unusual_interval",
        )


def _interval(opinion: Opinion) -> str:
    value, unit = opinion.follow_up_value, opinion.follow_up_unit
    return f"{value} {unit.label}{'' if value == 1 else 's'}" if unit else ""
