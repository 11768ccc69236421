"""The web application: every address it has, under one guard, and none that a framework adds."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from fastapi import APIRouter

import gateway.web
from gateway.web.application import ROUTERS
from support.web_gateway import WebGateway


def routers() -> Iterator[tuple[str, APIRouter]]:
    """Every router that a module of the web makes, with its name."""
    for found in pkgutil.walk_packages(gateway.web.__path__, "gateway.web."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, APIRouter):
                yield f"{found.name}.{name}", value


def test_every_router_is_part_of_the_application() -> None:
    """A page whose router was forgotten would be tested by nothing and found by nobody."""
    included = {id(router) for router in ROUTERS}
    assert [name for name, router in routers() if id(router) not in included] == []


def test_no_two_routes_have_one_address() -> None:
    """The second would never answer."""
    addresses = [
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        for method in sorted(route.methods or ())  # type: ignore[attr-defined]
    ]
    assert len(addresses) == len(set(addresses))


@pytest.mark.parametrize("path", ["/redoc", "/docs/oauth2-redirect"])
def test_pages_of_the_framework_are_not_served(web: WebGateway, path: str) -> None:
    """They load scripts from other hosts, and no account was needed for them."""
    for client in (web.client(), web.client("admin")):
        assert client.get(path).status_code == 404


def test_the_list_of_services_is_for_accounts(web: WebGateway) -> None:
    """It names every service for programs and no page."""
    assert web.client().get("/openapi.json").status_code == 401
    described = web.client("reader").get("/openapi.json").json()["paths"]
    assert "/api/queue" in described
    assert "/dicom-web/studies" in described
    assert "/cases/{case_id}" not in described
    assert "/sign-in" not in described
