"""Any rules and any studies, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from routing_rules.expectations import FITS, Operator
from routing_rules.fact_table import FACTS, Fact, FactKind
from routing_rules.facts import Referral, SeriesFacts, SeriesKind, StudyFacts
from routing_rules.rule import Rule

WORDS = st.sampled_from(["PML", "pml", "natalizumab", "MR", "flair", "", "ä", "surveillance", "12", "a" * 64])
NUMBERS = st.one_of(st.integers(-5, 2000), st.floats(allow_nan=False, allow_infinity=False, width=32))
SERIES = st.builds(
    SeriesFacts,
    series_instance_uid=WORDS,
    modality=WORDS,
    description=WORDS,
    kind=st.sampled_from(SeriesKind),
    confidence=st.floats(0, 1),
    b_values=st.lists(st.floats(0, 5000), max_size=3).map(tuple),
    slice_thickness_mm=st.none() | st.floats(0.5, 10),
)
FACTS_OF_STUDIES = st.builds(
    StudyFacts,
    sender=WORDS,
    called_ae_title=WORDS,
    study_description=WORDS,
    modalities=st.lists(WORDS, max_size=3).map(tuple),
    body_parts=st.lists(WORDS, max_size=2).map(tuple),
    patient_age_years=st.none() | st.integers(0, 110),
    field_strength_t=st.none() | st.floats(0.1, 7),
    enrolled=st.none() | st.booleans(),
    referral=st.none() | st.sampled_from(Referral),
    series=st.lists(SERIES, max_size=3).map(tuple),
)


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    """One test of one fact, as YAML would say it."""
    fact: Fact = draw(st.sampled_from(sorted(FACTS.values(), key=lambda one: one.name)))
    operator = draw(st.sampled_from([one for one in Operator if fact.kind in FITS[one]]))
    value = {FactKind.NUMBER: NUMBERS, FactKind.FLAG: st.booleans()}.get(fact.kind, WORDS.filter(bool))
    expected: Any = {
        Operator.IS_ONE_OF: st.lists(value, min_size=1, max_size=3),
        Operator.IS_MISSING: st.booleans(),
        Operator.BETWEEN: st.tuples(NUMBERS, NUMBERS).map(sorted),
    }.get(operator, value)
    return {fact.name: {operator.value: draw(expected)}}


CONDITIONS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda several: {"all": several}),
        st.lists(inner, min_size=1, max_size=3).map(lambda several: {"any": several}),
        inner.map(lambda one: {"not": one}),
    ),
    max_leaves=5,
)


@st.composite
def rule_lists(draw: st.DrawFn) -> list[Rule]:
    """Some rules with different ids."""
    return [
        rule(
            f"rule-{number}", draw(CONDITIONS), priority=draw(st.integers(0, 3)), enabled=draw(st.booleans())
        )
        for number in range(draw(st.integers(0, 4)))
    ]


def rule(rule_id: str, when: dict[str, Any], **more: Any) -> Rule:
    return Rule.model_validate({"id": rule_id, "title": rule_id, "when": when, **more})
