"""The verdict on a protocol as records: what counts, requirement by requirement, with what each series covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any


class Readability(StrEnum):
    """Can the question be answered from these images?"""

    READABLE = "readable"
    """Every series that is asked for is there, and nothing limits it."""
    READABLE_WITH_LIMITS = "readable_with_limits"
    """Every essential series is there; what limits the reading is said."""
    NOT_READABLE = "not_readable"
    """Not for the question: an essential series is absent, shows part of the brain, or has no b-value about 1000."""
    UNKNOWN = "unknown"
    """The headers do not say whether an essential series meets what is asked; a reader can."""


ANSWERS = frozenset({Readability.READABLE, Readability.READABLE_WITH_LIMITS})
"""What lets a study count as an MRI that looked for PML."""


class BrainCoverage(StrEnum):
    """How much of a brain a stack can hold, by its lengths alone: that the brain lies in it, only pixels show."""

    WHOLE = "whole"
    """A brain of usual size fits in."""
    DOUBTFUL = "doubtful"
    """A small brain fits in; of a usual one an edge is cut."""
    PART = "part"
    """No adult brain fits in."""
    UNKNOWN = "unknown"
    """The headers do not say."""


@dataclass(frozen=True)
class Extent:
    """One direction of a stack: the axis of the patient it is nearest to, what it covers, and what a brain takes; mm.

    `covered_mm` leaves out slices that are missing; None is not known.
    """

    axis: str
    covered_mm: float | None
    least_mm: float
    usual_mm: float


@dataclass(frozen=True)
class Coverage:
    """What of the brain a series can show: the judgement, and its three directions (row, column, across slices)."""

    brain: BrainCoverage
    extents: tuple[Extent, ...] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Coverage:
        """The coverage that was kept."""
        return cls(BrainCoverage(stored["brain"]), tuple(Extent(**one) for one in stored["extents"]))


@dataclass(frozen=True)
class Requirement:
    """One line of the protocol: met, not met or not known (None), by which series, and what there is to say about it.

    `by_series` is the UID of the series that stands for it, met or not; `others` are sentences on further series of the
    kind, by number; `coverage` is what the standing series covers, and None where there is none.
    """

    name: str
    met: bool | None
    by_series: str | None
    note: str
    label: str = ""
    essential: bool = True
    source: str = ""
    coverage: Coverage | None = None
    others: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Requirement:
        """The requirement that was kept, by this version or an earlier one; unknown keys are ignored."""
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {key: stored[key] for key in known & set(stored)}
        covered = stored.get("coverage")
        values["coverage"] = Coverage.from_json(covered) if covered else None
        return cls(**{**values, "others": tuple(stored.get("others", ()))})


@dataclass(frozen=True)
class ProtocolVerdict:
    """The verdict; `limits` are sentences for the reader, `resend` what the sender can do about it.

    `simplified`: the site declared the simplified protocol, and the study was judged by it.
    """

    readability: Readability
    requirements: tuple[Requirement, ...]
    limits: tuple[str, ...]
    resend: tuple[str, ...] = ()
    simplified: bool = False

    def to_json(self) -> dict[str, Any]:
        """A plain dict of JSON values, readable again by `from_json`."""
        return {
            "readability": self.readability.value,
            "requirements": [asdict(one) for one in self.requirements],
            "limits": list(self.limits),
            "resend": list(self.resend),
            "simplified": self.simplified,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ProtocolVerdict:
        """The verdict that `to_json` wrote, in this version or an earlier one."""
        return cls(
            Readability(stored["readability"]),
            tuple(Requirement.from_json(one) for one in stored["requirements"]),
            tuple(stored["limits"]),
            tuple(stored.get("resend", ())),
            bool(stored.get("simplified", False)),
        )
