"""What a signed report says to the calendar: what it asks for, and whether its study could answer the question at all.

The one place that reads a report for the calendar; fields of every form that ever was are told apart here. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


JUDGED_BY = ("protocol", "judged_by")
"""By which protocol the study was judged; absent in forms before it was asked: by the full one."""
WITHOUT: Mapping[str, frozenset[str]] = {"simplified": frozenset({"t2"})}
"""Protocol -> the sequences that it does not ask for."""
COVERED = ("flair", "t2", "dwi")
"""Sequences of which the form asks how much of the brain they show."""
OTHERS = ("t1", "t1_contrast")
RECOMMENDED, FOLLOW_UP = ("recommendations",), (("follow_up_value",), ("follow_up_unit",))
READ: tuple[tuple[str, ...], ...] = (
    *VOIDING,
    JUDGED_BY,
    *(("protocol", "sequences", name, part) for name in OTHERS for part in ("acquired", "quality")),
    RECOMMENDED,
    *FOLLOW_UP,
)
"""Every field of a report that is read here."""


@dataclass(frozen=True)
class ReportWords:
    """What one report says: whether its study cannot exclude PML, which sequences were read, what is asked for.

    `read` has each sequence that the report speaks of, and whether it was readable, of the whole brain where that is
    asked. Wishes are those of a study without a day.
    """

    voids: bool
    read: Mapping[str, bool]
    wishes: tuple[ReportWish, ...]


def words_of(content: Mapping[str, Any], day: date) -> ReportWords:
    """What a report says about the MRI of a day."""
    said = {name: _was_read(content, name) for name in (*COVERED, *OTHERS)}
    read = {name: was for name, was in said.items() if was is not None}
    return ReportWords(voids(content), read, tuple(wishes_of(content, day)))


def _was_read(content: Mapping[str, Any], name: str) -> bool | None:
    at = ("protocol", "sequences", name)
    match answer_at(content, (*at, "acquired")):
        case "absent":
            return False
        case "present":
            part = answer_at(content, (*at, "coverage")) in {"part", "unknown"}
            return answer_at(content, (*at, "quality")) == "diagnostic" and not part
    return None


def voids(content: Mapping[str, Any]) -> bool:
    """Whether the study of this report cannot exclude PML, so that it does not count as a surveillance MRI.

    What the protocol that it was judged by does not ask for voids nothing.
    """
    spared = WITHOUT.get(str(answer_at(content, JUDGED_BY)), frozenset())
    return any(
        answer_at(content, path) in answers
        for path, answers in VOIDING.items()
        if not (path[:2] == ("protocol", "sequences") and path[2] in spared)
    )


def answer_at(content: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """The answer in a field of a report; None where there is none."""
    answer: Any = content
    for name in path:
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    return answer


def wishes_of(content: Mapping[str, Any], day: date) -> list[ReportWish]:
    """What a signed report asks for after the MRI of a day; a study it could not read is due again by itself.

    A repeat is of the sequences that the report could not read, and answered by these; where it names none, by an MRI
    that can be read.
    """
    recommended = set(content.get("recommendations") or ())
    named = {WishKind.REPEAT: _to_repeat(content)}
    wishes = [wish(kind, day, named.get(kind, ())) for name, kind in KINDS.items() if name in recommended]
    if voids(content) and "repeat_sequences" not in recommended:
        wishes.append(wish(WishKind.REPEAT, day, named[WishKind.REPEAT]))
    follow_up = _follow_up(content, day, is_short="short_term" in recommended)
    return [*wishes, follow_up] if follow_up else wishes


def _to_repeat(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Sequences of the protocol that were not read, and T1 that is there and unreadable: nobody owed it."""
    spared = WITHOUT.get(str(answer_at(content, JUDGED_BY)), frozenset())
    owed = [name for name in COVERED if name not in spared]
    owed += [
        name
        for name in OTHERS
        if answer_at(content, ("protocol", "sequences", name, "acquired")) == "present"
    ]
    return tuple(name for name in owed if _was_read(content, name) is False)


def _follow_up(content: Mapping[str, Any], day: date, *, is_short: bool) -> ReportWish | None:
    value, unit = content.get("follow_up_value"), str(content.get("follow_up_unit"))
    if value is None or unit not in DAYS:
        return wish(WishKind.FOLLOW_UP, day) if is_short else None
    latest = round(float(value) * DAYS[unit])
    earliest = min(SHORTEST_FOLLOW_UP_DAYS, latest) if is_short else latest
    return ReportWish(day, earliest, latest)
