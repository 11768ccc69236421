"""The index for a viewer: every stack and frame with its geometry, and shown equals received, or why not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from gateway.records.tables.cases import HeldObject
from support.objects.dicom_files import mr_dataset
from support.pictures import AXIAL, enhanced, make, put, ramp, slices
from support.web_gateway import WebGateway

SHAPE = (4, 6, 8)


def listed(web: WebGateway, case_id: int) -> dict[str, Any]:
    """What the viewer asks for."""
    answer = web.client("reader").get(f"/api/cases/{case_id}/images")
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def test_every_frame_of_every_copy_is_in_one_stack(web: WebGateway) -> None:
    """With the address of its plain picture, where it lies and what its values mean."""
    case_id = web.case(series=[{"series_number": 1, "kind": "flair"}, {"series_number": 2, "kind": "dwi"}])
    flair = slices(ramp(SHAPE, "int16"), SeriesNumber=1)
    diffusion = [
        ds
        for b_value in (0.0, 1000.0)
        for ds in slices(ramp(SHAPE, "int16"), SeriesNumber=2, DiffusionBValue=b_value)
    ]
    for number, ds in enumerate(diffusion):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"2.25.88{number}"
    put(web, case_id, [*flair, *diffusion])
    told = listed(web, case_id)
    assert [(each["label"], each["kind"], each["frames"]) for each in told["series"]] == [
        ("FLAIR", "flair", 4),
        ("DWI", "dwi", 8),
    ]
    assert [(each["label"], each["b_value"], each["count"], each["plane"]) for each in told["stacks"]] == [
        ("FLAIR", None, 4, "axial"),
        ("DWI b 0", 0.0, 4, "axial"),
        ("DWI b 1000", 1000.0, 4, "axial"),
    ]
    assert [each["stacks"] for each in told["series"]] == [["s0-0"], ["s1-0", "s1-1"]]
    frames = [frame for stack in told["stacks"] for frame in stack["frames"]]
    assert Counter((frame["uid"], frame["frame"]) for frame in frames) == Counter(
        (str(ds.SOPInstanceUID), 1) for ds in [*flair, *diffusion]
    )
    third = told["stacks"][0]["frames"][2]
    assert (third["position"], third["orientation"]) == ([-20.0, -30.0, 10.0], list(AXIAL))
    assert (third["spacing"], third["slope"], third["intercept"], third["picture"]) == (
        [0.9, 0.8],
        1.0,
        0.0,
        [0, 2],
    )
    affine = np.array(told["stacks"][0]["affine"])
    assert np.allclose(affine @ [0, 0, 2, 1], third["position"])
    assert told["stacks"][0]["shape"] == [8, 6, 4]
    for stack in told["stacks"]:
        for frame in stack["frames"]:
            series, number = frame["picture"]
            assert told["series"][series]["uids"][number] == frame["uid"]


def test_frames_of_one_object_are_told_apart(web: WebGateway) -> None:
    """A key image names object and frame as DICOM counts it, from 1."""
    case_id = web.case()
    put(web, case_id, [enhanced(ramp(SHAPE, "int16"), [(1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (4.0, 0.0)])])
    [stack] = listed(web, case_id)["stacks"]
    assert [frame["frame"] for frame in stack["frames"]] == [4, 3, 2, 1]
    assert [frame["slope"] for frame in stack["frames"]] == [1.0, 2.0, 3.0, 4.0]
    assert "scales of their own" in stack["note"]


def test_volumes_are_announced_before_they_are_made(web: WebGateway) -> None:
    """Their address is the same; `made` says when nothing more comes."""
    case_id = web.case()
    put(web, case_id, slices(ramp(SHAPE, "int16")))
    before = listed(web, case_id)
    make(web, case_id)
    after = listed(web, case_id)
    assert (before["made"], after["made"]) == (False, True)
    assert (before["stacks"][0]["volume_made"], after["stacks"][0]["volume_made"]) == (False, True)
    assert before["version"] == after["version"]
    for name in ("key", "volume", "affine", "frames"):
        assert before["stacks"][0][name] == after["stacks"][0][name]


def test_shown_equals_received_or_the_rest_is_named(web: WebGateway) -> None:
    """Held and left out objects, objects without pictures, and what came later."""
    case_id = web.case()
    report = mr_dataset(50, sop_class="1.2.840.10008.5.1.4.1.1.88.33")
    for keyword in ("PixelData", "Rows", "Columns"):
        del report[keyword]
    put(web, case_id, [*slices(ramp(SHAPE, "int16")), report])
    web.held(case_id, mr_dataset(70), series_number=9, frames=1, what="Secondary Capture Image")
    left = web.held(case_id, mr_dataset(71), series_number=1, frames=3, what="MR Image")
    with web.database.write("test_left") as session:
        session.get_one(HeldObject, left).decision = "left out"
    totals = listed(web, case_id)["totals"]
    assert (totals["series"], totals["images"]) == (1, 4)
    assert (totals["received_series"], totals["received_images"]) == (2, 8)
    named = {entry["what"]: entry["why"] for entry in totals["not_shown"]}
    assert named["MR Image of series 1"] == "a person left it out"
    assert named["Comprehensive SR Storage"] == "it has no pictures"
    assert "Secondary Capture Image of series 9" in named
    assert len(named) == 3


def test_what_came_after_the_copies_is_told(web: WebGateway) -> None:
    """Until the case is amended the page knows that there is more."""
    from sqlmodel import select

    from gateway.records.tables.cases import PreparedInstance

    case_id = web.case()
    put(web, case_id, slices(ramp(SHAPE, "int16")))
    with web.database.write("test_late") as session:
        last = session.exec(select(PreparedInstance).where(PreparedInstance.case_id == case_id)).all()[-1]
        session.delete(last)
    assert listed(web, case_id)["totals"]["not_shown"] == [
        {"what": "object", "why": "it came after the copies were made"}
    ]


@pytest.mark.parametrize("known", [True, False])
def test_a_poller_is_told_nothing_new(web: WebGateway, known: bool) -> None:
    """304 while nothing changed, another answer when a volume is made."""
    case_id = web.case()
    put(web, case_id, slices(ramp(SHAPE, "int16")))
    client = web.client("reader")
    path = f"/api/cases/{case_id}/images"
    etag = client.get(path).headers["etag"]
    if not known:
        make(web, case_id)
    again = client.get(path, headers={"If-None-Match": etag})
    assert again.status_code == (304 if known else 200)
