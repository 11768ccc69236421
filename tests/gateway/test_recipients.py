"""Who gets a report is the site's: whoever sent the first object."""

from __future__ import annotations

import pytest

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import NO_SITE
from gateway.recipients import Nobody, ToNode, ToUploader, recipient


def directory(roles: dict[str, str], returns_to: str = "", site: str = "north") -> NodeDirectory:
    """Nodes of one site with their roles, one of another site, and what is said of the first site."""
    lines = [
        f"  - {{name: {name}, ae_title: {name.upper()}, host: 127.0.0.1, port: 104, roles: [{of}], site: {site}}}"
        for name, of in roles.items()
    ]
    other = (
        "  - {name: far, ae_title: FAR, host: 127.0.0.1, port: 104, roles: [sender, archive], site: south}"
    )
    said = f"sites: {{{site}: {{returns_to: {returns_to}}}}}" if returns_to else ""
    return NodeDirectory.from_text("\n".join(["nodes:", *lines, other, said]))


ONE = {"pacs": "sender, archive", "scanner": "sender"}
TWO = {"pacs": "sender, archive", "old": "archive", "scanner": "sender"}
NONE = {"scanner": "sender"}


@pytest.mark.parametrize(
    ("roles", "returns_to", "sender", "goes_to"),
    [
        (ONE, "", "pacs", "pacs"),
        (ONE, "", "scanner", "pacs"),
        (ONE, "", "", "pacs"),
        (ONE, "", "gone", "pacs"),
        (ONE, "far", "pacs", "far"),
        (ONE, "far", "", "far"),
        (TWO, "", "pacs", "pacs"),
        (TWO, "", "old", "old"),
        (TWO, "", "scanner", Nobody),
        (TWO, "", "", ToUploader),
        (TWO, "old", "pacs", "old"),
        (TWO, "old", "scanner", "old"),
        (NONE, "", "scanner", "scanner"),
        (NONE, "", "gone", Nobody),
        (NONE, "", "", ToUploader),
        (NONE, "far", "scanner", "far"),
        ({}, "", "far", "far"),
    ],
)
def test_the_site_decides_and_the_sender_only_where_the_site_does_not(
    roles: dict[str, str], returns_to: str, sender: str, goes_to: object
) -> None:
    """What the site says, else its archive, else the sender; an upload of a site without one waits for its uploader."""
    found = recipient(directory(roles, returns_to), "north", sender)
    assert (found.node.name if isinstance(found, ToNode) else type(found)) == goes_to


def test_another_sites_archive_is_none_of_this_site() -> None:
    """A report names its patient: the archive of another site gets it only where returns_to says so."""
    found = recipient(directory({}), "north", "")
    assert isinstance(found, ToUploader)
    assert "far" not in found.told


@pytest.mark.parametrize(
    ("sender", "goes_to"),
    [
        ("hospital-a", "hospital-a"),
        ("hospital-b", "hospital-b"),
        ("gone", Nobody),
        ("", ToUploader),
        ("moved", "pacs-c"),
    ],
)
def test_nodes_that_say_no_site_get_no_reports_of_each_other(sender: str, goes_to: object) -> None:
    """Two hospitals whose nodes leave out the site are not one: each gets its own. A site that the sender says since
    the study came counts."""
    nodes = NodeDirectory.from_text("""
nodes:
  - {name: hospital-a, ae_title: PACSA, host: 10.0.0.1, port: 104, roles: [sender, archive]}
  - {name: hospital-b, ae_title: PACSB, host: 10.0.0.2, port: 104, roles: [sender]}
  - {name: moved, ae_title: MOVED, host: 10.0.0.3, port: 104, roles: [sender], site: c}
  - {name: pacs-c, ae_title: PACSC, host: 10.0.0.4, port: 104, roles: [archive], site: c}
""")
    found = recipient(nodes, NO_SITE, sender)
    assert (found.node.name if isinstance(found, ToNode) else type(found)) == goes_to


@pytest.mark.parametrize("roles", [TWO, NONE])
def test_nobody_says_why_and_what_to_write(roles: dict[str, str]) -> None:
    """The problem names the site and the sender or the archives, the fix the line of nodes.yaml."""
    sender = "scanner" if roles is TWO else "gone"
    found = recipient(directory(roles), "north", sender)
    assert isinstance(found, Nobody)
    assert "north" in found.problem.lower()
    assert ("old, pacs" if roles is TWO else "gone") in found.problem
    assert "write returns_to under sites, north in nodes.yaml" in found.fix
    assert found.problem in found.told
    assert found.fix in found.told


def test_what_is_told_names_the_node_and_why() -> None:
    """A person reads the name of the node in the sentence, and the reason."""
    assert recipient(directory(ONE), "north", "scanner").told == (
        "The report goes to pacs: it is the archive of site north."
    )
