"""Pictures: slices of de-identified copies in anatomical order, windows, and a loud answer when one cannot be shown."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gateway.records.tables.studies import PreparedInstance
from support.web_gateway import ORIGINAL_UID, WebGateway, phantom


@pytest.fixture(scope="module")
def case_id(web: WebGateway) -> int:
    """A case with the copies of a small phantom study."""
    made = web.case()
    web.images(made, phantom())
    return made


def picture(web: WebGateway, path: str) -> Image.Image:
    """A PNG as the browser gets it."""
    answer = web.client("reader").get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text
    return Image.open(BytesIO(answer.content))


def test_series_are_listed_with_their_slices_and_copies_uids(web: WebGateway, case_id: int) -> None:
    """Named by what they were recognised as; UIDs are those of the copies."""
    study = web.client("reader").get(f"/api/cases/{case_id}/images").json()
    labels = [one["label"] for one in study["series"]]
    assert labels[0] == "FLAIR"
    assert "DWI" in labels
    for one in study["series"]:
        assert one["slices"] == len(one["uids"]) == len(one["b_values"]) > 0
        assert all(uid.startswith("2.25.") and ORIGINAL_UID not in uid for uid in one["uids"])
    diffusion = study["series"][labels.index("DWI")]["b_values"]
    assert diffusion == sorted(diffusion), "b0 first, then b1000"


def test_a_slice_shows_a_head(web: WebGateway, case_id: int) -> None:
    """Dark around, bright inside, in eight bits, and square."""
    image = picture(web, f"/cases/{case_id}/images/0/1.png")
    pixels = np.asarray(image)
    assert image.mode == "L"
    assert pixels[:5, :5].mean() < 20
    assert pixels[40:60, 40:60].mean() > 40


def test_windows_change_the_picture_and_thumbnails_are_small(web: WebGateway, case_id: int) -> None:
    """A preset is another picture; `small` is for the list of series."""
    standard = np.asarray(picture(web, f"/cases/{case_id}/images/0/1.png")).astype(int)
    bright = np.asarray(picture(web, f"/cases/{case_id}/images/0/1.png?window=bright")).astype(int)
    assert bright.mean() < standard.mean()
    assert picture(web, f"/cases/{case_id}/images/0/1.png?small=1").width <= 96


@pytest.mark.parametrize("path", ["9/0", "0/999", "0/-1", "-1/0"])
def test_a_slice_that_is_not_there_is_404(web: WebGateway, case_id: int, path: str) -> None:
    """Never another slice, never a crash."""
    assert web.client("reader").get(f"/cases/{case_id}/images/{path}.png").status_code == 404


def test_a_copy_that_cannot_be_decoded_is_told(web: WebGateway) -> None:
    """The page says so instead of showing black."""
    made = web.case()
    web.images(made, phantom()[:3])
    with web.database.read() as session:
        from sqlmodel import select

        blob = session.exec(select(PreparedInstance.blob).where(PreparedInstance.case_id == made)).first()
    assert blob is not None
    web.context.blobs.put(blob, web.context.blobs.get(blob)[:-2000])
    statuses = [
        web.client("reader").get(f"/cases/{made}/images/0/{number}.png").status_code for number in range(3)
    ]
    assert 400 in statuses
    assert set(statuses) <= {200, 400}


def test_a_case_without_copies_has_a_page(web: WebGateway) -> None:
    """Before the preparation there is nothing to see, and the page says when there will be."""
    made = web.case(pseudonym="")
    assert "No images yet" in web.client("reader").get(f"/cases/{made}").text
