"""nodes.yaml -> nodes, with every problem of the file reported at once, each with its line."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import yaml

from dicom_nodes.errors import NodeFileError
from dicom_nodes.node import DicomWebNode, DimseNode, Node, ReportsBy, Role, TlsSettings

_COMMON = frozenset({"name", "kind", "roles", "site", "addresses", "reports_by"})
_KEYS: dict[str, frozenset[str]] = {
    "dimse": _COMMON | {"ae_title", "host", "port", "tls", "commitment"},
    "dicomweb": _COMMON | {"url", "token_file", "username", "password_file", "verify"},
}
_REQUIRED: dict[str, tuple[str, ...]] = {
    "dimse": ("name", "ae_title", "host", "port", "roles"),
    "dicomweb": ("name", "url", "roles"),
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# PS3.5 6.2, VR AE: 16 bytes of the default repertoire without backslash and control characters.
_AE_TITLE = re.compile(r"(?! )[\x20-\x5B\x5D-\x7E]{1,16}(?<! )")


def read_nodes_file(path: Path) -> tuple[Node, ...]:
    """Read and check the file; raises NodeFileError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not UTF-8 text"
        raise NodeFileError([f"cannot be read: {reason}"], str(path)) from error
    return parse_nodes(text, str(path), path.parent)


