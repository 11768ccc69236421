"""The earlier studies of a patient in a real Chromium: chosen, shown, and what the report says of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, Route, expect
from pydicom import dcmread

from gateway.imaging.gzip_parts import PartsWriter
from gateway.imaging.nifti_header import VolumeHeader, header_bytes
from gateway.imaging.study_index import StudyIndex
from gateway.records import ledger
from gateway.records.ledger import AlignmentOutcome, Wanted
from gateway.records.tables.change_maps import CaseChangeMap
from gateway.records.tables.pictures import CasePictures
from gateway.records.views import case_rows, picture_rows
from support.objects.dicom_files import encoded
from support.pictures import make, put, slices
from support.web_gateway import PASSWORD, WebGateway, running

pytestmark = pytest.mark.browser

NUMBERS = count()


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with a reader."""
    with running(tmp_path_factory.mktemp("comparing")) as gateway:
        gateway.add("anna", "reader", name="Dr. Anna Roth")
        yield gateway


def visits(web: WebGateway, *days: str) -> list[int]:
    """A case of one patient for each day (YYYYMMDD), with a FLAIR and an ADC; readers see them five years earlier."""
    patient = web.patient()
    values = np.arange(4 * 12 * 10, dtype=np.int16).reshape(4, 12, 10)
    kinds = [{"series_number": number, "kind": kind} for number, kind in enumerate(("flair", "adc"), start=1)]
    cases = []
    for day in days:
        shifted = f"{int(day[:4]) - 5}{day[4:]}"
        case_id = web.case(series=kinds, shifted_study_date=shifted)
        put(web, case_id, [ds for kind in kinds for ds in slices(values, SeriesNumber=kind["series_number"])])
        web.belongs(case_id, patient, day)
        cases.append(case_id)
    return cases


def opened(page: Page, web: WebGateway, case_id: int, *, report: bool = True) -> Page:
    """Signed in, at the report of the case, or at its page, with its pictures."""
    page.goto(web.address)
    page.get_by_label("Login").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("/sign-in"))
    page.goto(f"{web.address}/cases/{case_id}")
    if report:
        page.get_by_role("button", name="Claim and report").click()
        expect(page).to_have_url(re.compile("/report"))
    expect(page.locator(".pane").first).to_have_attribute("data-shown", re.compile(r"s\d"))
    return page


def prior(page: Page, case_id: int) -> Locator:
    """The button of an earlier study on the time line."""
    return page.locator(f'[data-prior="{case_id}"]')


def compared(page: Page) -> tuple[str, str]:
    """What the form says: compared or not, and with the study of which day."""
    answers: Any = page.evaluate(
        """() => [document.querySelector('[name="comparison.done"]:checked')?.value || "",
                  document.querySelector('[name="comparison.prior_study_date"]').value]"""
    )
    return answers[0], answers[1]


def test_choosing_a_prior_fills_panes_and_the_reports_comparison(page: Page, web: WebGateway) -> None:
    """The last one stands there by itself, and nothing is answered for the reader; a choice of theirs is."""
    old, new, present = visits(web, "20250101", "20250401", "20250601")
    opened(page, web, present)
    expect(prior(page, new)).to_have_attribute("aria-pressed", "true")
    beside = page.locator(".pane").nth(1)
    expect(beside.locator(".tr")).to_contain_text("61 days earlier")
    assert compared(page) == ("", "")
    prior(page, old).click()
    expect(prior(page, old)).to_have_attribute("aria-pressed", "true")
    expect(beside.locator(".tr")).to_contain_text("151 days earlier")
    assert compared(page) == ("yes", "2020-01-01")
    expect(page.locator("#saved")).to_contain_text("Draft saved")
    prior(page, new).click()
    expect(page.locator('[name="comparison.prior_study_date"]')).to_have_value("2020-04-01")


def test_a_comparison_that_the_reader_wrote_is_never_written_over(page: Page, web: WebGateway) -> None:
    """The other study is offered, and one press takes it."""
    old, _, present = visits(web, "20250101", "20250401", "20250601")
    opened(page, web, present)
    page.locator('[name="comparison.prior_study_date"]').fill("2019-12-24")
    prior(page, old).click()
    offer = page.get_by_role("button", name="Compared with the one of 2020-01-01 (shifted)")
    expect(offer).to_be_visible()
    assert compared(page) == ("", "2019-12-24")
    offer.click()
    assert compared(page) == ("yes", "2020-01-01")
    expect(offer).to_have_count(0)


