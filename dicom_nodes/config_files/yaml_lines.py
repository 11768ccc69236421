"""YAML with line numbers: the data, and for every place in it the line where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from dicom_nodes.config_files.errors import FileProblem

Place = tuple[Any, ...]
DEEPEST = 40
"""Levels of nesting; more is a mistake or an attack."""


@dataclass(frozen=True)
class LinedYaml:
    """The content of one YAML text; with `problems` it is not to be used."""

    data: Any
    lines: Mapping[Place, int] = field(default_factory=dict)
    problems: tuple[FileProblem, ...] = ()

    def known(self, place: Place) -> Place:
        """The part of a place that exists in the data; names that a validator put in between are left out."""
        found: Place = ()
        for part in place:
            if (*found, part) in self.lines:
                found = (*found, part)
        return found

    def innermost(self, place: Place) -> Place:
        """Down from a place as long as only one thing stands there: a condition to its fact and operator."""
        while len(inside := [one for one in self.lines if one[:-1] == place and one]) == 1:
            place = inside[0]
        return place

    def line(self, place: Place) -> int | None:
        """The line of a place, or of the nearest place around it."""
        return self.lines.get(self.known(place))


def read_yaml(text: str, source: str) -> LinedYaml:
    """Read one YAML document. Never raises: syntax errors, aliases and repeated keys are in `problems`."""
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        reader = _Reader(loader, source)
        data = None if node is None else reader.value(node, ())
    # ValueError: a date or number that cannot be; RecursionError: brackets in brackets in brackets.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or str(error)
        line = None if mark is None else mark.line + 1
        return LinedYaml(None, {}, (FileProblem(source, line, "is not YAML", "", f"Correct this: {said}."),))
    return LinedYaml(data, reader.lines, tuple(reader.problems))


class _Reader:
    def __init__(self, loader: yaml.SafeLoader, source: str) -> None:
        self._loader = loader
        self._source = source
        self._seen: set[int] = set()
        self.lines: dict[Place, int] = {}
        self.problems: list[FileProblem] = []

    def value(self, node: yaml.Node, place: Place) -> Any:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._loader.construct_object(node, deep=True)
        if id(node) in self._seen or len(place) > DEEPEST:
            self._problem(node, "uses an alias or is nested too deeply", "", "Write the content out, flat.")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(one, (*place, index)) for index, one in enumerate(node.value)]
        return self._mapping(node.value, place)

    def _mapping(self, pairs: Sequence[tuple[yaml.Node, yaml.Node]], place: Place) -> dict[Any, Any]:
        data: dict[Any, Any] = {}
        for key_node, value_node in pairs:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, "a name must be plain text", "", "Write name: value.")
                continue
            key = str(key_node.value)
            if key in data:
                self._problem(key_node, "the same name stands here twice", key, "Remove one of the two.")
            self.lines[(*place, key)] = key_node.start_mark.line + 1
            data[key] = self.value(value_node, (*place, key))
        return data

    def _problem(self, node: yaml.Node, problem: str, value: str, fix: str) -> None:
        self.problems.append(FileProblem(self._source, node.start_mark.line + 1, problem, value, fix))