def parse_nodes(text: str, source: str, base: Path) -> tuple[Node, ...]:
    """Check the whole text and build its nodes; relative file names in it count from `base`."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark is not None else ""
        raise NodeFileError([f"{line}is not YAML: {getattr(error, 'problem', error)}"], source) from error
    if content is None:
        return ()
    if not isinstance(content, dict) or not isinstance(content.get("nodes", None), list | None):
        raise NodeFileError(["line 1: expected `nodes:` with a list of nodes below it"], source)
    problems = [
        f"line 1: unknown key {key!r}; the only key at the top is `nodes`"
        for key in content
        if key != "nodes"
    ]
    entries = content.get("nodes") or []
    lines = _entry_lines(root)
    nodes: list[Node] = []
    for number, entry in enumerate(entries):
        reader = _Entry(entry, lines.get(number, (1, {})), base, problems)
        node = reader.node()
        if node is not None:
            nodes.append(node)
    problems.extend(_clashes(nodes))
    if problems:
        raise NodeFileError(problems, source)
    return tuple(nodes)


def _entry_lines(root: yaml.Node | None) -> dict[int, tuple[int, dict[str, int]]]:
    """For each entry of the list: its first line, and the line of each of its keys."""
    lines: dict[int, tuple[int, dict[str, int]]] = {}
    if not isinstance(root, yaml.MappingNode):
        return lines
    for key, value in root.value:
        if key.value == "nodes" and isinstance(value, yaml.SequenceNode):
            for number, item in enumerate(value.value):
                keys: dict[str, int] = {}
                if isinstance(item, yaml.MappingNode):
                    keys = {str(k.value): k.start_mark.line + 1 for k, _ in item.value}
                lines[number] = (item.start_mark.line + 1, keys)
    return lines


def _clashes(nodes: list[Node]) -> list[str]:
    """Names must be unique, and a caller must never match two nodes."""
    problems = []
    seen: set[str] = set()
    for node in nodes:
        if node.name in seen:
            problems.append(f"two nodes are called {node.name!r}; give each its own name")
        seen.add(node.name)
    callers: dict[tuple[str, str], str] = {}
    for node in nodes:
        if isinstance(node, DimseNode):
            for place in node.addresses or (node.host,):
                other = callers.setdefault((node.ae_title, place), node.name)
                if other != node.name:
                    problems.append(
                        f"nodes {other!r} and {node.name!r} both call as {node.ae_title!r} from {place}; "
                        "use different AE titles or different addresses"
                    )
    return problems


class _Entry:
    """One item of the list while it is being checked; problems are collected, not raised."""

    def __init__(
        self, entry: object, place: tuple[int, dict[str, int]], base: Path, problems: list[str]
    ) -> None:
        self._entry = entry
        self._line, self._lines = place
        self._base = base
        self._problems = problems
        self._good = True

    def node(self) -> Node | None:
        if not isinstance(self._entry, dict):
            self._problem(None, f"expected a node (name, kind, …), found {self._entry!r}")
            return None
        entry = cast("dict[str, Any]", self._entry)
        kind = entry.get("kind", "dimse")
        if kind not in _KEYS:
            self._problem("kind", f"kind {kind!r} is unknown; use dimse or dicomweb")
            return None
        for key in entry:
            if key not in _KEYS[kind]:
                self._problem(str(key), f"unknown key {key!r} for a {kind} node")
        for key in _REQUIRED[kind]:
            if entry.get(key) in (None, ""):
                self._problem(key, f"{key} is missing; a {kind} node needs {', '.join(_REQUIRED[kind])}")
        name = self._text("name", _NAME, "letters, digits, '.', '_' and '-', at most 64")
        roles, addresses = self._roles(), self._addresses()
        site = str(entry.get("site") or "default")
        reports_by = self._reports_by(roles)
        node: Node
        if kind == "dimse":
            node = DimseNode(
                name=name,
                roles=roles,
                site=site,
                addresses=addresses,
                reports_by=reports_by,
                ae_title=self._text("ae_title", _AE_TITLE, "1 to 16 characters, no backslash"),
                host=str(entry.get("host") or ""),
                port=self._port(),
                tls=self._tls(),
                commitment=self._flag("commitment", default=True),
            )
        else:
            node = DicomWebNode(
                name=name,
                roles=roles,
                site=site,
                addresses=addresses,
                reports_by=reports_by,
                url=self._url(),
                token_file=self._path("token_file", entry.get("token_file")),
                username=None if entry.get("username") is None else str(entry["username"]),
                password_file=self._path("password_file", entry.get("password_file")),
                verify=self._verify(),
            )
            if (node.username is None) != (node.password_file is None):
                self._problem("username", "username and password_file belong together; give both or neither")
        return node if self._good else None

    def _problem(self, key: str | None, text: str) -> None:
        name = self._entry.get("name") if isinstance(self._entry, dict) else None
        line = self._lines.get(key, self._line) if key is not None else self._line
        self._problems.append(f"line {line}: {f'node {name!r}: ' if name else ''}{text}")
        self._good = False

    def _value(self, key: str) -> Any:
        return cast("dict[str, Any]", self._entry).get(key)

    def _text(self, key: str, pattern: re.Pattern[str], rule: str) -> str:
        value = self._value(key)
        if value in (None, ""):
            return ""
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self._problem(key, f"{key} {value!r} is not allowed: {rule}")
            return ""
        return value

    def _port(self) -> int:
        value = self._value("port")
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
            self._problem("port", f"port {value!r} is not a TCP port; use a number from 1 to 65535")
            return 0
        return value

    def _flag(self, key: str, *, default: bool) -> bool:
        value = self._value(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self._problem(key, f"{key} {value!r} is neither true nor false")
            return default
        return value

    def _roles(self) -> frozenset[Role]:
        value = self._value("roles")
        names = value if isinstance(value, list) else [value] if value else []
        roles = set()
        for name in names:
            try:
                roles.add(Role(name))
            except ValueError:
                known = ", ".join(Role)
                self._problem("roles", f"role {name!r} is unknown; use one or more of {known}")
        return frozenset(roles)

    def _reports_by(self, roles: frozenset[Role]) -> ReportsBy:
        value = self._value("reports_by")
        if value is None:
            return ReportsBy.WEB
        if value not in tuple(ReportsBy):
            self._problem("reports_by", f"reports_by {value!r} is unknown; use one of {', '.join(ReportsBy)}")
            return ReportsBy.WEB
        if Role.READER not in roles:
            self._problem("reports_by", "reports_by is for nodes with the role reader; give it that role")
        return ReportsBy(value)

    def _addresses(self) -> tuple[str, ...]:
        value = self._value("addresses")
        listed = value if isinstance(value, list) else [value] if value else []
        good = []
        for address in listed:
            try:
                good.append(str(ipaddress.ip_network(str(address), strict=False)))
            except ValueError:
                self._problem("addresses", f"address {address!r} is no IP address or network (10.1.0.0/16)")
        return tuple(good)

    def _url(self) -> str:
        value = self._value("url")
        if value in (None, ""):
            return ""
        parts = urlsplit(str(value))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            self._problem("url", f"url {value!r} is no web address; use https://host/path")
        if parts.username or parts.password:
            # The value is not repeated: it holds a secret.
            self._problem("url", "url holds a password; use username and password_file instead")
        return str(value).rstrip("/")

    def _path(self, key: str, value: object) -> Path | None:
        if value is None:
            return None
        path = self._base / str(value)
        if not path.is_file():
            self._problem(key, f"file {path} does not exist; create it or correct the name")
        return path

    def _verify(self) -> bool | Path:
        value = self._value("verify")
        if value is None or isinstance(value, bool):
            return True if value is None else value
        return self._path("verify", value) or True

    def _tls(self) -> TlsSettings | None:
        value = self._value("tls")
        if value in (None, False):
            return None
        if value is True:
            return TlsSettings()
        if not isinstance(value, dict) or set(value) - {"certificate", "key", "ca"}:
            self._problem("tls", "tls is `true`, or has the keys certificate, key and ca (PEM files)")
            return None
        files = {name: self._path("tls", value.get(name)) for name in ("certificate", "key", "ca")}
        if (files["certificate"] is None) != (files["key"] is None):
            self._problem("tls", "tls certificate and key belong together; give both or neither")
        return TlsSettings(**files)