def test_not_compared_stays_so_whatever_stands_beside(page: Page, web: WebGateway) -> None:
    """An answer without a day is an answer."""
    old, _, present = visits(web, "20250101", "20250401", "20250601")
    opened(page, web, present)
    page.locator("label", has=page.locator('[name="comparison.done"][value="no"]')).click()
    prior(page, old).click()
    expect(prior(page, old)).to_have_attribute("aria-pressed", "true")
    assert compared(page) == ("no", "")


def test_of_two_choices_the_last_one_counts(page: Page, web: WebGateway) -> None:
    """Even when the answer to the first one comes last: no picture of one visit stands under the day of another."""
    oldest, old, _, present = visits(web, "20250101", "20250201", "20250401", "20250601")
    opened(page, web, present)
    waiting: list[Route] = []
    page.route(re.compile(rf"reading\?prior={oldest}$"), lambda route: waiting.append(route))
    prior(page, oldest).click()
    prior(page, old).click()
    expect(prior(page, old)).to_have_attribute("aria-pressed", "true")
    with page.expect_response(re.compile(rf"reading\?prior={oldest}$")):
        waiting[0].continue_()
    expect(page.locator(".pane").nth(1).locator(".tr")).to_contain_text("120 days earlier")
    expect(prior(page, old)).to_have_attribute("aria-pressed", "true")
    assert compared(page) == ("yes", "2020-02-01")


def test_a_prior_that_does_not_come_is_told_and_the_one_before_stays(page: Page, web: WebGateway) -> None:
    """Nothing of the time line, the panes or the form says that another study stands there."""
    old, new, present = visits(web, "20250101", "20250401", "20250601")
    opened(page, web, present)
    page.route(re.compile(r"reading\?prior="), lambda route: route.abort())
    prior(page, old).click()
    expect(page.locator(".time-line [role=alert]")).to_contain_text("could not be put beside this one")
    expect(prior(page, new)).to_have_attribute("aria-pressed", "true")
    assert compared(page) == ("", "")


def test_layouts_series_and_priors_are_reached_by_keyboard_alone(page: Page, web: WebGateway) -> None:
    """Number keys for layouts, the series strip and the time line by Tab and Enter; every series is counted."""
    old, _, present = visits(web, "20250101", "20250401", "20250601")
    opened(page, web, present, report=False)
    expect(page.locator("[data-counted]")).to_have_text("2 of 2 series, 8 of 8 images")
    expect(
        page.get_by_role("group", name=re.compile("61 days earlier FLAIR.*, image 3 of 4"))
    ).to_be_visible()
    for key, panes in (("2", 8), ("3", 4), ("4", 1), ("1", 4)):
        page.keyboard.press(key)
        expect(page.locator(".pane")).to_have_count(panes)
    for number in range(2):
        page.locator(".thumb").nth(number).focus()
        page.keyboard.press("Enter")
        expect(page.locator(".pane").first).to_have_attribute("data-shown", re.compile(rf"s{number}-"))
    prior(page, old).focus()
    page.keyboard.press("Enter")
    expect(prior(page, old)).to_have_attribute("aria-pressed", "true")
    expect(prior(page, old)).to_be_focused()


def test_what_is_dropped_on_a_pane_and_is_no_series_changes_nothing(page: Page, web: WebGateway) -> None:
    """A file, a link or a text of another page is no first series."""
    [present] = visits(web, "20250601")
    opened(page, web, present, report=False)
    page.locator(".thumb").nth(1).click()
    pane = page.locator(".pane").first
    expect(pane).to_have_attribute("data-shown", re.compile("s1-"))
    pane.evaluate(
        """(e) => { const data = new DataTransfer(); data.setData("text/plain", "0");
            e.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })); }"""
    )
    page.wait_for_timeout(300)
    expect(pane).to_have_attribute("data-shown", re.compile("s1-"))
    for at, press in ((page.locator(".thumb").first, page.mouse.down), (pane, page.mouse.up)):
        box = at.bounding_box()
        assert box
        page.mouse.move(box["x"] + 20, box["y"] + 30, steps=5)
        press()
    expect(pane).to_have_attribute("data-shown", re.compile("s0-"))


