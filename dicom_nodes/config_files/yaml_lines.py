"""YAML with line numbers: the data, and for every place in it the line where it stands.

The only reader of YAML here. What it gives is plain: text, numbers, dates, lists, and tables whose names are text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from dicom_nodes.config_files.file_problem import FileProblem

YamlPath = tuple[Any, ...]
DEEPEST = 40
"""Levels of nesting; more is a mistake or an attack."""
MOST_VALUES = 100_000
"""Values that aliases may make of a text; more is an attack."""

_MERGE: Final = "tag:yaml.org,2002:merge"
_PLAIN: Final = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
# What the constructors of PyYAML raise for a value that is not what its tag, or its look, says: 2026-99-99, !!bool x.
_NO_VALUE: Final = (ValueError, LookupError, TypeError, AttributeError, OverflowError)


@dataclass(frozen=True)
class LinedYaml:
    """The content of one YAML text; with `problems` it is not to be used."""

    data: Any
    lines: Mapping[YamlPath, int] = field(default_factory=dict)
    problems: tuple[FileProblem, ...] = ()

    def known(self, place: YamlPath) -> YamlPath:
        """The part of a place that exists in the data; names that a validator put in between are left out."""
        found: YamlPath = ()
        for part in place:
            if (*found, part) in self.lines:
                found = (*found, part)
        return found

    def innermost(self, place: YamlPath) -> YamlPath:
        """Down from a place as long as only one thing stands there: a condition to its fact and operator."""
        while len(inside := [one for one in self.lines if one[:-1] == place and one]) == 1:
            place = inside[0]
        return place

    def line(self, place: YamlPath) -> int:
        """The line of a place, or of the nearest place around it."""
        return self.lines.get(self.known(place), 1)


def read_yaml(text: str, source: str, *, aliases: bool = False) -> LinedYaml:
    """Read one YAML document. Never raises: syntax errors, aliases and repeated names are in `problems`.

    With `aliases`, `*name` and `<<` are followed, as long as that ends; what stands in place of them has the line where
    it was written.
    """
    last = max(1, len(text.splitlines()))
    loader: yaml.SafeLoader | None = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return _no_yaml(source, last, line, f"the character U+{error.character:04X} is not allowed")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _no_yaml(source, last, 1 if mark is None else mark.line + 1, error.problem or str(error))
    except RecursionError:  # brackets in brackets in brackets
        return _no_yaml(source, last, 1 if loader is None else loader.line + 1, "it is nested too deeply")
    if node is None:
        return LinedYaml(None, {(): 1})
    reader = _Reader(loader, source, last, aliases=aliases)
    data = reader.value(node, ())
    return LinedYaml(data, reader.lines, tuple(reader.problems))


def _no_yaml(source: str, last: int, line: int, said: str) -> LinedYaml:
    problem = FileProblem(source, min(line, last), "is not YAML", "", f"Correct this: {said}.")
    return LinedYaml(None, {}, (problem,))


class _Reader:
    def __init__(self, loader: yaml.SafeLoader, source: str, last: int, *, aliases: bool) -> None:
        self._loader = loader
        self._source = source
        self._last = last
        self._aliases = aliases
        self._taken: set[int] = set()  # collections: with `aliases` those around this place, else all so far
        self._count = 0
        self.lines: dict[YamlPath, int] = {}
        self.problems: list[FileProblem] = []

    def value(self, node: yaml.Node, place: YamlPath) -> Any:
        self.lines.setdefault(place, self._line(node))
        self._count += 1
        if self._aliases and self._count > MOST_VALUES:
            if self._count == MOST_VALUES + 1:
                self._problem(node, f"has more than {MOST_VALUES} values by aliases", "", "Use fewer.")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._taken or len(place) > DEEPEST:
            what = "contains itself" if self._aliases else "uses an alias"
            self._problem(node, f"{what} or is nested too deeply", "", "Write the content out, flat.")
            return None
        if node.tag not in _PLAIN:
            self._problem(node, "has a YAML tag", node.tag, "Remove the tag.")
        self._taken.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            data: Any = [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        else:
            data = self._table(node.value, place)
        if self._aliases:
            self._taken.remove(id(node))
        return data

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            return self._loader.construct_object(node, deep=True)
        except (yaml.MarkedYAMLError, *_NO_VALUE):
            fix = "Correct it; a text goes in quotes, without a tag."
            self._problem(node, "cannot be read as what its look or its tag says", node.value[:120], fix)
            return None

    def _table(self, pairs: Sequence[tuple[yaml.Node, yaml.Node]], place: YamlPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        own: set[str] = set()
        for key_node, value_node in pairs:
            if self._aliases and key_node.tag == _MERGE:
                data = {**self._merged(value_node, place), **data}
        for key_node, value_node in pairs:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, "a name must be plain text", "", "Write name: value.")
                continue
            key = str(key_node.value)
            if key in own:
                self._problem(key_node, "the same name stands here twice", key, "Remove one of the two.")
            own.add(key)
            if self._aliases and key_node.tag == _MERGE:
                continue
            self.lines[(*place, key)] = self._line(key_node)
            data[key] = self.value(value_node, (*place, key))
        return data

    def _merged(self, node: yaml.Node, place: YamlPath) -> dict[str, Any]:
        """What `<<` takes over: the content of one table, or of several, the first of them before the others."""
        merged: dict[str, Any] = {}
        for table in node.value if isinstance(node, yaml.SequenceNode) else (node,):
            if isinstance(table, yaml.MappingNode):
                merged = {**(self.value(table, place) or {}), **merged}
            else:
                self._problem(table, "only a table can be taken over with <<", "", "Name one with *.")
        return merged

    def _problem(self, node: yaml.Node, problem: str, value: str, fix: str) -> None:
        self.problems.append(FileProblem(self._source, self._line(node), problem, value, fix))

    def _line(self, node: yaml.Node) -> int:
        # What is missing at the end is missed behind the last line.
        return min(int(node.start_mark.line) + 1, self._last)
