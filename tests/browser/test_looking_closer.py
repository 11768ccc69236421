"""Zoom, magnifier and slow images in a real Chromium: a millimetre is a millimetre in each linked pane."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from browser.test_pictures import case_of, opened, pane_at, values, viewer_started, web
from playwright.sync_api import Locator, Page, Route, expect

from support.pictures import slices
from support.web_gateway import WebGateway

__all__ = ["web"]
pytestmark = pytest.mark.browser


def shown(pane: Locator) -> Any:
    """Pixels of the screen for a mm, and the point of the patient in the middle."""
    return pane.evaluate("e => { const { perMm } = e.pane.layoutNow(); return [perMm, e.pane.middle]; }")


def two_fields(web: WebGateway) -> int:
    """A FLAIR, and a T2 of another field of view that does not begin at the same corner."""
    flair = slices(values(shape=(5, 40, 40)), SeriesNumber=1)
    t2 = slices(values(shape=(5, 40, 40)), SeriesNumber=2, PixelSpacing=[1.1, 1.0])
    for ds in t2:
        ds.ImagePositionPatient = [-24.0, -33.0, float(ds.ImagePositionPatient[2])]
    return case_of(web, {"flair": flair, "t2": t2})


def test_linked_panes_are_as_large_in_millimetres(page: Page, web: WebGateway) -> None:
    """From the first image on, when one is zoomed and moved, and again when everything is as it was."""
    opened(page, web, two_fields(web))
    viewer_started(page)
    page.keyboard.press("2")  # suspected PML: FLAIR and T2 among others
    panes = page.locator(".pane[data-stack]:not([data-stack=''])")
    expect(panes).to_have_count(2)
    first, second = panes.nth(0), panes.nth(1)
    for pane in (first, second):
        expect(pane).to_have_attribute("data-shown", re.compile(r"s\d"))
    before = shown(first)
    assert shown(second)[0] == pytest.approx(before[0])
    first.focus()
    for _ in range(3):
        page.keyboard.press("+")
    first.evaluate("e => e.pane.pan(7, -4)")
    closer, other = shown(first), shown(second)
    assert closer[0] == pytest.approx(before[0] * 1.25**3)
    assert other[0] == pytest.approx(closer[0])
    assert np.allclose(other[1][:2], closer[1][:2], atol=0.1)
    page.keyboard.press("r")
    assert shown(first)[0] == pytest.approx(before[0])
    assert shown(second)[0] == pytest.approx(before[0])


def test_a_field_that_is_much_larger_makes_no_other_small(page: Page, web: WebGateway) -> None:
    """A spine beside a head: each as large as it can be, with a scale of its own, until somebody looks closer."""
    head = slices(values(), SeriesNumber=1)
    spine = slices(values(), SeriesNumber=2, PixelSpacing=[2.7, 2.4])
    opened(page, web, case_of(web, {"flair": head, "t2": spine}))
    viewer_started(page)
    page.keyboard.press("2")
    panes = page.locator(".pane[data-stack]:not([data-stack=''])")
    expect(panes).to_have_count(2)
    for pane in (panes.nth(0), panes.nth(1)):
        expect(pane).to_have_attribute("data-shown", re.compile(r"s\d"))
        assert pane.evaluate("e => e.pane.view.zoom") == pytest.approx(1)
    assert shown(panes.nth(0))[0] == pytest.approx(3 * shown(panes.nth(1))[0])


def colour(pane: Locator, x: float, y: float) -> list[int]:
    """What the screen shows at a point of a pane."""
    told: list[int] = pane.evaluate(
        "(e, [x, y]) => [...e.querySelector('canvas').getContext('2d').getImageData(x, y, 1, 1).data]", [x, y]
    )
    return told


def test_the_magnifier_shows_what_is_under_it_three_times_as_large(page: Page, web: WebGateway) -> None:
    """Switched on and off by a key; what is beside it stays as it is."""
    stripes = np.zeros((5, 40, 40), np.int16)
    stripes[:, :, 22:] = 900
    opened(page, web, case_of(web, {"flair": slices(stripes, SeriesNumber=1)}))
    viewer_started(page)
    page.keyboard.press("4")
    pane = pane_at(page)
    expect(pane).to_have_attribute("data-shown", re.compile(r"s\d"))
    x, y = pane.evaluate("e => e.pane.screenOf(21.5, 20)")  # the edge between dark and bright
    at = x - 10, y
    page.evaluate("() => document.activeElement.blur()")
    pane.evaluate("(e, at) => e.pane.lensAt(...at)", list(at))
    page.wait_for_timeout(50)
    assert colour(pane, x + 4, y)[0] > 100
    page.keyboard.press("z")
    page.wait_for_timeout(50)
    # The edge was 10 pixels to the right of the pointer: it is 30 now.
    assert colour(pane, x + 4, y)[0] < 60
    assert colour(pane, at[0] + 40, y)[0] > 100
    page.keyboard.press("z")
    page.wait_for_timeout(50)
    assert colour(pane, x + 4, y)[0] > 100


def test_an_image_that_is_slow_says_that_it_is_on_its_way(page: Page, web: WebGateway) -> None:
    """The one before stands there with its own label until then."""
    opened(page, web, case_of(web, {"flair": slices(values(), SeriesNumber=1)}))
    pane = pane_at(page)
    held: list[Route] = []
    page.wait_for_load_state("networkidle")
    is_held = [True]

    def answer(route: Route) -> None:
        held.append(route) if is_held[0] else route.continue_()

    page.route("**/frames/**", answer)
    pane.evaluate("e => { e.pane.pixels.kept.clear(); e.pane.pixels.whole = null; }")
    here = pane.get_attribute("data-shown")
    pane.evaluate("e => { e.pane.to(e.pane.wanted + 1); }")
    expect(pane.locator(".pane-note")).to_have_text(re.compile(r"^Loading image \d …$"))
    assert pane.get_attribute("data-shown") == here
    is_held[0] = False
    for route in held:
        route.continue_()
    expect(pane).not_to_have_attribute("data-shown", str(here))
    expect(pane.locator(".pane-note")).to_be_hidden()


def test_a_middle_image_that_fails_hides_no_other(page: Page, web: WebGateway) -> None:
    """It is said where it would stand; the images beside it are drawn with a window of their own."""
    case = case_of(web, {"flair": slices(values(), SeriesNumber=1)})
    fails = {"status": 500, "json": {"title": "This image cannot be decoded."}}
    page.route(re.compile(r"/frames/[^/]+/2\.bin"), lambda route: route.fulfill(**fails))
    page.route(re.compile(r"/images/\d+/\d+\.png"), lambda route: route.fulfill(**fails))
    opened(page, web, case)
    pane = pane_at(page)
    expect(pane).to_have_attribute("data-shown", re.compile(r" 2$"))
    expect(pane.locator(".pane-note.bad")).to_be_visible()
    pane.evaluate("e => e.pane.step(1)")
    expect(pane).to_have_attribute("data-shown", re.compile(r" 3$"))
    expect(pane.locator(".pane-note")).to_be_hidden()
    x, y = pane.evaluate("e => e.pane.screenOf(10, 10)")
    assert pane.evaluate("e => e.pane.window.width") > 0
    assert pane.evaluate("(e, at) => e.pane.probe(...at).value", [x, y]) is not None


def test_a_first_image_that_comes_late_is_not_shown_as_another(page: Page, web: WebGateway) -> None:
    """Who scrolls on before it came sees the image that was scrolled to, never the first one with its label."""
    case = case_of(web, {"flair": slices(values(), SeriesNumber=1)})
    opened(page, web, case)
    pane = pane_at(page)
    page.wait_for_load_state("networkidle")
    told = pane.evaluate(
        """async (e) => {
          const pane = e.pane;
          const frames = new Map();
          const values = (number) => ({ values: new Uint16Array(1600).fill(number), slope: 1, intercept: 0 });
          const pixels = {
            at: () => null, ahead() {}, all: async () => false, sample: async () => null,
            ask: (number) => new Promise((done) => frames.set(number, () => done(values(number)))),
          };
          const turn = () => new Promise((done) => setTimeout(done, 50));
          pane.show({ ...pane.source, pixels, begins: 2 });
          await turn();
          pane.step(1);
          frames.get(2)();
          await turn();
          const early = pane.shown;
          frames.get(3)();
          await turn();
          return [early, pane.shown.index, pane.shown.pixels.values[0]];
        }"""
    )
    assert told == [None, 3, 3]