@pytest.mark.parametrize("width", [360, 1280, 1440])
def test_the_pictures_have_their_place_and_nothing_scrolls_sideways(
    page: Page, web: WebGateway, width: int
) -> None:
    """Beside the form they have most of the width; on a phone they stand above it."""
    *_, present = visits(web, "20250101", "20250401", "20250601")
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, web, present)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    pictures, form = (page.locator(each).bounding_box() for each in (".beside", "form.report"))
    assert pictures
    assert form
    if width == 360:
        assert pictures["y"] + pictures["height"] <= form["y"] + 1
    else:
        assert pictures["width"] / (pictures["width"] + form["width"]) >= 0.55
        assert form["width"] >= 400
    page.keyboard.press("2")
    expect(page.locator(".pane")).to_have_count(8)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def laid_over(web: WebGateway, case_id: int, prior: int, transform: list[list[float]]) -> None:
    """The prior is aligned with the case by this motion, as the worker would have kept it."""
    for number in (case_id, prior):
        make(web, number)
    with web.database.read() as session:
        versions = {number: session.get_one(CasePictures, number).version for number in (case_id, prior)}
    pair = Wanted(case_id, prior, versions[case_id], versions[prior], "flair")
    ledger.want_alignments(web.database, [pair])
    claim = ledger.claim_alignment(web.database, timedelta(minutes=1))
    assert claim is not None
    flat = [each for row in transform for each in row]
    assert ledger.keep_alignment(web.database, claim, AlignmentOutcome("aligned", flat, 0.3, 1.0))


def test_an_aligned_prior_is_cut_on_the_slices_of_the_case(page: Page, web: WebGateway) -> None:
    """The same place of the head is the same pixel in both, and the picture says how well they fit.

    The prior's head lay two columns further to the left and one slice higher in the scanner.
    """
    prior, case_id = visits(web, "20240101", "20240601")
    laid_over(web, case_id, prior, [[1, 0, 0, -1.6], [0, 1, 0, 0], [0, 0, 1, -2.5]])
    opened(page, web, case_id, report=False)
    current, other = page.locator(".pane").nth(0), page.locator(".pane").nth(1)
    for pane in (current, other):
        expect(pane).to_have_attribute("data-loaded", "")
    expect(other.locator(".br")).to_contain_text("laid over this study: rigid, cut anew, residual 0.3 mm")
    values = np.arange(4 * 12 * 10).reshape(4, 12, 10)
    for pane in (current, other):
        pane.evaluate("e => e.pane.to(2)")
        expect(pane).to_have_attribute("data-shown", "s0-0 2")
    read = "(e, at) => e.pane.probe(...e.pane.screenOf(...at)).value"
    assert current.evaluate(read, [3, 5]) == values[2, 5, 3]
    assert other.evaluate(read, [3, 5]) == pytest.approx(values[3, 5, 5], abs=0.01)
    assert other.evaluate(read, [9, 5]) == 0, "the prior does not reach there"
    same = "(e, at) => e.pane.probe(...e.pane.screenOf(...at)).point"
    assert other.evaluate(same, [3, 5]) == pytest.approx(current.evaluate(same, [3, 5]))


