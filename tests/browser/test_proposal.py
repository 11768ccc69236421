"""The proposed impression in a real Chromium: it follows the answers, and never overwrites a word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from support.web_gateway import PASSWORD, WebGateway, running

pytestmark = pytest.mark.browser
TEXT = '[name="narrative"]'


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with one reader."""
    with running(tmp_path_factory.mktemp("browser")) as gateway:
        gateway.add("anna", "reader", name="Dr. Anna Roth")
        yield gateway


@pytest.fixture
def form(page: Page, web: WebGateway) -> Page:
    """The form of a case that the reader holds."""
    case_id = web.case()
    page.goto(web.address)
    page.get_by_label("Login").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("/sign-in"))
    page.goto(f"{web.address}/cases/{case_id}")
    page.get_by_role("button", name="Claim").first.click()
    page.goto(f"{web.address}/cases/{case_id}/report")
    page.wait_for_load_state("load")
    return page


def choose(page: Page, name: str, value: str) -> None:
    """One answer, by its label."""
    box = page.locator(f'[name="{name}"][value="{value}"]')
    page.locator("label", has=box).click()
    expect(box).to_be_checked()


def test_the_impression_follows_the_answers_until_somebody_writes(form: Page, tmp_path: Path) -> None:
    """Then it stays, says that text and answers differ, and a button takes the proposed one."""
    choose(form, "comparison.done", "no_prior")
    choose(form, "new_lesion", "no_lesion")
    choose(form, "suspicion", "0")
    text = form.locator(TEXT)
    expect(text).to_have_value(
        "No lesion at all. No findings suggestive of new or active PML (level 0 of 4)."
    )
    expect(form.get_by_text("Proposed from your answers")).to_be_visible()
    choose(form, "suspicion", "1")
    expect(text).to_have_value("No lesion at all. New or active PML unlikely (level 1 of 4).")
    form.locator("#section-request summary").click()
    choose(form, "language", "fr")
    expect(text).to_have_value(
        "Absence de toute lésion. LEMP nouvelle ou active peu probable (niveau 1 sur 4)."
    )
    expect(text).to_have_attribute("lang", "fr")
    choose(form, "language", "en")
    expect(text).to_have_value(re.compile("unlikely"))

    text.press("Control+End")
    text.press_sequentially(" My own words.")
    mine = "No lesion at all. New or active PML unlikely (level 1 of 4). My own words."
    expect(text).to_have_value(mine)
    expect(form.locator("#saved")).to_contain_text("Draft saved")
    choose(form, "suspicion", "2")
    differs = form.get_by_text("Your answers no longer say: New or active PML unlikely (level 1 of 4).")
    expect(differs).to_be_visible()
    expect(text).to_have_value(mine)
    form.locator("#at-narrative").screenshot(path=tmp_path / "differs.png")

    form.reload()
    form.wait_for_load_state("load")
    expect(text).to_have_value(mine)
    expect(differs).to_be_visible()
    choose(form, "suspicion", "3")
    expect(form.locator("#saved")).to_contain_text("Draft saved")
    expect(text).to_have_value(mine)
    form.get_by_role("button", name="Use the proposed text").click()
    expect(text).to_have_value("No lesion at all. New or active PML suspected (level 3 of 4).")
    expect(differs).to_be_hidden()


def test_a_text_that_was_emptied_by_hand_stays_empty(form: Page) -> None:
    """Who dictates empties the field first; the proposal waits behind its button."""
    choose(form, "new_lesion", "no_lesion")
    choose(form, "suspicion", "0")
    text = form.locator(TEXT)
    expect(text).to_have_value(re.compile("No lesion"))
    text.press("Control+a")
    text.press("Delete")
    choose(form, "suspicion", "1")
    expect(form.locator("#saved")).to_contain_text("Draft saved")
    expect(form.get_by_role("button", name="Use the proposed text")).to_be_visible()
    expect(text).to_have_value("")
