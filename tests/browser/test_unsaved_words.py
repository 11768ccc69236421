"""What a reader typed and the gateway refused, in a real Chromium: it stays, and one button saves it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from support.web_gateway import PASSWORD, WebGateway, running
from support.web_objects import returned_case

pytestmark = pytest.mark.browser
WORDS = "Two words that took long to write."
TEXT = '[name="narrative"]'


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with two readers."""
    with running(tmp_path_factory.mktemp("browser")) as gateway:
        gateway.add("anna", "reader", name="Dr. Anna Roth")
        gateway.add("ben", "reader", name="Dr. Ben Blau")
        yield gateway


def sign_in(page: Page, web: WebGateway, login: str) -> None:
    """A session of this reader in the browser of the page."""
    page.goto(f"{web.address}/sign-in")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("/sign-in"))


@pytest.fixture
def form(page: Page, web: WebGateway) -> Page:
    """The form of a case that Anna holds."""
    case_id = web.case()
    sign_in(page, web, "anna")
    page.goto(f"{web.address}/cases/{case_id}")
    page.get_by_role("button", name="Claim").first.click()
    page.goto(f"{web.address}/cases/{case_id}/report")
    page.wait_for_load_state("load")
    return page


def is_kept(page: Page) -> None:
    """The words are on the gateway: they are there in a page that is loaded anew."""
    expect(page.locator("#saved")).to_contain_text("Draft saved")
    page.reload()
    expect(page.locator(TEXT)).to_have_value(WORDS)


def test_a_lost_claim_keeps_the_words_and_one_button_saves_them(form: Page) -> None:
    """The line says what happened; the claim comes back with one click."""
    case_id = form.locator("#report").get_attribute("data-case")
    form.evaluate(
        "id => fetch(`/api/cases/${id}/release`,"
        " {method: 'POST', headers: {'X-CSRF-Token': document.body.dataset.csrf}})",
        case_id,
    )
    form.locator(TEXT).fill(WORDS)
    expect(form.locator("#saved")).to_contain_text("your text is still here")
    form.get_by_role("button", name="Claim again and save").click()
    is_kept(form)


def test_an_ended_session_is_taken_up_by_the_same_person_only(form: Page, web: WebGateway) -> None:
    """Signed in again in another tab the words are saved; somebody else's session does not get them."""
    form.context.clear_cookies()
    form.locator(TEXT).fill(WORDS)
    button = form.get_by_role("button", name="Claim again and save")
    button.click()
    expect(form.locator("#saved")).to_contain_text("Sign in again in another tab")
    other = form.context.new_page()
    sign_in(other, web, "ben")
    button.click()
    expect(form.locator("#saved")).to_contain_text("Somebody else is signed in now")
    form.context.clear_cookies()
    sign_in(other, web, "anna")
    button.click()
    is_kept(form)


def test_words_typed_offline_are_saved_when_the_network_is_back(form: Page) -> None:
    """Nobody has to change anything for it."""
    form.context.set_offline(True)
    form.locator(TEXT).fill(WORDS)
    expect(form.locator("#saved")).to_contain_text("tried again by itself")
    form.context.set_offline(False)
    is_kept(form)


def test_a_correction_is_saved_again_without_a_claim(page: Page, web: WebGateway) -> None:
    """Nobody claims a case whose report went back: signed in again, the button saves all the same."""
    case_id = returned_case(web, "anna")
    sign_in(page, web, "anna")
    page.goto(f"{web.address}/cases/{case_id}/documents/correction")
    page.wait_for_load_state("load")
    page.context.clear_cookies()
    page.locator(TEXT).fill(WORDS)
    expect(page.locator("#saved")).to_contain_text("your text is still here")
    sign_in(page.context.new_page(), web, "anna")
    page.get_by_role("button", name="Save again").click()
    is_kept(page)