def test_what_was_not_aligned_does_not_say_that_it_was(page: Page, web: WebGateway) -> None:
    """A series in a frame of reference of its own is shown on its own slices."""
    prior, case_id = visits(web, "20240101", "20240601")
    with web.database.read() as session:
        blobs = [copy.blob for copy in case_rows.prepared(session, prior)]
    for blob in blobs:
        ds = dcmread(BytesIO(web.context.blobs.get(blob)))
        if ds.SeriesNumber == 2:
            ds.FrameOfReferenceUID = "2.25.98"
            web.context.blobs.put(blob, encoded(ds))
    laid_over(web, case_id, prior, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
    opened(page, web, case_id, report=False)
    page.locator("[data-layout=diffusion]").click()
    adc = page.locator(".pane").nth(3)
    expect(adc.locator(".br")).to_contain_text("not aligned: its series has a frame of reference of its own")
    expect(adc.locator(".br")).not_to_contain_text("laid over")


def with_map(web: WebGateway, case_id: int, prior: int) -> None:
    """A map of change of both, as the worker would have kept it: one place, at column 6, row 4 of slice 2."""
    with web.database.write("test") as session:
        versions = {number: session.get_one(CasePictures, number).version for number in (case_id, prior)}
        session.add(
            CaseChangeMap(
                case_id=case_id,
                prior_case_id=prior,
                state="made",
                version=versions[case_id],
                prior_version=versions[prior],
                stack="s0-0",
                prior_stack="s0-0",
                transform=[],
                result={
                    "components": [
                        {"number": 1, "kind": "new", "volume_ml": 0.05, "point": [-15.2, -26.4, 10.0]}
                    ],
                    "dropped": 2,
                    "more": 0,
                },
                wanted_at=datetime.now(UTC),
            )
        )
    index = StudyIndex.from_json(web.context.blobs.get(picture_rows.index_key(case_id, versions[case_id])))
    affine = next(stack.affine for stack in index.stacks if stack.key == "s0-0")
    assert affine is not None
    voxels = np.zeros((4, 12, 10), np.uint8)
    voxels[2, 4, 6] = 40
    writer = PartsWriter(header_bytes(VolumeHeader((10, 12, 4), affine, "|u1")))
    data = b"".join([writer.begin(), writer.piece(voxels.tobytes()), writer.end()])
    name = picture_rows.change_name(prior)
    web.context.blobs.put(picture_rows.volume_key(case_id, versions[case_id], name), data)
    parts = json.dumps(writer.parts.to_json()).encode()
    web.context.blobs.put(picture_rows.parts_key(case_id, versions[case_id], name), parts)


AMBER = """(canvas) => {
  const { width, height } = canvas;
  const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  let count = 0, x = 0, y = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] > data[at + 2] + 60) { count += 1; x += (at / 4) % width; y += Math.floor(at / 4 / width); }
  }
  return count ? [x / count / devicePixelRatio, y / count / devicePixelRatio] : null;
}"""
"""The middle of what is drawn in the colour of the map."""


def test_the_map_of_change_is_off_until_it_is_switched_on(page: Page, web: WebGateway) -> None:
    """Then it lies where it belongs, on its slice alone; its places are listed, and what it is not stands beside."""
    prior, case_id = visits(web, "20240101", "20240601")
    laid_over(web, case_id, prior, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]])
    with_map(web, case_id, prior)
    opened(page, web, case_id, report=False)
    flair = page.locator(".pane").nth(0)
    expect(flair).to_have_attribute("data-loaded", "")
    box = page.locator(".change-map")
    expect(box).to_contain_text("not a diagnosis")
    expect(box).to_contain_text("2 smaller than 2 mm left out")
    flair.evaluate("e => { e.pane.crosshair = false; e.pane.draw([]); }")
    page.get_by_role("button", name="new 0.05 ml").click()
    expect(flair).to_have_attribute("data-shown", "s0-0 2")
    assert flair.locator("canvas").evaluate(AMBER) is None
    page.keyboard.press("o")
    expect(page.get_by_role("button", name="Map of change")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(300)
    at = flair.evaluate("e => e.pane.screenOf(6, 4)")
    assert flair.locator("canvas").evaluate(AMBER) == pytest.approx(at, abs=3)
    flair.evaluate("e => e.pane.to(1)")
    expect(flair).to_have_attribute("data-shown", "s0-0 1")
    page.wait_for_timeout(200)
    assert flair.locator("canvas").evaluate(AMBER) is None


def test_without_a_map_the_reason_is_told(page: Page, web: WebGateway) -> None:
    """Nothing looks like "no change" that nobody has looked for."""
    _, case_id = visits(web, "20240101", "20240601")
    opened(page, web, case_id, report=False)
    expect(page.locator(".change-map")).to_contain_text("No map of change:")
    page.keyboard.press("o")
    expect(page.get_by_role("button", name="Map of change")).to_have_count(0)


def test_an_unaligned_prior_follows_by_position_and_shows_no_crosshair(page: Page, web: WebGateway) -> None:
    """A crosshair would say that this is the same place of the head."""
    _, case_id = visits(web, "20240101", "20240601")
    opened(page, web, case_id, report=False)
    current, other = page.locator(".pane").nth(0), page.locator(".pane").nth(1)
    expect(other.locator(".br")).to_contain_text("not aligned: scroll by hand")
    current.focus()
    page.keyboard.press("End")
    expect(current).to_have_attribute("data-shown", "s0-0 3")
    expect(other).to_have_attribute("data-shown", "s0-0 3")
    assert other.evaluate("e => e.pane.cross") is None
