"""Marking a lesion in a real Chromium: a click, an axis, a region; kept with their place, drawn after a reload."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from support.pictures import enhanced, put
from support.web_gateway import PASSWORD, WebGateway, phantom, running

pytestmark = pytest.mark.browser

LESION = (-33.0, -37.0, 33.0)
"""The middle of the phantom's lesion, mm (`gateway.demo.anatomy`)."""
ON_SCREEN = """([x, y]) => {
  const pane = document.querySelector(".pane[data-focused]").pane;
  const frame = pane.frames[pane.shown.index];
  const [column, row] = [(x - frame.position[0]) / frame.spacing[1], (y - frame.position[1]) / frame.spacing[0]];
  const [left, top] = pane.screenOf(column, row);
  const box = pane.element.getBoundingClientRect();
  return [box.left + left, box.top + top, frame.position[2]];
}"""
DRAWN = """() => [...document.querySelectorAll(".pane")].map(
  (each) => each.pane.items.map(({kind, label}) => [kind, label]))"""
ON_ALL = """() => [...document.querySelectorAll(".pane")].filter((each) => each.pane.shown)
  .every((each) => each.pane.items.length === 1)"""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with one reader."""
    with running(tmp_path_factory.mktemp("marks")) as gateway:
        gateway.add("anna", "reader", name="Dr. Anna Roth")
        yield gateway


def opened(page: Page, web: WebGateway) -> int:
    """A claimed case with the phantom's pictures, its report open and its first picture shown."""
    case_id = web.case(referral="suspected_pml")
    web.images(case_id, phantom())
    claim(page, web, case_id)
    shown(page)
    return case_id


def claim(page: Page, web: WebGateway, case_id: int) -> None:
    """The report of a case, claimed by a reader who signs in first."""
    page.goto(web.address)
    if "/sign-in" in page.url:
        page.get_by_label("Login").fill("anna")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).not_to_have_url(re.compile("/sign-in"))
    page.goto(f"{web.address}/cases/{case_id}")
    page.get_by_role("button", name="Claim and report").click()
    page.wait_for_url("**/report", wait_until="load")


def shown(page: Page) -> None:
    """Until the focused picture is complete."""
    expect(page.locator(".pane[data-focused] .bl")).to_contain_text("/ 3")
    page.wait_for_function("() => document.querySelector('.pane[data-focused]').pane.about")


def kept(page: Page) -> list[dict[str, Any]]:
    """The marks that the form holds."""
    values = page.locator("[data-group] [data-drawn] input:checked").evaluate_all(
        "all => all.map((each) => each.value)"
    )
    return [json.loads(value) for value in values]


def at(page: Page, x: float, y: float) -> tuple[float, float, float]:
    """Where on the screen a place of the shown slice is, and its height in mm."""
    left, top, z = page.evaluate(ON_SCREEN, [x, y])
    return left, top, z


def test_a_click_marks_a_lesion_where_it_is(page: Page, web: WebGateway, tmp_path: Path) -> None:
    """The mark is in mm within a pixel of the click, makes a lesion, is drawn on every series, and can be removed."""
    case_id = opened(page, web)
    page.get_by_role("button", name="Point", exact=True).click()
    left, top, z = at(page, *LESION[:2])
    page.mouse.click(left, top)
    expect(page.get_by_role("heading", name="Lesion 1")).to_be_visible()
    [mark] = kept(page)
    assert mark["kind"] == "point"
    assert mark["points"][0] == pytest.approx([*LESION[:2], z], abs=1.0)
    assert "frame" not in mark, "an object of one frame is named without it"
    page.wait_for_function(ON_ALL)
    drawn = page.evaluate(DRAWN)
    assert [each for each in drawn if each] == [[["point", "Lesion 1"]]] * sum(map(bool, drawn))
    expect(page.locator("#saved")).to_contain_text("Draft saved")
    page.screenshot(path=tmp_path / "point.png", full_page=True)

    page.reload(wait_until="load")
    shown(page)
    assert kept(page) == [mark]
    page.wait_for_function(
        "() => document.querySelector('.pane[data-focused]').pane.items.length === 1", timeout=10_000
    )
    told = web.client("anna").get(f"/api/cases/{case_id}/report").json()
    assert not [each for each in told["problems"] if each["field"].endswith(".marks")]
    page.get_by_role("button", name=re.compile("^Remove Point")).click()
    assert kept(page) == []
    page.wait_for_function(
        "() => document.querySelector('.pane[data-focused]').pane.items.length === 0", timeout=10_000
    )


def test_a_long_axis_fills_the_measure_of_its_lesion(page: Page, web: WebGateway, tmp_path: Path) -> None:
    """Dragged from end to end; what was typed by hand stays."""
    opened(page, web)
    page.get_by_role("button", name="Long axis", exact=True).click()
    (left, top, _), (right, bottom, _) = at(page, -43, -37), at(page, -23, -37)
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move((left + right) / 2, (top + bottom) / 2)
    page.mouse.move(right, bottom)
    page.screenshot(path=tmp_path / "ruler.png")
    page.mouse.up()
    field = page.locator('[name="lesions.0.long_axis_mm"]')
    assert float(field.input_value()) == pytest.approx(20, abs=1.0)
    [mark] = kept(page)
    assert mark["kind"] == "long_axis"
    field.fill("31")
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(right - 30, bottom)
    page.mouse.up()
    assert field.input_value() == "31"
    assert len(kept(page)) == 2


