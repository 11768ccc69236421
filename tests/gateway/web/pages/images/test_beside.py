"""A prior laid over a later case: the same voxels, moved by the alignment, and by nothing else."""

from __future__ import annotations

import gzip
from typing import Any

import httpx
import nibabel
import numpy as np
import pytest
from pydicom import Dataset

from gateway.records.tables.pictures import CaseAlignment
from gateway.records.views import picture_rows
from support.pictures import make, put, ramp, slices
from support.web_gateway import WebGateway

TURN = [0.0, -1.0, 0.0, 4.0, 1.0, 0.0, 0.0, -3.0, 0.0, 0.0, 1.0, 2.5]
"""A quarter turn about the long axis, and some mm."""


def pictured(web: WebGateway, **columns: Any) -> int:
    """A case with a volume."""
    case_id = web.case(**{"series": [{"series_number": 1, "kind": "flair"}], **columns})
    put(web, case_id, [*slices(ramp((5, 6, 7), "int16"), RescaleSlope=2.0), *elsewhere()])
    make(web, case_id)
    return case_id


def elsewhere() -> list[Dataset]:
    """A series in a frame of reference of its own."""
    return slices(ramp((3, 6, 7), "int16"), SeriesNumber=2, FrameOfReferenceUID="2.25.98")


def aligned(web: WebGateway, case_id: int, prior: int, **columns: Any) -> None:
    """What the worker found out about the two."""
    with web.database.write("test_aligned") as session:
        versions = [picture_rows.copies_of(session, each).version for each in (case_id, prior)]
        values: dict[str, Any] = {
            "case_id": case_id,
            "prior_case_id": prior,
            "state": "aligned",
            "version": versions[0],
            "prior_version": versions[1],
            "kind": "flair",
            "transform": TURN,
            "residual_mm": 0.2,
            "limit_mm": 1.0,
            "wanted_at": web.database.now(session),
        }
        session.add(CaseAlignment(**(values | columns)))


def stacks_of(web: WebGateway, case_id: int) -> Any:
    """What the viewer is told of its stacks."""
    return web.client("reader").get(f"/api/cases/{case_id}/images").json()["stacks"]


def url_of(web: WebGateway, case_id: int) -> str:
    """Where its volume is."""
    return str(stacks_of(web, case_id)[0]["volume"])


@pytest.fixture(scope="module")
def pair(web: WebGateway) -> tuple[int, int]:
    """A case and its prior, aligned."""
    case_id, prior = pictured(web), pictured(web)
    aligned(web, case_id, prior)
    return case_id, prior


def got(web: WebGateway, url: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """The answer and its bytes as they came."""
    with web.client("reader").stream(
        "GET", url, headers={"Accept-Encoding": "identity", **headers}
    ) as answer:
        return answer, b"".join(answer.iter_raw())


def test_only_the_header_is_another_one(web: WebGateway, pair: tuple[int, int]) -> None:
    """Packed, expanded and in parts: every voxel lies where the transform puts it, and says that it was moved."""
    case_id, prior = pair
    url = url_of(web, prior)
    plain, still = got(web, url)
    answer, moved = got(web, f"{url}&beside={case_id}")
    assert (answer.status_code, len(moved)) == (200, len(still))
    assert moved[352:] == still[352:]
    before, after = (nibabel.Nifti1Image.from_bytes(each) for each in (still, moved))
    turn = np.vstack([np.array(TURN).reshape(3, 4), [0, 0, 0, 1]])
    ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    assert np.allclose(after.affine, ras @ turn @ ras @ before.affine, atol=1e-4)
    assert np.array_equal(after.get_fdata(), before.get_fdata())
    assert (after.header["sform_code"], after.header["qform_code"]) == (2, 0)
    packed, content = got(web, f"{url}&beside={case_id}", **{"Accept-Encoding": "gzip"})
    assert packed.headers["content-length"] == str(len(content))
    assert gzip.decompress(content) == moved
    part = got(web, f"{url}&beside={case_id}", Range="bytes=200-399")[1]
    assert part == moved[200:400]
    tags = {each.headers["etag"] for each in (plain, answer, packed)}
    assert len(tags) == 3
    known = {"If-None-Match": answer.headers["etag"]}
    assert got(web, f"{url}&beside={case_id}", **known)[0].status_code == 304
    assert got(web, url, **known)[0].status_code == 200


def test_studies_that_are_not_aligned_are_not_laid_over_one_another(
    web: WebGateway, pair: tuple[int, int]
) -> None:
    """Nobody looked yet, refused, or made of other copies: 409 with the reason, never a picture."""
    case_id, prior = pair
    client, other = web.client("reader"), pictured(web)
    waiting = client.get(f"{url_of(web, other)}&beside={case_id}")
    assert (waiting.status_code, waiting.headers["content-type"]) == (409, "application/problem+json")
    assert "nobody has aligned them" in waiting.json()["detail"]
    aligned(web, case_id, other, state="refused", transform=[], why="the heads are different ones")
    refused = client.get(f"{url_of(web, other)}&beside={case_id}")
    assert (refused.status_code, "different ones" in refused.json()["detail"]) == (409, True)
    turned = client.get(f"{url_of(web, case_id)}&beside={prior}")
    assert turned.status_code == 409, "an alignment has a direction"
    old = pictured(web)
    aligned(web, case_id, old, version="0" * 16)
    assert client.get(f"{url_of(web, old)}&beside={case_id}").status_code == 409


def test_a_series_that_was_not_aligned_is_not_moved(web: WebGateway, pair: tuple[int, int]) -> None:
    """What was found for one frame of reference says nothing of another one."""
    case_id, prior = pair
    [other] = [each for each in stacks_of(web, prior) if each["frame_of_reference"] == "2.25.98"]
    answer = web.client("reader").get(f"{other['volume']}&beside={case_id}")
    assert (answer.status_code, "was not aligned" in answer.json()["detail"]) == (409, True)
    assert web.client("reader").get(other["volume"]).status_code == 200


def test_both_cases_have_to_be_seen(web: WebGateway) -> None:
    """Neither a prior of another site, nor a case of another site that one's own is laid over."""
    north, south = pictured(web, site="north"), pictured(web, site="south")
    aligned(web, north, south)
    url = f"{url_of(web, south)}&beside={north}"
    assert web.client("reader").get(url).status_code == 200
    for login in ("north", "south"):
        assert web.client(login).get(url).status_code == 404
    assert web.client("reader").get(f"{url_of(web, south)}&beside=99999").status_code == 404
    assert web.client("reader").get(f"{url_of(web, south)}&beside=x").status_code == 422
