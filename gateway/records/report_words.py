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
NOT_ASSESSABLE = "not_assessable"
KINDS: Mapping[str, WishKind] = {
    "repeat_sequences": WishKind.REPEAT,
    "add_contrast": WishKind.CONTRAST,
    "urgent_contact": WishKind.URGENT,
}
"""Recommendation -> the wish it is for the calendar."""
VOIDING: tuple[tuple[tuple[str, ...], str], ...] = (
    (("protocol", "quality"), "non_diagnostic"),
    (("protocol", "completeness"), "incomplete"),
    (("suspicion",), NOT_ASSESSABLE),
    (("new_lesion",), NOT_ASSESSABLE),
)
"""Where a report says that its study could not answer the question: the field, and the answer that says so."""


def voids(content: Mapping[str, Any]) -> bool:
    """Whether the study of this report cannot exclude PML, so that it does not count as a surveillance MRI."""
    return any(answer_at(content, path) == answer for path, answer in VOIDING)


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
