"""From a critical result to its acknowledgement, and from the hospital's words to the reader, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from gateway.lifecycle import CaseState
from gateway.records import ledger
from gateway.records.ledger.telling.chain import ChainStep, Way
from gateway.records.ledger.telling.critical import on_signed
from gateway.records.tables.administration import Account
from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.critical import CriticalResult
from gateway.records.tables.studies import Study
from gateway.reporting.example import phantom_report
from support.web_gateway import PASSWORD, WebGateway, phantom, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with a coordinator, a lead and a reader."""
    with running(tmp_path_factory.mktemp("telling")) as gateway:
        gateway.add("carla", "coordinator", "north", name="Carla Brandt")
        gateway.add("lena", "lead", name="Dr. Lena Feld")
        gateway.add("rita", "reader", name="Dr. Rita Sommer")
        yield gateway


def go(page: Page, web: WebGateway, login: str, path: str) -> None:
    """By a link, through the form of the sign-in, as people come."""
    page.goto(web.address + path)
    if "/sign-in" in page.url:
        page.get_by_label("Login").fill(login)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{path}")


def raised(web: WebGateway) -> tuple[int, int]:
    """A signed case and its critical result, whose first step was rung."""
    case_id = web.case(CaseState.REPORTED)
    with web.database.write("test") as session:
        now = web.database.now(session)
        report = SignedReport(
            case_id=case_id,
            version=1,
            content=phantom_report().model_dump(mode="json"),
            digest="0" * 64,
            signed_by=session.exec(select(Account.ids()).limit(1)).one(),
            signer_name="Dr. Rita Sommer",
            signer_login="rita",
            signed_at=now,
        )
        session.add(report)
        session.flush()
        on_signed(session, now, session.get_one(Case, case_id), report)
        number = session.exec(select(CriticalResult.ids()).where(CriticalResult.case_id == case_id)).one()
    ledger.ring_chains(web.database, lambda _: (ChainStep(timedelta(minutes=30), (Way("Ward", "mail"),)),))
    return case_id, number


@pytest.mark.parametrize("width", [360, 1280, 1440])
def test_a_link_leads_to_the_result_and_one_click_acknowledges(
    page: Page, web: WebGateway, width: int
) -> None:
    """Nothing is cut off; afterwards page and case say who and when."""
    case_id, number = raised(web)
    page.set_viewport_size({"width": width, "height": 900})
    go(page, web, "carla", f"/critical/{number}")
    expect(page.get_by_text("Critical result, not acknowledged.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="I have read this result").click()
    expect(page.get_by_text("by Carla Brandt")).to_be_visible()
    page.goto(f"{web.address}/cases/{case_id}")
    expect(page.get_by_text("Critical result acknowledged").first).to_be_visible()


def test_a_lead_notes_a_call(page: Page, web: WebGateway) -> None:
    """With who and when; the page says by whom it was noted."""
    _, number = raised(web)
    go(page, web, "lena", f"/critical/{number}")
    expect(page.get_by_role("button", name="I have read this result")).to_have_count(0)
    page.get_by_label("Who was told").fill("Dr Ward, neurologist on call")
    page.get_by_label("When, in UTC").fill(f"{datetime.now(UTC):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Note the call").click()
    expect(page.get_by_text("Dr Ward, neurologist on call was told by telephone")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1280, 1440])
def test_a_coordinator_tells_why_and_the_reader_sees_it_above_the_pictures(
    page: Page, web: WebGateway, width: int
) -> None:
    """An identity is refused where it was typed; the words stand above the pictures."""
    case_id = web.case()
    web.images(case_id, phantom())
    with web.database.read() as session:
        study = session.get_one(Study, session.get_one(Case, case_id).study_id)
    page.set_viewport_size({"width": width, "height": 900})
    go(page, web, "carla", f"/studies/{study.id}/context")
    page.get_by_label("Symptoms").fill("Frau Meyer is weak")
    page.get_by_role("button", name="Tell the readers").click()
    expect(page.get_by_text("names a person").first).to_be_visible()
    page.get_by_label("Symptoms").fill("Hemiparesis for 3 weeks")
    page.get_by_role("button", name="Tell the readers").click()
    expect(page.get_by_text("Its texts are compared with the images")).to_be_visible()
    assert study.id is not None
    ledger.keep_looked_at(web.database, study.id, 1, 1, (), (("ReasonForStudy", "MS control"),), 1)
    page.context.clear_cookies()
    go(page, web, "rita", f"/cases/{case_id}")
    told = page.locator("#told")
    expect(told.get_by_text("Hemiparesis for 3 weeks")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    above = told.bounding_box(), page.locator(".viewer").bounding_box()
    assert above[0] is not None
    assert above[1] is not None
    assert above[0]["y"] < above[1]["y"]


def test_what_is_typed_beside_an_upload_is_told_of_its_study(page: Page, web: WebGateway) -> None:
    """The files first, then the words; the study's page has them."""
    original = phantom()[0]
    stream = BytesIO()
    original.save_as(stream, enforce_file_format=True)
    go(page, web, "carla", "/upload")
    page.get_by_text("Why this study is sent").click()
    page.get_by_label("Question").fill("New lesion?")
    page.locator("#files").set_input_files(
        {"name": "a.dcm", "mimeType": "application/dicom", "buffer": stream.getvalue()}
    )
    page.wait_for_url("**/upload/*")
    page.get_by_role("link", name="For the readers").click()
    expect(page.get_by_label("Question")).to_have_value("New lesion?")
