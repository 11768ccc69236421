"""Every page in a real Chromium, judged by axe-core: nothing serious keeps anybody from it.

Pages are taken from the routes, so that a new one is judged too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from starlette.routing import Route

from gateway.records import ledger
from gateway.web.application import ROUTERS
from support.pictures import make
from support.web_gateway import PASSWORD, WebGateway, phantom, running
from support.web_objects import objects_of_north, returned_case

pytestmark = pytest.mark.browser

ALONE = {"/sign-in", "/reset"}
"""Pages of somebody who is not signed in."""
NO_PAGES = (
    r"^/(api|dicom-web|sign-in/issuer|\.well-known)|^/(healthz|readyz|metrics|openapi\.json|docs|queue/rows)$"
    r"|\.(png|nii|bin|svg|json|dcm|\{form\})$"
)
"""Services, pictures, parts of a page; /docs is drawn by a library."""
ELSEWHERE = {"/sign-in/code", "/sign-in/set-up", "/cases/{case_id}/documents/{kind}"}
"""Pages between password and code: tests/browser/test_administration.py goes there; what follows a report: below."""
NAMES = {"name": "how-to/marking"}
HARD = ("serious", "critical")


def pages() -> list[str]:
    """The address of every page, with names where it has numbers."""
    paths = {
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, Route) and "GET" in (route.methods or ()) and not re.search(NO_PAGES, route.path)
    }
    return sorted(paths - ELSEWHERE)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway whose pages have something to show."""
    with running(tmp_path_factory.mktemp("accessibility")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def numbers(web: WebGateway) -> dict[str, int]:
    """What the addresses name: a case with pictures, that is being read, and one object of each other kind."""
    admin = web.add("admin", "admin")
    named = objects_of_north(web) | {"account_id": web.add("other", "reader")}
    web.images(named["case_id"], phantom())
    make(web, named["case_id"])
    ledger.claim_case(web.database, named["case_id"], admin, timedelta(hours=1))
    return named


def hard_findings(page: Page) -> list[str]:
    """What axe-core calls serious or critical: the rule, and where."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']} at {', '.join(str(node['target']) for node in each['nodes'][:3])}"
        for each in violations
        if each["impact"] in HARD
    ]


def signed_in(page: Page, web: WebGateway) -> None:
    """As somebody who may see every page."""
    page.goto(web.address)
    page.get_by_label("Login").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/sign-in" not in address)


@pytest.mark.parametrize("kind", ["addendum", "correction", "withdrawal", "report"])
def test_a_page_after_the_signature_keeps_nobody_out(
    page: Page, web: WebGateway, numbers: dict[str, int], kind: str
) -> None:
    """The forms of what follows, and what was signed."""
    case_id = returned_case(web, "admin")
    signed_in(page, web)
    place = "report" if kind == "report" else f"documents/{kind}"
    answer = page.goto(f"{web.address}/cases/{case_id}/{place}")
    assert answer is not None
    assert answer.ok
    assert hard_findings(page) == []


@pytest.mark.parametrize("path", pages())
def test_a_page_keeps_nobody_out(page: Page, web: WebGateway, numbers: dict[str, int], path: str) -> None:
    """Neither dark on dark, nor a button without a name, nor an input without a label."""
    if path not in ALONE:
        signed_in(page, web)
    address = re.sub(r"\{(\w+)(?::\w+)?\}", lambda named: str({**NAMES, **numbers}[named[1]]), path)
    answer = page.goto(web.address + address)
    assert answer is not None
    assert answer.ok, (address, answer.status)
    page.wait_for_load_state("networkidle")
    assert hard_findings(page) == []
    page.set_viewport_size({"width": 360, "height": 800})
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360, f"at 360 px {address} is {wide} px wide"


def test_a_finding_is_found(page: Page, web: WebGateway) -> None:
    """A picture without a text and grey on grey: the judge is awake."""
    page.set_content(
        "<html lang=en><title>x</title><main><h1>x</h1><img src=x><p style='color:#777;background:#888'>text</p></main>"
    )
    assert {each.split(":")[0] for each in hard_findings(page)} == {"image-alt", "color-contrast"}
