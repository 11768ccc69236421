"""Sites that settings name and nobody has: what was declared for them holds for nobody."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import NodeFileError

if TYPE_CHECKING:
    from gateway.settings import Settings


def named_sites(settings: Settings) -> list[tuple[str, str, Collection[str], str]]:
    """Part of the check, setting, the sites it names, and what follows where nobody is of one; empty lists left out."""
    every: tuple[tuple[str, str, Collection[str], str], ...] = (
        ("profiles", "[files] deface_sites", settings.files.deface_sites, "nobody's faces go"),
        (
            "surveillance",
            "[surveillance] sites",
            settings.surveillance.by_site,
            "nobody follows that guideline",
        ),
        (
            "protocol",
            "[protocol] simplified_sites",
            settings.protocol.simplified_sites,
            "nobody is judged by it",
        ),
    )
    return [each for each in every if each[2]]


def nodes_sites(settings: Settings) -> frozenset[str]:
    """The sites of nodes.yaml; none while it cannot be read, which is told elsewhere."""
    with suppress(NodeFileError):
        if settings.files.nodes.exists():
            return frozenset(node.site for node in NodeDirectory.from_file(settings.files.nodes))
    return frozenset()


def unknown_sites(settings: Settings, known: Collection[str]) -> Iterator[tuple[str, str]]:
    """Part of the check and problem, of each site that is named and not known."""
    for where, setting, sites, so in named_sites(settings):
        for site in sorted(set(sites) - set(known)):
            yield where, f"{setting} names the site {site!r}, and no node, account or patient is of it: {so}."
