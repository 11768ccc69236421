"""Who gets the report of a study: its site decides, in one place, for the steps, the pages and `gateway check`. Pure.

The node that `returns_to` of the site names; else the site's archive; where it has several, the one of them that sent
the study. Where it has none, the node that sent the study, and for an upload the person who uploaded it. Who sent the
first object matters only where the site itself gives no answer. Nodes that say no site have nothing in common: what
such a node sent goes back to it, and to no other archive.
"""

from __future__ import annotations

from dataclasses import dataclass

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import NO_SITE, Node, Role


@dataclass(frozen=True)
class ToNode:
    """The report goes to a node."""

    node: Node
    why: str

    @property
    def told(self) -> str:
        """For people, as a sentence."""
        return f"The report goes to {self.node.name}: {self.why}."


@dataclass(frozen=True)
class ToUploader:
    """The report waits on the upload's page."""

    why: str

    @property
    def told(self) -> str:
        """For people, as a sentence."""
        return f"The report waits on the upload's page, as PDF and DICOM SR: {self.why}."


@dataclass(frozen=True)
class Nobody:
    """There is no way back: the case waits for a person before its report is built."""

    problem: str
    fix: str

    @property
    def told(self) -> str:
        """For people, as sentences."""
        return f"The report goes to nobody: {self.problem} {self.fix}"


Recipient = ToNode | ToUploader | Nobody


def recipient(directory: NodeDirectory, site: str, sender: str) -> Recipient:
    """Who gets the report of a study of `site`; `sender` is the node that sent it, empty for an upload."""
    if site == NO_SITE:
        return _without_site(directory, sender)
    wanted = directory.site(site).returns_to
    if wanted:
        return ToNode(directory.get(wanted), f"returns_to of site {site} in nodes.yaml says so")
    archives = {node.name: node for node in directory if Role.ARCHIVE in node.roles and node.site == site}
    if len(archives) == 1:
        [archive] = archives.values()
        return ToNode(archive, f"it is the archive of site {site}")
    if sender in archives:
        return ToNode(archives[sender], f"of the archives of site {site}, it sent the study")
    if archives:
        why = f"site {site} has several archives ({', '.join(sorted(archives))})"
        if not sender:
            return ToUploader(f"{why}, and returns_to in nodes.yaml names none")
        return Nobody(f"{why[0].upper()}{why[1:]}, and none of them sent the study.", _fix(site))
    if not sender:
        return ToUploader(f"site {site} has no archive in nodes.yaml")
    node = _node(directory, sender)
    if node is not None:
        return ToNode(node, f"it sent the study, and site {site} has no archive")
    return Nobody(
        f"Site {site} has no archive in nodes.yaml, and {sender}, which sent the study, is no longer there.",
        f"Add {sender} again, or a node of the site with the role archive; or name a node: {_fix(site)}",
    )


def _without_site(directory: NodeDirectory, sender: str) -> Recipient:
    """For what came when its sender said no site; a site that is written since then counts."""
    if not sender:
        return ToUploader("it was uploaded for no site")
    node = _node(directory, sender)
    if node is None:
        return Nobody(
            f"{sender}, which sent the study, is no longer in nodes.yaml, and said no site.",
            f"Add {sender} again, with its site.",
        )
    if node.site != NO_SITE:
        return recipient(directory, node.site, sender)
    return ToNode(node, "it sent the study, and says no site in nodes.yaml")


def _node(directory: NodeDirectory, name: str) -> Node | None:
    return next((node for node in directory if node.name == name), None)


def _fix(site: str) -> str:
    return f"write returns_to under sites, {site} in nodes.yaml."