def test_a_region_is_outlined_measured_and_kept(page: Page, web: WebGateway, tmp_path: Path) -> None:
    """A click in the lesion of a FLAIR grows to its edge; the brush adds to it; its volume goes into the form."""
    case_id = opened(page, web)
    page.get_by_role("button", name="Region", exact=True).click()
    left, top, _ = at(page, *LESION[:2])
    page.mouse.click(left, top)
    keep = page.locator("[data-keep]")
    expect(keep).to_have_text(re.compile(r"Keep region \d+\.\d\d ml"))
    grown = float(re.findall(r"[\d.]+", keep.inner_text())[0])
    page.screenshot(path=tmp_path / "region.png")
    page.get_by_role("button", name="Brush", exact=True).click()
    x, y, _ = at(page, -60, 0)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 12, y + 12)
    page.mouse.up()
    assert float(re.findall(r"[\d.]+", keep.inner_text())[0]) > grown
    keep.click()
    [mark] = kept(page)
    assert mark["kind"] == "region"
    assert mark["method"] == "threshold"
    assert all(3 <= len(each["points"]) <= 100 for each in mark["outlines"])
    assert page.locator('[name="lesions.0.volume_cm3"]').input_value() == mark["volume_ml"]
    expect(page.locator("#saved")).to_contain_text("Draft saved")
    told = web.client("anna").get(f"/api/cases/{case_id}/report").json()
    assert not [each for each in told["problems"] if each["field"].endswith(".marks")]
    page.screenshot(path=tmp_path / "kept.png", full_page=True)


def test_a_lesion_is_marked_by_keyboard(page: Page, web: WebGateway) -> None:
    """Without a mouse the middle of the picture, or the crosshair, is marked."""
    opened(page, web)
    page.locator(".pane[data-focused]").focus()
    page.keyboard.press("b")
    assert [each["kind"] for each in kept(page)] == ["point"]


def test_two_frames_of_one_object_are_two_key_images(page: Page, web: WebGateway) -> None:
    """Frame 21, then 71, of an object stored from the top down: both stay, also after a reload, by their places."""
    case_id = web.case(series=[{"series_number": 2, "kind": "flair"}])
    values = np.arange(80 * 64, dtype=np.int16).reshape(80, 8, 8)
    put(web, case_id, [enhanced(values, [(1.0, 0.0)] * 80, SeriesNumber=2)])
    claim(page, web, case_id)
    expect(page.locator(".pane[data-focused] .bl")).to_contain_text("/ 80")
    page.get_by_role("button", name="Add a lesion").click()
    for number in (60, 10):
        page.evaluate("(n) => document.querySelector('.pane[data-focused]').pane.to(n - 1)", number)
        expect(page.locator(".pane[data-focused] .bl")).to_contain_text(f"{number} / 80")
        page.get_by_role("button", name="Mark as key image").click()
    names = page.locator("[data-group] [data-marks] [data-uid]")
    expect(names).to_have_text([re.compile(r" 10$"), re.compile(r" 60$")])
    expect(page.locator("#saved")).to_contain_text("Draft saved")
    page.reload(wait_until="load")
    expect(names).to_have_text([re.compile(r" 10$"), re.compile(r" 60$")])
    values = page.locator("[data-group] [data-marks] input:checked").evaluate_all(
        "all => all.map((e) => e.value)"
    )
    assert [value.split("#")[1] for value in values] == ["71", "21"]
    assert len({value.split("#")[0] for value in values}) == 1


def test_a_known_lesion_stands_here_only_where_both_are_aligned(page: Page, web: WebGateway) -> None:
    """Through the alignment, dashed and with its words; without one it stays off this study's pictures."""
    case_id = web.case(referral="suspected_pml")
    web.images(case_id, phantom())
    images = web.client("anna").get(f"/api/cases/{case_id}/images").json()
    stack = next(each for each in images["stacks"] if each["kind"] == "flair")
    z = stack["frames"][1]["position"][2]
    mark = {"kind": "point", "series": "2.25.1", "uid": "2.25.2", "points": [[LESION[0] - 7, LESION[1], z]]}
    aligned = {"state": "aligned", "why": "", "residual_mm": 0.3, "limit_mm": 1.0}
    moved = [[1, 0, 0, 7], [0, 1, 0, 0], [0, 0, 1, 0]]
    state: dict[str, Any] = {"alignment": aligned | {"transform": moved}}

    def answer(route: Route) -> None:
        told = route.fetch().json()
        prior = {"case": 999, "days": 91, "label": "91 days earlier", "study_day": "", "comparable": True}
        prior |= {"why_not": "", "images": "", "report": None, **state}
        told |= {"priors": [prior], "chosen_prior": 999}
        label = "known lesion 1: here last time"
        told["lesions_before"] = [{"number": 1, "case": 999, "label": label, "mark": mark}]
        route.fulfill(json=told)

    page.route("**/reading", answer)
    claim(page, web, case_id)
    shown(page)
    page.wait_for_function("() => document.querySelector('.pane[data-focused]').pane.items.length === 1")
    [item] = page.evaluate("() => document.querySelector('.pane[data-focused]').pane.items")
    assert (item["known"], item["label"]) == (True, "known lesion 1: here last time")
    assert item["points"] == [[LESION[0], LESION[1], z]]
    state["alignment"] = aligned | {"state": "refused", "why": "different heads", "transform": None}
    page.reload(wait_until="load")
    shown(page)
    page.locator(".pane[data-focused]").focus()
    page.keyboard.press("j")
    expect(page.locator(".pane[data-focused] .bl")).to_contain_text("3 / 3")
    assert page.evaluate("() => document.querySelector('.pane[data-focused]').pane.items") == []
