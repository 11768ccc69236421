"""What a test may expect of a fact: operators, which facts they fit, and the check of one expectation.

Every complaint says what is wrong, the value found and what to write instead; `files` adds file and line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from dicom_nodes.config_files.file_problem import complaint
from routing_rules.fact_table import FACTS, FactKind

LONGEST_PATTERN = 200
LONGEST_TEXT = 512
"""Characters of a text that a pattern is tried on: descriptions have 64, more is no description."""


class Operator(StrEnum):
    """How a test compares."""

    IS = "is"
    """The fact has this value."""
    IS_ONE_OF = "is_one_of"
    """The fact has one of these values."""
    MATCHES = "matches"
    """The text has a match of this regular expression."""
    CONTAINS = "contains"
    """The text has this text in it."""
    STARTS_WITH = "starts_with"
    """The text begins with this text."""
    IS_MISSING = "is_missing"
    """`true`: the study does not know the fact; `false`: it does."""
    BETWEEN = "between"
    """The number lies between these two, both included."""


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


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def single(data: Any, what: str, example: str) -> tuple[str, Any]:
    if not isinstance(data, Mapping) or len(data) != 1:
        hint = "Put several conditions under all: or any:." if isinstance(data, Mapping) and data else ""
        raise complaint(
            f"{what} must be one name and one value", data, f"Write for example {example}. {hint}".strip()
        )
    ((name, value),) = data.items()
    return str(name), value


def checked_expectation(fact: str, operator: Operator, expected: Any) -> Any:
    kind = FACTS[fact].kind
    if kind not in FITS[operator]:
        fitting = ", ".join(o.value for o in Operator if kind in FITS[o])
        raise complaint(
            f"{operator} does not fit {fact}, a {_KIND_WORDS[kind]} value",
            operator.value,
            f"Use one of: {fitting}.",
        )
    if operator is Operator.IS_MISSING:
        return _checked(isinstance(expected, bool), fact, operator, expected, "true or false")
    if operator is Operator.BETWEEN:
        good = isinstance(expected, list | tuple) and len(expected) == 2 and all(map(_is_number, expected))
        _checked(good, fact, operator, expected, "two numbers, [low, high]")
        return _checked(expected[0] <= expected[1], fact, operator, expected, "the lower number first")
    if operator is Operator.IS_ONE_OF:
        good = (
            isinstance(expected, list | tuple)
            and bool(expected)
            and all(_fits(kind, one) for one in expected)
        )
        return _checked(good, fact, operator, expected, f"a list of {_KIND_WORDS[kind]} values")
    _checked(
        _fits(kind, expected), fact, operator, expected, f"a {_KIND_WORDS[kind]} value{_QUOTES.get(kind, '')}"
    )
    if operator is Operator.MATCHES:
        _check_pattern(expected)
    return expected


_KIND_WORDS = {
    FactKind.TEXT: "text",
    FactKind.NAME: "text",
    FactKind.NUMBER: "number",
    FactKind.FLAG: "true/false",
}
_QUOTES = dict.fromkeys((FactKind.TEXT, FactKind.NAME), ", in quotes if it looks like a number or yes/no")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fits(kind: FactKind, value: Any) -> bool:
    if kind is FactKind.FLAG:
        return isinstance(value, bool)
    return _is_number(value) if kind is FactKind.NUMBER else isinstance(value, str) and bool(value)


def _checked(good: bool, fact: str, operator: Operator, expected: Any, wanted: str) -> Any:
    if not good:
        raise complaint(f"{fact}: {operator} needs {wanted}", expected, f"Write {fact}: {{{operator}: ...}}.")
    return expected


_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|*+?]|\{\d*,?\d*\}|.", re.DOTALL)


def _repeats_a_choice(pattern: str) -> bool:
    """Is there a group that can match in several ways, and is repeated: (a+)+, ((a)*)*, (a|aa)+ ?"""
    open_groups = [False]
    closed_loose = False
    for token in _TOKEN.findall(pattern):
        repeats = token in ("*", "+") or (token.startswith("{") and len(token) > 1)
        if repeats and closed_loose:
            return True
        closed_loose = False
        if token == "(":
            open_groups.append(False)
        elif token == ")":
            closed_loose = len(open_groups) > 1 and open_groups.pop()
            open_groups[-1] |= closed_loose
        elif repeats or token == "|":
            open_groups[-1] = True
    return False


def _check_pattern(pattern: str) -> None:
    if len(pattern) > LONGEST_PATTERN:
        raise complaint(
            f"a pattern may have {LONGEST_PATTERN} characters", pattern, "Use is_one_of or any: instead."
        )
    if _repeats_a_choice(pattern):
        raise complaint(
            "a repeat or a choice inside a repeat can take for ever",
            pattern,
            "Remove the inner or the outer repeat.",
        )
    try:
        compiled(pattern)
    except re.error as error:
        fix = f"Correct this: {error}. To find a plain text use contains."
        raise complaint("is not a regular expression", pattern, fix) from error


_TEXT = {"type": "string", "minLength": 1}
_JSON_TYPES: Mapping[FactKind, dict[str, Any]] = {
    FactKind.TEXT: _TEXT,
    FactKind.NAME: _TEXT,
    FactKind.NUMBER: {"type": "number"},
    FactKind.FLAG: {"type": "boolean"},
}
EXPECTATION_SCHEMAS: Mapping[Operator, Callable[[FactKind], dict[str, Any]]] = {
    Operator.IS: lambda kind: _JSON_TYPES[kind],
    Operator.IS_ONE_OF: lambda kind: {"type": "array", "minItems": 1, "items": _JSON_TYPES[kind]},
    Operator.MATCHES: lambda _: {**_TEXT, "format": "regex", "maxLength": LONGEST_PATTERN},
    Operator.CONTAINS: lambda _: _TEXT,
    Operator.STARTS_WITH: lambda _: _TEXT,
    Operator.IS_MISSING: lambda _: {"type": "boolean"},
    Operator.BETWEEN: lambda _: {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
}
