"""The surveillance page in a real Chromium: enrolling, importing, editing, on a wide and on a narrow screen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gateway.pipeline.steps import calendar
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.records import ledger
from support.web_gateway import PASSWORD, WebGateway, running

pytestmark = pytest.mark.browser

KEY = PseudonymKey(b"k" * 32, "test")


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway whose worker was started once, with a coordinator and a lead."""
    with running(tmp_path_factory.mktemp("surveillance")) as gateway:
        gateway.add("carla", "coordinator", "north", name="Carla Brandt")
        gateway.add("lena", "lead", name="Dr. Lena Feld")
        gateway.add("ada", "admin", name="Ada Kern")
        ledger.publish_letterbox(gateway.database, KEY)
        yield gateway


def sign_in(page: Page, web: WebGateway, login: str) -> None:
    """Through the form, as people do, and on to the calendar."""
    page.goto(f"{web.address}/sign-in?next=/surveillance")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/surveillance")


def day(ago: int) -> str:
    """A day before today."""
    return (datetime.now(UTC).date() - timedelta(days=ago)).isoformat()


def a_list() -> str:
    """Forty patients in every state, and two lines nobody can use."""
    head = "patient_id;label;enrolled_on;last_mri;jcv;index;months;prior_is\n"
    lines = [
        f"P-{number};R-{number:03};{day(500)};{day(20 + number * 11) if number % 9 else ''};"
        f"{('pos', 'neg', '')[number % 3]};{0.4 + number / 20:.2f};{number};{('no', 'yes', '')[number % 3]}\n"
        for number in range(40)
    ]
    return head + "".join(lines) + "P-41;R-041;;;perhaps;;;\nP-42;born 1.2.1960;;;;;;\n"


def test_a_coordinator_enrols_a_list_then_one_patient_and_edits(
    page: Page, web: WebGateway, tmp_path: Path
) -> None:
    """Empty at first; the bad lines are told; the plot and the reasons are there; an edit moves the date."""
    sign_in(page, web, "carla")
    expect(page.get_by_text("Nobody is enrolled yet.")).to_be_visible()
    page.screenshot(path=tmp_path / "empty.png", full_page=True)
    page.get_by_label("CSV file").set_input_files(
        {"name": "list.csv", "mimeType": "text/csv", "buffer": a_list().encode()}
    )
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("status").filter(has_text="40 patients of the list enrolled")).to_be_visible()
    expect(page.get_by_text("Line 42")).to_be_visible()
    page.screenshot(path=tmp_path / "imported.png")
    calendar.open_letters(web.database, KEY)
    page.goto(f"{web.address}/surveillance")
    expect(page.get_by_role("img")).to_have_count(2)
    page.screenshot(path=tmp_path / "calendar.png", full_page=True)
    page.get_by_role("link", name="No MRI yet").click()
    expect(page.locator("table.patients tbody tr")).to_have_count(5)
    enrol = page.locator("section", has=page.get_by_role("heading", name="Enrol a patient"))
    enrol.get_by_label("PatientID", exact=False).first.fill("QX-777-31")
    enrol.get_by_label("Label").fill("R-777")
    enrol.get_by_label("Last full MRI").fill(day(200))
    enrol.get_by_role("button", name="Enrol").click()
    expect(page.get_by_role("status").filter(has_text="Enrolled.")).to_be_visible()
    calendar.open_letters(web.database, KEY)
    page.goto(f"{web.address}/surveillance?show=overdue")
    mine = page.locator("tr", has_text="R-777")
    expect(mine).to_contain_text("JC virus status is not known, taken as positive")
    mine.get_by_text("Edit or end").click()
    mine.get_by_label("JC virus antibodies").select_option("negative")
    mine.get_by_label("Antibodies tested on").fill(day(30))
    page.screenshot(path=tmp_path / "edit.png")
    mine.get_by_role("button", name="Keep the changes").click()
    expect(page.locator("tr", has_text="R-777")).to_contain_text("NTZ-LOW")
    assert "QX-777-31" not in page.content()


def test_a_phone_and_a_lead(page: Page, web: WebGateway, tmp_path: Path) -> None:
    """Nothing is wider than a narrow screen; a lead sees numbers of sites and no patient."""
    client = web.client("carla")
    client.post("/api/surveillance/import", content=a_list())
    calendar.open_letters(web.database, KEY)
    sign_in(page, web, "carla")
    page.set_viewport_size({"width": 390, "height": 800})
    page.get_by_text("Edit or end").first.click()
    page.screenshot(path=tmp_path / "phone.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Sign out").click()
    page.set_viewport_size({"width": 1280, "height": 900})
    sign_in(page, web, "lena")
    expect(page.get_by_role("heading", name="north")).to_contain_text("patients")
    expect(page.locator("table, form:not([action='/sign-out']):not([method='dialog'])")).to_have_count(0)
    page.screenshot(path=tmp_path / "lead.png")
