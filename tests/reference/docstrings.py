"""What the code says about itself where Python keeps no record: the docstrings of members and of modules."""

from __future__ import annotations

import ast
import inspect
import textwrap
from enum import Enum
from pathlib import Path


def of_members(enumeration: type[Enum]) -> dict[str, str]:
    """The docstring below each member of an enumeration, by the member's value."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(enumeration))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for member, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(member, ast.Assign) and isinstance(below, ast.Expr):
            name = ast.unparse(member.targets[0])
            text = ast.literal_eval(below.value)
            found[str(enumeration[name].value)] = " ".join(text.split())
    return found


def first_line(module: Path) -> str:
    """The first sentence or line of a module's docstring, without importing it."""
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def summary(of: object) -> str:
    """The first paragraph of a docstring, as one line."""
    return " ".join((inspect.getdoc(of) or "").split("\n\n")[0].split())
