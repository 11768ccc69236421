"""The viewer in a real Chromium: the right value, on the right side, of the right image, and nothing hidden."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Locator, Page, Route, expect
from pydicom import Dataset
from pydicom.uid import JPEGLSLossless, RLELossless

from support.pictures import enhanced, make, put, slices
from support.web_gateway import PASSWORD, WebGateway, running

pytestmark = pytest.mark.browser

SHAPE = (5, 24, 20)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with a reader."""
    with running(tmp_path_factory.mktemp("pictures")) as gateway:
        gateway.add("anna", "reader", name="Dr. Anna Roth")
        yield gateway


def opened(page: Page, web: WebGateway, case_id: int, *, report: bool = False) -> Page:
    """Signed in, at the page of the case, or at its report."""
    page.goto(web.address)
    page.get_by_label("Login").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("/sign-in"))
    page.goto(f"{web.address}/cases/{case_id}")
    if report:
        page.get_by_role("button", name="Claim and report").click()
        expect(page).to_have_url(re.compile("/report"))
    return page


def case_of(web: WebGateway, series: dict[str, list[Dataset]], *, volumes: bool = False) -> int:
    """A case with these series, by what they were recognised as; their numbers count from 1."""
    kinds = [{"series_number": number, "kind": kind} for number, kind in enumerate(series, start=1)]
    case_id = web.case(series=kinds)
    put(web, case_id, [ds for members in series.values() for ds in members])
    if volumes:
        make(web, case_id)
    return case_id


def values(kind: str = "int16", shape: tuple[int, int, int] = SHAPE) -> NDArray[Any]:
    """Values of which no two neighbours are alike."""
    count = np.arange(np.prod(shape)).reshape(shape)
    spread = count * 37 % 4001 - (2000 if kind == "int16" else 0)
    return (spread % 251 if kind == "uint8" else spread).astype(kind)


def viewer_started(page: Page) -> None:
    """Until then the strip is one of plain pictures, and no key does anything."""
    expect(page.locator(".pane").first).to_be_visible()


def pane_at(page: Page, number: int = 0) -> Locator:
    """A pane that shows something."""
    pane = page.locator(".pane").nth(number)
    expect(pane).to_have_attribute("data-shown", re.compile(r"s\d"))
    return pane


def under_the_pointer(page: Page, pane: Locator, column: int, row: int) -> dict[str, Any]:
    """What the viewer says of the pixel that the pointer is moved to."""
    pane.evaluate("e => e.scrollIntoView({ block: 'center', behavior: 'instant' })")
    x, y = pane.evaluate("(e, at) => e.pane.screenOf(...at)", [column, row])
    box = pane.bounding_box()
    assert box is not None
    pane.evaluate("e => e.pane.on('hover', (at) => { e.hovered = at; })")
    page.mouse.move(box["x"] + x, box["y"] + y)
    told: dict[str, Any] = pane.evaluate("e => e.hovered")
    return told


def compressed(datasets: list[Dataset], syntax: str) -> list[Dataset]:
    """The same in another transfer syntax."""
    for ds in datasets:
        ds.compress(syntax, generate_instance_uid=False)
    return datasets


SCALES = [(1.0, 0.0), (2.0, -3.0), (0.5, 10.0), (4.0, 0.25), (1.5, 100.0)]
KINDS: dict[str, tuple[Any, Any]] = {
    "unsigned": (lambda n: slices(values("uint16"), SeriesNumber=n), lambda k: values("uint16")[k]),
    "signed, rescaled": (
        lambda n: slices(values(), SeriesNumber=n, RescaleSlope=2.5, RescaleIntercept=-7.0),
        lambda k: values()[k] * 2.5 - 7.0,
    ),
    "MONOCHROME1": (
        lambda n: slices(values("uint16"), SeriesNumber=n, PhotometricInterpretation="MONOCHROME1"),
        lambda k: values("uint16")[k],
    ),
    "8 bit": (lambda n: slices(values("uint8"), SeriesNumber=n), lambda k: values("uint8")[k]),
    "Enhanced": (
        lambda n: [enhanced(values(), SCALES, SeriesNumber=n)],
        lambda k: values()[k] * SCALES[k][0] + SCALES[k][1],
    ),
    "RLE": (lambda n: compressed(slices(values(), SeriesNumber=n), RLELossless), lambda k: values()[k]),
    "JPEG-LS": (
        lambda n: compressed(slices(values("uint16"), SeriesNumber=n), JPEGLSLossless),
        lambda k: values("uint16")[k],
    ),
}


