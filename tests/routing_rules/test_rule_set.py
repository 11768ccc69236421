"""The rules in force answer as one value: which fits, whatever the order they were read in, and which has an id."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from routing_rules.facts import StudyFacts
from routing_rules.rule import Rule
from routing_rules.rule_set import RuleSet
from support.rule_strategies import FACTS_OF_STUDIES, rule_lists


@settings(max_examples=60)
@given(rules=rule_lists(), facts=FACTS_OF_STUDIES, random=st.randoms(use_true_random=False))
def test_the_order_of_reading_changes_no_answer(rules: list[Rule], facts: StudyFacts, random: object) -> None:
    """Priority and id decide; the rule chosen is the first of those that match."""
    shuffled = list(rules)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    answer = RuleSet(tuple(rules), "").match(facts)
    assert answer == RuleSet(tuple(shuffled), "").match(facts)
    assert answer.rule == next(iter(answer.rules), None)
    assert len(answer.explanations) == len(rules)


@settings(max_examples=60)
@given(rules=rule_lists())
def test_each_rule_is_found_by_its_id_and_no_other_is(rules: list[Rule]) -> None:
    """A disabled one too, because cases of the past name it."""
    in_force = RuleSet(tuple(rules), "")
    assert [in_force.get(one.id) for one in rules] == rules
    assert in_force.get("no-such-rule") is None
    assert in_force.get("") is None


def test_no_rules_match_nothing() -> None:
    """And there is no nearest one to explain."""
    answer = RuleSet((), "").match(StudyFacts())
    assert (answer.rule, answer.rules, answer.explanations, answer.nearest) == (None, (), (), None)
    assert answer.assignments == ()
