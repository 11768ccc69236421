"""Imports point down: each package has its contract, the check catches what breaks it, and each folder explains itself.

The contracts are in pyproject.toml, [tool.importlinter]; `./dev check` evaluates them.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.api import read_configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract

ROOT = Path(__file__).resolve().parents[1]
CONFIGURATION = read_configuration(str(ROOT / "pyproject.toml"))
PACKAGES = CONFIGURATION["session_options"]["root_packages"]
CONTRACTS = {contract["id"]: contract for contract in CONFIGURATION["contracts_options"]}
LAYERED = {name: contract for name, contract in CONTRACTS.items() if contract["type"] == "layers"}
FORBIDDEN = {name: contract for name, contract in CONTRACTS.items() if contract["type"] == "forbidden"}
FOLDERS = sorted(
    file.parent.relative_to(ROOT) for package in PACKAGES for file in (ROOT / package).rglob("__init__.py")
)
MOST_MODULES = 20
IMPORTING = ("gateway/records/ledger", "gateway/cli")
"""The packages whose __init__ imports: the ledger is one list of events, the command one list of commands."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Which module imports which; a test that adds an import takes it back."""
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def members(contract: dict[str, Any]) -> list[list[str]]:
    """The layers of a contract, from the top, each with the full names of its modules and packages."""
    (container,) = contract["containers"]
    return [
        [f"{container}.{name.strip()}" for name in re.split(r"[|:]", layer)] for layer in contract["layers"]
    ]


def inside(graph: grimp.ImportGraph, member: str) -> list[str]:
    """The modules of a member of a layer: itself, or all that lie in it."""
    return sorted({member, *graph.find_descendants(member)})


def check(graph: grimp.ImportGraph, name: str) -> dict[str, Any]:
    """What a contract finds wrong; empty where it is kept."""
    kind = LayersContract if name in LAYERED else ForbiddenContract
    result = kind(CONTRACTS[name]["name"], CONFIGURATION["session_options"], CONTRACTS[name]).check(
        graph, verbose=False
    )
    return {} if result.kept else result.metadata


def caught(graph: grimp.ImportGraph, name: str, importer: str, imported: str) -> bool:
    """Whether a contract is broken as soon as `importer` imports `imported`; as the code stands, each is kept."""
    graph.add_import(importer=importer, imported=imported, line_number=1, line_contents=f"import {imported}")
    try:
        return bool(check(graph, name))
    finally:
        graph.remove_import(importer=importer, imported=imported)


LAYERS_BELOW_ANOTHER = [
    pytest.param(name, place, id=f"{name}: {layer}")
    for name, contract in LAYERED.items()
    for place, layer in enumerate(contract["layers"])
    if place
]


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_contract_is_kept(graph: grimp.ImportGraph, name: str) -> None:
    """As `./dev check` says; so whatever breaks one below is the import that the test has added."""
    assert check(graph, name) == {}


@pytest.mark.parametrize(("name", "place"), LAYERS_BELOW_ANOTHER)
def test_an_import_upwards_is_caught_in_every_module_of_every_layer(
    graph: grimp.ImportGraph, name: str, place: int
) -> None:
    """Whichever module of the layer imports whatever of the next layer above: the contract is broken."""
    layers = members(CONTRACTS[name])
    targets = [inside(graph, member)[-1] for member in layers[place - 1]]
    missed = [
        f"{importer} imports {imported}"
        for member in layers[place]
        for importer in inside(graph, member)
        for imported in targets
        if not caught(graph, name, importer, imported)
    ]
    assert missed == []


@pytest.mark.parametrize("name", LAYERED)
def test_an_import_over_several_layers_is_caught(graph: grimp.ImportGraph, name: str) -> None:
    """From the bottom of a contract to each of the layers above."""
    *above, bottom = members(CONTRACTS[name])
    missed = [
        member
        for layer in above
        for member in layer
        if not caught(graph, name, bottom[0], inside(graph, member)[-1])
    ]
    assert missed == []


