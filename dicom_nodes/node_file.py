"""nodes.yaml -> nodes, with every problem of the file reported at once, each with its line, value and fix.

What may stand in an entry is in `node_entries`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dicom_nodes.config_files.file_problem import FileProblem, did_you_mean
from dicom_nodes.config_files.validation import problems_of
from dicom_nodes.config_files.yaml_lines import LinedYaml, read_yaml
from dicom_nodes.errors import NodeFileError
from dicom_nodes.node import DimseNode, Node
from dicom_nodes.node_entries import KINDS


def read_nodes_file(path: Path) -> tuple[Node, ...]:
    """Read and check the file; raises NodeFileError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not UTF-8 text"
        problem = FileProblem(str(path), None, f"cannot be read: {reason}", "", "Give a readable UTF-8 file.")
        raise NodeFileError([problem], str(path)) from error
    return parse_nodes(text, str(path), path.parent)


def parse_nodes(text: str, source: str, base: Path) -> tuple[Node, ...]:
    """Check the whole text and build its nodes; relative file names in it count from `base`. Raises NodeFileError."""
    read = read_yaml(text, source, aliases=True)
    problems = list(read.problems)
    nodes: dict[int, Node] = {}
    if not problems:
        entries, problems = _entries(read, source)
        for number, entry in enumerate(entries):
            made = _node(entry, number, read, source, base)
            if isinstance(made, list):
                problems += made
            else:
                nodes[number] = made
        problems += _clashes(nodes, read, source)
    if problems:
        raise NodeFileError(problems, source)
    return tuple(nodes.values())


def _entries(read: LinedYaml, source: str) -> tuple[list[Any], list[FileProblem]]:
    """The list below `nodes`, and what is wrong around it."""
    content = {} if read.data is None else read.data
    listed = content.get("nodes") if isinstance(content, dict) else content
    if not isinstance(content, dict) or not isinstance(listed, list | None):
        fix = "Write nodes: and below it a list, with a dash before each node."
        line = read.line(("nodes",))
        return [], [FileProblem(source, line, "expected `nodes:` with a list of nodes below it", "", fix)]
    fix = "The only name at the top is nodes."
    unknown = [
        FileProblem(source, read.line((name,)), "there is nothing of this name", name, fix)
        for name in content
        if name != "nodes"
    ]
    return listed or [], unknown


def _node(entry: Any, number: int, read: LinedYaml, source: str, base: Path) -> Node | list[FileProblem]:
    """The node of one entry, or everything that is wrong with it."""
    place = ("nodes", number)
    if not isinstance(entry, dict):
        fix = "Write name, kind and what else a node has, one a line."
        return [
            FileProblem(source, read.line(place), f"nodes.{number}: expected a node", repr(entry)[:120], fix)
        ]
    name = entry.get("name")
    called = f"node {name!r}" if isinstance(name, str) and name else ""
    kind = "dimse" if entry.get("kind") is None else entry["kind"]
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        said = f"{called or f'nodes.{number}'}: kind: is unknown"
        fix = did_you_mean(str(kind), tuple(KINDS))
        return [FileProblem(source, read.line((*place, "kind")), said, str(kind)[:120], fix)]
    try:
        return model.model_validate(entry, context=base).node()
    except ValidationError as error:
        return problems_of(error, read, source, model, place, called)


def _clashes(nodes: dict[int, Node], read: LinedYaml, source: str) -> Iterator[FileProblem]:
    """Names must be unique, and a caller must never match two nodes. `nodes` by their number in the list."""
    named: dict[str, int] = {}
    callers: dict[tuple[str, str], str] = {}
    for number, node in nodes.items():
        line = read.line(("nodes", number, "name"))
        first = named.setdefault(node.name, number)
        if first != number:
            fix = f"Give each its own; line {read.line(('nodes', first, 'name'))} has this one already."
            yield FileProblem(source, line, f"two nodes are called {node.name!r}", "", fix)
        if not isinstance(node, DimseNode):
            continue
        addresses = node.addresses or node.hosts
        for title, address in product(sorted(node.calls_as | node.commits_as), addresses):
            other = callers.setdefault((title, address), node.name)
            if other != node.name:
                said = f"nodes {other!r} and {node.name!r} both call as {title!r}"
                fix = "Use different AE titles or different addresses."
                yield FileProblem(source, read.line(("nodes", number, "ae_title")), said, address, fix)
