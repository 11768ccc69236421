"""Judge a value by a JSON schema: the part of JSON Schema 2020-12 that the schema of rule files uses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
KNOWN = frozenset(
    (
        *("$schema", "$ref", "$defs", "type", "enum", "anyOf", "oneOf", "default", "title", "description"),
        *("properties", "additionalProperties", "required", "minProperties", "maxProperties"),
        *("items", "minItems", "maxItems", "minLength", "maxLength", "pattern", "format"),
        *("minimum", "maximum", "exclusiveMinimum"),
    )
)


def problems(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Why the schema refuses the value; nothing when it accepts it."""
    root = schema if root is None else root
    assert set(schema) <= KNOWN, f"this validator does not know {set(schema) - KNOWN}"
    if "$ref" in schema:
        yield from problems(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    for name in ("anyOf", "oneOf"):
        if name in schema and not any(not list(problems(value, one, root)) for one in schema[name]):
            yield f"{value!r} is none of {name}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{value!r} is not in the list"
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        yield f"{value!r} is no {kind}"
    elif isinstance(value, dict):
        yield from _object(value, schema, root)
    elif isinstance(value, list):
        yield from _outside(len(value), schema, "minItems", "maxItems")
        for one in value:
            yield from problems(one, schema.get("items", {}), root)
    elif isinstance(value, str):
        yield from _outside(len(value), schema, "minLength", "maxLength")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{value!r} does not match"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _outside(value, schema, "minimum", "maximum")
        if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
            yield f"{value!r} is too small"


def _object(value: dict[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{name} is missing" for name in schema.get("required", ()) if name not in value)
    yield from _outside(len(value), schema, "minProperties", "maxProperties")
    for name, one in value.items():
        if name in schema.get("properties", {}):
            yield from problems(one, schema["properties"][name], root)
        elif schema.get("additionalProperties") is False:
            yield f"{name} is unknown"


def _outside(size: float, schema: Mapping[str, Any], least: str, most: str) -> Iterator[str]:
    if size < schema.get(least, size) or size > schema.get(most, size):
        yield f"{size} is not from {schema.get(least)} to {schema.get(most)}"
