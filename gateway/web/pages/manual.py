"""The manual, the education page and the conformance statement, and the list of services; all from this package."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from markdown_it import MarkdownIt
from markupsafe import Markup

import gateway
from gateway.errors import NotThere
from gateway.records.accounts import Viewer
from gateway.web.foundation.access import may
from gateway.web.foundation.templates import render

router = APIRouter(include_in_schema=False)

Anybody = Annotated[Viewer, Depends(may())]

MANUAL = Path(gateway.__file__).parent / "manual"
CHAPTERS = {"manual": "Manual", "ms-vs-pml": "MS versus PML", "conformance": "Conformance statement"}
"""File name (without .md) and title of each chapter; `manual` is served at /manual itself."""


@lru_cache(maxsize=len(CHAPTERS))
def chapter_html(name: str) -> Markup:
    """A chapter as HTML; raw HTML in the source is shown as text. Raises NotThere."""
    source = MANUAL / f"{name}.md"
    if name not in CHAPTERS or not source.is_file():
        raise NotThere("There is no such chapter.", "The manual lists its chapters.")
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    return Markup(renderer.render(source.read_text(encoding="utf-8")))


@router.get("/manual")
def manual(request: Request, viewer: Anybody) -> Response:
    """The manual of the reading service."""
    return chapter(request, viewer, "manual")


@router.get("/manual/{name}")
def chapter(request: Request, viewer: Anybody, name: str) -> Response:
    """One chapter."""
    return render(request, "manual.html", viewer, body=chapter_html(name), chapters=CHAPTERS, name=name)


@router.get("/docs")
def docs(request: Request, viewer: Anybody) -> Response:
    """Every service for programs; drawn here, because the usual pages load scripts from other hosts."""
    described = request.app.openapi()
    operations = [
        {
            "method": method.upper(),
            "path": path,
            "text": str(operation.get("description", operation.get("summary", ""))),
        }
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    return render(request, "docs.html", viewer, operations=operations)


@router.get("/openapi.json")
def openapi(request: Request, _viewer: Anybody) -> Response:
    """The description of every service for programs."""
    described: dict[str, Any] = request.app.openapi()
    return JSONResponse(described)