@pytest.mark.parametrize("volumes", [False, True], ids=["frames", "volumes"])
def test_the_value_under_the_pointer_is_the_value_of_the_image(
    page: Page, web: WebGateway, volumes: bool
) -> None:
    """Rescaled, in the image that is shown, whether frame by frame or out of a volume."""
    series = {name: made(number) for number, (name, (made, _)) in enumerate(KINDS.items(), start=1)}
    opened(page, web, case_of(web, series, volumes=volumes))
    expect(page.locator("[data-counted]")).to_have_text(
        f"{len(KINDS)} of {len(KINDS)} series, 35 of 35 images"
    )
    page.locator("[data-layout=one]").click()
    for number, (name, (_, expected)) in enumerate(KINDS.items()):
        page.locator(f'.thumb[data-series="{number}"]').click()
        pane = page.locator(".pane")
        expect(pane).to_have_attribute("data-shown", f"s{number}-0 2")
        if volumes:
            expect(pane).to_have_attribute("data-loaded", "")
        page.keyboard.press("j")
        expect(pane).to_have_attribute("data-shown", f"s{number}-0 3")
        for column, row in ((0, 0), (19, 0), (3, 17), (19, 23)):
            told = under_the_pointer(page, pane, column, row)
            assert (told["column"], told["row"], told["inside"]) == (column, row, True), name
            assert told["value"] == pytest.approx(float(expected(3)[row, column]), abs=1e-3), name


def with_lesion(mirrored: bool, **more: Any) -> list[Dataset]:
    """A head of one value with a bright spot 12 mm to the left of its middle, stored in either direction."""
    plane = np.full((5, 40, 40), 100, np.int16)
    x = np.arange(40) - 19.5
    column = int(np.argmin(np.abs((-x if mirrored else x) - 12)))
    plane[:, 18:22, column - 1 : column + 2] = 1000
    begin = 19.5 if mirrored else -19.5
    return slices(
        plane,
        PixelSpacing=[1.0, 1.0],
        ImageOrientationPatient=[-1.0 if mirrored else 1.0, 0, 0, 0, 1, 0],
        ImagePositionPatient=lambda at: [begin, -20.0, 2.5 * at],
        **more,
    )


def brightest(pane: Locator) -> float:
    """Where the brightest pixels of the drawn picture are, as a part of its width."""
    found: float = pane.locator("canvas").evaluate(
        """canvas => {
          const { width, height } = canvas;
          const data = canvas.getContext("2d").getImageData(0, height * 0.4, width, height * 0.2).data;
          let sum = 0, weight = 0;
          for (let at = 0; at < data.length; at += 4) if (data[at] > 240) { sum += (at / 4) % width; weight += 1; }
          return sum / weight / width;
        }"""
    )
    return found


def test_a_mirrored_series_shows_the_lesion_on_the_same_side(page: Page, web: WebGateway) -> None:
    """The patient's left is on the right of the screen, whichever way it was stored; the picture says that it was."""
    case_id = case_of(
        web, {"flair": with_lesion(True, SeriesNumber=1), "t2": with_lesion(False, SeriesNumber=2)}
    )
    opened(page, web, case_id)
    page.locator("[data-layout=suspected_pml]").click()
    flair, t2 = pane_at(page, 0), pane_at(page, 5)
    for pane in (flair, t2):
        expect(pane.locator(".west")).to_have_text("R")
        expect(pane.locator(".east")).to_have_text("L")
        expect(pane.locator(".north")).to_have_text("A")
        pane.evaluate("e => e.pane.setWindow({center: 550, width: 900})")
        page.wait_for_timeout(200)
        assert brightest(pane) > 0.6
    expect(flair.locator(".br")).to_contain_text("mirrored in its file")
    expect(t2.locator(".br")).not_to_contain_text("mirrored")
    for pane, column in ((flair, 7), (t2, 32)):
        point = under_the_pointer(page, pane, column, 20)["point"]
        assert point[0] == pytest.approx(12, abs=1), "the pointer is at the lesion in both"


def test_a_notch_of_the_wheel_is_one_image(page: Page, web: WebGateway) -> None:
    """Through all of 160, none left out; and a touch pad's small steps add up."""
    case_id = case_of(web, {"flair": slices(values(shape=(160, 16, 16)), SeriesNumber=1)})
    opened(page, web, case_id)
    pane = pane_at(page)
    page.keyboard.press("4")
    pane = pane_at(page)
    pane.hover()
    pane.focus()
    page.keyboard.press("Home")
    expect(pane.locator(".bl")).to_contain_text("1 / 160")
    for number in range(2, 12):
        page.mouse.wheel(0, 120)
        expect(pane.locator(".bl")).to_contain_text(f"{number} / 160")
    for _ in range(149):
        page.mouse.wheel(0, 120)
    expect(pane.locator(".bl")).to_contain_text("160 / 160")
    for _ in range(5):
        page.mouse.wheel(0, -10)
    expect(pane.locator(".bl")).to_contain_text("159 / 160")


