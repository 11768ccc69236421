"""What the peer's answer to one stored instance means for us: accepted, warning, try again, refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The four things that can have happened to an instance we sent."""

    ACCEPTED = "accepted"
    """The peer has it."""
    WARNING = "warning"
    """The peer has it, and said something about it (coerced, discarded, or had it already)."""
    TRY_AGAIN = "try again"
    """The peer does not have it now; the same instance may be taken later."""
    REFUSED = "refused"
    """The peer will not take this instance; somebody must change something."""

    @property
    def delivered(self) -> bool:
        """Whether the peer now has the instance."""
        return self in (Outcome.ACCEPTED, Outcome.WARNING)


@dataclass(frozen=True)
class InstanceOutcome:
    """The outcome of sending one instance. `status` is the DIMSE status, the STOW-RS failure reason,
    or None when the peer never answered; `detail` is one sentence for a person, without patient data."""

    sop_instance_uid: str
    outcome: Outcome
    status: int | None
    detail: str


# (first, last, outcome, meaning): PS3.4 Table B.2-1 (C-STORE), PS3.7 Annex C (general), PS3.18 10.5 (STOW-RS
# uses the same reasons). The first row that holds the status decides.
_STATUSES: tuple[tuple[int, int, Outcome, str], ...] = (
    (0x0000, 0x0000, Outcome.ACCEPTED, "stored"),
    (0x0107, 0x0107, Outcome.WARNING, "stored; attribute list error"),
    # A re-send after a lost answer carries the same UID on purpose, so "I have it already" is good news.
    (0x0111, 0x0111, Outcome.WARNING, "the peer has this instance already"),
    (0x0116, 0x0116, Outcome.WARNING, "stored; attribute value out of range"),
    (0x0110, 0x0110, Outcome.TRY_AGAIN, "processing failure at the peer"),
    (0x0122, 0x0122, Outcome.REFUSED, "the peer does not support this SOP class"),
    (0x0124, 0x0124, Outcome.REFUSED, "the peer does not authorise this sender"),
    (0x0210, 0x0210, Outcome.TRY_AGAIN, "duplicate invocation"),
    (0x0213, 0x0213, Outcome.TRY_AGAIN, "resource limitation at the peer"),
    (0xA700, 0xA7FF, Outcome.TRY_AGAIN, "the peer is out of resources"),
    (0xA900, 0xA9FF, Outcome.REFUSED, "the peer says the data set does not match its SOP class"),
    (0xB000, 0xB000, Outcome.WARNING, "stored; the peer coerced data elements"),
    (0xB006, 0xB006, Outcome.WARNING, "stored; the peer discarded elements"),
    (0xB007, 0xB007, Outcome.WARNING, "stored; the data set does not match its SOP class"),
    (0xB000, 0xBFFF, Outcome.WARNING, "stored with a warning"),
    (0x0001, 0x0001, Outcome.WARNING, "stored with a warning"),
    (0xC000, 0xCFFF, Outcome.REFUSED, "the peer cannot understand this instance"),
    (0xFE00, 0xFE00, Outcome.TRY_AGAIN, "cancelled by the peer"),
    (0xFF00, 0xFF01, Outcome.TRY_AGAIN, "the peer answered 'pending', which a C-STORE never is"),
)


def outcome_of_status(status: int) -> Outcome:
    """The outcome behind a DIMSE status; a status nobody defined is a refusal.

    >>> outcome_of_status(0xA700)
    <Outcome.TRY_AGAIN: 'try again'>
    """
    return _row(status)[0]


def meaning_of_status(status: int) -> str:
    """One phrase for a person, with the code."""
    return f"{_row(status)[1]} (status {status:04X})"


def _row(status: int) -> tuple[Outcome, str]:
    for first, last, outcome, meaning in _STATUSES:
        if first <= status <= last:
            return outcome, meaning
    return Outcome.REFUSED, "the peer answered with a failure"
