"""How well series are recognised: every labelled series of the tests, by vendor.

An answer is *right* when the kind is the labelled one, and as sure as the label says. It is *unsure* when a series
whose kind can be proven is left open: `other`, or a confidence below `PROVEN`. It is *wrong* when another kind is
claimed with confidence; a wrong kind can let a study without diffusion pass, so it costs five times an honest `other`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from routing_rules.series.recognition import PROVEN, SeriesFacts, SeriesKind, classify_series
from score.tally import Score
from support.objects.labelled_series import LabelledSeries, labelled_series

HEADINGS = ("vendor", "series", "right", "unsure", "wrong", "cost")
WRONG_COSTS = 5


def verdict(labelled: LabelledSeries, found: SeriesFacts) -> str:
    """`right`, `unsure` or `wrong`."""
    sure = found.confidence >= PROVEN
    if found.kind == labelled.kind and sure is labelled.proven:
        return "right"
    # A kind that attributes do not prove must not be claimed; that it is left open is right whatever it is called.
    if not labelled.proven:
        return "wrong" if sure else "right"
    return "unsure" if not sure or found.kind is SeriesKind.OTHER else "wrong"


def score() -> Score:
    """The table by vendor, and each series that was not recognised."""
    return of(labelled_series())


def of(series: Sequence[LabelledSeries]) -> Score:
    """The score of these series."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: {"right": 0, "unsure": 0, "wrong": 0})
    failed = []
    for labelled in series:
        found = classify_series(labelled.headers())
        answer = verdict(labelled, found)
        counts[labelled.vendor][answer] += 1
        if answer != "right":
            why = "; ".join(found.evidence)
            failed.append(
                f"{answer}: {labelled.name}: {found.kind} ({found.confidence:.0%}: {why}), should be {labelled.kind}"
            )
    rows = [(vendor, *_line(counts[vendor])) for vendor in sorted(counts)]
    total = {answer: sum(each[answer] for each in counts.values()) for answer in ("right", "unsure", "wrong")}
    return Score("Recognition of series", HEADINGS, (*rows, ("all", *_line(total))), tuple(sorted(failed)))


def _line(counted: dict[str, int]) -> tuple[int, ...]:
    right, unsure, wrong = (counted[answer] for answer in ("right", "unsure", "wrong"))
    return right + unsure + wrong, right, unsure, wrong, unsure + WRONG_COSTS * wrong