def test_linked_panes_look_at_the_same_place(page: Page, web: WebGateway) -> None:
    """A click in one is the nearest slice and the same millimetres in the other, of another size and spacing."""
    fine = slices(values(shape=(20, 40, 40)), SeriesNumber=1)
    coarse = slices(
        values(shape=(8, 20, 20)),
        SeriesNumber=2,
        PixelSpacing=[1.8, 1.6],
        ImagePositionPatient=lambda at: [-21.0, -31.0, 4.0 + 6.0 * at],
    )
    opened(page, web, case_of(web, {"flair": fine, "adc": coarse}))
    flair, adc = pane_at(page, 0), pane_at(page, 3)
    expect(flair.locator(".bl")).to_contain_text("/ 20")
    x, y = flair.evaluate("e => e.pane.screenOf(31, 9)")
    flair.click(position={"x": x, "y": y})
    point = flair.evaluate("e => e.pane.point")
    assert adc.evaluate("e => e.pane.point") == pytest.approx(point, abs=0.01)
    nearest = round((point[2] - 4.0) / 6.0)
    expect(adc.locator(".bl")).to_contain_text(f"{nearest + 1} / 8")
    page.keyboard.press("l")
    flair.press("End")
    expect(flair.locator(".bl")).to_contain_text("20 / 20")
    expect(adc.locator(".bl")).to_contain_text(f"{nearest + 1} / 8")


def test_every_stack_is_reached_and_the_label_is_that_of_its_pixels(page: Page, web: WebGateway) -> None:
    """With `]`, one after the other; while an image is on its way the label stays with the one that is seen."""
    bs = {0.0: 1, 1000.0: 2, 2500.0: 3}
    dwi = [
        ds
        for b, number in bs.items()
        for ds in slices(
            values(), SeriesNumber=1, DiffusionBValue=b, SOPInstanceUID=lambda at, n=number: f"2.25.9{n}{at}"
        )
    ]
    opened(page, web, case_of(web, {"dwi": dwi}))
    viewer_started(page)
    page.keyboard.press("4")
    seen = set()
    for number in range(3):
        page.locator(".thumb").click() if number == 0 else page.keyboard.press("]")
        pane = pane_at(page)
        page.wait_for_timeout(300)
        seen.add(pane.locator(".tl").inner_text().split("mm")[0])
    assert {float(re.findall(r"b (\d+)", each)[0]) for each in seen} == set(bs)
    waits: list[Route] = []
    page.route("**/frames/**", lambda route: waits.append(route))
    pane = pane_at(page)
    before = pane.locator(".bl").inner_text()
    pane.evaluate("e => { e.pane.pixels.kept.clear(); e.pane.pixels.coming.clear(); }")
    pane.press("Home")
    page.wait_for_timeout(300)
    assert pane.locator(".bl").inner_text() == before, "the label ran ahead of its picture"
    for route in waits:
        route.continue_()
    expect(pane.locator(".bl")).to_contain_text("1 / 5")


MIDDLE = """c => Math.max(...c.getContext("2d")
  .getImageData(c.width / 2 - 20, c.height / 2 - 20, 40, 8).data.filter((_, i) => i % 4 < 3))"""
"""The brightest value in the middle of a canvas."""


def test_an_image_that_fails_leaves_no_other_in_its_place(page: Page, web: WebGateway) -> None:
    """It is said loudly, and the place is empty."""
    members = slices(values(), SeriesNumber=1)
    members[4].PixelData = members[4].PixelData[:-400]
    opened(page, web, case_of(web, {"flair": members}))
    viewer_started(page)
    page.keyboard.press("4")
    pane = pane_at(page)
    pane.press("End")
    expect(pane.locator(".pane-note")).to_be_visible()
    expect(pane.locator(".bl")).to_contain_text("5 / 5")
    page.wait_for_timeout(200)
    assert pane.locator("canvas").evaluate(MIDDLE) == 0
    pane.press("ArrowUp")
    expect(pane.locator(".bl")).to_contain_text("4 / 5")


