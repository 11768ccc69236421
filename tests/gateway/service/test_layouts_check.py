"""A wrong file of layouts is told before the gateway is started with it."""

from __future__ import annotations

from pathlib import Path

from gateway import settings_file
from gateway.service import scaffold
from gateway.service.checks import check


def test_each_fault_of_the_layouts_is_a_problem_with_its_line(tmp_path: Path) -> None:
    """The file is looked for beside gateway.toml; what is right is no problem."""
    scaffold.init(tmp_path)
    toml, yaml = tmp_path / "gateway.toml", tmp_path / "layouts.yaml"
    environment = {"GATEWAY_FILES__LAYOUTS": "layouts.yaml"}
    told = {}
    for kind in ("flair", "flare"):
        yaml.write_text(
            "layouts:\n  - name: own\n    title: Own\n    panes:\n"
            f"      - {{label: FLAIR, kinds: [{kind}]}}\n      - {{label: T2, kinds: [t2]}}\n",
            encoding="utf-8",
        )
        problems = check(settings_file.load(toml, environment))
        told[kind] = [(each.problem, each.fix, each.severe) for each in problems if each.where == "layouts"]
    assert told["flair"] == []
    assert told["flare"] == [
        (
            "layouts.yaml:5: layouts.0.panes.0.kinds: is no kind of series (found flare).",
            "Did you mean flair?",
            True,
        )
    ]
