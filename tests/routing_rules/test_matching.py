"""Matching is total, does not depend on order, and explains itself."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing_rules.conditions import AllOf, AnyOf, Not, Test
from routing_rules.facts import SeriesFacts, SeriesKind, StudyFacts
from routing_rules.matching import Explanation, explain, explain_text, match
from routing_rules.rule import Rule
from support.rule_strategies import CONDITIONS, FACTS_OF_STUDIES, rule, rule_lists


@settings(max_examples=80, deadline=None)
@given(rules=rule_lists(), facts=FACTS_OF_STUDIES, seed=st.integers(0, 100))
def test_matching_is_total_and_order_stable(rules: list[Rule], facts: StudyFacts, seed: int) -> None:
    """Any rules on any study give one answer, in whatever order the rules are given."""
    result = match(rules, facts)
    assert match(random.Random(seed).sample(rules, len(rules)), facts) == result
    assert {one.rule_id for one in result.explanations} == {one.id for one in rules}
    assert explain_text(result)


@settings(max_examples=60, deadline=None)
@given(rules=rule_lists(), facts=FACTS_OF_STUDIES, priority=st.integers(0, 3))
def test_a_rule_that_is_never_true_changes_nothing(
    rules: list[Rule], facts: StudyFacts, priority: int
) -> None:
    """With one more rule that cannot hold, the same rules match in the same order."""
    contradiction = {"all": [{"sender": {"is_missing": True}}, {"sender": {"is_missing": False}}]}
    never = rule("never", contradiction, priority=priority)
    assert match([*rules, never], facts).rules == match(rules, facts).rules


@settings(max_examples=60, deadline=None)
@given(when=CONDITIONS, facts=FACTS_OF_STUDIES)
def test_not_turns_a_verdict_round(when: dict[str, Any], facts: StudyFacts) -> None:
    """A rule and its negation never agree."""
    assert explain(rule("a", when), facts).matched is not explain(rule("a", {"not": when}), facts).matched


@settings(max_examples=40, deadline=None)
@given(when=CONDITIONS, facts=FACTS_OF_STUDIES)
def test_rules_and_explanations_can_be_stored(when: dict[str, Any], facts: StudyFacts) -> None:
    """A rule, its explanation and the facts written to JSON come back and decide alike."""
    original = rule("a", when)
    restored = Rule.model_validate(original.model_dump(mode="json"))
    explained = explain(original, facts)
    assert explain(restored, StudyFacts.from_json(facts.to_json())).matched == explained.matched
    assert Explanation.from_json(explained.to_json()).matched == explained.matched


STUDY = StudyFacts(
    sender="hospital",
    called_ae_title="NATALIZUMAB",
    study_description="MRI Brain PML protocol",
    modalities=("MR",),
    patient_age_years=42,
    enrolled=True,
    series=(SeriesFacts("1", "MR", "dwi", SeriesKind.TRACE, 0.9, b_values=(0.0, 1000.0)),),
)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"called_ae_title": {"is": "NATALIZUMAB"}}, True),
        ({"called_ae_title": {"is": "natalizumab"}}, False),
        ({"study_description": {"is": "mri brain pml PROTOCOL"}}, True),
        ({"study_description": {"contains": "pml"}}, True),
        ({"study_description": {"starts_with": "mri"}}, True),
        ({"study_description": {"matches": r"\bPML\b"}}, True),
        ({"study_description": {"matches": r"^PML"}}, False),
        ({"modalities": {"is_one_of": ["CT", "MR"]}}, True),
        ({"series_kinds": {"is": "trace"}}, True),
        ({"series_kinds": {"is": "flair"}}, False),
        ({"b_values": {"between": [800, 1200]}}, True),
        ({"patient_age_years": {"between": [18, 41]}}, False),
        ({"patient_age_years": {"is": 42}}, True),
        ({"enrolled": {"is": True}}, True),
        ({"months_since_last": {"is_missing": True}}, True),
        ({"months_since_last": {"between": [0, 100]}}, False),
        ({"not": {"months_since_last": {"between": [0, 100]}}}, True),
        ({"any": [{"sender": {"is": "x"}}, {"sender": {"is": "hospital"}}]}, True),
        ({"all": [{"sender": {"is": "x"}}, {"sender": {"is": "hospital"}}]}, False),
    ],
)
def test_what_each_operator_means(when: dict[str, Any], expected: bool) -> None:
    """Texts ignore case, AE titles do not; several values need one hit; what is not known meets nothing."""
    assert explain(rule("a", when), STUDY).matched is expected


def test_the_smallest_priority_wins_and_each_destination_gets_one_case() -> None:
    """Of several matching rules the smallest number goes first, once per destination."""
    anything = {"modalities": {"is": "MR"}}
    rules = [
        rule("late", anything, priority=50, destination="north"),
        rule("first", anything, priority=1, destination="north"),
        rule("other", anything, priority=70, destinations=["south", "north", "west"]),
        rule("off", anything, priority=0, enabled=False),
    ]
    result = match(rules, STUDY)
    assert result.rule is not None
    assert result.rule.id == "first"
    assert [(one.destination, one.rule.id) for one in result.assignments] == [
        ("north", "first"),
        ("south", "other"),
        ("west", "other"),
    ]
    assert result.nearest is None


def test_the_nearest_rule_and_what_was_missing_are_named() -> None:
    """Without a match the rule with most conditions met is named, with the one that was not."""
    near = rule("near", {"all": [{"modalities": {"is": "MR"}}, {"site": {"is": "south"}}]})
    far = rule("far", {"all": [{"modalities": {"is": "CT"}}, {"site": {"is": "south"}}]})
    result = match([far, near], STUDY)
    assert result.rule is None
    assert result.nearest is not None
    assert result.nearest.rule_id == "near"
    assert [one.fact for one in result.nearest.missing] == ["site"]


def test_of_alternatives_the_nearest_is_lacking() -> None:
    """Below `any` one alternative would do: the one that needs least is named, not all of them."""
    when = {
        "all": [
            {"modalities": {"is": "MR"}},
            {
                "any": [
                    {"all": [{"site": {"is": "x"}}, {"sender": {"is": "x"}}]},
                    {"not": {"enrolled": {"is": True}}},
                ]
            },
        ]
    }
    explained = explain(rule("a", when), STUDY)
    assert [(one.fact, one.path) for one in explained.lacking] == [("enrolled", ("all", "any", "not"))]
    assert len(explained.missing) == 3


def test_fewest_lacking_conditions_come_before_most_conditions_met() -> None:
    """A rule that lacks one of two is nearer than one that lacks two of ten."""
    met = [{"modalities": {"is": "MR"}}] * 8
    long = rule("long", {"all": [*met, {"site": {"is": "x"}}, {"address": {"is": "x"}}]})
    short = rule("short", {"all": [{"modalities": {"is": "MR"}}, {"site": {"is": "x"}}]})
    result = match([long, short], STUDY)
    assert result.nearest is not None
    assert result.nearest.rule_id == "short"


@settings(max_examples=80, deadline=None)
@given(when=CONDITIONS, facts=FACTS_OF_STUDIES)
def test_a_rule_matches_exactly_when_it_lacks_nothing(when: dict[str, Any], facts: StudyFacts) -> None:
    """Nothing is lacking in a match, something in a miss, and every lacking condition speaks against the rule."""
    explained = explain(rule("a", when), facts)
    assert explained.matched is (not explained.lacking)
    assert all(not one.wanted for one in explained.lacking)
    assert set(map(id, explained.lacking)) <= set(map(id, explained.conditions))
    assert len(Explanation.from_json(explained.to_json()).lacking) == len(explained.lacking)


def test_an_explanation_stored_before_lacking_was_known_is_read() -> None:
    """Rows of an older version have no `lacking`; they are read as they are."""
    stored = explain(rule("a", {"site": {"is": "x"}}), STUDY).to_json()
    del stored["lacking"]
    assert Explanation.from_json(stored).lacking == ()


def test_the_explanation_in_words() -> None:
    """Each condition is shown with the value found and whether it speaks for the rule, also below `not`."""
    when = {
        "all": [{"modalities": {"is": "MR"}}, {"not": {"enrolled": {"is": True}}}, {"site": {"is": "south"}}]
    }
    text = explain_text(match([rule("a", when)], STUDY))
    assert text.splitlines() == [
        "Rule: none matched",
        "Nearest: a, lacking ✗ not enrolled is yes (found: yes); ✗ site is south (found: nothing)",
        "a (version 1) did not match",
        "    ✓ modalities is MR (found: MR)",
        "      ✗ not enrolled is yes (found: yes)",
        "    ✗ site is south (found: nothing)",
    ]


def test_conditions_are_models() -> None:
    """A condition is read into data that can be walked, not into code."""
    when = rule("a", {"all": [{"any": [{"sender": {"is": "x"}}]}, {"not": {"sender": {"is": "y"}}}]}).when
    assert isinstance(when, AllOf)
    assert isinstance(when.all[0], AnyOf)
    assert isinstance(when.all[1], Not)
    assert isinstance(when.all[1].not_, Test)


def test_a_trace_series_counts_as_dwi_when_series_are_required() -> None:
    """What a rule requires is met by a trace series for DWI and by a T1 with contrast for T1."""
    needed = rule("a", {"sender": {"is": "x"}}, required_series=["dwi", "t1", "flair"])
    assert needed.missing_series(frozenset({SeriesKind.TRACE, SeriesKind.T1_CONTRAST})) == (SeriesKind.FLAIR,)
