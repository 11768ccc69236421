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

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, GetJsonSchemaHandler, Tag, model_validator
from pydantic_core import CoreSchema

from dicom_nodes.config_files.file_problem import complaint, did_you_mean
from routing_rules.expectations import (
    EXPECTATION_SCHEMAS,
    FITS,
    LONGEST_TEXT,
    Operator,
    checked_expectation,
    compiled,
    single,
)
from routing_rules.fact_table import FACTS, FactKind, Value

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
        fact, comparison = single(data, "a condition", "{study_description: {contains: PML}}")
        if fact not in FACTS:
            raise complaint(f"there is no fact named {fact}", fact, did_you_mean(fact, tuple(FACTS)))
        operator, expected = single(comparison, f"the comparison of {fact}", f"{fact}: {{is: ...}}")
        if operator not in list(Operator):
            raise complaint(
                f"there is no operator named {operator}", operator, did_you_mean(operator, tuple(Operator))
            )
        return {
            "fact": fact,
            "operator": operator,
            "expected": checked_expectation(fact, Operator(operator), expected),
        }

    def holds(self, values: tuple[Value, ...]) -> bool:
        """Does one of the values found meet the expectation? Total: never raises."""
        if self.operator is Operator.IS_MISSING:
            return (not values) is self.expected
        fold = FACTS[self.fact].kind is FactKind.TEXT
        return any(_COMPARE[self.operator](value, self.expected, fold) for value in values)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
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
                    "properties": {
                        operator.value: EXPECTATION_SCHEMAS[operator](fact.kind)
                        for operator in Operator
                        if fact.kind in FITS[operator]
                    },
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
    made: dict[type, str] = {AllOf: "all", AnyOf: "any", Not: "not"}
    return made.get(type(data), "test")


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


def _between(value: Value, expected: Any, _: bool) -> bool:
    return isinstance(value, int | float) and bool(expected[0] <= value <= expected[1])


_COMPARE: Mapping[Operator, Callable[[Value, Any, bool], bool]] = {
    Operator.IS: _equal,
    Operator.IS_ONE_OF: lambda value, expected, fold: any(_equal(value, one, fold) for one in expected),
    Operator.MATCHES: lambda value, expected, _: bool(compiled(expected).search(str(value)[:LONGEST_TEXT])),
    Operator.CONTAINS: lambda value, expected, fold: _folded(expected, fold) in _folded(value, fold),
    Operator.STARTS_WITH: lambda value, expected, fold: _folded(value, fold).startswith(
        _folded(expected, fold)
    ),
    Operator.BETWEEN: _between,
}
