"""The written and the generated parts of a page of the manual: generated ones stand between two marks.

A mark is a link definition that nobody refers to, so that neither GitHub nor the gateway's own pages show it:

    [//]: # "written by ./dev manual: settings"
    ...
    [//]: # "end of what ./dev manual wrote"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

PART = re.compile(
    r'(?P<begin>^\[//\]: # "written by \./dev manual: (?P<name>[a-z-]+)"\n)(?P<text>.*?)'
    r'(?P<end>^\[//\]: # "end of what \./dev manual wrote"\n)',
    re.MULTILINE | re.DOTALL,
)


def names(page: str) -> Iterator[str]:
    """The names of the generated parts of a page."""
    return (part["name"] for part in PART.finditer(page))


def filled(page: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """The page with each generated part as the code says it now. Raises KeyError for a name that is no part."""
    return PART.sub(lambda part: f"{part['begin']}\n{parts[part['name']]()}\n\n{part['end']}", page)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; each cell is one line, and a `|` in it is escaped."""
    lines = [_line(headings), "|" + "---|" * len(headings), *map(_line, rows)]
    return "\n".join(lines)


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(" ".join(str(value).replace("|", "\\|").split()) for value in cells) + " |"
