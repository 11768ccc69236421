"""The pictures of a report: from the copies, each frame once, and in words where there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.demo.phantom import phantom_study
from gateway.imaging.frames import object_header
from gateway.imaging.stacks import study_index
from gateway.imaging.study_index import StudyIndex
from gateway.pipeline import report_pictures
from gateway.pipeline.context import StepContext
from gateway.pipeline.report_pictures import MOST, NOT_DRAWN, NOT_HERE
from gateway.reporting.example import phantom_form
from gateway.reporting.marked_pictures import MarkedPicture
from gateway.reporting.report import Report, report_from_form

STUDY = [ds for ds in phantom_study(date(2026, 2, 1), small=True) if ds.SeriesNumber == 2]
UIDS = [str(ds.SOPInstanceUID) for ds in STUDY]


@pytest.fixture
def context(tmp_path: Path) -> StepContext:
    """Whose object store holds the series."""
    for number, ds in enumerate(STUDY):
        ds.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
    blobs = SimpleNamespace(path=lambda key: tmp_path / key)
    return cast("StepContext", SimpleNamespace(blobs=blobs))


def index() -> StudyIndex:
    """Of the series."""
    return study_index("v", [(f"{at}.dcm", object_header(ds, 1)) for at, ds in enumerate(STUDY)])


def report(marks: list[dict[str, Any]], key_images: list[str]) -> Report:
    """With these marks and key images of its lesion."""
    return report_from_form(
        phantom_form()
        | {"lesions.0.marks": [json.dumps(each) for each in marks], "lesions.0.key_images": key_images}
    )


def point(uid: str = UIDS[1], **more: Any) -> dict[str, Any]:
    """A mark on a slice."""
    z = float(STUDY[1].ImagePositionPatient[2])
    return {"kind": "point", "series": "2.25.1", "uid": uid, "points": [[-33, -37, z]]} | more


def pictures(context: StepContext, of: Report, known: StudyIndex) -> list[MarkedPicture]:
    """As they are printed."""
    return [report_pictures._picture(context, known, each) for each in report_pictures._wanted(of)]


def test_each_marked_frame_is_drawn_once(context: StepContext) -> None:
    """Two marks and a key image of one slice are one picture; another key image is another."""
    made = pictures(context, report([point(), point()], [UIDS[1], UIDS[0]]), index())
    assert [each.caption.rpartition(". ")[2] for each in made] == [
        "Series 2, image 2 of 3",
        f"Series 2, image {1 + sorted(range(3), key=lambda n: STUDY[n].ImagePositionPatient[2]).index(0)} of 3",
    ]
    assert made[0].caption.count("Point at R 33.0 A 37.0") == 2
    assert all(each.image is not None for each in made)
    plain = pictures(context, report([], [UIDS[1]]), index())[0]
    assert plain.pixels != made[0].pixels, "the mark is on it"


def test_what_cannot_be_drawn_is_said_in_words(context: StepContext, tmp_path: Path) -> None:
    """A copy that is gone, broken, coloured or not told which frame keeps no report back."""
    known = index()
    [gone] = pictures(context, report([], ["2.25.404"]), known)
    assert (NOT_HERE in gone.caption, gone.image) == (True, None)
    colours = replace(known, objects=tuple(replace(each, photometric="RGB") for each in known.objects))
    [coloured] = pictures(context, report([point()], []), colours)
    assert (NOT_DRAWN in coloured.caption, coloured.image) == (True, None)
    huge = replace(known, frames=tuple(replace(each, rows=65535, columns=65535) for each in known.frames))
    [large] = pictures(context, report([point()], []), huge)
    assert (NOT_DRAWN in large.caption, large.image) == (True, None)
    for file in tmp_path.glob("*.dcm"):
        file.write_bytes(file.read_bytes()[:2000])
    [broken] = pictures(context, report([point()], []), known)
    assert (NOT_DRAWN in broken.caption, broken.image) == (True, None)
    header = object_header(STUDY[1], 1)
    [frame] = header.frames
    several = study_index("v", [("1.dcm", replace(header, frames=(frame, replace(frame, frame=1))))])
    [untold] = pictures(context, report([], [UIDS[1]]), several)
    assert ("which one was not told" in untold.caption, untold.image) == (True, None)


def test_a_report_has_so_many_pictures_and_no_more() -> None:
    """The others are named in its text; the marked ones come first."""
    many = report([point()], [f"2.25.{number}" for number in range(1, 30)])
    wanted = list(report_pictures._wanted(many))
    assert len(wanted) == 30
    assert wanted[0].uid == UIDS[1]
    assert MOST < 30
