"""Reading: how long a reader waits for pictures, in Chromium without a graphics card, and what the web role takes.

A patient with two studies of one long series each (classic files in one pair, one Enhanced object in the other), the
prior laid over the present one; one reader at a time, as at a workstation, everything on this machine.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as BrowserError
from pydicom import Dataset

from bench.abuse import proportional_mb
from bench.measure import GATEWAY, Bench, Row
from bench.processes import free_port, running
from dicom_nodes.directory import NodeDirectory
from gateway.imaging.alignment.aligned import align
from gateway.intake import Intake
from gateway.records import ledger
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.records.ledger import AlignmentOutcome, Wanted
from gateway.records.migrations import schema
from gateway.records.tables.pictures import CasePictures
from gateway.service import scaffold
from gateway.settings import Settings
from gateway.web.application import WebContext
from support.chromium import open_browser
from support.pictures import enhanced, make, put, slices
from support.planted import Visit, volume
from support.web_gateway import NODES, PASSWORD, RULES, WebGateway

DAYS: Final = ("20250101", "20250601")
MOTION: Final = (0.9998, -0.02, 0.0, 3.0, 0.02, 0.9998, 0.0, -2.0, 0.0, 0.0, 1.0, 1.0)
"""Of the prior to the present study: about a degree, and some mm."""
_PATIENCE_MS: Final = 60_000
_SCROLL: Final = """async ([count, linked]) => {
  const pane = document.querySelector(".pane").pane;
  const other = linked ? document.querySelectorAll(".pane")[1].pane : pane;
  const seen = [[], []];
  const watch = (each, into) => {
    const observer = new MutationObserver(() => into.push(performance.now()));
    observer.observe(each.element, { attributes: true, attributeFilter: ["data-shown"] });
    return observer;
  };
  const watching = [watch(pane, seen[0]), watch(other, seen[1])];
  const begin = performance.now();
  for (let notch = 0; notch < count; notch += 1) {
    pane.element.dispatchEvent(new WheelEvent("wheel", { deltaY: 100, bubbles: true, cancelable: true }));
    await new Promise((done) => requestAnimationFrame(done));
  }
  await new Promise((done) => setTimeout(done, 300));
  for (const each of watching) each.disconnect();
  return seen.map((times) => [times.length, times.length ? times.at(-1) - begin : 0]);
}"""
"""One notch for each picture of the screen; how many images were shown in each pane, and in how many ms."""


@dataclass(frozen=True)
class Looked:
    """One reader at one case."""

    first_ms: float
    at_once: float
    """Images a second, from the first image on, while the rest is on its way."""
    loaded: float
    linked: float
    """Of the pane that showed fewer."""
    first_visit_kb: float
    """Of the page, without the pictures of the patient."""
    again_kb: float


def run(bench: Bench) -> None:
    """Classic and Enhanced; then an alignment by itself."""
    try:
        with open_browser() as browser:
            _read(bench, browser)
    except LookupError as error:
        bench.add([Row("reading-first", "first image of a case", "ms", GATEWAY, (), problem=str(error))])
    _align(bench)


def _read(bench: Bench, browser: Browser) -> None:
    depth, side = bench.sizes.reading
    cases, home = _studies(bench.folder / "reading", depth, side)
    size = f"{depth} x {side} x {side}"
    looked: dict[str, list[Looked]] = {name: [] for name in cases}
    with _web(home) as (pid, url):
        before = proportional_mb(pid)
        for _ in range(bench.sizes.runs):
            for name, case_id in cases.items():
                with bench.console.status(f"reading: {name}"):
                    try:
                        looked[name].append(look(browser, url, case_id))
                    except BrowserError as error:
                        bench.console.print(f"  {name}: {error.message.splitlines()[0]}")
        after = proportional_mb(pid)
    table: list[tuple[str, str, str, str]] = [
        ("reading-first", "first image of a case, from the click", "ms", "first_ms"),
        ("reading-at-once", f"scrolling {size} at once", "images/s", "at_once"),
        ("reading-loaded", f"scrolling {size} when it is loaded", "images/s", "loaded"),
        ("reading-linked", f"scrolling {size} and the prior laid over", "images/s", "linked"),
        ("reading-page", "the page on the first visit, without pictures", "kB", "first_visit_kb"),
        ("reading-page-again", "the page on the next visit, without pictures", "kB", "again_kb"),
    ]
    for case, title, unit, figure in table:
        bench.add(
            [
                Row(case, title, unit, name, tuple(getattr(each, figure) for each in seen))
                if seen
                else Row(case, title, unit, name, (), problem="failed: no picture")
                for name, seen in looked.items()
            ],
            "",
        )
    title = "memory (PSS) of the web role before and after"
    rows = [("before", before), (f"after {len(cases) * bench.sizes.runs} readings", after)]
    bench.add([Row("reading-memory", title, "MB", name, (value,)) for name, value in rows], "")


def _align(bench: Bench) -> None:
    spacing = (1.0, 1.0) if bench.sizes.reading[0] > 100 else (3.0, 3.0)
    present = volume(4, Visit(spacing=spacing))
    took = []
    for seed in range(bench.sizes.runs):
        prior = volume(
            4, Visit(spacing=spacing, motion=(4.0, -3.0, 5.0, 6.0, -4.0, 3.0)), noise_seed=seed + 1
        )
        began = time.monotonic()
        align(present, prior)
        took.append(time.monotonic() - began)
    shape = " x ".join(map(str, present.array.shape))
    bench.add([Row("reading-align", f"laying a prior of {shape} over", "s", GATEWAY, tuple(took))])


def look(browser: Browser, url: str, case_id: int) -> Looked:
    """Sign in, open a case out of the queue, scroll at once, when loaded, and linked; then come again."""
    with _page(browser) as page:
        fetched = _counted(page)
        _sign_in(page, url)
        page.goto(f"{url}/?show=to-read")
        began = time.perf_counter()
        page.click(f'tr[data-case="{case_id}"] a.pseudonym')
        page.wait_for_selector(".pane[data-shown]", timeout=_PATIENCE_MS)
        first = 1000 * (time.perf_counter() - began)
        page.evaluate("document.querySelector('.pane').pane.to(0)")
        at_once = _rate(page, linked=False)
        for pane in (0, 1):
            page.wait_for_function(
                "(at) => document.querySelectorAll('.pane')[at].hasAttribute('data-loaded')",
                arg=pane,
                timeout=_PATIENCE_MS,
            )
        page.click("[data-link]")  # the present study alone
        page.evaluate("document.querySelector('.pane').pane.to(0)")
        loaded = _rate(page, linked=False)
        page.click("[data-link]")
        page.evaluate("document.querySelector('.pane').pane.to(0)")
        linked = _rate(page, linked=True)
        first_visit = sum(fetched)
        fetched.clear()
        page.goto(f"{url}/cases/{case_id}")
        page.wait_for_selector(".pane[data-shown]", timeout=_PATIENCE_MS)
        return Looked(first, at_once, loaded, linked, first_visit / 1000, sum(fetched) / 1000)


@contextmanager
def _page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that was never here, and keeps what it fetches: one that is watched more closely does not."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", timezone_id="UTC")
    try:
        yield context.new_page()
    finally:
        context.close()


def _rate(page: Page, *, linked: bool) -> float:
    """Images a second in the slower pane."""
    count = int(page.evaluate("document.querySelector('.pane').pane.frames.length")) - 1
    told = page.evaluate(_SCROLL, [count, linked])
    return min(1000 * images / ms if ms else 0.0 for images, ms in told)


def _counted(page: Page) -> list[int]:
    """Bytes of every answer from now on that is no picture of the patient, as they came over the wire."""
    fetched: list[int] = []
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    pictures: set[str] = set()

    def answered(event: dict[str, Any]) -> None:
        if re.search(r"\.(bin|nii|png)(\?|$)", event["response"]["url"]):
            pictures.add(event["requestId"])

    def ended(event: dict[str, Any]) -> None:
        if event["requestId"] not in pictures:
            fetched.append(int(event["encodedDataLength"]))

    client.on("Network.responseReceived", answered)
    client.on("Network.loadingFinished", ended)
    return fetched


def _sign_in(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Login").fill("reader")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("#queue")


@contextmanager
def _web(home: Path) -> Iterator[tuple[int, str]]:
    """The web role by itself."""
    port = free_port()
    command = [sys.executable, "-m", "gateway", "serve", "--config", home / "gateway.toml", "--role", "web"]
    with running(command, home, port=port, environment={"GATEWAY_WEB__PORT": str(port)}) as pid:
        yield pid, f"http://127.0.0.1:{port}"


def _studies(folder: Path, depth: int, side: int) -> tuple[dict[str, int], Path]:
    """The present case of each patient, and the folder of the gateway that has them, with everything made."""
    home = folder / "gateway"
    scaffold.init(home)
    data = home / "gateway-data"
    database = Database(f"sqlite:///{data / 'gateway.sqlite'}")
    settings = Settings.model_validate(
        {
            "storage": {
                "database": database.url,
                "objects": data / "objects",
                "min_free_mb": 0,
            },
            "pictures": {"keep_free_mb": 0},
        }
    )
    blobs = LocalBlobs(settings.storage.objects)
    nodes = NodeDirectory.from_text(NODES)
    try:
        schema.upgrade(database)
        intake = Intake(settings, database, blobs)
        web = WebGateway(
            WebContext(settings, database, blobs, lambda: nodes, intake, rules=lambda: RULES), ""
        )
        web.add("reader", "reader")
        values = _head(depth, side)
        objects: dict[str, Sequence[Dataset]] = {
            "classic files": _thin(slices(values)),
            "an Enhanced object": [enhanced(values, [(1.0, 0.0)] * depth)],
        }
        cases = {name: _patient(web, found) for name, found in objects.items()}
        intake.close()
    finally:
        database.close()
    return cases, home


def _thin(series: list[Dataset]) -> list[Dataset]:
    """Slices as those of a 3D series: 1 mm."""
    for place, ds in enumerate(series):
        ds.SliceThickness = 1.0
        ds.ImagePositionPatient = [-20.0, -30.0, 1.0 * place]
    return series


def _head(depth: int, side: int) -> NDArray[np.int16]:
    """Something round with noise, of 12 bits: what it shows is nothing, what it packs to is as of a head."""
    random = np.random.default_rng(5)
    z, y, x = np.ogrid[-1 : 1 : depth * 1j, -1 : 1 : side * 1j, -1 : 1 : side * 1j]  # type: ignore[misc]
    inside = (x * x + y * y + z * z < 0.7).astype(np.int16)
    noise = random.integers(0, 40, (depth, side, side), dtype=np.int16)
    return np.asarray(inside * 900 + noise, np.int16)


def _patient(web: WebGateway, objects: Sequence[Dataset]) -> int:
    patient = web.patient()
    cases = []
    for day in DAYS:
        case_id = web.case(series=[{"series_number": 1, "kind": "flair"}], shifted_study_date=day)
        put(web, case_id, objects)
        web.belongs(case_id, patient, day)
        make(web, case_id)
        cases.append(case_id)
    prior, present = cases
    with web.database.read() as session:
        versions = {case: session.get_one(CasePictures, case).version for case in cases}
    ledger.want_alignments(
        web.database, [Wanted(present, prior, versions[present], versions[prior], "flair")]
    )
    claim = ledger.claim_alignment(web.database, timedelta(minutes=1))
    assert claim is not None
    ledger.keep_alignment(web.database, claim, AlignmentOutcome("aligned", list(MOTION), 0.3, 1.0))
    return present
