"""The rules in force, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from routing_rules.facts import StudyFacts
from routing_rules.matching import MatchResult, match
from routing_rules.rule import Rule, RuleTest
from routing_rules.series.vendor_facts import VendorFacts


@dataclass(frozen=True)
class RuleSet:
    """The rules in force, in the order in which they are tried, and the SHA-256 of their content."""

    rules: tuple[Rule, ...]
    fingerprint: str
    tests: tuple[RuleTest, ...] = ()
    vendor_facts: VendorFacts | None = None
    """The standard vendor facts with the site's own; None when the site has none."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Rule id -> file:line."""

    def match(self, facts: StudyFacts) -> MatchResult:
        """Which of these rules applies to a study, with explanations."""
        return match(self.rules, facts)

    def get(self, rule_id: str) -> Rule | None:
        """The rule of this id, None when there is none."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)
