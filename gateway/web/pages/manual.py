"""The manual with its contents at the side, and the list of services; all from this package."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from gateway.records.accounts import Viewer
from gateway.web.foundation.access import may
from gateway.web.foundation.templates import render
from gateway.web.pages import manual_pages

router = APIRouter(include_in_schema=False)

Anybody = Annotated[Viewer, Depends(may())]


@router.get("/manual")
def manual(request: Request, viewer: Anybody) -> Response:
    """The manual's first page: what a sending site must know."""
    return page(request, viewer, manual_pages.FIRST)


@router.get("/manual/{name:path}")
def page(request: Request, viewer: Anybody, name: str) -> Response:
    """One page of the manual."""
    return render(
        request,
        "manual.html",
        viewer,
        body=manual_pages.html(name),
        page=manual_pages.page(name),
        contents=manual_pages.contents(),
    )


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
