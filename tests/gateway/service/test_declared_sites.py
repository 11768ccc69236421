"""A site that settings name letter for letter as nobody writes it is told."""

from __future__ import annotations

from pathlib import Path

from gateway.service.declared_sites import named_sites, nodes_sites, unknown_sites
from gateway.settings import Settings

NODES = """
nodes:
  - {name: north-pacs, kind: dimse, ae_title: NORTH, host: 127.0.0.1, port: 1, roles: [sender, archive], site: north}
"""


def test_a_misspelt_site_is_told_for_every_setting_that_names_sites(tmp_path: Path) -> None:
    """Its guideline, its protocol and its faces would be those of nobody; a known one is no problem."""
    nodes = tmp_path / "nodes.yaml"
    nodes.write_text(NODES)
    settings = Settings.model_validate(
        {
            "files": {"nodes": nodes, "deface_sites": ["nroth"]},
            "surveillance": {"sites": ["north=ema-2016", "suoth=ema-2016"]},
            "protocol": {"simplified_sites": ["west", "wset"]},
        }
    )
    told = dict(unknown_sites(settings, nodes_sites(settings) | {"west"}))
    assert list(told) == ["profiles", "surveillance", "protocol"]
    assert [site in problem for site, problem in zip(("nroth", "suoth", "wset"), told.values(), strict=True)]
    assert all("'north'" not in problem and "'west'" not in problem for problem in told.values())


def test_nothing_is_looked_up_where_nothing_is_named(tmp_path: Path) -> None:
    """Nor is a file that cannot be read told twice."""
    assert named_sites(Settings()) == []
    nodes = tmp_path / "nodes.yaml"
    nodes.write_text("nodes: 3")
    assert nodes_sites(Settings.model_validate({"files": {"nodes": nodes}})) == frozenset()
