"""Prose names what exists: modules, functions and files in docstrings, comments, pages and pyproject.toml."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("gateway", "dicom_nodes", "routing_rules")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in (*PACKAGES, "tests")
    for path in sorted((ROOT / package).rglob("*.py"))
}
SOURCES = [path for name, path in MODULES.items() if not name.startswith("tests")]
PAGES = [*(ROOT / "gateway" / "manual").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]

FULL = re.compile(rf"(?<![\w./-])(?:{'|'.join(PACKAGES)})(?:\.[A-Za-z_]\w*)+")
SHORT = re.compile(r"`([a-z_]+(?:\.[A-Za-z_]\w*)+)(?:\(\))?`")
FILE = re.compile(rf"(?<![\w./-])(?:{'|'.join(PACKAGES)}|tests|docker)/[\w./-]*\w")
EXAMPLES = {"tests/a-real-one"}  # a folder beside a site's rules
NO_MODULES = {"toml", "sqlite", "lock"}  # gateway.toml, gateway.sqlite, requirements.lock are files


@functools.cache
def text_of(path: Path) -> str:
    """A file, read once."""
    return path.read_text(encoding="utf-8")


def exists(dotted: str) -> bool:
    """Whether a module or package of that name exists, and what is named in it stands there."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in MODULES:
            return length == len(parts) or bool(re.search(rf"\b{parts[length]}\b", text_of(MODULES[name])))
        if length == len(parts) and ROOT.joinpath(*parts).is_dir():
            return True
    return False


def exists_in_some(short: str) -> bool:
    """Whether `module.name` is so in some module of that name; true where no module is called so."""
    head, _, name = short.rpartition(".")
    if name in NO_MODULES:
        return True
    owners = [module for module in MODULES if module == head or module.endswith(f".{head}")]
    whole = any(module.endswith(f".{short}") for module in MODULES)
    return whole or not owners or any(exists(f"{owner}.{name}") for owner in owners)


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a page; of a module, those of its docstrings and comments."""
    if path.suffix != ".py":
        yield from enumerate(text_of(path).splitlines(), 1)
        return
    inside = False
    for number, line in enumerate(text_of(path).splitlines(), 1):
        marks = line.count('"""')
        if inside or marks:
            yield number, line
        elif "#" in line:
            yield number, line.partition("#")[2]
        inside ^= marks % 2 == 1


def dead_names(path: Path) -> Iterator[str]:
    """What the prose of a file names and what is not there."""
    for number, line in prose(path):
        for dotted in FULL.findall(line):
            if dotted.split(".")[1] not in NO_MODULES and not exists(dotted):
                yield f"{path.name}:{number}: {dotted}"
        for file in FILE.findall(line):
            if file not in EXAMPLES and not (ROOT / file).exists() and not (ROOT / f"{file}.py").exists():
                yield f"{path.name}:{number}: {file}"
        if path.suffix == ".py":
            yield from (
                f"{path.name}:{number}: {short}" for short in SHORT.findall(line) if not exists_in_some(short)
            )


@pytest.mark.parametrize("path", [*SOURCES, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_prose_names_exists(path: Path) -> None:
    """A module that is renamed or moved takes the sentences about it along."""
    assert not list(dead_names(path))


def test_a_dead_name_would_be_noticed(tmp_path: Path) -> None:
    """Whole names, names under their module's last name, and files."""
    page = tmp_path / "sample.py"
    page.write_text(
        '"""See gateway.pipeline.lanes and `ledger.mark_forgotten`, `ledger.sign_report`."""\n'
        "gateway.nothing = 1  # in tests/gateway/test_nothing.py, not tests/gateway/test_lifecycle.py\n",
        encoding="utf-8",
    )
    assert list(dead_names(page)) == [
        "sample.py:1: gateway.pipeline.lanes",
        "sample.py:1: ledger.mark_forgotten",
        "sample.py:2: tests/gateway/test_nothing.py",
    ]
