"""Conditions of a rule: tests of one fact, combined by all, any and not. Declarative data; nothing is evaluated.

    all:
      - called_ae_title: {is: NATALIZUMAB}
      - any:
          - study_description: {contains: PML}
          - enrolled: {is: true}

A fact with several values (descriptions, kinds) meets a test when one of its values does. A fact that is not known
meets no test but `is_missing: true`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, GetJsonSchemaHandler, Tag, model_validator
from pydantic_core import CoreSchema, PydanticCustomError

from routing_rules.fact_table import FACTS, FactKind, Value

LONGEST_PATTERN = 200
LONGEST_TEXT = 512
_REPEATED_REPEAT = re.compile(r"\([^()]*[*+}][^()]*\)\s*[*+{]")


class Operator(StrEnum):
    """How a test compares."""

    IS = "is"
    IS_ONE_OF = "is_one_of"
    MATCHES = "matches"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    IS_MISSING = "is_missing"
    BETWEEN = "between"


_WORDS = frozenset({FactKind.TEXT, FactKind.NAME})
_EVERY = frozenset(FactKind)
FITS: Mapping[Operator, frozenset[FactKind]] = {
    Operator.IS: _EVERY,
    Operator.IS_ONE_OF: _EVERY - {FactKind.FLAG},
    Operator.MATCHES: _WORDS,
    Operator.CONTAINS: _WORDS,
    Operator.STARTS_WITH: _WORDS,
    Operator.IS_MISSING: _EVERY,
    Operator.BETWEEN: frozenset({FactKind.NUMBER}),
}
_GROUPS = ("all", "any", "not")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=False)


class Test(_Model):
    """One fact compared with one expected value."""

    # The class is named for what it is; pytest must not take it for a test.
    __test__ = False

    fact: str
    operator: Operator
    expected: bool | float | str | tuple[float | str, ...]

    @model_validator(mode="before")
    @classmethod
    def _from_yaml(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and set(data) == {"fact", "operator", "expected"}:
            return data
        fact, comparison = _single(data, "a condition", "{study_description: {contains: PML}}")
        if fact not in FACTS:
            raise _problem(f"there is no fact named {fact}", fact, _nearest(fact, (*FACTS, *_GROUPS)))
        operator, expected = _single(comparison, f"the comparison of {fact}", f"{fact}: {{is: ...}}")
        if operator not in list(Operator):
            raise _problem(f"there is no operator named {operator}", operator, _nearest(operator, tuple(Operator)))
        return {"fact": fact, "operator": operator, "expected": _expected(fact, Operator(operator), expected)}

    def holds(self, values: tuple[Value, ...]) -> bool:
        """Does one of the values found meet the expectation? Total: never raises."""
        if self.operator is Operator.IS_MISSING:
            return (not values) is self.expected
        fold = FACTS[self.fact].kind is FactKind.TEXT
        return any(_COMPARE[self.operator](value, self.expected, fold) for value in values)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        del schema, handler
        return {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
            "properties": {
                fact.name: {
                    "description": fact.meaning,
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": False,
                    "properties": {o.value: _EXPECTED_SCHEMA[o](fact.kind) for o in Operator if fact.kind in FITS[o]},
                }
                for fact in FACTS.values()
            },
        }


class AllOf(_Model):
    """Every condition holds."""

    all: tuple[Condition, ...] = Field(min_length=1)


class AnyOf(_Model):
    """At least one condition holds."""

    any: tuple[Condition, ...] = Field(min_length=1)


class Not(_Model):
    """The condition does not hold."""

    not_: Condition = Field(alias="not")
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


def _which(data: Any) -> str:
    if isinstance(data, Mapping):
        return next((name for name in _GROUPS if name in data), "test")
    return {AllOf: "all", AnyOf: "any", Not: "not"}.get(type(data), "test")


Condition = Annotated[
    Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[Test, Tag("test")],
    Discriminator(_which),
]
for _model in (AllOf, AnyOf, Not):
    _model.model_rebuild()


def _equal(value: Value, expected: Any, fold: bool) -> bool:
    if isinstance(value, str) and isinstance(expected, str):
        return _folded(value, fold) == _folded(expected, fold)
    return value == expected and isinstance(value, bool) == isinstance(expected, bool)


def _folded(value: object, fold: bool) -> str:
    return str(value).casefold() if fold else str(value)


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_COMPARE: Mapping[Operator, Callable[[Value, Any, bool], bool]] = {
    Operator.IS: _equal,
    Operator.IS_ONE_OF: lambda value, expected, fold: any(_equal(value, one, fold) for one in expected),
    Operator.MATCHES: lambda value, expected, _: bool(_pattern(expected).search(str(value)[:LONGEST_TEXT])),
    Operator.CONTAINS: lambda value, expected, fold: _folded(expected, fold) in _folded(value, fold),
    Operator.STARTS_WITH: lambda value, expected, fold: _folded(value, fold).startswith(_folded(expected, fold)),
    Operator.BETWEEN: lambda value, expected, _: bool(expected[0] <= value <= expected[1]),
}


def _single(data: Any, what: str, example: str) -> tuple[str, Any]:
    if not isinstance(data, Mapping) or len(data) != 1:
        hint = "Put several conditions under all: or any:." if isinstance(data, Mapping) and data else ""
        raise _problem(f"{what} must be one name and one value", data, f"Write for example {example}. {hint}".strip())
    ((name, value),) = data.items()
    return str(name), value


def _expected(fact: str, operator: Operator, expected: Any) -> Any:
    kind = FACTS[fact].kind
    if kind not in FITS[operator]:
        fitting = ", ".join(o.value for o in Operator if kind in FITS[o])
        raise _problem(f"{operator} does not fit {fact}, which is a {kind}", operator.value, f"Use one of: {fitting}.")
    if operator is Operator.IS_MISSING:
        return _checked(isinstance(expected, bool), fact, operator, expected, "true or false")
    if operator is Operator.BETWEEN:
        good = isinstance(expected, list | tuple) and len(expected) == 2 and all(map(_is_number, expected))
        _checked(good, fact, operator, expected, "two numbers, [low, high]")
        return _checked(expected[0] <= expected[1], fact, operator, expected, "the lower number first")
    if operator is Operator.IS_ONE_OF:
        good = isinstance(expected, list | tuple) and bool(expected) and all(_fits(kind, one) for one in expected)
        return _checked(good, fact, operator, expected, f"a list of {_KIND_WORDS[kind]} values")
    _checked(_fits(kind, expected), fact, operator, expected, f"a {_KIND_WORDS[kind]} value{_QUOTES.get(kind, '')}")
    if operator is Operator.MATCHES:
        _check_pattern(expected)
    return expected


_KIND_WORDS = {FactKind.TEXT: "text", FactKind.NAME: "text", FactKind.NUMBER: "number", FactKind.FLAG: "true/false"}
_QUOTES = {FactKind.TEXT: ", in quotes if it looks like a number or yes/no",
           FactKind.NAME: ", in quotes if it looks like a number or yes/no"}  # fmt: skip


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(kind: FactKind, value: Any) -> bool:
    if kind is FactKind.FLAG:
        return isinstance(value, bool)
    return _is_number(value) if kind is FactKind.NUMBER else isinstance(value, str) and bool(value)


def _checked(good: bool, fact: str, operator: Operator, expected: Any, wanted: str) -> Any:
    if not good:
        raise _problem(f"{fact}: {operator} needs {wanted}", expected, f"Write {fact}: {{{operator}: ...}} with {wanted}.")
    return expected


def _check_pattern(pattern: str) -> None:
    if len(pattern) > LONGEST_PATTERN:
        raise _problem(f"a pattern may have {LONGEST_PATTERN} characters", pattern, "Use is_one_of or any: instead.")
    if _REPEATED_REPEAT.search(pattern):
        raise _problem("a repeat inside a repeat can take for ever", pattern, "Remove the inner or the outer repeat.")
    try:
        _pattern(pattern)
    except re.error as error:
        raise _problem("is not a regular expression", pattern, f"Correct this: {error}. To find a text use contains.") from error


def _nearest(name: str, names: tuple[str, ...]) -> str:
    close = get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]}?" if close else f"Use one of: {', '.join(names)}."


def _problem(problem: str, value: Any, fix: str) -> PydanticCustomError:
    return PydanticCustomError("rule", "{problem}", {"problem": problem, "value": str(value)[:120], "fix": fix})


_EXPECTED_SCHEMA: Mapping[Operator, Callable[[FactKind], dict[str, Any]]] = {
    Operator.IS: lambda kind: {"type": _JSON_TYPES[kind]},
    Operator.IS_ONE_OF: lambda kind: {"type": "array", "minItems": 1, "items": {"type": _JSON_TYPES[kind]}},
    Operator.MATCHES: lambda _: {"type": "string", "format": "regex", "maxLength": LONGEST_PATTERN},
    Operator.CONTAINS: lambda _: {"type": "string", "minLength": 1},
    Operator.STARTS_WITH: lambda _: {"type": "string", "minLength": 1},
    Operator.IS_MISSING: lambda _: {"type": "boolean"},
    Operator.BETWEEN: lambda _: {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
}
_JSON_TYPES = {FactKind.TEXT: "string", FactKind.NAME: "string", FactKind.NUMBER: "number", FactKind.FLAG: "boolean"}
