"""The page about security promises nothing that no test keeps: every test it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "gateway" / "manual" / "reference" / "security.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> list[tuple[str, str]]:
    """Each promise, and the text that says by what it is kept."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [(cell[0], cell[1]) for cell in cells if cell[0] != "promise"]


def names_in(path: Path) -> set[str]:
    """The names of the tests of a module, those of its classes too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("promise", "kept_by"), rows(), ids=lambda text: text[:40])
def test_every_promise_is_kept_by_a_test_that_exists(promise: str, kept_by: str) -> None:
    """One at least; a test that was renamed takes the page along."""
    named = NAMED.findall(kept_by)
    assert named, promise
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert name in names_in(ROOT / path), f"{path}::{name}"


def test_the_page_says_what_is_not_promised() -> None:
    """Besides promises of every kind."""
    text = PAGE.read_text(encoding="utf-8")
    assert len(rows()) > 25
    assert text.count("\n- **") > 5
    assert "## What is not promised" in text
