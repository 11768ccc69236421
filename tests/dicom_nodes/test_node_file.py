"""nodes.yaml: who is there, who may call from where, and every mistake in the file at once."""

from __future__ import annotations

from pathlib import Path

import pytest

import dicom_nodes
from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import NodeFileError, UnknownNode
from dicom_nodes.node import DicomWebNode, DimseNode, ReportsBy, Role

TWO_NODES = """
nodes:
  - {name: pacs, kind: dimse, ae_title: PACS, host: 127.0.0.1, port: 104, roles: [sender, archive], site: north}
  - name: web
    kind: dicomweb
    url: https://web.example/dicom-web/
    roles: reader
"""


def test_nodes_are_read_with_their_defaults() -> None:
    """Both kinds of node come out typed; a single role needs no list, and a trailing slash does not matter."""
    directory = NodeDirectory.from_text(TWO_NODES)
    pacs, web = directory
    assert pacs == DimseNode(
        "pacs", "PACS", "127.0.0.1", 104, frozenset({Role.SENDER, Role.ARCHIVE}), site="north"
    )
    assert web == DicomWebNode("web", "https://web.example/dicom-web", frozenset({Role.READER}))
    assert directory.get("web") is web
    assert directory.with_role(Role.ARCHIVE) == (pacs,)
    assert len(directory) == 2


def test_the_shipped_example_is_valid() -> None:
    """The example that `gateway init` writes can be read."""
    example = Path(dicom_nodes.__file__).parent / "examples" / "nodes.yaml"
    assert [node.name for node in NodeDirectory.from_file(example)][:1] == ["hospital-pacs"]


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


def test_every_mistake_is_reported_at_once_with_its_line() -> None:
    """A file with many mistakes needs one round of corrections, not many."""
    text = """\
nodes:
  - name: pacs
    ae_title: MUCH_TOO_LONG_A_TITLE
    host: 127.0.0.1
    port: 70000
    roles: [sender, boss]
    colour: red
  - name: web
    kind: dicomweb
    url: ftp://web
    roles: [reader]
    username: me
  - kind: telex
  - just a word
  - {name: a, ae_title: X, host: h, port: 1, roles: [reader], addresses: [10.0.0.300], tls: {cert: x}}
"""
    with pytest.raises(NodeFileError) as caught:
        NodeDirectory.from_text(text, "nodes.yaml")
    problems = caught.value.problems
    for expected in (
        "line 3: node 'pacs': ae_title 'MUCH_TOO_LONG_A_TITLE'",
        "line 5: node 'pacs': port 70000",
        "line 6: node 'pacs': role 'boss' is unknown",
        "line 7: node 'pacs': unknown key 'colour'",
        "line 10: node 'web': url 'ftp://web'",
        "line 12: node 'web': username and password_file belong together",
        "line 13: kind 'telex' is unknown",
        "line 14: expected a node",
        "line 15: node 'a': address '10.0.0.300'",
        "line 15: node 'a': tls is",
    ):
        assert any(problem.startswith(expected) for problem in problems), (expected, problems)
    assert "nodes.yaml cannot be used" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nodes: [", "line 1: is not YAML"),
        ("- a\n- b", "expected `nodes:`"),
        ("nodes: {a: 1}", "expected `nodes:`"),
        ("peers: []", "unknown key 'peers'"),
        ("nodes: [{name: x}]", "ae_title is missing"),
    ],
)
def test_a_file_of_the_wrong_shape_is_explained(text: str, problem: str) -> None:
    """Broken YAML, a list at the top or a misspelt key gives a line to look at."""
    with pytest.raises(NodeFileError) as caught:
        NodeDirectory.from_text(text)
    assert any(problem in each for each in caught.value.problems)


def test_callers_that_cannot_be_told_apart_are_refused() -> None:
    """Two nodes with one name, or one title at one address, would make the sender a matter of luck."""
    one = "{name: %s, ae_title: X, host: 127.0.0.1, port: 104, roles: [sender]}"
    with pytest.raises(NodeFileError, match="both call as 'X'"):
        NodeDirectory.from_text(f"nodes: [{one % 'a'}, {one % 'b'}]")
    with pytest.raises(NodeFileError, match="two nodes are called 'a'"):
        NodeDirectory.from_text(f"nodes: [{one % 'a'}, {one.replace('X', 'Y') % 'a'}]")


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    """Secrets belong in files; the message does not show what was written."""
    text = "nodes: [{name: w, kind: dicomweb, url: 'https://me:s3cret@web/', roles: [reader]}]"
    with pytest.raises(NodeFileError) as caught:
        NodeDirectory.from_text(text)
    assert "s3cret" not in str(caught.value)


def test_files_named_in_it_are_looked_for_beside_it(tmp_path: Path) -> None:
    """Token, password and certificate files count from the folder of nodes.yaml, and must exist."""
    (tmp_path / "token").write_text("t")
    path = tmp_path / "nodes.yaml"
    path.write_text(
        "nodes: [{name: w, kind: dicomweb, url: 'https://web', roles: [reader], token_file: token}]"
    )
    (node,) = NodeDirectory.from_file(path)
    assert isinstance(node, DicomWebNode)
    assert node.token_file == tmp_path / "token"
    (tmp_path / "token").unlink()
    with pytest.raises(NodeFileError, match="does not exist"):
        NodeDirectory.from_file(path)


def test_a_missing_file_is_one_clear_problem(tmp_path: Path) -> None:
    """No nodes.yaml at all is said with its path."""
    with pytest.raises(NodeFileError, match="cannot be read: No such file"):
        NodeDirectory.from_file(tmp_path / "nodes.yaml")


def test_an_empty_file_knows_nobody() -> None:
    """An empty file, or an empty list, is a directory without nodes."""
    assert len(NodeDirectory.from_text("")) == len(NodeDirectory.from_text("nodes: []")) == 0


def test_a_reading_site_says_how_it_reports() -> None:
    """On the web unless said otherwise; a misspelt way, or a node that does not read, is a problem with its line."""
    text = "nodes: [{name: r, kind: dicomweb, url: 'https://r', roles: [%s], reports_by: %s}]"
    assert NodeDirectory.from_text(TWO_NODES).get("web").reports_by is ReportsBy.WEB
    assert NodeDirectory.from_text(text % ("reader", "dicom")).get("r").reports_by is ReportsBy.DICOM
    for roles, way, problem in (
        ("reader", "fax", "use one of web, dicom"),
        ("sender", "dicom", "role reader"),
    ):
        with pytest.raises(NodeFileError, match=problem):
            NodeDirectory.from_text(text % (roles, way))
