"""Volumes as Chromium gets them: packed over the network, every byte there once it has expanded them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from gateway.imaging.nifti_header import LENGTH
from support.pictures import enhanced, make, put, ramp
from support.web_gateway import PASSWORD, WebGateway, running

pytestmark = pytest.mark.browser

GET = """async ([url, headers]) => {
  const answer = await fetch(url, {headers});
  const bytes = await answer.arrayBuffer();
  const digest = [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))];
  return {status: answer.status, length: bytes.byteLength, range: answer.headers.get("content-range"),
          sha256: digest.map((byte) => byte.toString(16).padStart(2, "0")).join(""),
          sent: performance.getEntriesByName(answer.url).at(-1)?.transferSize};
}"""


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with a reader."""
    with running(tmp_path_factory.mktemp("volumes")) as gateway:
        gateway.add("anna", "reader", name="Dr. Anna Roth")
        yield gateway


def test_chromium_expands_what_is_sent_packed(page: Page, web: WebGateway) -> None:
    """A file of many parts is one to a browser; a range of it is the voxels alone."""
    values = np.repeat(np.repeat(ramp((40, 32, 32), "int16") // 64, 4, axis=1), 4, axis=2)
    case_id = web.case()
    put(web, case_id, [enhanced(values, [(1.0, 0.0)] * 40)])
    make(web, case_id)
    [stack] = web_json(web, case_id)["stacks"]
    page.goto(f"{web.address}/sign-in")
    page.get_by_label("Login").fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("load")
    first = page.evaluate(GET, [stack["volume"], {}])
    assert (first["status"], first["length"]) == (200, LENGTH + values.nbytes)
    assert first["sent"] < values.nbytes * 0.8
    part = page.evaluate(GET, [stack["volume"], {"Range": f"bytes={LENGTH}-"}])
    assert (part["status"], part["range"]) == (206, f"bytes {LENGTH}-{first['length'] - 1}/{first['length']}")
    assert part["sha256"] == hashlib.sha256(values.tobytes()).hexdigest()


def web_json(web: WebGateway, case_id: int) -> dict[str, Any]:
    """The index, as a program gets it."""
    told: dict[str, Any] = web.client("anna").get(f"/api/cases/{case_id}/images").json()
    return told
