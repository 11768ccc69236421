"""The drawing of the architecture: every room with what lives there, and the layers that imports point down."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reference.docstrings import first_line

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("gateway", "dicom_nodes", "routing_rules")


def rooms() -> str:
    """Every package as a nested list: what lives there, and its modules."""
    return "\n".join(line for package in PACKAGES for line in _room(ROOT / package, 0))


def _room(folder: Path, depth: int) -> Iterator[str]:
    indent = "  " * depth
    said = first_line(folder / "__init__.py")
    yield f"{indent}- **{folder.name}/** {said}"
    modules = sorted(module.stem for module in folder.glob("*.py") if module.stem != "__init__")
    if modules and folder.name != "versions":
        yield f"{indent}  - {', '.join(f'`{module}`' for module in modules)}"
    for below in sorted(folder.iterdir()):
        if (below / "__init__.py").is_file():
            yield from _room(below, depth + 1)


def layers() -> str:
    """Every contract of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return "\n\n".join(_contract(one) for one in project["tool"]["importlinter"]["contracts"])


def _contract(contract: dict[str, Any]) -> str:
    if contract["type"] == "layers":
        inside = _names(contract["containers"])
        rows = [f"{number}. {_layer(layer)}" for number, layer in enumerate(contract["layers"], start=1)]
        return "\n".join([f"**{contract['name']}.** In {inside}, from the top:", "", *rows])
    above, below = _names(contract["source_modules"]), _names(contract["forbidden_modules"])
    return f"**{contract['name']}.** Never, directly or by way of others, does one of {above} import one of {below}."


def _layer(layer: str) -> str:
    if "|" in layer:
        return f"{_names(layer.split('|'))}, which do not know each other"
    return _names(layer.split(":"))


def _names(modules: list[str]) -> str:
    return ", ".join(f"`{module.strip()}`" for module in modules)
