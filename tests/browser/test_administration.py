"""Accounts, own account, one-time link, tokens and audit trail in a real Chromium, by keyboard and at three widths."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from gateway.records import ledger
from support.web_gateway import PASSWORD, WebGateway, running

pytestmark = pytest.mark.browser

NEW = "seven wet umbrellas stand"
LONG = "a-program-with-a-name-of-forty-letters-x"
WIDTHS = (360, 1280, 1440)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with an administrator of every site."""
    with running(tmp_path_factory.mktemp("administration")) as gateway:
        gateway.add("ada", "admin", name="Ada Berg")
        yield gateway


@pytest.fixture
def administrator(page: Page, web: WebGateway) -> Page:
    """A page of the administrator, who has signed in before."""
    cookies = web.client("ada").cookies
    page.context.add_cookies(
        [{"name": cookie.name, "value": cookie.value or "", "url": web.address} for cookie in cookies.jar]
    )
    return page


def fits(page: Page) -> None:
    """Nothing is wider than the window; a table may scroll in its own box."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)


def named(page: Page) -> None:
    """Whatever a person can use has a name that a screen reader can say, and there is one heading of level 1."""
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
        .filter(e => !(e.labels?.length || e.textContent.trim() || e.ariaLabel || e.title))
        .map(e => e.outerHTML)"""
    )
    assert not nameless
    assert page.locator("h1").count() == 1


def reach(page: Page, target: Locator) -> None:
    """Come to a control by the Tab key from the top of the page; that it has the focus must show."""
    page.evaluate("document.activeElement.blur()")
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            break
    expect(target).to_be_focused()
    assert target.evaluate("element => getComputedStyle(element).outlineStyle") != "none", target


def write(page: Page, label: str, text: str) -> None:
    """Type into the field of this label, reached by Tab."""
    reach(page, page.get_by_label(label))
    page.keyboard.type(text)


def press(page: Page, button: str) -> None:
    """Press the button of this name by the Enter key, reached by Tab."""
    reach(page, page.get_by_role("button", name=button, exact=True))
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_an_account_is_added_and_gives_a_link(administrator: Page, web: WebGateway) -> None:
    """On /accounts, by keyboard; the one-time link of the account stands there once and fits."""
    page = administrator
    page.goto(f"{web.address}/accounts")
    named(page)
    write(page, "Login", LONG)
    reach(page, page.get_by_label("Every site"))
    page.keyboard.press("Space")
    reach(page, page.get_by_label("Role"))
    page.keyboard.type("reader")
    press(page, "Add, and show a one-time link")
    expect(page.locator("#link")).to_contain_text("/reset#")
    named(page)
    fits(page)
    page.goto(f"{web.address}/accounts")
    expect(page.get_by_role("link", name=LONG)).to_be_visible()
    fits(page)


def test_the_link_sets_a_password(page: Page, web: WebGateway) -> None:
    """The secret leaves the address at once; the password typed twice is the one that signs in."""
    secret = ledger.make_reset_link(web.database, web.add("rita", "reader"), timedelta(hours=1), "test")
    page.goto(f"{web.address}/reset#{secret}")
    expect(page.get_by_label("New password")).to_be_focused()
    assert page.url == f"{web.address}/reset"
    named(page)
    fits(page)
    page.keyboard.type(NEW)
    write(page, "The same again", NEW)
    press(page, "Set the password")
    expect(page.get_by_role("status")).to_contain_text("rita")
    fits(page)
    assert web.client().post("/sign-in", data={"login": "rita", "password": NEW}).status_code == 303


def test_the_own_password_is_changed(administrator: Page, web: WebGateway) -> None:
    """On /account; a second factor is proposed there, too, and its picture fits."""
    page = administrator
    page.goto(f"{web.address}/account")
    named(page)
    fits(page)
    reach(page, page.locator("#second-factor input[name=password]"))
    page.keyboard.type(PASSWORD)
    press(page, "Set it up")
    expect(page.locator("#second-factor .qr svg")).to_be_visible()
    named(page)
    fits(page)
    write(page, "Present password", PASSWORD)
    write(page, "New password", NEW)
    write(page, "The same again", NEW)
    press(page, "Change the password")
    expect(page.get_by_role("status")).to_contain_text("Your password is changed")
    fits(page)


def test_a_program_gets_a_token_and_loses_it(administrator: Page, web: WebGateway) -> None:
    """On /clients: shown once, and revoked."""
    page = administrator
    page.goto(f"{web.address}/clients")
    named(page)
    write(page, "Name of the program", LONG)
    write(page, "Site, where it acts for no node", "north")
    press(page, "Give a token")
    expect(page.locator("#token")).to_be_visible()
    named(page)
    fits(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    press(page, "Revoke")
    expect(page.get_by_role("row", name=LONG)).to_contain_text("revoked")
    expect(page.locator("#token")).to_have_count(0)
    fits(page)


def test_the_audit_trail_is_searched(administrator: Page, web: WebGateway) -> None:
    """On /audit: what fits stands there; a long login does not widen the page."""
    ledger.add_user(web.database, "l" * 90, "Long", "reader", "", PASSWORD, every_site=True)
    page = administrator
    page.goto(f"{web.address}/audit")
    named(page)
    fits(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    write(page, "Who", "ada")
    press(page, "Show")
    assert "who=ada" in page.url
    expect(page.locator("tbody tr").first).to_contain_text("audit trail looked at")
    fits(page)
