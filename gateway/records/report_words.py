"""What a signed report says to the calendar: what it asks for, and whether its study could answer the question at all.

The one place that reads a report for the calendar; fields of every form that ever was are told apart here. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from routing_rules.surveillance.days import DAYS_A_MONTH
from routing_rules.surveillance.due_dates import ReportWish, wish
from routing_rules.surveillance.guidelines import WishKind

DAYS: Mapping[str, float] = {"d": 1.0, "wk": 7.0, "mo": DAYS_A_MONTH}
"""Unit of a follow-up (UCUM) -> days."""
SHORTEST_FOLLOW_UP_DAYS = 14
KINDS: Mapping[str, WishKind] = {
    "repeat_sequences": WishKind.REPEAT,
    "add_contrast": WishKind.CONTRAST,
    "urgent_contact": WishKind.URGENT,
}
"""Recommendation -> the wish it is for the calendar."""
VOIDING: Mapping[tuple[str, ...], frozenset[str]] = {
    ("protocol", "quality"): frozenset({"non_diagnostic"}),
    ("protocol", "completeness"): frozenset({"incomplete"}),
    ("suspicion",): frozenset({"not_assessable"}),
    **{
        ("protocol", "sequences", sequence, part): answers
        for sequence in ("flair", "t2", "dwi")
        for part, answers in (
            ("acquired", frozenset({"absent"})),
            ("quality", frozenset({"non_diagnostic"})),
            ("coverage", frozenset({"part", "unknown"})),
        )
    },
}
"""Where a report says that its study cannot exclude PML: the field, and the answers that say so.

Forms before *not assessable* and coverage have no such answer, and say it by quality and completeness alone. That a
*new* lesion cannot be assessed says nothing of the study: it may be the prior that is missing.
"""


def voids(content: Mapping[str, Any]) -> bool:
    """Whether the study of this report cannot exclude PML, so that it does not count as a surveillance MRI."""
    return any(answer_at(content, path) in answers for path, answers in VOIDING.items())


def answer_at(content: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """The answer in a field of a report; None where there is none."""
    answer: Any = content
    for name in path:
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    return answer


def wishes_of(content: Mapping[str, Any], day: date) -> list[ReportWish]:
    """What a signed report asks for after the MRI of a day; a study it could not read is due again by itself."""
    recommended = set(content.get("recommendations") or ())
    wishes = [wish(kind, day) for name, kind in KINDS.items() if name in recommended]
    if voids(content) and "repeat_sequences" not in recommended:
        wishes.append(wish(WishKind.REPEAT, day))
    follow_up = _follow_up(content, day, is_short="short_term" in recommended)
    return [*wishes, follow_up] if follow_up else wishes


def _follow_up(content: Mapping[str, Any], day: date, *, is_short: bool) -> ReportWish | None:
    value, unit = content.get("follow_up_value"), str(content.get("follow_up_unit"))
    if value is None or unit not in DAYS:
        return wish(WishKind.FOLLOW_UP, day) if is_short else None
    latest = round(float(value) * DAYS[unit])
    earliest = min(SHORTEST_FOLLOW_UP_DAYS, latest) if is_short else latest
    return ReportWish(day, earliest, latest)
