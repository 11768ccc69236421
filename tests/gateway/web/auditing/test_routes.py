"""Every address has its row: it is an event of the audit trail, or says why it is none."""

from __future__ import annotations

import string

from fastapi.routing import APIRoute

from gateway.records.audit.events import EVENTS
from gateway.web.application import ROUTERS
from gateway.web.auditing.routes import ROUTES, Nothing, Shown, Written


def test_every_route_stands_in_the_table_and_no_other() -> None:
    """A new one fails here until somebody has said what it is."""
    routes = {
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    assert set(ROUTES) == routes


def test_every_row_names_events_of_the_trail() -> None:
    """What is nothing says why; the subject of a look takes its numbers from the address."""
    for (_, path), told in ROUTES.items():
        if isinstance(told, Nothing):
            assert len(told.why) > 20
        elif isinstance(told, Written):
            assert set(told.events) <= EVENTS.keys(), path
        else:
            assert told.event in EVENTS, path
            named = {name for _, name, _, _ in string.Formatter().parse(told.subject) if name}
            assert all(f"{{{name}}}" in path for name in named), path


def test_what_only_reads_is_a_look_or_says_why_not() -> None:
    """An address that changes something is no `Nothing`."""
    assert all(method == "GET" for (method, _), told in ROUTES.items() if isinstance(told, Nothing))
    assert any(isinstance(told, Shown) for told in ROUTES.values())
