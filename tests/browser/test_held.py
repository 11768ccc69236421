"""Deciding about held objects in a real Chromium: a picture is fetched only when a person opens it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import Case
from support.objects.held_objects import screen_capture, zip_report
from support.web_gateway import PASSWORD, WebGateway, phantom, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with a lead and a reader."""
    with running(tmp_path_factory.mktemp("held")) as gateway:
        gateway.add("lena", "lead", name="Dr. Lena Feld")
        gateway.add("anna", "reader", name="Dr. Anna Roth")
        yield gateway


def sign_in(page: Page, web: WebGateway, login: str) -> None:
    """Through the form, as people do."""
    page.goto(web.address)
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("load")


def looks(web: WebGateway) -> list[str]:
    """Who looked at originals."""
    with web.database.read() as session:
        events = session.exec(select(AuditEvent).where(AuditEvent.action == "original looked at")).all()
        return [event.who for event in events]


def test_a_lead_opens_the_picture_and_releases_the_object(
    page: Page, web: WebGateway, tmp_path: Path
) -> None:
    """Closed, nothing is fetched; opened, the picture is there and recorded; released, the page says by whom."""
    study = phantom()
    case_id = web.case()
    web.images(case_id, study)
    capture = web.held(case_id, screen_capture(study[0]))
    report = web.held(
        case_id,
        zip_report(study[0]),
        frames=0,
        releasable=False,
        problem="The object is not an MR image (Enhanced SR Storage).",
        fix="Such objects stay here; no one can release them.",
    )
    sign_in(page, web, "lena")
    page.goto(f"{web.address}/cases/{case_id}")
    section = page.locator("#stayed")
    section.scroll_into_view_if_needed()
    expect(section.get_by_text("stays here", exact=True)).to_have_count(2)
    page.wait_for_load_state("networkidle")
    assert looks(web) == [], "nothing was opened yet"
    expect(page.locator(f"[data-held='{report}']").get_by_role("button", name="Release")).to_have_count(0)
    mine = page.locator(f"[data-held='{capture}']")
    mine.get_by_text("Look at the picture").click()
    mine.locator("img").scroll_into_view_if_needed()
    expect(mine.locator("img")).to_have_js_property("naturalWidth", 240)
    assert looks(web) == ["lena"]
    section.screenshot(path=tmp_path / "held.png")
    page.screenshot(path=tmp_path / "held-page.png", full_page=True)
    mine.get_by_placeholder("Reason, without patient data").fill("only a side mark")
    mine.get_by_role("button", name="Release").click()
    expect(page.locator(f"[data-held='{capture}']")).to_contain_text("released by lena")
    expect(page.locator(".path .here")).to_have_text("Matched")
    with web.database.read() as session:
        assert session.get_one(Case, case_id).late_images


def test_a_stopped_case_on_a_phone(page: Page, web: WebGateway, tmp_path: Path) -> None:
    """The question stands above the images, and nothing is wider than a narrow screen."""
    study = phantom()
    case_id = web.case(
        state="MATCHED",
        problem="1 image of series 2 (flair) is held: BurnedInAnnotation says that text is burned into the pixels.",
        fix="Nothing was sent. Release them or leave them out on the case page (lead or admin).",
    )
    web.held(case_id, screen_capture(study[0], series=2), kind="flair", stops_case=True)
    sign_in(page, web, "lena")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{web.address}/cases/{case_id}")
    page.get_by_text("Look at the picture").click()
    page.screenshot(path=tmp_path / "phone.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_reader_sees_a_count(page: Page, web: WebGateway, tmp_path: Path) -> None:
    """What stayed, as a table without pictures or buttons."""
    study = phantom()
    case_id = web.case()
    web.held(case_id, screen_capture(study[0]))
    sign_in(page, web, "anna")
    page.goto(f"{web.address}/cases/{case_id}")
    section = page.locator("#stayed")
    expect(section).to_contain_text("Secondary Capture Image Storage")
    expect(section.locator("img, button, input")).to_have_count(0)
    section.screenshot(path=tmp_path / "reader.png")
