"""nodes.yaml: who is there, who may call from where, and every mistake in the file at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dicom_nodes
from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import NodeFileError
from dicom_nodes.node import (
    ConfirmsBy,
    DicomWebNode,
    DimseNode,
    ReportsBy,
    Role,
    Service,
    ServiceAddress,
    Site,
)

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
    assert len(directory) == 2


def test_the_shipped_example_is_valid() -> None:
    """The example that `gateway init` writes can be read."""
    example = Path(dicom_nodes.__file__).parent / "examples" / "nodes.yaml"
    assert [node.name for node in NodeDirectory.from_file(example)][:1] == ["hospital-pacs"]


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
    problems = [str(problem) for problem in caught.value.problems]
    for expected in (
        "nodes.yaml:3: node 'pacs': ae_title: is not allowed (found MUCH_TOO_LONG_A_TITLE). Use 1 to 16 characters",
        "nodes.yaml:5: node 'pacs': port: is not a TCP port (found 70000)",
        "nodes.yaml:6: node 'pacs': roles.1: is unknown (found boss). Use one of: sender, reader, archive.",
        "nodes.yaml:7: node 'pacs': colour: there is nothing of this name (found colour)",
        "nodes.yaml:10: node 'web': url: is no web address (found ftp://web)",
        "nodes.yaml:12: node 'web': username: username and password_file belong together",
        "nodes.yaml:13: nodes.2: kind: is unknown (found telex). Use one of: dimse, dicomweb.",
        "nodes.yaml:14: nodes.3: expected a node (found 'just a word')",
        "nodes.yaml:15: node 'a': addresses.0: is no IP address or network (found 10.0.0.300)",
        "nodes.yaml:15: node 'a': tls.cert: there is nothing of this name (found cert). Use one of: certificate",
    ):
        assert any(problem.startswith(expected) for problem in problems), (expected, problems)
    assert len(problems) == 10
    assert all(problem.fix for problem in caught.value.problems)
    assert "nodes.yaml cannot be used" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nodes: [", "nodes.yaml:1: is not YAML"),
        ("- a\n- b", "expected `nodes:`"),
        ("nodes: {a: 1}", "expected `nodes:`"),
        ("peers: []", "nodes.yaml:1: there is nothing of this name (found peers)"),
        ("nodes: [{name: x}]", "node 'x': ae_title: is missing"),
    ],
)
def test_a_file_of_the_wrong_shape_is_explained(text: str, problem: str) -> None:
    """Broken YAML, a list at the top or a misspelt key gives a line to look at."""
    with pytest.raises(NodeFileError) as caught:
        NodeDirectory.from_text(text)
    assert any(problem in str(each) for each in caught.value.problems)


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
        ("reader", "fax", "Use one of: web, dicom"),
        ("sender", "dicom", "role reader"),
    ):
        with pytest.raises(NodeFileError, match=problem):
            NodeDirectory.from_text(text % (roles, way))


def test_what_nodes_share_is_written_once() -> None:
    """Anchors and `<<` are followed, and a mistake in what is shared is told where it stands."""
    text = """\
nodes:
  - &first {name: a, ae_title: A, host: 127.0.0.1, port: %s, roles: [sender]}
  - <<: *first
    name: b
    ae_title: B
"""
    assert [node.name for node in NodeDirectory.from_text(text % 104)] == ["a", "b"]
    with pytest.raises(NodeFileError) as caught:
        NodeDirectory.from_text(text % 0)
    assert [(problem.line, problem.value) for problem in caught.value.problems] == [(2, "0"), (2, "0")]


def test_the_second_of_two_values_is_not_taken_silently() -> None:
    """A name that stands twice is a mistake: which of the two was meant cannot be known."""
    with pytest.raises(NodeFileError, match=r"nodes\.yaml:3: the same name stands here twice"):
        NodeDirectory.from_text("nodes:\n- port: 104\n  port: 105\n")


SEVERAL_ADDRESSES = """
nodes:
- name: big
  ae_title: BIG
  host: 127.0.0.1
  port: 104
  roles: [sender, archive]
  store: {ae_title: BIG_STORE, port: 105}
  query: {host: localhost}
  commitment: {ae_title: BIG_SC}
  calling_ae_titles: [BIG_STORE, BIG_GATE]
  commitment_results_from: BIG_SCP
  confirms_by: store
"""


def test_each_service_may_have_a_address_of_its_own() -> None:
    """What an address leaves out is the node's; a service without one is at the node itself."""
    (node,) = NodeDirectory.from_text(SEVERAL_ADDRESSES)
    assert isinstance(node, DimseNode)
    assert {service: (at.ae_title, at.host, at.port) for service in Service for at in [node.at(service)]} == {
        Service.STORE: ("BIG_STORE", "127.0.0.1", 105),
        Service.QUERY: ("BIG", "localhost", 104),
        Service.COMMITMENT: ("BIG_SC", "127.0.0.1", 104),
    }
    assert (len(node.service_addresses), node.hosts, node.commitment) == (3, ("127.0.0.1", "localhost"), True)
    assert node.confirms_by is ConfirmsBy.STORE
    (plain,) = NodeDirectory.from_text(
        "nodes: [{name: a, ae_title: A, host: a, port: 104, roles: [archive]}]"
    )
    assert isinstance(plain, DimseNode)
    assert plain.at(Service.QUERY) is plain
    assert list(plain.service_addresses) == [ServiceAddress("A", "a", 104)]
    assert (plain.calls_as, plain.commits_as) == ({"A"}, {"A"})


