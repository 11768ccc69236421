"""nodes.yaml -> nodes and sites, with every problem of the file reported at once, each with its line, value and fix.

What may stand in an entry is in `node_entries`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dicom_nodes.config_files.file_problem import FileProblem, did_you_mean
from dicom_nodes.config_files.validation import problems_of
from dicom_nodes.config_files.yaml_lines import LinedYaml, read_yaml
from dicom_nodes.errors import NodeFileError
from dicom_nodes.node import NO_SITE, DimseNode, Node, Role, Site
from dicom_nodes.node_entries import KINDS, SiteEntry

_TOP = ("nodes", "sites")


@dataclass(frozen=True)
class NodeFile:
    """What a nodes.yaml says."""

    nodes: tuple[Node, ...]
    sites: tuple[Site, ...] = ()


def nodes_text(path: Path) -> str:
    """The text of the file; raises NodeFileError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not UTF-8 text"
        problem = FileProblem(str(path), None, f"cannot be read: {reason}", "", "Give a readable UTF-8 file.")
        raise NodeFileError([problem], str(path)) from error


def parse_nodes(text: str, source: str, base: Path) -> NodeFile:
    """Check the whole text and build its nodes; relative file names in it count from `base`. Raises NodeFileError."""
    read = read_yaml(text, source, aliases=True)
    problems = list(read.problems)
    nodes: dict[int, Node] = {}
    sites: list[Site] = []
    if not problems:
        entries, problems = _entries(read, source)
        for number, entry in enumerate(entries):
            made = _node(entry, number, read, source, base)
            if isinstance(made, list):
                problems += made
            else:
                nodes[number] = made
        problems += _clashes(nodes, read, source)
        for name, said in _said_of_sites(read).items():
            of_site = _site(name, said, read, source)
            if isinstance(of_site, list):
                problems += of_site
            else:
                sites.append(of_site)
        if not problems:  # of a node that cannot be read nothing is known
            problems += _ways_back(sites, nodes.values(), read, source)
    if problems:
        raise NodeFileError(problems, source)
    return NodeFile(tuple(nodes.values()), tuple(sites))


def _entries(read: LinedYaml, source: str) -> tuple[list[Any], list[FileProblem]]:
    """The list below `nodes`, and what is wrong around it."""
    content = {} if read.data is None else read.data
    listed = content.get("nodes") if isinstance(content, dict) else content
    if not isinstance(content, dict) or not isinstance(listed, list | None):
        fix = "Write nodes: and below it a list, with a dash before each node."
        line = read.line(("nodes",))
        return [], [FileProblem(source, line, "expected `nodes:` with a list of nodes below it", "", fix)]
    problems = [
        FileProblem(
            source, read.line((name,)), "there is nothing of this name", name, did_you_mean(name, _TOP)
        )
        for name in content
        if name not in _TOP
    ]
    if not isinstance(content.get("sites"), dict | None):
        fix = "Write sites: and below it the name of each site, with what is said of it."
        problems.append(
            FileProblem(
                source, read.line(("sites",)), "expected `sites:` with names of sites below it", "", fix
            )
        )
    return listed or [], problems


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
    storing: dict[str, str] = {}
    for number, node in nodes.items():
        line = read.line(("nodes", number, "name"))
        first = named.setdefault(node.name, number)
        if first != number:
            fix = f"Give each its own; line {read.line(('nodes', first, 'name'))} has this one already."
            yield FileProblem(source, line, f"two nodes are called {node.name!r}", "", fix)
        for account in node.accounts:
            owner = storing.setdefault(account, node.name)
            if owner != node.name:
                said = f"nodes {owner!r} and {node.name!r} both name the account {account!r}"
                yield FileProblem(source, line, said, "", "Give each node an account of its own.")
        if not isinstance(node, DimseNode):
            continue
        addresses = node.addresses or node.hosts
        for title, address in product(sorted(node.calls_as | node.commits_as), addresses):
            other = callers.setdefault((title, address), node.name)
            if other != node.name:
                said = f"nodes {other!r} and {node.name!r} both call as {title!r}"
                fix = "Use different AE titles or different addresses."
                yield FileProblem(source, read.line(("nodes", number, "ae_title")), said, address, fix)


def _said_of_sites(read: LinedYaml) -> dict[str, Any]:
    """What stands below `sites`, by site."""
    said = read.data.get("sites") if isinstance(read.data, dict) else None
    return said if isinstance(said, dict) else {}


def _site(name: str, said: Any, read: LinedYaml, source: str) -> Site | list[FileProblem]:
    if (
        name == NO_SITE
    ):  # an archive named here would get the reports of every hospital whose nodes say no site
        fix = "Write site: and the hospital's name on each of its nodes, and that name here."
        problem = "stands for the nodes that say no site, and is none"
        return [FileProblem(source, read.line(("sites", name)), f"site {name!r}: {problem}", "", fix)]
    try:
        return SiteEntry.model_validate({} if said is None else said).site(name)
    except ValidationError as error:
        return problems_of(error, read, source, SiteEntry, ("sites", name), f"site {name!r}")


def _ways_back(
    sites: list[Site], nodes: Collection[Node], read: LinedYaml, source: str
) -> Iterator[FileProblem]:
    """A site's reports go to a node that is here and takes reports: no other may get the identities in them."""
    archives = tuple(node.name for node in nodes if Role.ARCHIVE in node.roles)
    names = tuple(node.name for node in nodes)
    for site in sites:
        wanted = site.returns_to
        if not wanted or wanted in archives:
            continue
        line, said = read.line(("sites", site.name, "returns_to")), f"site {site.name!r}: returns_to"
        if wanted in names:
            problem, fix = (
                "names a node without the role archive",
                "Give that node the role, or name another.",
            )
        else:
            problem, fix = "names no node", did_you_mean(wanted, archives or names)
        yield FileProblem(source, line, f"{said}: {problem}", wanted, fix)
