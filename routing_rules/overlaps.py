"""What rules do to each other: rules that can never apply, are never reached, or share studies with another rule.

never matches    no study can meet its conditions
shadowed         every study it matches is taken, for each of its destinations, by rules tried before it
same priority    it shares studies and a destination with a rule of the same priority: only the ids decide
overlap          it shares studies and a destination with a rule tried before it, which gets them
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from routing_rules.fact_table import Value
from routing_rules.rule import Rule
from routing_rules.satisfiable import Example, Solution, TooManyTerms, conjunction, solve, terms


class Relation(StrEnum):
    """How bad it is, worst first; an overlap is often meant."""

    NEVER_MATCHES = "never matches"
    SHADOWED = "shadowed"
    SAME_PRIORITY = "same priority"
    OVERLAP = "overlap"

    @property
    def is_mistake(self) -> bool:
        """A rule that can never do anything is a mistake; sharing studies may be meant."""
        return self in (Relation.NEVER_MATCHES, Relation.SHADOWED)


@dataclass(frozen=True)
class RuleFinding:
    """One finding about a rule: the rules it is about, an example where there is one, and words with the fix."""

    relation: Relation
    rule_id: str
    others: tuple[str, ...]
    example: Example | None
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"{self.rule_id}: {self.problem} {self.fix}"


def findings(rules: Sequence[Rule]) -> tuple[RuleFinding, ...]:
    """Every finding about the rules that are switched on, worst first, then in the order in which rules are tried."""
    ordered = sorted((rule for rule in rules if rule.enabled), key=lambda rule: (rule.priority, rule.id))
    all_findings: list[RuleFinding] = []
    useless: set[str] = set()
    for position, rule in enumerate(ordered):
        finding = _never(rule) or _shadowed(
            rule, [one for one in ordered[:position] if one.id not in useless]
        )
        if finding is not None:
            all_findings.append(finding)
            useless.add(rule.id)
    for first, later in combinations((rule for rule in ordered if rule.id not in useless), 2):
        if set(first.targets) & set(later.targets):
            all_findings += _overlap(first, later)
    order = list(Relation)
    return tuple(sorted(all_findings, key=lambda one: order.index(one.relation)))


def _never(rule: Rule) -> RuleFinding | None:
    if not _answer([(rule, True)]).proven:
        return None
    return RuleFinding(
        Relation.NEVER_MATCHES,
        rule.id,
        (),
        None,
        "no study can meet these conditions.",
        "Correct the conditions, or remove the rule.",
    )


def _shadowed(rule: Rule, earlier: Sequence[Rule]) -> RuleFinding | None:
    by: dict[str, None] = {}
    for destination in rule.targets:
        rivals = [one for one in earlier if destination in one.targets]
        single = next((one for one in rivals if _answer([(rule, True), (one, False)]).proven), None)
        if single is not None:
            by[single.id] = None
        elif len(rivals) > 1 and _answer([(rule, True), *((one, False) for one in rivals)]).proven:
            by |= dict.fromkeys(one.id for one in rivals)
        else:
            return None
    taken = " and ".join(by)
    return RuleFinding(
        Relation.SHADOWED,
        rule.id,
        tuple(by),
        None,
        f"is never chosen: every study it matches is taken by {taken} before it.",
        f"Give it a smaller priority number than {taken}, narrow {taken}, or remove it.",
    )


def _overlap(first: Rule, later: Rule) -> list[RuleFinding]:
    example = _answer([(first, True), (later, True)]).example
    if example is None:
        return []
    shown = _words(example)
    if first.priority == later.priority:
        problem = f"has the priority of {first.id}, {first.priority}; a study with {shown} matches both."
        fix = f"Only the ids decide that {first.id} goes first: give the two different priorities."
        return [RuleFinding(Relation.SAME_PRIORITY, later.id, (first.id,), example, problem, fix)]
    problem = f"a study with {shown} matches {first.id} as well, which is tried first and gets it."
    fix = "Nothing to do if that is meant."
    return [RuleFinding(Relation.OVERLAP, later.id, (first.id,), example, problem, fix)]


def _answer(wanted: Sequence[tuple[Rule, bool]]) -> Solution:
    try:
        return solve(conjunction(terms(rule.when, holds) for rule, holds in wanted))
    except TooManyTerms:
        return Solution(None, False)


def _words(example: Example) -> str:
    said = [f"{name} {_value(values)}" for name, values in example.items() if values]
    return ", ".join(said) or "nothing known about it"


def _value(values: tuple[Value, ...]) -> str:
    return " and ".join(
        {True: "yes", False: "no"}[one] if isinstance(one, bool) else f"{one}" for one in values
    )
