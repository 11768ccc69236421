"""What people make of a protocol verdict: the reader's overrule, and the letter to the sender's site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing_rules.protocol.requirements import standard_protocol
from routing_rules.protocol.verdict import ProtocolVerdict, Readability


@dataclass(frozen=True)
class Overrule:
    """A reader's own judgement of the protocol; the machine's verdict stays beside it. `by` is a login, `at` aware.

    Raises ValueError without a reason: who overrules says why.
    """

    readability: Readability
    reason: str
    by: str
    at: datetime

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError(
                "An overruled protocol needs a reason: write what makes the study readable, or not."
            )

    def to_json(self) -> dict[str, Any]:
        """A plain dict of JSON values, readable again by `from_json`."""
        return {
            "readability": self.readability.value,
            "reason": self.reason,
            "by": self.by,
            "at": self.at.isoformat(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Overrule:
        """The overrule that `to_json` wrote."""
        at = datetime.fromisoformat(stored["at"])
        return cls(Readability(stored["readability"]), stored["reason"], stored["by"], at)


def effective(verdict: ProtocolVerdict, overrule: Overrule | None) -> Readability:
    """What counts: the reader's word where there is one, else the machine's."""
    return verdict.readability if overrule is None else overrule.readability


def sender_letter(verdict: ProtocolVerdict, overrule: Overrule | None = None) -> str:
    """The verdict in words for the sender's site: what is missing and what to do; no identity, no description.

    A reader who finds the study readable asks for nothing; the reader's reason is told as it was written.
    """
    counts = effective(verdict, overrule)
    opening = {
        Readability.READABLE: "The study has every series that is needed.",
        Readability.READABLE_WITH_LIMITS: "The study can be read, with limits.",
        Readability.NOT_READABLE: "The study is not readable for the question as it is: PML cannot be excluded.",
        Readability.UNKNOWN: "Whether the study can be read for the question is not known: its headers do not say.",
    }[counts]
    if verdict.simplified:
        words = standard_protocol().simplified.words
        opening += f"\nIt was judged by the protocol that the site declared for surveillance: {words}."
    if overrule is not None:
        if counts is Readability.READABLE:
            opening = "The study can be read."
        opening += f"\nA reader judged so: {overrule.reason.strip()}"
    resend = () if overrule is not None and counts is Readability.READABLE else verdict.resend
    asked = "".join(f"\n- {one}" for one in resend)
    asked = f"\nPlease send into the same study:{asked}" if asked else ""
    limits = "".join(f"\n- {one}" for one in verdict.limits)
    limits = f"\nThis is what was found:{limits}" if limits else ""
    hint = (
        "\nA series that was acquired but did not arrive can be sent again at any time; it is added to this study."
        if asked
        else ""
    )
    return f"{opening}{limits}{asked}{hint}"
