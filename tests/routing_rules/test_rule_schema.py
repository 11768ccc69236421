"""The JSON schema that editors use accepts what the loader accepts, and refuses what it refuses."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from routing_rules.errors import RuleFileError
from routing_rules.expectations import Operator
from routing_rules.fact_table import FACTS
from routing_rules.rule_files import rules_from_text
from routing_rules.series.series import SeriesKind
from support.judges.json_schema import problems
from support.rule_strategies import CONDITIONS

SCHEMA: dict[str, Any] = json.loads(
    (files("routing_rules") / "rule_file.schema.json").read_text(encoding="utf-8")
)
ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 20_000),
    st.floats(-2, 1e6),
    st.sampled_from(["", "a", "flair", "Bad Id", "hold", "5"]),
    st.lists(st.sampled_from(["a", "flair", 5, ""]), max_size=3),
    st.dictionaries(
        st.sampled_from(["is", "quiet_s", "sender", "all", "kind", "modalities"]),
        st.sampled_from(["a", 5, True, "flair"]),
        max_size=2,
    ),
)
RULE = st.fixed_dictionaries(
    {"id": st.sampled_from(["a", "b-1", "c_2.x"]), "title": st.just("A rule"), "when": CONDITIONS},
    optional={
        "priority": st.integers(0, 10_000),
        "enabled": st.booleans(),
        "destinations": st.lists(st.sampled_from(["north", "south"]), unique=True, max_size=2),
        "faces": st.sampled_from(["keep", "deface"]),
        "referral": st.sampled_from(["surveillance", "suspected_pml", "known_pml"]),
        "required_series": st.lists(st.sampled_from([kind.value for kind in SeriesKind]), max_size=3),
        "completion": st.fixed_dictionaries(
            {},
            optional={
                "quiet_s": st.integers(1, 60),
                "hard_cap_s": st.integers(300, 900),
                "at_hard_cap": st.just("hold"),
                "ask_pacs": st.booleans(),
            },
        ),
    },
)
TEST = st.fixed_dictionaries(
    {"name": st.just("A test"), "expect": st.none() | st.just("a")},
    optional={
        "study": st.just("folder"),
        "facts": st.fixed_dictionaries(
            {},
            optional={
                "modalities": st.just("MR") | st.just(["MR"]),
                "enrolled": st.booleans() | st.none(),
                "patient_age_years": st.integers(0, 99),
                "months_since_last": st.floats(0, 99),
                "series": st.lists(
                    st.sampled_from(["flair", {"kind": "dwi", "b_values": [0, 1000]}]), max_size=2
                ),
            },
        ),
    },
)
GOOD = st.fixed_dictionaries({"rules": st.lists(RULE, max_size=1), "tests": st.lists(TEST, max_size=1)})


def _loads(data: Any) -> bool:
    try:
        rules_from_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False))
    except RuleFileError:
        return False
    return True


def _places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in inside for place in _places(value, (*path, key)))]


def _changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = _changed(data[path[0]], path[1:], value)
    return copy


def _beyond_a_schema(data: Any) -> bool:
    """Is the mistake one that JSON schema has no words for: order of two numbers, a broken or dangerous pattern?"""
    for place in _places(data):
        value = data
        for key in place:
            value = value[key]
        if isinstance(value, dict) and {"between"} & set(value) and isinstance(value["between"], list):
            low_high = value["between"]
            if (
                len(low_high) == 2
                and all(isinstance(one, int | float) for one in low_high)
                and low_high[0] > low_high[1]
            ):
                return True
        if (isinstance(value, dict) and "hard_cap_s" in value) or place[-1:] == ("completion",):
            return True
        if isinstance(value, dict) and {"destination", "destinations"} <= set(value):
            return True
        if place[-1:] in (("destinations",), ("matches",)):
            return True
    return False


@settings(max_examples=100, deadline=None)
@given(data=GOOD)
def test_what_the_loader_accepts_the_schema_accepts(data: Any) -> None:
    """A good file has no red line in an editor."""
    assert _loads(data)
    assert list(problems(data, SCHEMA)) == []


@settings(max_examples=400, deadline=None)
@given(data=GOOD, choice=st.randoms(use_true_random=False), value=ODD)
def test_a_change_anywhere_is_judged_alike(data: Any, choice: Any, value: Any) -> None:
    """With any value anywhere replaced by another, loader and schema agree whether the file is good."""
    changed = _changed(data, choice.choice(_places(data)), value)
    assume(changed is not None)  # an empty file is a good file; a schema has no words for it
    loads, fits = _loads(changed), not list(problems(changed, SCHEMA))
    if loads:
        assert fits, list(problems(changed, SCHEMA))
    elif fits:
        assert _beyond_a_schema(changed), changed


@pytest.mark.parametrize(
    "expected", [{"is": ""}, {"is_one_of": ["PML", ""]}, {"matches": ""}, {"contains": ""}]
)
def test_an_empty_text_is_refused_by_both(expected: dict[str, Any]) -> None:
    """No study has it, so it is a mistake, in the editor as in the loader."""
    data = {"rules": [{"id": "a", "title": "A rule", "when": {"address": expected}}], "tests": []}
    assert not _loads(data)
    assert list(problems(data, SCHEMA))


@pytest.mark.parametrize("fact", list(FACTS))
def test_the_schema_knows_every_fact_and_its_operators(fact: str) -> None:
    """An editor offers every fact with its meaning, and only operators that fit."""
    known = SCHEMA["$defs"]["Test"]["properties"][fact]
    assert known["description"] == FACTS[fact].meaning
    assert {"is", "is_missing"} <= set(known["properties"]) <= set(Operator)
