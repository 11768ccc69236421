"""Marks are on pictures of the study that was read: others are refused before anybody signs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydicom.dataset import Dataset

from gateway.demo.phantom import phantom_study
from gateway.imaging.frames import object_header
from gateway.imaging.stacks import study_index
from gateway.imaging.study_index import StudyIndex
from gateway.reporting.checks.study_facts import StudyFacts
from gateway.reporting.example import phantom_form
from gateway.reporting.report import form_problems

STUDY = list(phantom_study(date(2026, 2, 1), small=True))


def index_of(study: list[Dataset]) -> StudyIndex:
    """As the gateway makes it of copies."""
    return study_index("v", [(str(n), object_header(ds, 1)) for n, ds in enumerate(study)])


INDEX = index_of(STUDY)
SHOWN = STUDY[1]


def middle(ds: Dataset) -> list[float]:
    """The middle of a slice."""
    return [0.0, 0.0, float(ds.ImagePositionPatient[2])]


def mark(ds: Dataset = SHOWN, **changes: Any) -> dict[str, Any]:
    """A point in the middle of a slice."""
    return {
        "kind": "point",
        "series": str(ds.SeriesInstanceUID),
        "uid": str(ds.SOPInstanceUID),
        "frame_of_reference": str(ds.FrameOfReferenceUID),
        "points": [middle(ds)],
    } | changes


def problems(*marks: dict[str, Any], key_images: tuple[str, ...] = ()) -> list[str]:
    """What is wrong with a report with these, by field."""
    form = phantom_form() | {
        "lesions.0.marks": [json.dumps(each) for each in marks],
        "lesions.0.key_images": list(key_images),
    }
    found = form_problems(form, StudyFacts(index=INDEX))
    return [each.problem for each in found if each.field in ("lesions.0.marks", "lesions.0.key_images")]


def test_marks_on_pictures_of_the_study_are_taken() -> None:
    """Every slice of every series, with and without its frame."""
    assert [
        problems(mark(ds), mark(ds, frame=1), key_images=(str(ds.SOPInstanceUID),)) for ds in STUDY[:6]
    ] == [[]] * 6


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"uid": "2.25.1"}, "is on no picture of this study"),
        ({"frame": 2}, "is on no picture of this study"),
        ({"series": "2.25.1"}, "names another series"),
        ({"frame_of_reference": "2.25.1"}, "names another frame of reference"),
        ({"points": [[0, 0, float(SHOWN.ImagePositionPatient[2]) + 1.01]]}, "does not lie on its picture"),
        ({"points": [[-300, 0, float(SHOWN.ImagePositionPatient[2])]]}, "does not lie on its picture"),
    ],
)
def test_a_mark_elsewhere_is_refused(changes: dict[str, Any], why: str) -> None:
    """Another study's, another frame's, beside the slice or beside the head."""
    [problem] = problems(mark(**changes))
    assert why in problem


def test_an_outline_in_another_series_is_refused() -> None:
    """A region lies in one series: its volume was measured there."""
    z = float(SHOWN.ImagePositionPatient[2])
    corners = [[0, 0, z], [5, 0, z], [0, 5, z]]
    region = {"kind": "region", "volume_ml": "1", "method": "brush"}
    own = {"uid": str(SHOWN.SOPInstanceUID), "points": corners}
    other = next(ds for ds in STUDY if ds.SeriesInstanceUID != SHOWN.SeriesInstanceUID)
    assert problems(mark(**region, outlines=[own])) == []
    [problem] = problems(mark(**region, outlines=[own, own | {"uid": str(other.SOPInstanceUID)}]))
    assert "outline in another series" in problem


@pytest.mark.parametrize("key", ["2.25.1", f"{SHOWN.SOPInstanceUID}#2"])
def test_a_key_image_of_no_picture_is_refused(key: str) -> None:
    """Nor one of a frame that the object has not."""
    [problem] = problems(key_images=(key,))
    assert "is no picture of this study" in problem


def test_of_several_frames_the_mark_says_which() -> None:
    """The first is not guessed."""
    header = object_header(SHOWN, 1)
    [frame] = header.frames
    several = replace(header, frames=(frame, replace(frame, frame=1)))
    found = form_problems(
        phantom_form() | {"lesions.0.marks": [json.dumps(mark())]},
        StudyFacts(index=study_index("v", [("0", several)])),
    )
    assert [each.problem for each in found if each.field == "lesions.0.marks"] == [
        "Lesion 1: a mark does not lie on its picture."
    ]
