"""A reader's whole work in a real Chromium: sign in, claim, look, fill the form, sign."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from gateway.reporting.example import phantom_form
from support.objects.dicom_files import mr_dataset
from support.web_gateway import PASSWORD, WebGateway, phantom, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with two readers, a coordinator and a suspected case with the phantom's images."""
    with running(tmp_path_factory.mktemp("browser")) as gateway:
        gateway.add("anna", "reader", name="Dr. Anna Roth")
        gateway.add("olga", "admin")
        gateway.add("ben", "reader", name="Dr. Ben Vogt")
        gateway.add("carla", "coordinator", "north", "Carla North")
        yield gateway


def sign_in(page: Page, web: WebGateway, login: str = "anna") -> None:
    """Through the form, as people do."""
    page.goto(web.address)
    expect(page).to_have_url(re.compile("/sign-in"))
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("/sign-in"))
    page.wait_for_load_state("load")  # the scripts listen for keys from then on


def answer(page: Page, name: str, value: str | list[str]) -> None:
    """Give one answer of the form, whatever control asks for it."""
    controls: Locator = page.locator(f'[name="{name}"]')
    kind = controls.first.get_attribute("type")
    if kind in ("radio", "checkbox"):
        for each in [value] if isinstance(value, str) else value:
            box = page.locator(f'[name="{name}"][value="{each}"]')
            if not box.is_checked():  # by its label, as people do: it is waited for until it stands still
                page.locator("label", has=box).click()
            expect(box).to_be_checked()
    elif controls.evaluate("one => one.tagName") == "SELECT":
        controls.select_option(str(value))
    elif kind == "datetime-local":
        controls.fill(str(value)[:16])
    else:
        controls.fill(str(value))


def test_a_reader_signs_in_claims_reads_and_signs(page: Page, web: WebGateway, tmp_path: Path) -> None:
    """From the sign-in to a signed report, by keyboard and mouse, with images beside the form."""
    case_id = web.case(referral="suspected_pml", priority=1)
    web.images(case_id, phantom())
    sign_in(page, web)
    page.keyboard.press("j")
    expect(page.locator("tr.at")).to_have_attribute("data-case", str(case_id))
    page.screenshot(path=tmp_path / "queue.png")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile(f"/cases/{case_id}/report"))

    page.wait_for_load_state("load")
    picture = page.locator(".pane[data-focused]")
    expect(picture.locator(".bl")).to_contain_text("2 / 3")
    page.keyboard.press("j")
    expect(picture.locator(".bl")).to_contain_text("3 / 3")
    expect(page.locator("[data-counted]")).to_contain_text("images")

    page.get_by_role("button", name="Add a lesion").click()
    expect(page.get_by_role("heading", name="Lesion 1")).to_be_visible()
    page.locator("#section-request summary").click()
    for name, value in phantom_form(prior_study_date=None, told_at=datetime.now(UTC)).items():
        answer(page, name, value)
    page.get_by_role("button", name="Mark as key image").click()
    expect(page.locator("[data-marks] [data-uid]")).to_have_text("FLAIR 3")
    expect(page.locator("#missing")).to_contain_text("Everything is answered and agrees.")
    why = page.locator('[data-question="high_level_without_pml_lesion"]')
    expect(why).to_be_hidden()
    answer(page, "lesions.0.attribution", "ms")
    expect(why).to_be_visible()
    expect(page.locator("#missing")).to_contain_text("every lesion favours MS")
    page.screenshot(path=tmp_path / "why.png", full_page=True)
    why.get_by_label("Why?").fill("The ring on DWI outweighs the shape.")
    expect(page.locator("#missing")).to_contain_text("Everything is answered and agrees.")
    expect(why).to_be_visible()
    expect(page.locator("#saved")).to_contain_text("Draft saved")
    page.screenshot(path=tmp_path / "form.png", full_page=True)

    page.get_by_label("Password of Dr. Anna Roth").fill(PASSWORD)
    page.get_by_role("button", name="Sign the report").click()
    expect(page).to_have_url(re.compile(f"/cases/{case_id}$"))
    expect(page.locator(".path .here")).to_have_text("Signed")
    page.get_by_role("link", name="Signed report").click()
    expect(page.get_by_text("Signed by Dr. Anna Roth")).to_be_visible()
    expect(page.get_by_text("The ring on DWI outweighs the shape.")).to_be_visible()
    page.screenshot(path=tmp_path / "signed.png", full_page=True)


