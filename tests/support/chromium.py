"""The Chromium of the operating system, driven by Playwright; it reaches this machine and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from support import services

# The sandbox needs rights that root in a container lacks; the rest keeps Chromium from calling home at every start.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
TIMEOUT_MS = 15_000
"""How long to wait for anything in a page: generous, because other tests use the same two processors."""

expect.set_options(timeout=TIMEOUT_MS)


@dataclass
class Complaints:
    """What went wrong in a page while a test used it."""

    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless Chromium. Raises LookupError when it is not installed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(services.path_of("chromium")), args=list(ARGUMENTS), headless=True
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: Browser, width: int = 1280, height: int = 900) -> Iterator[Page]:
    """A page with its own cookies, `width` by `height` CSS pixels.

    At the end it fails when a script raised, or when the page asked for anything that is not on this machine.
    """
    complaints = Complaints()

    def only_here(route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("data", "blob") or address.hostname in LOOPBACK:
            route.continue_()
        else:
            complaints.foreign.append(route.request.url)
            route.abort()

    context = browser.new_context(
        viewport={"width": width, "height": height}, locale="en-GB", timezone_id="UTC"
    )
    context.set_default_timeout(TIMEOUT_MS)
    context.route("**/*", only_here)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.errors.append(str(error)))
    try:
        yield page
    finally:
        context.close()
    assert not complaints.errors, f"scripts of the page raised: {complaints.errors}"
    assert not complaints.foreign, f"the page asked other hosts: {complaints.foreign}"
