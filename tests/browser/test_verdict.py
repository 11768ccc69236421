"""Judging a protocol otherwise, in a real Chromium; and what the sender's coordinator then reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from routing_rules.protocol.assessment import assess
from support.objects.series_facts import one, stack
from support.web_gateway import PASSWORD, WebGateway, phantom, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with a reader and the coordinator of a site."""
    with running(tmp_path_factory.mktemp("verdict")) as gateway:
        gateway.add("anna", "reader", name="Dr. Anna Roth")
        gateway.add("nora", "coordinator", "north", name="Nora Lind")
        yield gateway


def without_flair() -> dict[str, Any]:
    """The verdict on a study that has two T2 and, of unknown place, diffusion, and no FLAIR."""
    series = [
        one("t2", series_number=3, slice_thickness_mm=5.0),
        one("t2", series_number=5, series_instance_uid="slab", stacks=(stack(normal_mm=12.0),)),
        one("dwi", series_number=4, stacks=()),
    ]
    return assess(series, suspected=False).to_json()


def sign_in(page: Page, web: WebGateway, login: str) -> None:
    """Through the form, as people do."""
    page.goto(web.address)
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("load")


def test_the_reader_judges_and_the_site_reads_it(page: Page, web: WebGateway, tmp_path: Path) -> None:
    """Claimed, judged with a reason: both verdicts stand on case, form and queue; the coordinator reads the letter."""
    case_id = web.case(readability="not_readable", verdict=without_flair())
    web.images(case_id, phantom())
    sign_in(page, web, "anna")
    page.goto(f"{web.address}/cases/{case_id}")
    protocol = page.locator("#protocol")
    expect(protocol.get_by_text("Judge it otherwise")).to_have_count(0)
    page.get_by_role("button", name="Claim and report").click()
    page.get_by_role("link", name="Judge it otherwise").click()
    protocol.get_by_text("Judge it otherwise").click()
    expect(protocol.get_by_role("radio", name="Not readable for the question (as found)")).to_be_disabled()
    protocol.locator(
        "label:has(input[value=readable_with_limits])"
    ).click()  # once nothing above it moves any more
    expect(protocol.get_by_role("radio", name="Readable with limits")).to_be_checked()
    protocol.get_by_label("Reason").fill("An older FLAIR shows the same lesions")
    protocol.screenshot(path=tmp_path / "judging.png")
    protocol.get_by_role("button", name="Keep this judgement").click()
    expect(protocol.locator(".judged")).to_contain_text("anna judged: Readable with limits")
    expect(protocol.locator(".checks .unmet")).to_contain_text("FLAIR")
    expect(protocol.locator(".checks .met")).to_contain_text("144 mm head to foot")
    expect(protocol.locator(".checks .met")).to_contain_text("besides: series 5: covers 12 mm only")
    expect(protocol.locator(".checks .not-known")).to_contain_text("DWI")
    expect(protocol.locator(".judged")).to_contain_text("found by the gateway: Not readable")
    page.screenshot(path=tmp_path / "judged.png", full_page=True)
    page.goto(f"{web.address}/cases/{case_id}/report")
    expect(page.locator("#section-protocol .judged")).to_contain_text("An older FLAIR")
    page.locator("#section-protocol").screenshot(path=tmp_path / "form.png")
    page.goto(web.address)
    row = page.locator(f"tr[data-case='{case_id}']")
    expect(row).to_contain_text("Readable with limits")
    expect(row).to_contain_text("found: Not readable")
    page.screenshot(path=tmp_path / "queue.png")
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, web, "nora")
    page.goto(f"{web.address}/studies")
    page.get_by_text("What is missing, and what to send").first.click()
    expect(page.locator(".letter p").first).to_contain_text("Send a FLAIR series of the whole brain")
    page.screenshot(path=tmp_path / "studies.png", full_page=True)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{web.address}/cases/{case_id}")
    expect(page.locator(".letter p")).to_be_visible()
    page.screenshot(path=tmp_path / "phone.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
