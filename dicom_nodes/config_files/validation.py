"""What a model refused, told as problems of a file: line, value and fix."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from dicom_nodes.config_files.file_problem import FileProblem, did_you_mean
from dicom_nodes.config_files.yaml_lines import LinedYaml, YamlPath

_FIXES: Mapping[str, str] = {
    "missing": "Add it.",
    "dict_type": "Write name: value, one a line.",
    "model_type": "Write name: value, one a line.",
    "tuple_type": "Write a list: a line with a dash for each.",
    "too_short": "Write at least one, as a list: a line with a dash for each.",
    "string_type": "Write a text, in quotes if it looks like a number or yes/no.",
    "int_type": "Write a whole number, without quotes.",
    "float_type": "Write a number, without quotes.",
    "bool_type": "Write true or false.",
    "string_pattern_mismatch": "Use lower-case letters, digits, dots, dashes and underscores.",
}
_PROBLEMS: Mapping[str, str] = {
    "extra_forbidden": "there is nothing of this name",
    "missing": "is missing",
    "bool_type": "is neither true nor false",
    "string_type": "is not a text",
    "tuple_type": "is not a list",
    "dict_type": "is not a table of names and values",
    "model_type": "is not a table of names and values",
}
_MOST_LISTED = 12
_SHAPES = frozenset({"tuple_type", "dict_type", "model_type"})
"""Where a value may be one thing or a list of it, the complaint about the thing is the one to read."""


def problems_of(
    error: ValidationError,
    read: LinedYaml,
    source: str,
    model: type[BaseModel],
    at: YamlPath = (),
    called: str = "",
) -> list[FileProblem]:
    """Every cause of a failed validation by `model`, each once, with the line where it stands and its fix.

    `at` is the place of what was validated, when it is a part of the text; `called` is how a reader knows that part,
    instead of by its place.
    """
    return [_problem(read, source, cause, model, at, called) for cause in _causes(error, read, at)]


@cache
def _schema(model: type[BaseModel]) -> Mapping[str, Any]:
    return model.model_json_schema(by_alias=True)


def _names(schema: Mapping[str, Any], loc: YamlPath) -> tuple[str, ...]:
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


def _other_name(name: str, names: tuple[str, ...]) -> str:
    if get_close_matches(name, names, n=1) or 0 < len(names) <= _MOST_LISTED:
        return did_you_mean(name, names)
    return "Remove it or correct its name."


def _causes(error: ValidationError, read: LinedYaml, at: YamlPath) -> list[Any]:
    """Without what is wrong only because something inside it is, and one for each place that tried several types."""
    every = [(read.known((*at, *cause["loc"])), cause) for cause in error.errors(include_url=False)]
    places = {place for place, cause in every if cause["type"] != "missing"}
    causes: dict[tuple[YamlPath, Any], Any] = {}
    for place, cause in every:
        if any(len(other) > len(place) and other[: len(place)] == place for other in places) and (
            cause["type"] not in ("missing", "extra_forbidden", "rule", "value_error")
        ):
            continue
        # What is missing has no place of its own: several of them may stand at one.
        key = (place, cause["loc"] if cause["type"] == "missing" else None)
        if key not in causes or causes[key]["type"] in _SHAPES:
            causes[key] = cause
    return list(causes.values())


def _problem(
    read: LinedYaml, source: str, error: Mapping[str, Any], model: type[BaseModel], at: YamlPath, called: str
) -> FileProblem:
    loc, kind = tuple(error["loc"]), str(error["type"])
    context = error.get("ctx", {})
    place = read.known((*at, *loc))
    where = ".".join(str(part) for part in (place[len(at) :] if called else place))
    # What does not stand there is told by its name; what has nothing behind its name does stand there.
    is_name = bool(loc) and (kind == "missing" or loc[-1] in _names(_schema(model), loc[:-1]))
    name = str(loc[-1]) if is_name and loc[-1:] != place[-1:] else ""
    problem = _PROBLEMS.get(kind, str(error["msg"]))
    value = context.get("value", "" if kind == "missing" else repr(error["input"])[:120])
    if kind == "extra_forbidden":
        value = str(loc[-1])
        fix = _other_name(value, _names(_schema(model), loc[:-1]))
    else:
        fix = context.get("fix") or _FIXES.get(kind, "Correct the value.")
    said = ": ".join(part for part in (called, where, name, context.get("problem") or problem) if part)
    line = read.line(read.innermost(place) if kind == "rule" else place)
    return FileProblem(source, line, said, value, fix)
