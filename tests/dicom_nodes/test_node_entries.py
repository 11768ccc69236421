"""One entry of nodes.yaml: what may stand in it, and what each mistake in it is called."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import NodeFileError
from dicom_nodes.node import DicomWebNode, DimseNode, Role, TlsSettings
from dicom_nodes.node_entries import KINDS


def test_what_a_name_is_followed_by_may_be_left_out(tmp_path: Path) -> None:
    """Nothing, an empty list, a number where a text belongs, and tls in its three forms."""
    (tmp_path / "ca.pem").write_text("c")
    text = """\
nodes:
  - name: a
    kind:
    ae_title: A
    host: 10
    port: 104
    roles: []
    site: 5
    addresses:
    reports_by:
    commitment:
    tls: true
  - {name: b, ae_title: B, host: b, port: 1, roles: reader, site: '', addresses: 10.1.2.3, tls: {ca: ca.pem}}
  - {name: c, ae_title: C, host: c, port: 1, roles: [], tls: false, commitment: false}
  - {name: d, kind: dicomweb, url: 'http://d', roles: [], verify: ca.pem}
"""
    a, b, c, d = NodeDirectory.from_text(text, base=tmp_path)
    assert a == DimseNode("a", "A", "10", 104, frozenset(), site="5", tls=TlsSettings())
    tls = TlsSettings(ca=tmp_path / "ca.pem")
    reads = frozenset({Role.READER})
    assert b == DimseNode("b", "B", "b", 1, reads, addresses=("10.1.2.3/32",), tls=tls)
    assert c == DimseNode("c", "C", "c", 1, frozenset(), commitment=False)
    assert d == DicomWebNode("d", "http://d", frozenset(), verify=tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("kind: [dimse]", "kind: is unknown"),
        ("url: 'https://me:s3cret@[::1'", "url: is no web address"),
        ("url: 'https://s3cret@web/'", "url: holds a password"),
        ("url: [https://web]", "url: is not a text"),
        (f"token_file: {'x' * 300}", "token_file: the file does not exist"),
        ('token_file: "\\0"', "token_file: the file does not exist"),
        ("password_file: nodes.yaml", "username and password_file belong together"),
        ("verify: ca.pem", "verify: the file does not exist"),
        ("verify: [true]", "verify: the file does not exist"),
        ("commitment: true", "commitment: there is nothing of this name"),
        ("username: me", "username and password_file belong together"),
    ],
)
def test_a_web_node_that_cannot_be_used_is_explained(tmp_path: Path, entry: str, words: str) -> None:
    """Each with its line, and whatever may be a secret is not repeated."""
    (tmp_path / "nodes.yaml").write_text("s3cret")
    text = f"nodes:\n- name: w\n  roles: [reader]\n  {entry}\n"
    text += "" if "kind" in entry else "  kind: dicomweb\n"
    text += "" if "url" in entry else "  url: https://web\n"
    with pytest.raises(NodeFileError) as caught:
        NodeDirectory.from_text(text, base=tmp_path)
    (problem,) = caught.value.problems
    assert words in str(problem)
    assert problem.line in (2, 4)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("port: '104'", "port: is not a TCP port (found 104)"),
        ("port: true", "port: is not a TCP port"),
        ("port:", "port: is missing"),
        ("name: 5", "name: is not allowed"),
        ("ae_title: ' A'", "ae_title: is not allowed"),
        ("host: ''", "host: is missing"),
        (
            "commitment: 'yes'",
            "commitment: is not known (found yes). Write true, false, or a table of ae_title, host and port.",
        ),
        (
            "tls: strict",
            "tls: is not known (found strict). Write true, or a table of certificate, key and ca",
        ),
        ("tls: {certificate: ca.pem}", "certificate and key belong together"),
        ("tls: {key: ca.pem}", "certificate and key belong together"),
        ("addresses: [10.1.2.3, north]", "addresses.1: is no IP address or network (found north)"),
        ("roles: [[sender]]", "roles.0: is unknown"),
        ("store: true", "store: is not known (found True). Write a table of ae_title, host and port"),
        ("query: {port: 0}", "query.port: is not a TCP port (found 0)"),
        ("commitment: {ae_title: 'A\\B'}", "commitment.ae_title: is not allowed"),
        ("commitment: {url: a}", "commitment.url: there is nothing of this name"),
        ("calling_ae_titles: ['']", "calling_ae_titles.0: is not allowed"),
        ("confirms_by: hope", "confirms_by: is unknown (found hope)"),
        ("verify: true", "verify: there is nothing of this name"),
    ],
)
def test_a_node_that_cannot_be_used_is_explained(tmp_path: Path, entry: str, words: str) -> None:
    """Each mistake is one problem, with its line, the value and what to write."""
    (tmp_path / "ca.pem").write_text("c")
    good = {"name": "a", "ae_title": "A", "host": "a", "port": "104", "roles": "[sender]"}
    good.pop(entry.split(":")[0], None)
    text = f"nodes:\n- {entry}\n" + "".join(f"  {name}: {value}\n" for name, value in good.items())
    with pytest.raises(NodeFileError) as caught:
        NodeDirectory.from_text(text, base=tmp_path)
    (problem,) = caught.value.problems
    assert words in str(problem)
    assert problem.line == 2
    assert problem.fix


@pytest.mark.parametrize(("kind", "node"), [("dimse", DimseNode), ("dicomweb", DicomWebNode)])
def test_whatever_a_node_has_can_be_written(kind: str, node: type) -> None:
    """Each kind of entry has the names of its node, and `kind`: nothing that a node has is out of reach.
    The address of a service stands under the name of the service."""
    named = {field.name.removesuffix("_address") for field in fields(node)}
    assert set(KINDS[kind].model_fields) == {"kind", *named}
