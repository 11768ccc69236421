"""Which rule applies to a study, and why each rule did or did not: total, order-stable, explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from routing_rules.conditions import AllOf, AnyOf, Condition, Not, Test
from routing_rules.fact_table import FACTS
from routing_rules.facts import StudyFacts
from routing_rules.rule import Rule


@dataclass(frozen=True)
class ConditionVerdict:
    """One test of one fact: what was expected, what was found, and whether it was met.

    `path` names the groups around it, outermost first, such as ("all", "not").
    """

    fact: str
    operator: str
    expected: Any
    found: tuple[Any, ...]
    met: bool
    path: tuple[str, ...] = ()

    @property
    def wanted(self) -> bool:
        """Does this verdict speak for the rule? Below an odd number of `not`, an unmet test does."""
        return self.met is (self.path.count("not") % 2 == 0)


@dataclass(frozen=True)
class Explanation:
    """Why one rule did or did not match: every condition with the value found.

    `lacking` are the fewest conditions that would have had to be otherwise for the conditions to hold: of the
    alternatives below `any` only the one that came nearest.
    """

    rule_id: str
    version: int
    title: str
    enabled: bool
    matched: bool
    conditions: tuple[ConditionVerdict, ...]
    lacking: tuple[ConditionVerdict, ...] = ()

    @property
    def missing(self) -> tuple[ConditionVerdict, ...]:
        """The conditions that spoke against the rule."""
        return tuple(verdict for verdict in self.conditions if not verdict.wanted)

    def to_json(self) -> dict[str, Any]:
        """A plain dict of JSON values, readable again by `from_json`."""
        return {
            **asdict(self),
            "conditions": [_verdict_to_json(verdict) for verdict in self.conditions],
            "lacking": [_verdict_to_json(verdict) for verdict in self.lacking],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Explanation:
        """The explanation that `to_json` wrote."""
        read = {
            name: tuple(map(_verdict_from_json, stored.get(name, ()))) for name in ("conditions", "lacking")
        }
        return cls(**{**stored, **read})


@dataclass(frozen=True)
class Assignment:
    """A study goes to this destination (None: the gateway's own queue) under this rule."""

    destination: str | None
    rule: Rule


@dataclass(frozen=True)
class MatchResult:
    """`rule` is the first that matched, `rules` all that did, in order; `nearest` is set when none did."""

    rule: Rule | None
    rules: tuple[Rule, ...]
    explanations: tuple[Explanation, ...]
    nearest: Explanation | None

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """One case for each destination that any matching rule names, under the first rule that names it."""
        first: dict[str | None, Rule] = {}
        for rule in self.rules:
            for destination in rule.targets:
                first.setdefault(destination, rule)
        return tuple(Assignment(destination, rule) for destination, rule in first.items())

    def to_json(self) -> dict[str, Any]:
        """What is stored with a case: the chosen rule and every explanation."""
        return {
            "rule": None if self.rule is None else {"id": self.rule.id, "version": self.rule.version},
            "rules": [rule.id for rule in self.rules],
            "explanations": [one.to_json() for one in self.explanations],
            "nearest": None if self.nearest is None else self.nearest.rule_id,
        }


def match(rules: Iterable[Rule], facts: StudyFacts) -> MatchResult:
    """Try every rule on a study. Never raises; the order in which `rules` are given does not matter."""
    ordered = sorted(rules, key=lambda rule: (rule.priority, rule.id, rule.version))
    explanations = tuple(explain(rule, facts) for rule in ordered)
    matched = tuple(rule for rule, one in zip(ordered, explanations, strict=True) if one.matched)
    return MatchResult(matched[0] if matched else None, matched, explanations, nearest(explanations))


def nearest(explanations: Iterable[Explanation]) -> Explanation | None:
    """The rule that lacked least; then the one with more met, then the first tried. None when a rule matched."""
    tried = [one for one in explanations if one.enabled]
    if any(one.matched for one in tried):
        return None
    return min(tried, key=lambda one: (len(one.lacking), -_share_met(one)), default=None)


def explain(rule: Rule, facts: StudyFacts) -> Explanation:
    """Every condition of one rule on one study; all are tried, also where the outcome is already clear."""
    verdicts: list[ConditionVerdict] = []
    outcome = _try(rule.when, facts, (), verdicts)
    return Explanation(
        rule.id,
        rule.version,
        rule.title,
        rule.enabled,
        outcome.held and rule.enabled,
        tuple(verdicts),
        outcome.to_hold,
    )


def explain_text(result: MatchResult) -> str:
    """The result in words, for a terminal: each rule with each condition, ✓ for met and ✗ for not met."""
    chosen = result.rule
    lines = [
        f"Rule: {chosen.id} version {chosen.version}, {chosen.title}" if chosen else "Rule: none matched"
    ]
    if result.nearest is not None:
        lines.append(f"Nearest: {nearest_text(result.nearest)}")
    for one in result.explanations:
        verdict = "matched" if one.matched else "did not match" if one.enabled else "is switched off"
        lines.append(f"{one.rule_id} (version {one.version}) {verdict}")
        lines += [
            f"  {'  ' * len(condition.path)}{condition_text(condition)}" for condition in one.conditions
        ]
    return "\n".join(lines)


def nearest_text(one: Explanation) -> str:
    """A rule that did not match and what it lacked, in words."""
    return f"{one.rule_id}, lacking {'; '.join(map(condition_text, one.lacking))}"


def condition_text(verdict: ConditionVerdict) -> str:
    """One condition in words, with the value found."""
    found = _words(verdict.found) if verdict.found else "nothing"
    wanted = _words(verdict.expected if isinstance(verdict.expected, list | tuple) else (verdict.expected,))
    negated = "not " if verdict.path.count("not") % 2 else ""
    tick = "✓" if verdict.wanted else "✗"
    return f"{tick} {negated}{verdict.fact} {verdict.operator.replace('_', ' ')} {wanted} (found: {found})"


def _words(values: Iterable[Any]) -> str:
    return ", ".join({True: "yes", False: "no"}[one] if isinstance(one, bool) else f"{one}" for one in values)


@dataclass(frozen=True)
class _Distance:
    """Does a condition hold, and the fewest tests to turn so that it does, or does not."""

    held: bool
    to_hold: tuple[ConditionVerdict, ...]
    to_fail: tuple[ConditionVerdict, ...]


def _try(
    condition: Condition, facts: StudyFacts, path: tuple[str, ...], verdicts: list[ConditionVerdict]
) -> _Distance:
    if isinstance(condition, Test):
        values = FACTS[condition.fact].values(facts)
        met = condition.holds(values)
        found = tuple(str(value) if isinstance(value, str) else value for value in values)
        verdict = ConditionVerdict(
            condition.fact, condition.operator.value, condition.expected, found, met, path
        )
        verdicts.append(verdict)
        return _Distance(met, () if met else (verdict,), (verdict,) if met else ())
    if isinstance(condition, Not):
        inner = _try(condition.not_, facts, (*path, "not"), verdicts)
        return _Distance(not inner.held, inner.to_fail, inner.to_hold)
    if isinstance(condition, AllOf):
        each = [_try(one, facts, (*path, "all"), verdicts) for one in condition.all]
        to_hold = tuple(verdict for one in each for verdict in one.to_hold)
        return _Distance(all(one.held for one in each), to_hold, min((one.to_fail for one in each), key=len))
    if isinstance(condition, AnyOf):
        each = [_try(one, facts, (*path, "any"), verdicts) for one in condition.any]
        to_fail = tuple(verdict for one in each for verdict in one.to_fail)
        return _Distance(any(one.held for one in each), min((one.to_hold for one in each), key=len), to_fail)
    raise TypeError(f"{condition!r} is no condition")


def _share_met(one: Explanation) -> float:
    return sum(verdict.wanted for verdict in one.conditions) / max(1, len(one.conditions))


def _verdict_from_json(one: Mapping[str, Any]) -> ConditionVerdict:
    return ConditionVerdict(
        one["fact"], one["operator"], one["expected"], tuple(one["found"]), one["met"], tuple(one["path"])
    )


def _verdict_to_json(verdict: ConditionVerdict) -> dict[str, Any]:
    expected = list(verdict.expected) if isinstance(verdict.expected, tuple) else verdict.expected
    return {
        **asdict(verdict),
        "expected": expected,
        "found": list(verdict.found),
        "path": list(verdict.path),
        "wanted": verdict.wanted,
    }
