"""The address that work comes from follows it into threads, and ends with it."""

from __future__ import annotations

import anyio
import anyio.to_thread

from gateway.records.audit import origin


def test_an_address_holds_inside_and_not_behind() -> None:
    """Also where one stands inside another."""
    with origin.coming_from("10.0.0.1"):
        with origin.coming_from("10.0.0.2"):
            assert origin.address() == "10.0.0.2"
        assert origin.address() == "10.0.0.1"
    assert origin.address() == ""


def test_a_thread_of_a_request_has_its_address() -> None:
    """As the pages run in threads."""

    async def request() -> str:
        with origin.coming_from("10.0.0.1"):
            return await anyio.to_thread.run_sync(origin.address)

    assert anyio.run(request) == "10.0.0.1"
