"""A replay says which studies draft rules would route otherwise, and nothing else."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing_rules.facts import StudyFacts
from routing_rules.matching import match
from routing_rules.replay import RoutingChange, RoutingChangeKind, StoredStudy, decisions, replay
from routing_rules.rule import Rule
from support.rule_strategies import FACTS_OF_STUDIES, rule, rule_lists

START = datetime(2026, 3, 1, tzinfo=UTC)
MR = {"modalities": {"is": "MR"}}
CT = {"modalities": {"is": "CT"}}


def stored(number: int, facts: StudyFacts) -> StoredStudy:
    """A study that came `number` days after the start."""
    return StoredStudy(f"study {number}", START + timedelta(days=number), "north", facts)


def change(current: list[Rule], draft: list[Rule]) -> RoutingChange:
    """The one change for one MR study."""
    (found,) = replay([stored(1, StudyFacts(modalities=("MR",)))], current, draft).changes
    return found


@pytest.mark.parametrize(
    ("current", "draft", "kind"),
    [
        ([], [rule("a", MR)], RoutingChangeKind.ROUTED),
        ([rule("a", MR)], [rule("a", CT)], RoutingChangeKind.NOT_ROUTED),
        ([rule("a", MR)], [rule("a", MR, enabled=False)], RoutingChangeKind.NOT_ROUTED),
        ([rule("a", MR, destination="x")], [rule("a", MR, destination="y")], RoutingChangeKind.DESTINATION),
        (
            [rule("a", MR, destination="x")],
            [rule("a", MR, destinations=["x", "y"])],
            RoutingChangeKind.DESTINATION,
        ),
        ([rule("a", MR)], [rule("a", MR, urgency="urgent")], RoutingChangeKind.TREATMENT),
        ([rule("a", MR)], [rule("a", MR, referral="suspected_pml")], RoutingChangeKind.TREATMENT),
        ([rule("a", MR)], [rule("a", MR, profile="other")], RoutingChangeKind.TREATMENT),
        ([rule("a", MR)], [rule("a", MR, required_series=["flair"])], RoutingChangeKind.TREATMENT),
        ([rule("a", MR)], [rule("b", MR)], RoutingChangeKind.RULE),
    ],
)
def test_what_can_change(current: list[Rule], draft: list[Rule], kind: RoutingChangeKind) -> None:
    """Routed or not, where to, how it is treated, or only by which rule."""
    assert change(current, draft).kind is kind


def test_a_change_says_why() -> None:
    """The conditions of the new rule, or what the nearest one lacks, with the values found."""
    assert change([], [rule("a", MR)]).why == "a: ✓ modalities is MR (found: MR)"
    assert change([rule("a", MR)], [rule("b", MR)]).why.startswith("b, before a: ")
    assert "b, lacking ✗ modalities is CT (found: MR)" in change([rule("a", MR)], [rule("b", CT)]).why
    assert "no rule that is switched on" in change([rule("a", MR)], []).why


def test_a_new_title_or_version_changes_nothing() -> None:
    """What does not decide about a study is no change."""
    result = replay(
        [stored(1, StudyFacts(modalities=("MR",)))], [rule("a", MR)], [rule("a", MR, version=2, source="x")]
    )
    assert (result.studies, result.changes, result.chosen) == (1, (), {"a": 1})


def test_rules_that_are_never_chosen_are_counted() -> None:
    """How often each draft rule was chosen, none left out."""
    studies = [stored(number, StudyFacts(modalities=("MR",))) for number in range(3)]
    assert replay(studies, [], [rule("a", MR), rule("b", CT)]).chosen == {"a": 3, "b": 0}


@settings(max_examples=60, deadline=None)
@given(
    current=rule_lists(),
    draft=rule_lists(),
    facts=st.lists(FACTS_OF_STUDIES, max_size=3),
    seed=st.integers(0, 9),
)
def test_a_replay_is_the_difference_of_two_matches(
    current: list[Rule], draft: list[Rule], facts: list[StudyFacts], seed: int
) -> None:
    """Exactly the studies whose decisions differ are listed, in whatever order things are given."""
    studies = [stored(number, one) for number, one in enumerate(facts)]
    mixed: list[Any] = random.Random(seed).sample(studies, len(studies))
    result = replay(mixed, current, draft[::-1])
    differing = [
        s.name for s in studies if decisions(match(current, s.facts)) != decisions(match(draft, s.facts))
    ]
    assert [one.study for one in result.changes] == differing
    assert replay(studies, draft, draft).changes == ()
    assert result.to_json()["changed"] == len(differing)
