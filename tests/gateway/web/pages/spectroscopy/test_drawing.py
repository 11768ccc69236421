"""Spectra of a case are drawn for whoever may see it, from the copies, and say what they are."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from support.objects.spectroscopy import MIDDLE, spectroscopy
from support.web_gateway import WebGateway, phantom


@pytest.fixture
def case_id(web: WebGateway) -> int:
    """A case with an image and two objects of spectroscopy, of which the second cannot be drawn."""
    made = web.case()
    web.images(made, [phantom()[0], spectroscopy(2, signals=2), spectroscopy(3, ResonantNucleus="31P")])
    return made


def test_a_spectrum_is_drawn_with_its_names_and_its_place(web: WebGateway, case_id: int) -> None:
    """As SVG that a browser keeps and asks for again; nothing of it is markup of the copy."""
    reader = web.client("reader")
    answer = reader.get(f"/cases/{case_id}/spectra/0/0.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    told = " ".join(ElementTree.fromstring(answer.text).itertext())
    for word in ("NAA", "Cr", "Cho", "Lip", "Signal 1 of 2", "TE 30 ms", "20 × 20 × 15 mm at L 30 A 20 S 45"):
        assert word in told
    again = reader.get(f"/cases/{case_id}/spectra/0/0.svg", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert "water not suppressed" in reader.get(f"/cases/{case_id}/spectra/0/1.svg").text


def test_what_cannot_be_drawn_says_why(web: WebGateway, case_id: int) -> None:
    """And what is not there is not there."""
    reader = web.client("reader")
    refused = reader.get(f"/cases/{case_id}/spectra/1/0.svg")
    assert (refused.status_code, "ResonantNucleus" in refused.text) == (400, True)
    for place in ("0/2", "2/0", "0/-1", "-1/0"):
        assert reader.get(f"/cases/{case_id}/spectra/{place}.svg").status_code in (404, 422), place


def test_the_list_tells_each_signal_and_its_voxel(web: WebGateway, case_id: int) -> None:
    """In mm in the patient; a problem instead where there is none."""
    told = web.client("reader").get(f"/api/cases/{case_id}/spectra").json()["spectra"]
    assert [(one["object"], one["signal"]) for one in told] == [(0, 0), (0, 1), (1, 0)]
    assert told[0]["voxel"]["middle"] == pytest.approx(MIDDLE)
    assert len(told[0]["voxel"]["corners"]) == 8
    assert "ResonantNucleus" in told[2]["problem"]


def test_another_sites_case_has_no_spectra(web: WebGateway, case_id: int) -> None:
    """As if it were not there."""
    stranger = web.client(web_login(web))
    for path in (f"/cases/{case_id}/spectra/0/0.svg", f"/api/cases/{case_id}/spectra"):
        assert stranger.get(path).status_code == 404


def web_login(web: WebGateway) -> str:
    """Somebody of another site."""
    web.add("elsewhere", "coordinator", "another-site")
    return "elsewhere"


def test_the_page_of_the_case_shows_them(web: WebGateway, case_id: int) -> None:
    """One picture for each object, with a text for who does not see it; none where there is no spectroscopy."""
    page = web.client("reader").get(f"/cases/{case_id}").text
    assert page.count("/spectra/") == 2
    assert "Spectrum 1 of 2, first signal" in page
    without = web.case()
    assert "Spectroscopy" not in web.client("reader").get(f"/cases/{without}").text
