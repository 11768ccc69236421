"""Rules that can never apply, are never reached, or share studies with another are found, and explained."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from routing_rules.conditions import AllOf, AnyOf, Condition, Not, Test
from routing_rules.facts import StudyFacts
from routing_rules.matching import match
from routing_rules.overlaps import Relation, RuleFinding, findings
from routing_rules.rule import Rule
from routing_rules.satisfiable import Example, solve, terms
from support.rule_strategies import CONDITIONS, FACTS_OF_STUDIES, rule, rule_lists


def found(*rules: Rule) -> list[tuple[Relation, str, tuple[str, ...]]]:
    """Relation, rule and the others of every finding."""
    return [(one.relation, one.rule_id, one.others) for one in findings(rules)]


def two(first: dict[str, Any], later: dict[str, Any]) -> list[RuleFinding]:
    """What is found about a rule `b` that is tried after a rule `a`."""
    return list(findings([rule("a", first, priority=1), rule("b", later, priority=2)]))


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ({"sender": {"is": "x"}}, {"sender": {"is": "x"}}),
        ({"modalities": {"is": "MR"}}, {"all": [{"modalities": {"is": "mr"}}, {"enrolled": {"is": True}}]}),
        ({"patient_age_years": {"between": [0, 90]}}, {"patient_age_years": {"between": [18, 65]}}),
        ({"patient_age_years": {"between": [0, 90]}}, {"patient_age_years": {"is": 40}}),
        ({"study_description": {"contains": "pml"}}, {"study_description": {"starts_with": "PML follow-up"}}),
        (
            {"study_description": {"contains": "pml"}},
            {"study_description": {"is_one_of": ["PML", "MRI pml"]}},
        ),
        ({"study_description": {"matches": r"\bPML\b"}}, {"study_description": {"is": "MRI PML"}}),
        ({"study_description": {"matches": "a.b"}}, {"study_description": {"matches": "a.b"}}),
        ({"enrolled": {"is_missing": False}}, {"enrolled": {"is": True}}),
        ({"not": {"enrolled": {"is": True}}}, {"enrolled": {"is": False}}),
        ({"any": [{"sender": {"is": "x"}}, {"not": {"sender": {"is": "x"}}}]}, {"site": {"is": "y"}}),
        (
            {"referral": {"is_one_of": ["surveillance", "suspected_pml", "known_pml"]}},
            {"referral": {"is_missing": False}},
        ),
        ({"called_ae_title": {"starts_with": "NAT"}}, {"called_ae_title": {"is": "NATALIZUMAB"}}),
    ],
)
def test_a_rule_that_is_always_too_late_is_shadowed(first: dict[str, Any], later: dict[str, Any]) -> None:
    """The first rule matches whenever the later one does; nothing else is said about the two."""
    (finding,) = two(first, later)
    assert (finding.relation, finding.rule_id, finding.others) == (Relation.SHADOWED, "b", ("a",))
    assert "smaller priority number" in finding.fix


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ({"sender": {"is": "X"}}, {"sender": {"is": "x"}}),  # names are compared exactly
        ({"patient_age_years": {"between": [0, 40]}}, {"patient_age_years": {"between": [41, 65]}}),
        ({"enrolled": {"is": True}}, {"enrolled": {"is": False}}),
        ({"enrolled": {"is": True}}, {"enrolled": {"is_missing": True}}),
        ({"site": {"starts_with": "north"}}, {"site": {"starts_with": "south"}}),
        (
            {"instances": {"between": [0, 10]}},
            {"all": [{"instances": {"between": [11, 99]}}, {"site": {"is": "x"}}]},
        ),
    ],
)
def test_rules_that_share_no_study_are_left_alone(first: dict[str, Any], later: dict[str, Any]) -> None:
    """Nothing is found where no study can match both."""
    assert two(first, later) == []


def test_several_rules_together_can_shadow_one() -> None:
    """Neither of two rules covers the third, both together do."""
    young = rule("young", {"patient_age_years": {"between": [0, 50]}}, priority=1)
    old = rule("old", {"patient_age_years": {"between": [50, 200]}}, priority=2)
    late = rule("z", {"patient_age_years": {"between": [40, 60]}}, priority=3)
    assert (Relation.SHADOWED, "z", ("young", "old")) in found(young, old, late)


def test_a_rule_is_shadowed_only_where_all_its_destinations_are_taken() -> None:
    """A rule with a destination of its own still does something."""
    first = rule("a", {"sender": {"is": "x"}}, priority=1, destination="north")
    both = rule("b", {"sender": {"is": "x"}}, priority=2, destinations=["north", "south"])
    assert found(first, both) == [(Relation.OVERLAP, "b", ("a",))]
    assert found(first, rule("b", {"sender": {"is": "x"}}, priority=2, destination="south")) == []


def test_a_rule_that_can_never_match() -> None:
    """Contradicting conditions are named; a rule that cannot match shadows nothing and overlaps with nothing."""
    never = {"all": [{"site": {"is": "x"}}, {"site": {"is": "y"}}]}
    assert found(rule("a", never, priority=1), rule("b", {"site": {"is": "x"}})) == [
        (Relation.NEVER_MATCHES, "a", ())
    ]
    several = {"all": [{"body_parts": {"is": "HEAD"}}, {"body_parts": {"is": "NECK"}}]}
    assert found(rule("a", several)) == []


def test_the_same_priority_is_worse_than_an_overlap() -> None:
    """Where only the ids decide, that is said; the example shows a study that matches both."""
    (finding,) = findings([rule("a", {"site": {"is": "x"}}), rule("b", {"modalities": {"is": "MR"}})])
    assert finding.relation is Relation.SAME_PRIORITY
    assert "modalities MR, site x" in str(finding)
    assert not finding.relation.is_mistake


def test_a_rule_that_is_switched_off_takes_nothing() -> None:
    """Only rules that are switched on are compared."""
    off = rule("a", {"site": {"is": "x"}}, priority=1, enabled=False)
    assert found(off, rule("b", {"site": {"is": "x"}}, priority=2)) == []


def test_what_is_too_hard_is_not_claimed() -> None:
    """Two patterns that cannot be decided give no finding, and very many alternatives end in time."""
    first = {"study_description": {"matches": r"^(?!x)[^y]{3}$"}}
    assert two(first, {"study_description": {"matches": r"^z{2}.$"}}) == []
    wide = {"all": [{"any": [{"site": {"is": f"{n}{m}"}} for m in range(9)]} for n in range(9)]}
    assert two(wide, {"sender": {"is": "x"}}) == []


@settings(max_examples=120, deadline=None)
@given(rules=rule_lists(), facts=FACTS_OF_STUDIES)
def test_no_study_is_ever_taken_by_a_rule_called_useless(rules: list[Rule], facts: StudyFacts) -> None:
    """A rule that is said to be shadowed or never to match is chosen for no study whatever."""
    useless = {one.rule_id for one in findings(rules) if one.relation.is_mistake}
    assert useless.isdisjoint(one.rule.id for one in match(rules, facts).assignments)


@settings(max_examples=150, deadline=None)
@given(when=CONDITIONS)
def test_every_example_meets_its_condition(when: dict[str, Any]) -> None:
    """The study that is shown as an example really meets the condition."""
    condition = rule("a", when).when
    answer = solve(terms(condition))
    if answer.example is not None:
        assert _holds(condition, answer.example)


def _holds(condition: Condition, example: Example) -> bool:
    if isinstance(condition, Test):
        return condition.holds(example.get(condition.fact, ()))
    if isinstance(condition, Not):
        return not _holds(condition.not_, example)
    if isinstance(condition, AllOf):
        return all(_holds(one, example) for one in condition.all)
    assert isinstance(condition, AnyOf)
    return any(_holds(one, example) for one in condition.any)
