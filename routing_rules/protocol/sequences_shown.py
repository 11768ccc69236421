"""Which sequences the series of a study show, as one line that the records keep: `flair t2 dwi? t1-`.

A calendar asks it what a full MRI is and whether contrast was given; `sequence_line` says its form and reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from routing_rules.protocol.assessment import shows
from routing_rules.protocol.checks import Candidate, make_a_whole
from routing_rules.protocol.requirements import standard_protocol
from routing_rules.protocol.sequence_line import MARKS, NONE
from routing_rules.series.series import SeriesFacts, SeriesKind

NAMES: Mapping[SeriesKind, tuple[str, ...]] = {
    SeriesKind.FLAIR: ("flair",),
    SeriesKind.T2: ("t2",),
    SeriesKind.DWI: ("dwi",),
    SeriesKind.TRACE: ("dwi",),
    SeriesKind.T1: ("t1",),
    SeriesKind.T1_CONTRAST: ("t1", "t1_contrast"),
}
"""Kind of series -> the sequences it is as good as."""
_BEST = (True, None, False)


def line_of(series: Iterable[SeriesFacts]) -> str:
    """The line of a study's series; of several of one kind the best."""
    several = tuple(series)
    said: dict[str, bool | None] = {}
    for one in several:
        for kind in one.kinds & set(NAMES):
            # Of a kind that only shares the series nothing is known by itself.
            shown = shows(one) if kind is one.kind else None
            for name in NAMES[kind]:
                said[name] = min(said.get(name, shown), shown, key=_BEST.index)
    for name in [name for name, shown in said.items() if shown is False]:
        if _may_be_whole(name, several):
            said[name] = None
    if not said:
        return NONE if any(one.kind is not SeriesKind.OTHER for one in several) else ""
    return " ".join(f"{name}{MARKS[shown]}" for name, shown in sorted(said.items()))


def _may_be_whole(name: str, several: Iterable[SeriesFacts]) -> bool:
    protocol = standard_protocol()
    alike = [(one, protocol.of_kind(one.kind)) for one in several if name in NAMES.get(one.kind, ())]
    return bool(make_a_whole([Candidate.of(wanted, protocol, one) for one, wanted in alike if wanted]))
