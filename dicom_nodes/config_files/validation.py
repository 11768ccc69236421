"""What a model refused, told as problems of a file: line, value and fix."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from dicom_nodes.config_files.errors import FileProblem
from dicom_nodes.config_files.yaml_lines import LinedYaml, Place

_FIXES: Mapping[str, str] = {
    "missing": "Add it.",
    "dict_type": "Write name: value, one a line.",
    "model_type": "Write name: value, one a line.",
    "too_short": "Write at least one, as a list: a line with a dash for each.",
    "string_type": "Write a text, in quotes if it looks like a number or yes/no.",
    "int_type": "Write a whole number, without quotes.",
    "float_type": "Write a number, without quotes.",
    "bool_type": "Write true or false.",
    "string_pattern_mismatch": "Use lower-case letters, digits, dots, dashes and underscores.",
}
_SHAPES = frozenset({"tuple_type", "dict_type", "model_type"})
"""Where a value may be one thing or a list of it, the complaint about the thing is the one to read."""


def problems_of(
    error: ValidationError, read: LinedYaml, source: str, model: type[BaseModel]
) -> list[FileProblem]:
    """Every cause of a failed validation by `model`, each once, with the line where it stands and its fix."""
    return [_problem(read, source, one, model) for one in _causes(error, read)]


@cache
def _schema(model: type[BaseModel]) -> Mapping[str, Any]:
    return model.model_json_schema(by_alias=True)


def _names(schema: Mapping[str, Any], loc: Place) -> tuple[str, ...]:
    """The names that may stand at a place: those of the innermost object that its path leads to."""
    objects: Mapping[str, Any] = schema.get("$defs", {})
    for part in reversed([part for part in loc if isinstance(part, str)]):
        named = [objects[part]] if part in objects else []
        for one in (schema, *objects.values()):
            named += [objects[name] for name in _refs(one.get("properties", {}).get(part)) if name in objects]
        found = tuple(dict.fromkeys(name for one in named for name in one.get("properties", ())))
        if found:
            return found
    return tuple(schema.get("properties", ()))


def _refs(part: Any) -> list[str]:
    if isinstance(part, Mapping):
        own = [str(part["$ref"]).rpartition("/")[2]] if "$ref" in part else []
        return own + [name for value in part.values() for name in _refs(value)]
    return [name for value in part for name in _refs(value)] if isinstance(part, list) else []


def _causes(error: ValidationError, read: LinedYaml) -> list[Any]:
    """Without what is wrong only because something inside it is, and one for each place that tried several types."""
    every = [(read.known(tuple(one["loc"])), one) for one in error.errors(include_url=False)]
    places = {place for place, one in every if one["type"] != "missing"}
    found: dict[tuple[Place, Any], Any] = {}
    for place, one in every:
        if any(len(other) > len(place) and other[: len(place)] == place for other in places) and (
            one["type"] not in ("missing", "extra_forbidden", "rule", "value_error")
        ):
            continue
        # What is missing has no place of its own: several of them may stand at one.
        key = (place, one["loc"] if one["type"] == "missing" else None)
        if key not in found or found[key]["type"] in _SHAPES:
            found[key] = one
    return list(found.values())


def _problem(read: LinedYaml, source: str, error: Mapping[str, Any], model: type[BaseModel]) -> FileProblem:
    loc, kind = tuple(error["loc"]), str(error["type"])
    context = error.get("ctx", {})
    where = ".".join(str(part) for part in read.known(loc))
    name = str(loc[-1]) if kind == "missing" else ""
    problem = "there is nothing of this name" if kind == "extra_forbidden" else str(error["msg"])
    value = context.get("value", "" if kind == "missing" else repr(error["input"])[:120])
    if kind == "extra_forbidden":
        close = get_close_matches(str(loc[-1]), _names(_schema(model), loc[:-1]), n=1)
        value, fix = str(loc[-1]), f"Did you mean {close[0]}?" if close else "Remove it or correct its name."
    else:
        fix = context.get("fix") or _FIXES.get(kind, "Correct the value.")
    said = ": ".join(part for part in (where, name, context.get("problem") or problem) if part)
    place = read.innermost(read.known(loc)) if kind == "rule" else loc
    return FileProblem(source, read.line(place), said, value, fix)