@pytest.mark.parametrize("name", LAYERED)
def test_members_of_one_layer_are_kept_apart(graph: grimp.ImportGraph, name: str) -> None:
    """Between two members that `|` separates, an import either way is caught."""
    missed = [
        f"{importer} imports {imported}"
        for layer, apart in zip(members(CONTRACTS[name]), CONTRACTS[name]["layers"], strict=True)
        for importer in layer
        for imported in layer
        if "|" in apart
        and importer != imported
        and not caught(graph, name, importer, inside(graph, imported)[-1])
    ]
    assert missed == []


@pytest.mark.parametrize("name", FORBIDDEN)
def test_what_is_forbidden_is_caught_in_every_package_it_is_forbidden_to(
    graph: grimp.ImportGraph, name: str
) -> None:
    """The deepest module of each source, importing each of the forbidden packages."""
    missed = [
        f"{source} imports {imported}"
        for source in CONTRACTS[name]["source_modules"]
        for imported in CONTRACTS[name]["forbidden_modules"]
        if not caught(graph, name, inside(graph, source)[-1], imported)
    ]
    assert missed == []


@pytest.mark.parametrize("name", LAYERED)
def test_a_module_without_a_layer_is_caught(graph: grimp.ImportGraph, name: str) -> None:
    """A new module in a package has to be given its place."""
    newcomer = f"{CONTRACTS[name]['containers'][0]}.newcomer"
    graph.add_module(newcomer)
    try:
        assert check(graph, name)["undeclared_modules"] == {newcomer}
    finally:
        graph.remove_module(newcomer)


def test_every_package_of_several_modules_has_a_contract(graph: grimp.ImportGraph) -> None:
    """No sub-package is without an order of its own, and each contract has the name of its package."""
    packages = {
        module
        for module in graph.modules
        if module.split(".")[0] in PACKAGES and len(graph.find_children(module)) > 1
    }
    assert packages == set(LAYERED)
    assert {name: contract["containers"] for name, contract in LAYERED.items()} == {
        name: [name] for name in LAYERED
    }


def test_the_rules_reach_no_module_of_the_nodes_but_those_named(graph: grimp.ImportGraph) -> None:
    """A new module of `dicom_nodes` is forbidden to the rules until somebody decides otherwise."""
    free = graph.find_children("dicom_nodes") - set(CONTRACTS["foundation"]["forbidden_modules"])
    assert free == {"dicom_nodes.config_files", "dicom_nodes.explained_error"}


def test_an_import_written_into_a_file_fails_the_check(tmp_path: Path) -> None:
    """The check itself, on a copy of the packages in which the lowest module of the records opens the vault."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            tmp_path / package,
            ignore=lambda _, names: [name for name in names if "." in name and not name.endswith(".py")],
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    lowest = tmp_path / "gateway/records/crash.py"
    lowest.write_text(
        lowest.read_text(encoding="utf-8") + "\nfrom gateway.records.identities import vault\n",
        encoding="utf-8",
    )
    command = "from importlinter.cli import lint_imports_command as check; check()"
    done = subprocess.run(
        [sys.executable, "-c", command],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "gateway.records.crash -> gateway.records.identities.vault" in done.stdout


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_no_folder_has_too_many_modules(folder: Path) -> None:
    """At most 20: more are several subjects."""
    modules = [file.stem for file in (ROOT / folder).glob("*.py") if file.name != "__init__.py"]
    assert len(modules) <= MOST_MODULES


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_every_package_names_what_lies_in_it(folder: Path) -> None:
    """The docstring of its __init__ lists each module and sub-package: in backquotes, or in a column of a table."""
    content = ast.parse((ROOT / folder / "__init__.py").read_text(encoding="utf-8"))
    text = ast.get_docstring(content) or ""
    columns = [column for line in text.splitlines() for column in re.split(r"\s{2,}", line.strip())[:-1]]
    listed = set(re.findall(r"\w+", " ".join([*columns, *re.findall(r"`([^`]+)`", text)])))
    present = {file.stem for file in (ROOT / folder).glob("*.py")} - {"__init__", "__main__"}
    present |= {file.parent.name for file in (ROOT / folder).glob("*/__init__.py")}
    assert sorted(present - listed) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_the_init_of_a_package_imports_nothing(folder: Path) -> None:
    """Who imports one module of a package loads no other; two packages are lists of what is in them."""
    content = ast.parse((ROOT / folder / "__init__.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(content) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not imports or str(folder) in IMPORTING