@pytest.mark.parametrize(
    ("title", "known", "may_store"),
    [
        ("BIG_STORE", True, True),
        ("BIG_GATE", True, True),
        ("BIG_SCP", True, False),
        ("BIG", False, False),
        ("BIG_SC", False, False),
    ],
)
def test_a_node_is_known_by_each_title_it_calls_with(title: str, known: bool, may_store: bool) -> None:
    """A title that reports commitment is the node's, but is no sender by that."""
    directory = NodeDirectory.from_text(SEVERAL_ADDRESSES)
    assert (directory.caller(title, "127.0.0.1") is not None) == known
    assert (directory.sender(title, "127.0.0.1") is not None) == may_store


def test_without_more_words_the_commitment_address_reports_commitment() -> None:
    """The title of the commitment address counts beside those the node calls with."""
    (node,) = NodeDirectory.from_text(SEVERAL_ADDRESSES.replace("  commitment_results_from: BIG_SCP\n", ""))
    assert isinstance(node, DimseNode)
    assert node.commits_as == {"BIG_STORE", "BIG_GATE", "BIG_SC"}


@pytest.mark.parametrize("title", ["BIG_GATE", "BIG_SCP"])
def test_no_caller_may_be_two_nodes(title: str) -> None:
    """The titles that a node calls and commits with are its own, at every host of its services."""
    other = f"- {{name: b, ae_title: {title}, host: localhost, port: 1, roles: [sender]}}\n"
    with pytest.raises(NodeFileError, match=f"nodes 'big' and 'b' both call as '{title}'"):
        NodeDirectory.from_text(SEVERAL_ADDRESSES + other)


SITES = """
nodes:
  - {{name: pacs, ae_title: PACS, host: 127.0.0.1, port: 104, roles: [sender, archive], site: north}}
  - {{name: read, ae_title: READ, host: 127.0.0.1, port: 105, roles: [reader], site: far}}
sites:
  north:
{said}
"""


def test_a_site_says_where_its_reports_go() -> None:
    """returns_to of a site that is named; nothing of another; a site with nothing behind its name is fine."""
    directory = NodeDirectory.from_text(SITES.format(said="    returns_to: pacs"))
    assert directory.site("north") == Site("north", "pacs")
    assert directory.site("far") == Site("far")
    assert directory.sites == {"north", "far"}
    assert NodeDirectory.from_text(SITES.format(said="")).site("north").returns_to == ""


@pytest.mark.parametrize(
    ("said", "problem", "fix"),
    [
        ("    returns_to: pax", "site 'north': returns_to: names no node (found pax)", "pacs"),
        (
            "    returns_to: read",
            "site 'north': returns_to: names a node without the role archive (found read)",
            "Give that node the role, or name another.",
        ),
        (
            "    return_to: pacs",
            "site 'north': return_to: there is nothing of this name",
            "Did you mean returns_to?",
        ),
        ("    returns_to: [pacs]", "site 'north': returns_to: is not a text", "Write one text."),
    ],
)
def test_reports_go_to_a_node_that_takes_them_and_to_no_other(said: str, problem: str, fix: str) -> None:
    """A report names its patient: a misspelt name or a reading site is a problem of the file, with its line."""
    with pytest.raises(NodeFileError) as raised:
        NodeDirectory.from_text(SITES.format(said=said))
    [found] = raised.value.problems
    assert (found.line, problem in found.told, fix in found.fix) == (7, True, True), str(found)


def test_reports_of_nodes_that_say_no_site_are_returned_to_nobody_elses_node() -> None:
    """`default` is not one hospital: a node named for it would get the reports of all that leave the site out."""
    with pytest.raises(NodeFileError) as raised:
        NodeDirectory.from_text(SITES.format(said="  default: {returns_to: pacs}"))
    [problem] = raised.value.problems
    assert (problem.line, "no site" in problem.told, "Write site:" in problem.fix) == (7, True, True)


@pytest.mark.parametrize("sites", ["[north]", "north", "1", "{north: [pacs]}", "{north: pacs}"])
def test_sites_that_are_no_table_are_a_problem_of_the_file(sites: str) -> None:
    """Whatever stands there instead, it is told with its line and a fix."""
    with pytest.raises(NodeFileError) as raised:
        NodeDirectory.from_text(f"nodes: []\nsites: {sites}\n")
    assert [(found.line, bool(found.fix)) for found in raised.value.problems] == [(2, True)]


NAMES = (
    "store",
    "commitment",
    "calling_ae_titles",
    "nodes",
    "name",
    "kind",
    "ae_title",
    "host",
    "port",
    "roles",
    "tls",
    "url",
    "verify",
    "username",
    "other",
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 70000)
    | st.sampled_from(["", "a", "dimse", "dicomweb", "reader", "https://w", "http://[", "10.0.0.0/8", "\0", "é" * 300]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=8),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
@example([{"name": "a"}])
@settings(max_examples=150)
def test_no_content_raises_anything_else(nodes: object) -> None:
    """Whatever stands below `nodes`, it is nodes or a list of problems, each with a line of the file and a fix."""
    text = json.dumps({"nodes": nodes}, indent=1, ensure_ascii=False)
    problems = []
    try:
        NodeDirectory.from_text(text)
    except NodeFileError as error:
        problems = error.problems or [None]
    lines = range(1, len(text.splitlines()) + 1)
    assert [
        problem for problem in problems if problem is None or problem.line not in lines or not problem.fix
    ] == []
