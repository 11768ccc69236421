"""Between a web form's flat fields (`lesions.0.border`) and the report's nested parts.

Also turns pydantic's errors into sentences that name the item as the reader sees it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.form import GROUP_NUMBER, InputKind, item_of_field, required_below
from gateway.reporting.lesions.identity import numbers_of_groups
from gateway.reporting.lesions.marks import as_text
from gateway.reporting.numbers import with_point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import ValidationError

#: Flat form: field name to one text, or to several where the item allows several answers.
FormValues = dict[str, str | list[str]]

#: Items in which a number is typed, with a point or a comma.
WITH_NUMBERS = frozenset({InputKind.NUMBER})
_TIMES = frozenset({"communication.at"})


def flatten(nested: Mapping[str, Any], prefix: str = "") -> FormValues:
    """Nested parts as flat fields; empty texts and lists are left out."""
    flat: FormValues = {}
    for name, value in nested.items():
        field = f"{prefix}{name}"
        if (item := item_of_field(field)) is not None and item.kind is InputKind.MARKS:
            if value:
                flat[field] = [as_text(mark) for mark in value]
        elif isinstance(value, dict):
            flat |= flatten(value, f"{field}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for number, part in enumerate(value):
                flat |= flatten(part, f"{field}.{number}.")
        elif isinstance(value, list):
            if value:
                flat[field] = [str(answer) for answer in value]
        elif value != "":
            flat[field] = str(value)
    return flat


def unflatten(form: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """Flat fields as nested parts: blanks dropped, repeated groups as lists without gaps, times aware in `zone`."""
    tree: dict[str, Any] = {}
    for field in sorted(form):
        value = _value(field, form[field], zone)
        if value is None:
            continue
        node = tree
        *path, name = field.split(".")
        for step in path:
            below = node.setdefault(step, {})
            if not isinstance(below, dict):  # `a` and `a.b` in one form: leave the contradiction to the model
                below = node[step] = {"": below}
            node = below
        node[name] = value
    nested = _lists(tree)
    return nested if isinstance(nested, dict) else {}


def _value(field: str, value: Any, zone: tzinfo) -> Any:
    several = (item := item_of_field(field)) is not None and item.several
    if isinstance(value, str):
        value = value.strip()
        if value and field in _TIMES:
            value = _aware(value, zone)
        elif item is not None and item.kind in WITH_NUMBERS:
            value = with_point(value)
        return ([value] if several else value) or None if value else None
    if isinstance(value, list | tuple):
        chosen = [answer for answer in value if answer not in ("", None)]
        if not chosen:
            return None
        return chosen if several or len(chosen) > 1 else chosen[0]
    return value


def _aware(text: str, zone: tzinfo) -> datetime | str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _lists(node: Any) -> Any:
    """Dictionaries whose keys are all numbers of groups become lists in the order of the numbers."""
    if not isinstance(node, dict):
        return node
    if node and all(GROUP_NUMBER.fullmatch(key) for key in node):
        return [_lists(node[key]) for key in sorted(node, key=int)]
    return {key: _lists(below) for key, below in node.items()}


_WORDS_OF_ERROR = {
    "missing": ("not answered.", "Answer it."),
    "enum": ("not one of the choices.", "Choose one of those offered."),
    "too_short": ("not answered.", "Choose at least one."),
    "string_too_short": ("not answered.", "Write something."),
    "extra_forbidden": ("the form has no such field.", "Remove it."),
    **dict.fromkeys(
        ("decimal_parsing", "int_parsing", "int_from_float"),
        (
            "cannot be read as one number.",
            "Write it with a point or a comma before the decimals and no mark of thousands: 1234.5 or 1234,5.",
        ),
    ),
    "timezone_aware": ("a time needs a zone.", "Write it as 2026-02-01T14:30+01:00."),
}


def problems_of(error: ValidationError, form: Mapping[str, Any] | None = None) -> list[Contradiction]:
    """Every problem of a validation, at its form field, worded for the reader.

    `form` is what was validated: its groups may have gaps, its lesions have their numbers.
    """
    groups = _groups(form or {})
    problems: list[Contradiction] = []
    for entry in error.errors(include_url=False, include_input=True):
        if entry["type"] == "contradiction":
            problems += entry["ctx"]["contradictions"]
            continue
        field = ".".join(str(step) for step in entry["loc"])
        if entry["type"] == "missing" and (unanswered := required_below(field)):
            problems += (
                Contradiction(name, f"{_name(name, groups)}: not answered.", "Answer it.")
                for name in unanswered
            )
            continue
        problem, fix = _WORDS_OF_ERROR.get(entry["type"], ("", ""))
        if not problem:
            shown = "" if isinstance(entry["input"], dict) else f" (entered: {entry['input']!s:.60})"
            message = entry["msg"].removeprefix("Value error, ")
            problem, fix = f"{message}{shown}.", "" if ";" in message else "Correct it."
        problems.append(Contradiction(field, f"{_name(field, groups)}: {problem}", fix))
    return at_groups(problems, form or {})


def at_groups(problems: Iterable[Contradiction], form: Mapping[str, Any]) -> list[Contradiction]:
    """The problems of a report at the fields of the form it was made of, whose groups may have gaps."""
    groups = _groups(form)
    moved = []
    for problem in problems:
        section, *steps = problem.field.split(".")
        if (place := _place(section, steps, groups)) is not None:
            steps[0] = str(list(groups[section])[place])
        moved.append(replace(problem, field=".".join((section, *steps))))
    return moved


_GROUP = {"lesions": "Lesion", "spectra": "Spectrum"}


def _groups(form: Mapping[str, Any]) -> dict[str, dict[int, int]]:
    """Of each repeating section: the groups that hold an answer, in order, each with the number a reader sees."""
    kept = {field: value for field, value in form.items() if _value(field, value, UTC) is not None}
    spectra = sorted(
        {
            int(steps[1])
            for field in kept
            if (steps := field.split("."))[0] == "spectra"
            and len(steps) > 2
            and GROUP_NUMBER.fullmatch(steps[1])
        }
    )
    return {
        "lesions": numbers_of_groups(kept),
        "spectra": {group: place for place, group in enumerate(spectra, start=1)},
    }


def _place(section: str, steps: list[str], groups: Mapping[str, Mapping[int, int]]) -> int | None:
    """The place of a field's group in the lists of a report, when the form has this group."""
    if not steps or not GROUP_NUMBER.fullmatch(steps[0]) or int(steps[0]) >= len(groups.get(section, ())):
        return None
    return int(steps[0])


def _name(field: str, groups: Mapping[str, Mapping[int, int]]) -> str:
    """The item as the reader sees it, with the number of its group: `Lesion 2, Lesion border`."""
    item = item_of_field(field) or item_of_field(f"{field}.acquired")
    section, *steps = field.split(".")
    if not steps or not GROUP_NUMBER.fullmatch(steps[0]):
        return item.label if item else field
    place = _place(section, steps, groups)
    number = int(steps[0]) + 1 if place is None else list(groups[section].values())[place]
    group = f"{_GROUP.get(section, section)} {number}"
    return f"{group}, {item.label}" if item else group
