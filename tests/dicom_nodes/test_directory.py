"""Who is there, and who may call from where: a title alone opens nothing."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from dicom_nodes import directory
from dicom_nodes.directory import NodeDirectory, addresses_of, may_call_from
from dicom_nodes.errors import UnknownNode
from dicom_nodes.node import DicomWebNode, DimseNode, Role

TWO_NODES = """
nodes:
  - {name: pacs, kind: dimse, ae_title: PACS, host: 127.0.0.1, port: 104, roles: [sender, archive], site: north}
  - {name: web, kind: dicomweb, url: https://web.example/dicom-web, roles: reader}
"""


def test_an_unknown_name_lists_the_known_ones() -> None:
    """Asking for a node that is not there says which are."""
    with pytest.raises(UnknownNode, match=r"no node 'pcas' \(known: pacs, web\)"):
        NodeDirectory.from_text(TWO_NODES).get("pcas")


@pytest.mark.parametrize(
    ("addresses", "calling", "address", "known"),
    [
        ("", "PACS", "127.0.0.1", True),
        ("", " PACS ", "::ffff:127.0.0.1", True),
        ("", "PACS", "192.0.2.1", False),
        ("", "pacs", "127.0.0.1", False),
        ("192.0.2.0/24", "PACS", "192.0.2.77", True),
        ("192.0.2.0/24", "PACS", "127.0.0.1", False),
        ("192.0.2.7", "PACS", "192.0.2.8", False),
        ("'2001:db8::/32'", "PACS", "2001:db8::1", True),
        ("", "PACS", "not an address", False),
    ],
)
def test_a_sender_is_known_by_title_and_address(
    addresses: str, calling: str, address: str, known: bool
) -> None:
    """Title and address must both match; networks, IPv6 and IPv4-in-IPv6 are understood."""
    more = f", addresses: [{addresses}]" if addresses else ""
    text = f"nodes: [{{name: p, ae_title: PACS, host: 127.0.0.1, port: 104, roles: [sender]{more}}}]"
    found = NodeDirectory.from_text(text).sender(calling, address)
    assert (found is not None) == known


def test_a_reader_may_call_but_is_no_sender() -> None:
    """`caller` knows every node, `sender` only those that may store here."""
    directory = NodeDirectory.from_text(
        "nodes: [{name: r, ae_title: READ, host: localhost, port: 104, roles: [reader]}]"
    )
    assert directory.sender("READ", "127.0.0.1") is None
    assert directory.caller("READ", "127.0.0.1") is not None


def dimse(name: str, *addresses: str, host: str = "192.0.2.1") -> DimseNode:
    """A sender that calls itself MR."""
    return DimseNode(name, "MR", host, 104, frozenset({Role.SENDER}), addresses=addresses)


def test_nodes_come_in_the_order_of_the_file() -> None:
    """All of them; a directory made of none knows nobody."""
    nodes = NodeDirectory.from_text(TWO_NODES)
    assert [node.name for node in nodes] == ["pacs", "web"]
    assert (len(NodeDirectory()), NodeDirectory().caller("PACS", "127.0.0.1")) == (0, None)
    with pytest.raises(UnknownNode, match="known: none"):
        NodeDirectory().get("pacs")


def test_two_systems_of_one_title_are_told_apart_by_their_address() -> None:
    """Scanners of one maker often share a title; each call is the one node's that may call from there."""
    nodes = NodeDirectory((dimse("old", "10.1.0.0/16"), dimse("new", "10.2.0.0/16")))
    callers = [nodes.caller("MR", address) for address in ("10.1.0.5", "10.2.0.5", "10.3.0.5")]
    assert [node and node.name for node in callers] == ["old", "new", None]


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("fe80::1%eth0", True),
        ("::ffff:10.1.2.3", True),
        ("10.1.2.4", False),
        ("", False),
        ("10.1.2.3%", True),
    ],
)
def test_an_address_is_compared_as_what_it_is(address: str, may: bool) -> None:
    """Without its zone, and IPv4 as IPv4, however the system writes it."""
    assert may_call_from(dimse("mr", "fe80::/10", "10.1.2.3"), address) is may


def test_a_web_node_calls_from_its_addresses_only() -> None:
    """It has no host that could be resolved: without addresses it may call from nowhere."""
    web = DicomWebNode("web", "https://127.0.0.1/", frozenset({Role.READER}))
    assert not may_call_from(web, "127.0.0.1")
    assert may_call_from(DicomWebNode("web", web.url, web.roles, addresses=("127.0.0.0/8",)), "127.0.0.1")


def _no_name_service(*_: object, **__: object) -> None:
    raise socket.gaierror("no name service")


def test_a_host_that_does_not_resolve_lets_nobody_in_until_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outage of the name service is not remembered."""
    nodes = NodeDirectory((dimse("mr", host="127.0.0.2"),))
    with monkeypatch.context() as outage:
        outage.setattr(socket, "getaddrinfo", _no_name_service)
        assert nodes.caller("MR", "127.0.0.2") is None
    assert nodes.caller("MR", "127.0.0.2") is not None


def test_a_resolved_host_is_remembered_for_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst of calls asks the name service once; a host that moved is followed soon."""
    now = 1000.0
    monkeypatch.setattr(directory, "time", SimpleNamespace(monotonic=lambda: now))
    assert addresses_of("127.0.0.3") == {"127.0.0.3"}
    monkeypatch.setattr(socket, "getaddrinfo", _no_name_service)
    now += 29
    assert addresses_of("127.0.0.3") == {"127.0.0.3"}
    now += 2
    assert addresses_of("127.0.0.3") == frozenset()
