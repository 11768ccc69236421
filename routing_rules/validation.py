"""What a model refused, told as problems of a file: line, value and fix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from routing_rules.errors import FileProblem
from routing_rules.yaml_lines import LinedYaml

_FIXES: Mapping[str, str] = {
    "missing": "Add it.",
    "dict_type": "Write name: value, one a line.",
    "model_type": "Write name: value, one a line.",
    "too_short": "Write at least one, as a list: a line with a dash for each.",
    "extra_forbidden": "Remove it or correct its name.",
    "string_pattern_mismatch": "Use lower-case letters, digits, dots, dashes and underscores.",
}


def problems_of(error: ValidationError, read: LinedYaml, source: str) -> list[FileProblem]:
    """Every cause of a failed validation, each with the line where it stands and its fix."""
    return [_problem(read, source, one) for one in _causes(error)]


def _causes(error: ValidationError) -> list[Any]:
    """The errors of pydantic without the list that is "too short" only because its members were wrong."""
    every = error.errors(include_url=False)
    return [
        one
        for one in every
        if one["type"] != "too_short"
        or not any(other["loc"][: len(one["loc"])] == one["loc"] and other is not one for other in every)
    ]


def _problem(read: LinedYaml, source: str, error: Mapping[str, Any]) -> FileProblem:
    loc = tuple(error["loc"])
    context = error.get("ctx", {})
    where = ".".join(str(part) for part in read.known(loc))
    name = str(loc[-1]) if loc and error["type"] in ("missing", "extra_forbidden") else ""
    problem = context.get("problem") or str(error["msg"])
    value = (
        context["value"]
        if "value" in context
        else ""
        if error["type"] == "missing"
        else repr(error["input"])[:120]
    )
    fix = context.get("fix") or _FIXES.get(str(error["type"]), "Correct the value.")
    said = ": ".join(part for part in (where, name, problem) if part)
    place = read.innermost(read.known(loc)) if error["type"] == "rule" else loc
    return FileProblem(source, read.line(place), said, value, fix)
