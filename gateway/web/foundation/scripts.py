"""Scripts of a page with all that they import, so that a browser asks for every file at once and not one after another.

What a script imports only when it is needed (`import(…)`) is not asked for.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final

from markupsafe import Markup

STATIC: Final = Path(__file__).parents[1] / "static"
_IMPORT: Final = re.compile(r'^import (?:[^"\n;]+ from )?"(\.{1,2}/[^"]+)";', re.MULTILINE)


@lru_cache(maxsize=64)
def imported(script: str) -> tuple[str, ...]:
    """Every script that one below `static` imports, and those that they do, each once; not itself."""
    others: list[str] = []
    waiting = [script]
    while waiting:
        name = waiting.pop(0)
        for said in _IMPORT.findall((STATIC / name).read_text(encoding="utf-8")):
            other = _below(PurePosixPath(name).parent, said)
            if other != script and other not in others:
                others.append(other)
                waiting.append(other)
    return tuple(others)


def _below(folder: PurePosixPath, said: str) -> str:
    parts = list(folder.parts)
    for part in PurePosixPath(said).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


@lru_cache(maxsize=64)
def script_tags(*scripts: str) -> Markup:
    """The elements of a page's head that load these scripts below `static`."""
    others = dict.fromkeys(other for script in scripts for other in imported(script))
    preloads = [f'<link rel="modulepreload" href="/static/{other}">' for other in others]
    tags = [f'<script type="module" src="/static/{script}"></script>' for script in scripts]
    return Markup("".join([*tags, *preloads]))
