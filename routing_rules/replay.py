"""Draft rules over studies already received: which would be routed otherwise, and how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from routing_rules.facts import StudyFacts
from routing_rules.matching import Assignment, MatchResult, condition_text, match
from routing_rules.rule import Rule


@dataclass(frozen=True)
class StoredStudy:
    """A study as it was when it was routed; `name` is how the records call it, never a person's name."""

    name: str
    received_at: datetime
    site: str
    facts: StudyFacts


@dataclass(frozen=True, order=True)
class RoutingDecision:
    """What happens to a study at one destination ("" is the gateway's own queue), as far as it matters there."""

    destination: str
    rule_id: str
    referral: str
    urgency: str
    profile: str
    required_series: tuple[str, ...]


class RoutingChangeKind(StrEnum):
    """How the draft treats a study otherwise."""

    ROUTED = "now routed"
    NOT_ROUTED = "no longer routed"
    DESTINATION = "other destinations"
    TREATMENT = "other referral, urgency, profile or series"
    RULE = "another rule, same outcome"


@dataclass(frozen=True)
class RoutingChange:
    """One study that the draft routes otherwise, and in words why."""

    study: str
    received_at: datetime
    site: str
    kind: RoutingChangeKind
    before: tuple[RoutingDecision, ...]
    after: tuple[RoutingDecision, ...]
    why: str

    def to_json(self) -> dict[str, Any]:
        """A plain dict of JSON values."""
        return {**asdict(self), "received_at": self.received_at.isoformat(), "kind": self.kind.value}


@dataclass(frozen=True)
class Replay:
    """Every change, how many studies there were, and how often each rule of the draft was chosen (0: never)."""

    studies: int
    changes: tuple[RoutingChange, ...]
    chosen: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A plain dict of JSON values."""
        return {
            "studies": self.studies,
            "changed": len(self.changes),
            "changes": [one.to_json() for one in self.changes],
            "chosen": self.chosen,
        }


def replay(studies: Iterable[StoredStudy], current: Sequence[Rule], draft: Sequence[Rule]) -> Replay:
    """Match every study by both sets of rules. The order of studies and rules does not matter."""
    ordered = sorted(studies, key=lambda one: (one.received_at, one.name))
    chosen = Counter({rule.id: 0 for rule in draft})
    changes = []
    for study in ordered:
        old, new = match(current, study.facts), match(draft, study.facts)
        chosen.update({one.rule.id for one in new.assignments})
        before, after = decisions(old), decisions(new)
        if before != after:
            kind, why = _kind(before, after), _why(old, new)
            changes.append(RoutingChange(study.name, study.received_at, study.site, kind, before, after, why))
    return Replay(len(ordered), tuple(changes), dict(sorted(chosen.items())))


def decisions(result: MatchResult) -> tuple[RoutingDecision, ...]:
    """What a match decides, destination by destination."""
    return tuple(sorted(_decision(one) for one in result.assignments))


def _decision(one: Assignment) -> RoutingDecision:
    rule = one.rule
    series = tuple(sorted(kind.value for kind in rule.required_series))
    return RoutingDecision(
        one.destination or "", rule.id, rule.referral.value, rule.urgency.value, rule.profile, series
    )


def _kind(before: Sequence[RoutingDecision], after: Sequence[RoutingDecision]) -> RoutingChangeKind:
    if not before or not after:
        return RoutingChangeKind.ROUTED if after else RoutingChangeKind.NOT_ROUTED
    if {one.destination for one in before} != {one.destination for one in after}:
        return RoutingChangeKind.DESTINATION
    same = [_outcome(one) for one in before] == [_outcome(one) for one in after]
    return RoutingChangeKind.RULE if same else RoutingChangeKind.TREATMENT


def _outcome(one: RoutingDecision) -> tuple[object, ...]:
    return one.destination, one.referral, one.urgency, one.profile, one.required_series


def _why(old: MatchResult, new: MatchResult) -> str:
    """The conditions of the first rule before or after that decided it."""
    if new.rule is None and new.nearest is not None:
        lacking = "; ".join(condition_text(one) for one in new.nearest.lacking)
        return f"nearest in the draft is {new.nearest.rule_id}, lacking {lacking}"
    if new.rule is None:
        return "the draft has no rule that is switched on"
    met = next(one for one in new.explanations if one.rule_id == new.rule.id)
    held = "; ".join(condition_text(one) for one in met.conditions if one.wanted)
    was = f", before {old.rule.id}" if old.rule is not None and old.rule.id != new.rule.id else ""
    return f"{new.rule.id}{was}: {held}"
