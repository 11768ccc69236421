"""The verdict on completeness: is everything here that will come, and how is that known?

Quiet time alone proves nothing: scanners send series minutes apart. So a study is complete when it is quiet *and*
the series its rule requires are here, or the sender's PACS counts no more MR instances than are here. What stays
incomplete goes on at the hard cap, or waits there for a person, as the rule says. A PACS that counts more than it
sent does not hold a study up by itself: many send only chosen series. The count stands in the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from routing_rules.rule import AtHardCap

INCOMPLETE = "incomplete"
"""The reason code under which an incomplete study is held; a person may let it go on."""


@dataclass(frozen=True)
class StudyProgress:
    """How far a study has come, seen from outside."""

    silent_for: timedelta
    since_first: timedelta
    instances: int
    """MR instances that are here."""
    missing: tuple[str, ...]
    """Kinds of series that the rule requires and that are not here."""
    counted: int | None
    """MR instances that the sender's PACS counts in this study; None: it was not asked, or does not say."""


@dataclass(frozen=True)
class CompletionLimits:
    """What a study is measured by: its rule's completion settings, or the gateway's."""

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


def is_quiet(progress: StudyProgress, limits: CompletionLimits) -> bool:
    """Whether it is time to ask what is missing: before that, and before the cap, nothing needs to be known."""
    return progress.silent_for >= limits.quiet or progress.since_first >= limits.hard_cap


def judge(progress: StudyProgress, limits: CompletionLimits) -> Verdict:
    """Complete, waiting or incomplete, each with its reason in words."""
    all_counted = progress.counted is not None and progress.instances >= progress.counted
    missing = f"required series are missing ({', '.join(progress.missing)})" if progress.missing else ""
    quiet = f"no new instance for {_seconds(limits.quiet)}"
    until_cap = limits.hard_cap - progress.since_first
    if progress.silent_for >= limits.quiet and (all_counted or not missing):
        return Complete(
            f"{quiet}, and {_counted(progress) or 'no required series is missing'}{_but(missing)}"
        )
    if until_cap > timedelta(0):
        if progress.silent_for < limits.quiet:
            return Waiting("instances are still arriving", min(limits.quiet - progress.silent_for, until_cap))
        return Waiting(f"{quiet}, but {missing}", min(limits.quiet, until_cap))
    cap = f"the hard cap of {_seconds(limits.hard_cap)} since the first instance has passed"
    if not missing or limits.at_hard_cap is AtHardCap.GO_ON:
        return Complete(f"{cap}{_but(missing)}")
    return Incomplete(
        f"The study is incomplete: {missing}, and {cap}.",
        "Ask the sender for what is missing; or let it go on with what is here, saying why.",
    )


def _counted(progress: StudyProgress) -> str:
    if progress.counted is None:
        return ""
    if progress.instances >= progress.counted:
        return f"all {progress.counted} MR instances that the sender's PACS counts are here"
    return (
        f"no required series is missing; the sender's PACS counts {progress.counted} MR instances, "
        f"{progress.instances} are here"
    )


def _but(missing: str) -> str:
    return f"; {missing}" if missing else ""


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():g} s"
