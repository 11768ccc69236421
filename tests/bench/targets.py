"""What the gateway is meant to reach, and whether these rows say that it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.measure import GATEWAY, Row, number


@dataclass(frozen=True)
class Target:
    """A bound on one figure of one row: `times` (ratio of medians), `median` or `peak_mb`."""

    what: str
    case: str
    row: str
    figure: Literal["times", "median", "peak_mb"]
    bound: Literal["at least", "at most"]
    limit: float
    unit: str = "x"

    def value(self, rows: Sequence[Row]) -> float | None:
        """The figure, or None where it was not measured."""
        found = next((row for row in rows if (row.case, row.name) == (self.case, self.row)), None)
        return None if found is None else getattr(found, self.figure)

    def verdict(self, rows: Sequence[Row]) -> str:
        """Reached, missed (and by how much), or not measured."""
        value = self.value(rows)
        if value is None:
            return "not measured"
        if value >= self.limit if self.bound == "at least" else value <= self.limit:
            return "reached"
        share = value / self.limit if self.bound == "at least" else self.limit / value
        return f"missed: {100 * share:.0f} % of it"

    @property
    def wanted(self) -> str:
        return f"{self.bound} {self.limit:g} {self.unit}"

    def measured(self, rows: Sequence[Row]) -> str:
        """The figure with its unit."""
        value = self.value(rows)
        return "" if value is None else f"{number(value)} {self.unit}"


def _better(what: str, case: str, than: str, limit: float) -> Target:
    return Target(what, case, than, "times", "at least", limit)


_READING: tuple[tuple[str, str, Literal["at least", "at most"], float, str], ...] = (
    ("first image of a case", "reading-first", "at most", 500, "ms"),
    ("scrolling at once", "reading-at-once", "at least", 30, "images/s"),
    ("scrolling when loaded", "reading-loaded", "at least", 60, "images/s"),
    ("scrolling with the prior", "reading-linked", "at least", 30, "images/s"),
    ("page on the first visit", "reading-page", "at most", 4000, "kB"),
    ("page on the next visit", "reading-page-again", "at most", 100, "kB"),
)
TARGETS = (
    _better("receive, 1 association, versus storescp (which never syncs)", "receive-1", "storescp", 1.25),
    _better("receive, 1 association, versus Orthanc tuned", "receive-1", "Orthanc, tuned", 4.5),
    _better("receive, 4 associations, versus storescp --fork", "receive-4", "storescp --fork", 1.1),
    _better("receive, 4 associations, versus Orthanc tuned", "receive-4", "Orthanc, tuned", 4),
    _better("receive with Nagle on, versus storescp as shipped", "receive-nagle", "storescp as shipped", 25),
    _better("receive with Nagle on, versus Orthanc as shipped", "receive-nagle", "Orthanc as shipped", 25),
    _better("60 MB multi-frame x 4, versus Orthanc tuned", "receive-large", "Orthanc, tuned", 5),
    Target("60 MB multi-frame x 4, peak memory", "receive-large", GATEWAY, "peak_mb", "at most", 64, "MB"),
    _better("prepare on one core, versus Orthanc anonymize", "prepare", "Orthanc, tuned: anonymize", 15),
    _better("prepare on one core, versus dicom-anonymizer", "prepare", "dicom-anonymizer", 35),
    _better("send, versus storescu", "send", "storescu", 2),
    _better("end to end, versus Orthanc with a Lua script", "end-to-end", "Orthanc, tuned, with Lua", 8),
    Target(
        "engine's claim, 5,000 cases to 100", "growth-claim-history", "5,000 cases", "times", "at most", 1.5
    ),
    Target("queue page, 5,000 cases to 100", "growth-queue-history", "5,000 cases", "times", "at most", 1.5),
    Target(
        "recognising and matching 1,000 instances, share of end to end",
        "growth-share",
        "1,000 instances",
        "median",
        "at most",
        10,
        "%",
    ),
    *(
        Target(f"{what}, {kind}", case, kind, "median", bound, limit, unit)
        for kind in ("classic files", "an Enhanced object")
        for what, case, bound, limit, unit in _READING
    ),
    Target("laying a prior over, two cores", "reading-align", GATEWAY, "median", "at most", 15, "s"),
)