def test_nothing_of_one_series_is_said_over_the_next(page: Page, web: WebGateway) -> None:
    """An emptied pane stops no linked one; a window, a far crosshair and a failure stay where they belong."""
    case_id = case_of(web, {"flair": slices(values(), series=1)})
    opened(page, web, case_id)
    pane = pane_at(page, 0)
    expect(pane.locator(".bl")).to_contain_text("3 / 5")
    here = pane.locator(".bl").inner_text()

    assert pane.evaluate("e => e.pane.goTo([0, 0, 5000])") is False
    pane.evaluate("e => new Promise((done) => { e.pane.redraw(); requestAnimationFrame(done); })")
    assert pane.locator(".bl").inner_text() == here
    assert pane.evaluate("e => e.pane.point[2]") < 5000

    pane.evaluate("e => e.pane.say('This picture failed.', true)")
    pane.evaluate("e => e.pane.step(1)")
    expect(pane.locator(".pane-note")).to_be_hidden()

    pane.evaluate("e => { e.kept = e.pane.source; e.pane.setWindow({center: 5, width: 5}); }")
    pane.evaluate("e => e.pane.show(null, 'no such series')")
    pane.evaluate("e => { e.pane.step(1); e.pane.goTo([0, 0, 0]); }")
    expect(pane.locator(".pane-note")).to_have_text("no such series")
    pane.evaluate("e => { e.pane.show(e.kept); }")
    pane_at(page, 0)
    assert pane.evaluate("e => e.pane.getWindow().width") > 5


def test_a_picture_without_its_values_says_so(page: Page, web: WebGateway) -> None:
    """Where the values do not come, the gateway's drawing stands there: no window changes it."""
    page.route("**/frames/**", lambda route: route.fulfill(status=500, body=""))
    opened(page, web, case_of(web, {"flair": slices(values(), SeriesNumber=1)}))
    pane = pane_at(page)
    expect(pane.locator(".br")).to_contain_text("drawn in 8 bits: no window, no values")
    expect(pane.locator(".br")).not_to_contain_text("C ")


def test_keys_work_after_an_answer_was_clicked(page: Page, web: WebGateway) -> None:
    """A radio button has its arrows, the viewer its letters; in a text both are letters; Enter posts nothing."""
    opened(page, web, case_of(web, {"flair": slices(values(), SeriesNumber=1)}), report=True)
    pane = pane_at(page)
    expect(pane.locator(".bl")).to_contain_text("3 / 5")
    page.locator("label.pill:visible").first.click()
    page.keyboard.press("j")
    expect(pane.locator(".bl")).to_contain_text("4 / 5")
    page.locator('[name="narrative"]').click()
    page.keyboard.type("jj")
    expect(page.locator('[name="narrative"]')).to_have_value("jj")
    expect(pane.locator(".bl")).to_contain_text("4 / 5")
    number = page.locator('form#report input[type="text"], form#report input:not([type])').first
    number.focus()
    url = page.url
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert page.url == url
    expect(page.locator("#saved")).to_contain_text("Draft saved")


def test_without_javascript_the_plain_pictures_remain(browser: Browser, web: WebGateway) -> None:
    """A strip of series, one picture, and a sentence on what is missing."""
    case_id = case_of(web, {"flair": slices(values(), SeriesNumber=1)})
    context = browser.new_context(java_script_enabled=False)
    try:
        page = opened(context.new_page(), web, case_id)
        expect(page.locator(".stage .slice")).to_be_visible()
        expect(page.get_by_text("These are plain pictures")).to_be_visible()
    finally:
        context.close()


def test_without_webgl_the_three_planes_say_so_and_the_slices_stay(page: Page, web: WebGateway) -> None:
    """The slices need no graphics card."""
    case_id = case_of(web, {"flair": slices(values(), SeriesNumber=1)}, volumes=True)
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        " return kind.startsWith('webgl') ? null : get.call(this, kind, ...more); };"
    )
    opened(page, web, case_id)
    pane = pane_at(page)
    expect(pane).to_have_attribute("data-loaded", "")
    page.keyboard.press("v")
    expect(pane.locator(".pane-note")).to_contain_text("three planes cannot be drawn")
    expect(pane.locator(".bl")).to_contain_text("3 / 5")


@pytest.mark.parametrize("width", [360, 1280, 1440])
def test_no_width_scrolls_sideways(page: Page, web: WebGateway, width: int) -> None:
    """The pictures of a case and of a report."""
    case_id = case_of(web, {"flair": slices(values(), SeriesNumber=1)})
    page.set_viewport_size({"width": width, "height": 800})
    opened(page, web, case_id, report=True)
    for path in ("", "/report"):
        page.goto(f"{web.address}/cases/{case_id}{path}")
        pane_at(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_first_image_comes_before_all_else(page: Page, web: WebGateway) -> None:
    """It does not wait for the volume, nor for the other panes."""
    case_id = case_of(web, {"flair": slices(values(shape=(40, 256, 256)), SeriesNumber=1)})
    began = time.monotonic()
    opened(page, web, case_id)
    pane_at(page)
    assert time.monotonic() - began < 60
    expect(page.locator(".pane").first).not_to_have_attribute("data-loaded", "")
