"""The manual in a real Chromium: contents beside or above the text, lines of a good length, nothing too wide."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from gateway.web.pages import manual_pages
from support.web_gateway import PASSWORD, WebGateway, running

pytestmark = pytest.mark.browser

LONGEST_LINE = 80
"""Characters; the style sheet aims at 75."""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway and a reader of its manual."""
    with running(tmp_path_factory.mktemp("manual")) as gateway:
        gateway.add("ana", "reader")
        yield gateway


@pytest.fixture
def manual(page: Page, web: WebGateway) -> Page:
    """The first page of the manual, signed in."""
    page.goto(f"{web.address}/sign-in?next=/manual")
    page.get_by_label("Login").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/manual")
    return page


@pytest.mark.parametrize("width", [360, 1280, 1440])
def test_no_page_is_wider_than_the_screen(manual: Page, web: WebGateway, width: int) -> None:
    """Wide tables, code and the picture scroll within themselves."""
    manual.set_viewport_size({"width": width, "height": 900})
    for section in manual_pages.contents():
        for page in section.pages:
            manual.goto(f"{web.address}{page.address}")
            assert manual.evaluate("document.documentElement.scrollWidth") <= width, page.name


def test_contents_are_at_the_side_where_there_is_room(manual: Page, web: WebGateway) -> None:
    """The section of the page is open, the others one click away; the text is as wide as one reads with ease."""
    manual.set_viewport_size({"width": 1440, "height": 900})
    manual.goto(f"{web.address}/manual/design/decisions/lease-queue")
    side = manual.get_by_role("navigation", name="Manual")
    here = side.get_by_role("link", name="The case table is the queue")
    expect(here).to_have_attribute("aria-current", "page")
    text = manual.locator("article p").first
    box, link = text.bounding_box(), here.bounding_box()
    assert box
    assert link
    assert link["x"] + link["width"] < box["x"]
    digits = manual.evaluate(
        "p => p.clientWidth / (() => { const s = document.createElement('span'); s.textContent = '0'; p.append(s);"
        " const w = s.getBoundingClientRect().width; s.remove(); return w; })()",
        text.element_handle(),
    )
    assert digits <= LONGEST_LINE
    side.get_by_text("Reference", exact=True).click()
    side.get_by_role("link", name="Settings", exact=True).click()
    expect(manual.get_by_role("heading", name="Settings", level=1)).to_be_visible()


def test_contents_are_on_top_of_a_narrow_screen(manual: Page) -> None:
    """Closed at first, so that the page begins at once."""
    manual.set_viewport_size({"width": 360, "height": 800})
    expect(manual.get_by_role("navigation", name="Manual")).to_be_hidden()
    heading = manual.get_by_role("heading", level=1)
    box = heading.bounding_box()
    assert box
    assert box["y"] < 300
    manual.get_by_text("Contents").first.click()
    top = manual.get_by_role("navigation", name="Contents")
    top.get_by_text("How to run it").click()
    top.get_by_role("link", name="Upgrade").click()
    expect(manual.get_by_role("heading", name="Upgrade", level=1)).to_be_visible()


def test_the_picture_is_drawn_without_a_script_or_another_host(manual: Page, web: WebGateway) -> None:
    """The path of a study is a picture of this gateway, allowed by its own policy."""
    manual.goto(f"{web.address}/manual/design/architecture")
    picture = manual.get_by_role("img", name="The path of a study")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")


def test_a_link_to_a_place_leads_below_the_bar(manual: Page, web: WebGateway) -> None:
    """The heading that was meant is seen, not hidden by the bar on top."""
    manual.goto(f"{web.address}/manual/how-to/watching#being-told")
    box = manual.get_by_role("heading", name="Being told").bounding_box()
    assert box
    assert box["y"] >= 60
