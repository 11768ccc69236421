"""The forms of a report, from the richest to the one every archive takes, and which is offered next: pure.

The class of an answer decides (`dicom_nodes.outcomes`): what is refused for this form leads to the next one, what may
pass later waits, what concerns the node as a whole goes to a person at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from dicom_nodes.outcomes import InstanceOutcome, Outcome

FORMS: Final[Mapping[str, str]] = {
    "enhanced": "Enhanced SR",
    "comprehensive": "Comprehensive SR",
    "basic": "Basic Text SR",
    "pdf": "Encapsulated PDF",
    "capture": "Secondary Capture of the printed pages",
}
"""In their order, with their names for people."""
RICHEST_FIRST: Final = tuple(FORMS)
PAGES: Final = "capture"
"""The form that has an object for each page; the further ones stand under its name with their number."""

_WORST_LAST = (
    Outcome.ACCEPTED,
    Outcome.WARNING,
    Outcome.TRY_AGAIN,
    Outcome.REFUSED,
    Outcome.NODE_REFUSED,
)


class Next(Enum):
    """What follows from the answer to one form."""

    DONE = auto()
    WAIT = auto()
    NEXT_FORM = auto()
    ASK_A_PERSON = auto()


_NEXT: Final[Mapping[Outcome, Next]] = {
    Outcome.ACCEPTED: Next.DONE,
    Outcome.WARNING: Next.DONE,
    Outcome.TRY_AGAIN: Next.WAIT,
    Outcome.REFUSED: Next.NEXT_FORM,
    Outcome.NODE_REFUSED: Next.ASK_A_PERSON,
}


@dataclass(frozen=True)
class Offer:
    """One form as it was offered, and what was answered for each of its objects."""

    form: str
    outcomes: tuple[InstanceOutcome, ...]
    tries: int = 1
    """How often this form met trouble that may lie in the form itself, this time included."""

    @property
    def answer(self) -> InstanceOutcome:
        """The answer that counts for the whole form: the worst, since half a report is none."""
        return max(self.outcomes, key=lambda outcome: _WORST_LAST.index(outcome.outcome))

    @property
    def next(self) -> Next:
        """What follows."""
        following, most = _NEXT[self.answer.outcome], self.answer.tries
        if following is Next.WAIT and most is not None and self.tries >= most:
            return Next.NEXT_FORM
        return following

    @property
    def told(self) -> str:
        """What was tried and what was answered."""
        often = f", {self.tries} times" if self.tries > 1 else ""
        return f"{FORMS[self.form]}: {self.answer.detail.rstrip('.')}{often}"


def told(offers: Sequence[Offer]) -> str:
    """Every form that was offered, with its answer."""
    return "; ".join(offer.told for offer in offers)


def fixes(offers: Sequence[Offer]) -> str:
    """What a person can do about it, each thing once."""
    return " ".join(dict.fromkeys(offer.answer.fix for offer in offers if offer.answer.fix))


def files_of(composed: Mapping[str, Any], form: str) -> list[dict[str, str]]:
    """The objects of one form: one, or one for each page; none where a case was composed before there was this form."""
    return [file for name, file in composed.items() if name.split()[0] == form]
