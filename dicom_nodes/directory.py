"""The nodes we know (nodes.yaml): who may call us, where to find whom, and what is said of their sites.

A calling AE title is not a secret, so a caller is known only if its title AND its address match.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from dicom_nodes.errors import UnknownNode
from dicom_nodes.node import DimseNode, Node, Role, Site
from dicom_nodes.node_file import nodes_text, parse_nodes

_RESOLVED_FOR_S = 30.0
_resolved: dict[str, tuple[float, frozenset[str]]] = {}


class NodeDirectory:
    """An immutable list of nodes; reading the file again gives a new directory."""

    def __init__(self, nodes: tuple[Node, ...] = (), sites: tuple[Site, ...] = ()) -> None:
        self._nodes = tuple(nodes)
        self._sites = {site.name: site for site in sites}

    @classmethod
    def from_file(cls, path: Path) -> NodeDirectory:
        """Read nodes.yaml; raises NodeFileError with every problem at once."""
        return cls.from_text(nodes_text(path), str(path), path.parent)

    @classmethod
    def from_text(cls, text: str, source: str = "nodes.yaml", base: Path | None = None) -> NodeDirectory:
        """Parse the text of a nodes.yaml; relative paths in it count from `base` (default: here)."""
        read = parse_nodes(text, source, base or Path())
        return cls(read.nodes, read.sites)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def get(self, name: str) -> Node:
        """The node of that name; raises UnknownNode and lists the names there are."""
        for node in self._nodes:
            if node.name == name:
                return node
        known = ", ".join(sorted(node.name for node in self._nodes)) or "none"
        raise UnknownNode(f"There is no node {name!r} (known: {known}).", "Add it to nodes.yaml.")

    def of_account(self, login: str) -> Node | None:
        """The node that an account of the gateway stores for, as its entry names it."""
        return next((node for node in self._nodes if login in node.accounts), None)

    def site(self, name: str) -> Site:
        """What is said of a site; nothing, where it is not named."""
        return self._sites.get(name) or Site(name)

    @property
    def sites(self) -> frozenset[str]:
        """The sites that something is said of, and those of the nodes."""
        return frozenset(self._sites) | {node.site for node in self._nodes}

    def caller(self, calling_ae: str, address: str) -> DimseNode | None:
        """The node that calls itself `calling_ae` and may call from `address`, whatever its roles; a title that only
        reports commitment for it is known, too."""
        title = calling_ae.strip()
        for node in self._nodes:
            if not isinstance(node, DimseNode) or title not in node.calls_as | node.commits_as:
                continue
            if may_call_from(node, address):
                return node
        return None

    def caller_at(self, address: str) -> DimseNode | None:
        """The one node that may call from `address`, whatever its title; None when several may."""
        nodes = [node for node in self._nodes if isinstance(node, DimseNode) and may_call_from(node, address)]
        return nodes[0] if len(nodes) == 1 else None

    def reports_for(self, calling_ae: str, address: str) -> frozenset[str]:
        """The names of the nodes whose storage commitment results may come under that title from that address."""
        title = calling_ae.strip()
        return frozenset(
            node.name
            for node in self._nodes
            if isinstance(node, DimseNode) and title in node.commits_as and may_call_from(node, address)
        )

    def sender(self, calling_ae: str, address: str) -> DimseNode | None:
        """As `caller`, but only a node that may store objects here."""
        node = self.caller(calling_ae, address)
        may = node is not None and Role.SENDER in node.roles and calling_ae.strip() in node.calls_as
        return node if may else None


def may_call_from(node: Node, address: str) -> bool:
    """Whether `address` is one of the node's allowed source addresses."""
    caller = _plain(address)
    if caller is None:
        return False
    if node.addresses:
        return any(caller in ipaddress.ip_network(allowed, strict=False) for allowed in node.addresses)
    return isinstance(node, DimseNode) and any(str(caller) in addresses_of(host) for host in node.hosts)


def has_address(nodes: NodeDirectory, address: str) -> bool:
    """Whether a node may call from `address`, by what the list says in numbers: no name is looked up."""
    caller = _plain(address)
    if caller is None:
        return False
    written = (each for node in nodes if isinstance(node, DimseNode) for each in node.addresses or node.hosts)
    return any(caller in network for network in map(_network, written) if network is not None)


def hosts_of(nodes: NodeDirectory) -> frozenset[str]:
    """The names whose addresses nodes may call from."""
    written = {
        host for node in nodes if isinstance(node, DimseNode) and not node.addresses for host in node.hosts
    }
    return frozenset(host for host in written if _network(host) is None)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def addresses_of(host: str) -> frozenset[str]:
    """The addresses a host name resolves to now (remembered for 30 s; empty if it does not resolve)."""
    known = _resolved.get(host)
    now = time.monotonic()
    if known is not None and now - known[0] < _RESOLVED_FOR_S:
        return known[1]
    try:
        found = {
            _plain(str(entry[4][0])) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        }
    except OSError:
        return frozenset()
    addresses = frozenset(str(address) for address in found if address is not None)
    _resolved[host] = (now, addresses)
    return addresses


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, with IPv4-in-IPv6 (::ffff:192.0.2.1) made plain, since dual-stack sockets report that."""
    try:
        parsed = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed
