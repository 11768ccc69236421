"""Wishes of reports that a person closed: nothing will answer them, and somebody said why. Pure.

Contrast that will not be given, a repeat that was made elsewhere: no MRI received here ever closes such a wish. A wish
is known by its kind, its day and what the report itself asked for, so that a new report or other words ask anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from routing_rules.surveillance.due_dates import ReportWish
from routing_rules.surveillance.guidelines import SEQUENCE_NAMES, WishKind

SAID: Mapping[WishKind, str] = {
    WishKind.FOLLOW_UP: "a follow-up MRI",
    WishKind.REPEAT: "a repeat of the MRI",
    WishKind.CONTRAST: "an MRI with contrast",
    WishKind.URGENT: "urgent contact and an MRI",
}


@dataclass(frozen=True)
class ClosedWish:
    """One wish, who closed it on which day (ISO 8601), and why."""

    wish: str
    said: str
    by: str
    on: str
    why: str

    def kept(self) -> dict[str, str]:
        """As the records keep it."""
        return asdict(self)


def read_closed(kept: Iterable[Mapping[str, Any]]) -> tuple[ClosedWish, ...]:
    """The closed wishes as the records keep them."""
    return tuple(ClosedWish(**each) for each in kept)


def name_of(wish: ReportWish) -> str:
    """What a wish is known by: of a follow-up its interval, of a repeat the sequences that could not be read."""
    more = {
        WishKind.FOLLOW_UP: [f"{wish.earliest_days}-{wish.latest_days}"],
        WishKind.REPEAT: sorted(wish.sequences),
    }
    return " ".join([str(wish.kind), wish.of_mri_on.isoformat(), *more.get(wish.kind, [])])


def in_words(wish: ReportWish) -> str:
    """A wish for a coordinator."""
    said = SAID[wish.kind]
    if wish.kind is WishKind.FOLLOW_UP:
        said += f" by {wish.latest_days} days after it"
    if wish.kind is WishKind.REPEAT and wish.sequences:
        said += f" ({', '.join(SEQUENCE_NAMES[name] for name in wish.sequences)})"
    return f"The report of the MRI of {wish.of_mri_on} asks for {said}."


def still_open(wishes: Iterable[ReportWish], closed: Collection[ClosedWish]) -> tuple[ReportWish, ...]:
    """The wishes that nobody closed, each once."""
    names = {each.wish for each in closed}
    return tuple({name: wish for wish in wishes if (name := name_of(wish)) not in names}.values())
