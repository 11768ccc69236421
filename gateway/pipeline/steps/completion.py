"""The verdict on completeness: is everything here that will come, and how is that known?

Quiet time alone proves nothing: scanners send series minutes apart, and a sender may stop in the middle of one. So an
archive of the site is asked what it counts, and that decides series by series:

- a series of which some instances are here must be whole, else the study waits until the hard cap;
- a series of which none is here does not hold the study (many senders send chosen series only), unless the rule
  requires one that is missing;
- all that is counted is here and every required series is: complete after the short settle time;
- no archive can be asked, or says nothing: quiet, with the required series here.

What is incomplete at the hard cap goes on with that in its reason, or waits for a person, as the rule says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from routing_rules.rule import AtHardCap

INCOMPLETE = "incomplete"
"""The reason code under which an incomplete study is held; a person may let it go on."""
_SOON: Final = timedelta(seconds=5)
"""Until an archive that answers another question is asked again."""
_LONGEST: Final = timedelta(minutes=15)
"""An archive is asked again after as long a silence as before, but at least this often."""


@dataclass(frozen=True)
class SeriesCount:
    """One MR series as the archive counts it, beside what is here of it. `label` names no patient."""

    label: str
    here: int
    there: int

    @property
    def is_cut(self) -> bool:
        """Some of its instances are here, and some are not."""
        return 0 < self.here < self.there


@dataclass(frozen=True)
class Counted:
    """What an archive counts in the study, beside what is here."""

    archive: str
    """Name of the node."""
    is_sender: bool
    """The study came from this archive: what it does not have will not come from elsewhere."""
    series: tuple[SeriesCount, ...]
    study: SeriesCount | None = None
    """All instances of the study, where the archive gives no number for some series."""

    @property
    def cut(self) -> tuple[SeriesCount, ...]:
        """Where fewer are here than there: more must come. Without numbers by series the study counts as a whole."""
        whole = (self.study,) if self.study and self.study.here < self.study.there else ()
        return (*(one for one in self.series if one.is_cut), *whole)

    @property
    def absent(self) -> tuple[SeriesCount, ...]:
        """The series of which nothing is here."""
        return tuple(one for one in self.series if not one.here)

    @property
    def is_all_here(self) -> bool:
        """Nothing that the archive counts is missing here."""
        return not self.cut and not self.absent


@dataclass(frozen=True)
class StudyProgress:
    """How far a study has come, seen from outside."""

    silent_for: timedelta
    since_first: timedelta
    missing: tuple[str, ...] = ()
    """Kinds of series that the rule requires and that are not here."""
    counted: Counted | None = None
    """None: there is no archive to ask, it does not answer, or does not say."""
    is_busy: bool = False
    """The archive is answering another question; what it counts is not known yet."""


@dataclass(frozen=True)
class CompletionLimits:
    """What a study is measured by: its rule's completion settings, or the gateway's."""

    settle: timedelta
    """Silence after which the archive is asked, and after which all that it counts is enough; at most `quiet`."""
    quiet: timedelta
    hard_cap: timedelta
    at_hard_cap: AtHardCap = AtHardCap.GO_ON


@dataclass(frozen=True)
class Complete:
    """Nothing more is waited for."""

    because: str


@dataclass(frozen=True)
class Waiting:
    """Look again after `look_again`."""

    why: str
    look_again: timedelta


@dataclass(frozen=True)
class Incomplete:
    """The hard cap has passed and the rule asks for a person."""

    problem: str
    fix: str


Verdict = Complete | Waiting | Incomplete


def is_settled(progress: StudyProgress, limits: CompletionLimits) -> bool:
    """Whether it is time to ask what is missing: before that, and before the cap, nothing needs to be known."""
    return progress.silent_for >= limits.settle or progress.since_first >= limits.hard_cap


def judge(progress: StudyProgress, limits: CompletionLimits) -> Verdict:
    """Complete, waiting or incomplete, each with its reason in words."""
    counted, missing = progress.counted, _missing(progress)
    cut = _cut(counted) if counted else ""
    if not cut and not progress.is_busy and _is_enough(progress, limits):
        silence = f"no new instance for {_seconds(min(limits.quiet, progress.silent_for))}"
        known = _counted(counted) if counted else "no required series is missing"
        return Complete(_listed(f"{silence}, and {known}", missing))
    until_cap = limits.hard_cap - progress.since_first
    if until_cap > timedelta(0):
        return Waiting(_why(progress, limits, cut, missing), min(_pause(progress, limits), until_cap))
    cap = f"the hard cap of {_seconds(limits.hard_cap)} since the first instance has passed"
    if not (cut or missing) or limits.at_hard_cap is AtHardCap.GO_ON:
        return Complete(_listed(cap, cut, missing))
    return Incomplete(
        f"The study is incomplete: {_listed(cut, missing)}, and {cap}.",
        "Ask the sender for what is missing; or let it go on with what is here, saying why.",
    )


def _is_enough(progress: StudyProgress, limits: CompletionLimits) -> bool:
    """Nothing that is begun is cut: is it quiet for long enough, given what is known?"""
    counted = progress.counted
    if counted and counted.is_all_here and not progress.missing:
        return progress.silent_for >= limits.settle
    no_more_will_come = counted is not None and counted.is_sender and counted.is_all_here
    return progress.silent_for >= limits.quiet and (not progress.missing or no_more_will_come)


def _pause(progress: StudyProgress, limits: CompletionLimits) -> timedelta:
    silent = progress.silent_for
    if silent < limits.settle:
        return limits.settle - silent
    if progress.is_busy:
        return _SOON
    again = min(silent, max(_LONGEST, limits.quiet))
    return min(again, limits.quiet - silent) if silent < limits.quiet else again


def _why(progress: StudyProgress, limits: CompletionLimits, cut: str, missing: str) -> str:
    if progress.silent_for < limits.settle:
        return "instances are still arriving"
    silence = f"no new instance for {_seconds(min(limits.quiet, progress.silent_for))}"
    if cut or missing:
        return f"{silence}, but {_listed(cut, missing)}"
    if progress.is_busy:
        return f"{silence}; the archive is answering another question"
    return f"{silence}; more may come"


def _missing(progress: StudyProgress) -> str:
    return f"required series are missing ({', '.join(progress.missing)})" if progress.missing else ""


def _cut(counted: Counted) -> str:
    parts = "; ".join(f"{one.label}: {one.here} of {one.there} are here" for one in counted.cut)
    return f"{counted.archive} counts more instances ({parts})" if parts else ""


def _counted(counted: Counted) -> str:
    here, there = sum(one.here for one in counted.series), sum(one.there for one in counted.series)
    if counted.is_all_here:
        if counted.study and not counted.series:
            return f"all {counted.study.there} instances that {counted.archive} counts are here"
        return f"all {there} MR instances that {counted.archive} counts are here"
    return (
        f"each series that came is whole: {counted.archive} counts {there} MR instances, {here} of them are here; "
        f"{len(counted.absent)} of its {len(counted.series)} series did not come"
    )


def _listed(*parts: str) -> str:
    return "; ".join(filter(None, parts))


def _seconds(duration: timedelta) -> str:
    return f"{round(duration.total_seconds(), 1):g} s"
