"""The pages of the manual as HTML, and the contents that lead to each of them.

The pages are Markdown files of this package (`gateway/manual`), written so that they can be read in the repository,
too: links between them are relative, pictures lie among the static files. Both become addresses of the gateway here,
and each heading gets the address that a link with `#` means. Raw HTML is shown as text.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

import gateway
from gateway.errors import NotThere

MANUAL = Path(gateway.__file__).parent / "manual"
FIRST = "manual"
"""The page at /manual itself: what a sending site must know."""
_PICTURES = "../web/static/"
_NO_ADDRESS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Page:
    """One page; `name` is its path below `gateway/manual`, without `.md`."""

    name: str
    title: str

    @property
    def address(self) -> str:
        """Where it is served."""
        return "/manual" if self.name == FIRST else f"/manual/{self.name}"


@dataclass(frozen=True)
class Section:
    """Pages under one heading of the contents."""

    title: str
    pages: tuple[Page, ...]


@lru_cache(maxsize=1)
def contents() -> tuple[Section, ...]:
    """The sections of `contents.md`, in their order: its headings, and the links below each."""
    sections: list[Section] = []
    tokens = _parser().parse(_source("contents"))
    for before, token in pairwise(tokens):
        if before.type == "heading_open" and before.tag == "h2":
            sections.append(Section(token.content, ()))
        elif token.type == "inline" and sections:
            links = tuple(Page(href.removesuffix(".md"), title) for href, title in _links(token))
            last = sections[-1]
            sections[-1] = Section(last.title, last.pages + links)
    return tuple(sections)


def page(name: str) -> Page:
    """The page of that name. Raises NotThere unless the contents list it."""
    for section in contents():
        for one in section.pages:
            if one.name == name:
                return one
    raise NotThere("There is no such page in the manual.", "The manual lists its pages.")


@lru_cache(maxsize=64)
def html(name: str) -> Markup:
    """A page as HTML. Raises NotThere unless the contents list it."""
    environment: dict[str, Any] = {"folder": os.path.dirname(page(name).name)}
    return Markup(_parser().render(_source(name), environment))


def anchor(heading: str) -> str:
    """The part of an address behind `#` that leads to a heading, as GitHub makes it."""
    return _NO_ADDRESS.sub("", heading.strip().lower()).replace(" ", "-")


def _source(name: str) -> str:
    return (MANUAL / f"{name}.md").read_text(encoding="utf-8")


def _links(token: Token) -> Iterator[tuple[str, str]]:
    """The (target, text) of each link in a line."""
    children = token.children or []
    for opened, text in pairwise(children):
        if opened.type == "link_open":
            yield str(opened.attrGet("href")), text.content


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("heading_open", _heading_open)
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("image", _image)
    return parser


def _heading_open(
    renderer: RendererHTML, tokens: list[Token], index: int, options: Any, _environment: Any
) -> str:
    tokens[index].attrSet("id", anchor(_text(tokens[index + 1])))
    return renderer.renderToken(tokens, index, options, {})


def _link_open(
    renderer: RendererHTML, tokens: list[Token], index: int, options: Any, environment: Any
) -> str:
    tokens[index].attrSet("href", _served(str(tokens[index].attrGet("href")), environment["folder"]))
    return renderer.renderToken(tokens, index, options, environment)


def _image(renderer: RendererHTML, tokens: list[Token], index: int, options: Any, environment: Any) -> str:
    source = _served(str(tokens[index].attrGet("src")), environment["folder"])
    tokens[index].attrSet("src", source)
    picture = renderer.image(tokens, index, options, environment)
    return f'<a class="picture" href="{source}">{picture}</a>'  # large on a phone, too


def _served(target: str, folder: str) -> str:
    """The address of what a page refers to: another page, a picture, a place on the same page; others as they are."""
    path, mark, place = target.partition("#")
    if not path or ":" in path or path.startswith("/"):
        return target
    within = os.path.normpath(os.path.join(folder, path))
    if within.startswith(_PICTURES):
        return f"/static/{within.removeprefix(_PICTURES)}"
    return Page(within.removesuffix(".md"), "").address + mark + place


def _text(inline: Token) -> str:
    return "".join(child.content for child in inline.children or [])