def test_the_queue_refreshes_by_itself(page: Page, web: WebGateway) -> None:
    """A new case and somebody else's claim appear without a reload."""
    sign_in(page, web)
    case_id = web.case(pseudonym="PML-APPEARED")
    expect(page.get_by_role("link", name="PML-APPEARED")).to_be_visible(timeout=15_000)
    web.client("ben").post(f"/api/cases/{case_id}/claim")
    expect(page.get_by_text("Dr. Ben Vogt is reading")).to_be_visible(timeout=15_000)


def test_a_draft_that_was_saved_elsewhere_is_told(page: Page, web: WebGateway) -> None:
    """The form says that it is stale and stops saving."""
    case_id = web.case()
    sign_in(page, web)
    page.goto(f"{web.address}/cases/{case_id}")
    page.get_by_role("button", name="Claim and report").click()
    page.wait_for_url("**/report", wait_until="load")
    elsewhere = web.client("anna").put(
        f"/api/cases/{case_id}/report", json={"version": 0, "content": {"narrative": "elsewhere"}}
    )
    assert elsewhere.status_code == 200
    page.locator('[name="narrative"]').fill("here")
    expect(page.locator("#saved")).to_contain_text("Not saved")
    assert web.client("anna").get(f"/api/cases/{case_id}/report").json()["content"] == {
        "narrative": "elsewhere"
    }


def test_a_coordinator_uploads_with_progress(page: Page, web: WebGateway) -> None:
    """Files chosen in the browser are kept, and the study's page follows."""
    sign_in(page, web, "carla")
    page.get_by_role("link", name="Upload").click()
    page.wait_for_url("**/upload", wait_until="load")
    files = []
    for number in (1, 2):
        stream = io.BytesIO()
        mr_dataset(number).save_as(stream, enforce_file_format=True)
        files.append({"name": f"{number}.dcm", "mimeType": "application/dicom", "buffer": stream.getvalue()})
    page.locator("#files").set_input_files(files)  # type: ignore[arg-type]
    expect(page).to_have_url(re.compile(r"/upload/\d+"))
    expect(page.get_by_text("2 objects")).to_be_visible()


def test_help_opens_with_a_key_and_the_skip_link_works(page: Page, web: WebGateway) -> None:
    """Keyboard readers find their way."""
    sign_in(page, web)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    page.goto(f"{web.address}/manual")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_phone_shows_the_queue_without_scrolling_sideways(page: Page, web: WebGateway) -> None:
    """Nothing is wider than a narrow screen."""
    web.case()
    page.set_viewport_size({"width": 390, "height": 800})
    sign_in(page, web)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_phone_shows_a_saved_draft_without_scrolling_sideways(page: Page, web: WebGateway) -> None:
    """The line with the buttons, which says when it was saved, takes a second line."""
    case_id = web.case()
    reader = web.client("anna")
    assert reader.post(f"/api/cases/{case_id}/claim").status_code == 200
    assert reader.put(f"/api/cases/{case_id}/report", json={"version": 0, "content": {}}).status_code == 200
    page.set_viewport_size({"width": 360, "height": 800})
    sign_in(page, web)
    page.goto(f"{web.address}/cases/{case_id}/report")
    expect(page.locator("#saved")).to_contain_text("Draft saved")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_for_those_who_run_it_scrolls_sideways(page: Page, web: WebGateway, width: int) -> None:
    """What is hidden from the eye takes no room: the inputs behind the buttons of the upload were as wide as it."""
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, web, "olga")
    for path in ("/upload", "/nodes", "/studies", "/surveillance", "/replies", "/?show=all"):
        page.goto(f"{web.address}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
