"""Marks in the report as DICOM: on the sender's own frames, in every form, and read back by other programs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from highdicom.spatial import ImageToReferenceTransformer
from highdicom.sr import ContentSequence
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedMRImageStorage, MRImageStorage

from gateway.reporting.documents.evidence import EvidenceProblem
from gateway.reporting.documents.forms import DocumentForm
from gateway.reporting.example import phantom_form
from gateway.reporting.lesions.marks import Point, place_in_words
from gateway.reporting.outline import Restoration, outline
from gateway.reporting.printable import render
from gateway.reporting.report import Report, report_from_form
from support.objects.reports import (
    STUDY,
    dciodvfy_errors,
    document,
    dumped,
    encoded,
    evidence_uids,
    mr_headers,
    read_back,
    values,
)

WITH_COORDINATES = (DocumentForm.ENHANCED, DocumentForm.COMPREHENSIVE)
SR_FORMS = (*WITH_COORDINATES, DocumentForm.BASIC)
SPACING = (0.9, 0.7)
FRAME_OF_REFERENCE = "2.25.71900"
CLASSIC, ENHANCED = f"{STUDY}.2.1", f"{STUDY}.3.1"
SHOWN = {CLASSIC: "2.25.501", ENHANCED: "2.25.502"}
"""Original SOP Instance UID -> that of the copy."""
ORIGINALS = {shown: original for original, shown in SHOWN.items()}
TILT = (1.0, 0.0, 0.0, 0.0, 0.8, 0.6)
COPY_UIDS = ("2.25.501", "2.25.502", "2.25.600", "2.25.601")


def corner(frame: int) -> list[float]:
    """Where frame `frame` (from 1) of the Enhanced object begins, mm."""
    return [-80.0, -90.0 - 0.6 * frame * 1.5, -40.0 + 0.8 * frame * 1.5]


def study() -> list[Dataset]:
    """A study with places: classic images, and an Enhanced object of 80 tilted frames."""
    headers = mr_headers(FrameOfReferenceUID=FRAME_OF_REFERENCE)
    for number, ds in enumerate(headers):
        ds.Rows, ds.Columns, ds.PixelSpacing = 200, 240, list(SPACING)
        ds.ImagePositionPatient, ds.ImageOrientationPatient = [-80, -90, 5.0 * number], [1, 0, 0, 0, 1, 0]
    [many] = mr_headers(1, FrameOfReferenceUID=FRAME_OF_REFERENCE)
    many.SOPClassUID, many.SOPInstanceUID = EnhancedMRImageStorage, ENHANCED
    many.SeriesInstanceUID, many.SeriesNumber = f"{STUDY}.3", 3
    many.Rows, many.Columns, many.NumberOfFrames = 200, 240, 80
    shared, plane, measures = Dataset(), Dataset(), Dataset()
    plane.ImageOrientationPatient, measures.PixelSpacing = list(TILT), list(SPACING)
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [plane], [measures]
    many.SharedFunctionalGroupsSequence = [shared]
    many.PerFrameFunctionalGroupsSequence = []
    for frame in range(1, 81):
        group, position = Dataset(), Dataset()
        position.ImagePositionPatient = corner(frame)
        group.PlanePositionSequence = [position]
        many.PerFrameFunctionalGroupsSequence.append(group)
    return [*headers, many]


def on_enhanced(frame: int, column: float, row: float) -> Point:
    """A place on a frame of the Enhanced object, image coordinates to mm."""
    x, y = np.array(TILT[:3]), np.array(TILT[3:])
    made = np.array(corner(frame)) + x * (column - 0.5) * SPACING[1] + y * (row - 0.5) * SPACING[0]
    across, back, up = (round(float(value), 2) for value in made)
    return across, back, up


POINTS = {21: on_enhanced(21, 100, 60), 71: on_enhanced(71, 30.5, 180)}


def marked_form() -> dict[str, Any]:
    """The phantom's report with points on frames 21 and 71 of one object, an axis, a region of two slices."""
    many = {"series": "2.25.600", "uid": SHOWN[ENHANCED], "frame_of_reference": "2.25.601"}
    one = {"series": "2.25.600", "uid": SHOWN[CLASSIC], "frame_of_reference": "2.25.601"}
    marks: list[dict[str, Any]] = [
        {"kind": "point", **many, "frame": frame, "points": [point]} for frame, point in POINTS.items()
    ]
    marks.append({"kind": "long_axis", **one, "points": [[-60, -50, 0], [-10, -50, 0]]})
    outlines = [
        {
            "uid": SHOWN[ENHANCED],
            "frame": frame,
            "points": [on_enhanced(frame, c, r) for c, r in ((50, 50), (80, 50), (65, 90))],
        }
        for frame in (30, 31)
    ]
    marks.append(
        {
            "kind": "region",
            **many,
            "frame": 30,
            "points": [on_enhanced(30, 65, 60)],
            "outlines": outlines,
            "volume_ml": "12.5",
            "method": "threshold",
        }
    )
    return phantom_form() | {
        "lesions.0.long_axis_mm": "50",
        "lesions.0.volume_cm3": "12.5",
        "lesions.0.tracking_uid": "2.25.77",
        "lesions.0.marks": [json.dumps(mark) for mark in marks],
        "lesions.0.key_images": [f"{SHOWN[ENHANCED]}#21", f"{SHOWN[ENHANCED]}#71", SHOWN[CLASSIC]],
    }


def marked_report() -> Report:
    """That form, signed."""
    return report_from_form(marked_form())


def built(form: DocumentForm, **options: Any) -> Dataset:
    """The document of that report as it goes back, written and read."""
    return read_back(document(marked_report(), study(), as_=form, original_uids=ORIGINALS, **options))


def reference(item: Dataset) -> tuple[str, list[int]]:
    """SOP Instance UID and frames of a reference."""
    [referenced] = item.ReferencedSOPSequence
    frames = referenced.get("ReferencedFrameNumber")
    numbers = [] if frames is None else [frames] if isinstance(frames, int) else list(frames)
    return str(referenced.ReferencedSOPInstanceUID), [int(number) for number in numbers]


def in_mm(scoord: Dataset) -> np.ndarray[Any, Any]:
    """The coordinates of an SCOORD in mm, from the sender's headers alone (highdicom)."""
    [source] = scoord.ContentSequence
    assert source.RelationshipType == "SELECTED FROM"
    uid, frames = reference(source)
    if uid == ENHANCED:
        [frame] = frames
        position, orientation = corner(frame), TILT
    else:
        assert frames == [], "an object of one frame is referenced without a number"
        position, orientation = [-80, -90, 0], (1, 0, 0, 0, 1, 0)
    transform = ImageToReferenceTransformer(position, orientation, SPACING)
    return transform(np.reshape(np.array(scoord.GraphicData, dtype=float), (-1, 2)))


@pytest.mark.parametrize("form", WITH_COORDINATES)
def test_coordinates_point_at_the_same_place_in_the_original(form: DocumentForm) -> None:
    """Columns and rows of the sender's frames lead back to the marked mm, through the sender's own geometry."""
    ds = built(form)
    points = [item for item in values(ds, "Image Region") if item.GraphicType == "POINT"]
    assert [reference(item.ContentSequence[0]) for item in points] == [(ENHANCED, [21]), (ENHANCED, [71])]
    for item, marked in zip(points, POINTS.values(), strict=True):
        assert in_mm(item) == pytest.approx(np.array([marked]), abs=0.02)
    [path] = values(ds, "Path")
    assert path.RelationshipType == "INFERRED FROM"
    assert in_mm(path) == pytest.approx(np.array([[-60, -50, 0], [-10, -50, 0]]), abs=0.02)
    outlines = [item for item in values(ds, "Image Region") if item.GraphicType == "POLYLINE"]
    assert [reference(item.ContentSequence[0])[1] for item in outlines] == [[30], [31]]
    for item in outlines:
        corners = in_mm(item)
        assert len(corners) == 4
        assert corners[0] == pytest.approx(corners[-1]), "an outline is closed"
    assert [str(item.UID) for item in values(ds, "Frame of Reference UID")] == [FRAME_OF_REFERENCE] * 4


@pytest.mark.parametrize("form", WITH_COORDINATES)
def test_a_mark_is_a_measurement_group_with_its_tracking(form: DocumentForm) -> None:
    """PS3.16 TID 1410, and TID 1411 for the outlines of several slices; lesion and mark are tracked together."""
    ds = built(form)
    groups = values(ds, "Measurement Group")
    assert [group.ContentTemplateSequence[0].TemplateIdentifier for group in groups] == ["1410"] * 3 + [
        "1411"
    ]
    for group in groups:
        tracked = {
            item.ValueType: item
            for item in group.ContentSequence
            if item.RelationshipType == "HAS OBS CONTEXT"
        }
        assert tracked["TEXT"].TextValue == "Lesion 1"
        assert tracked["UIDREF"].UID == "2.25.77"
        assert ContentSequence.from_sequence(group.ContentSequence, is_root=False)
    measured = [
        (item.ConceptNameCodeSequence[0].CodeMeaning, str(item.MeasuredValueSequence[0].NumericValue))
        for group in groups
        for item in group.ContentSequence
        if item.ValueType == "NUM"
    ]
    assert measured == [("Long axis", "50"), ("Volume", "12.5")]


@pytest.mark.parametrize("form", SR_FORMS)
def test_key_images_and_marks_keep_their_frames_in_every_class(form: DocumentForm) -> None:
    """Frames 21 and 71 of one object are two references; whatever is referenced is evidence."""
    ds = built(form)
    key_images = [reference(item) for item in values(ds, "Key image")]
    assert key_images == [(ENHANCED, [21]), (ENHANCED, [71]), (CLASSIC, [])]
    assert {CLASSIC, ENHANCED} <= evidence_uids(ds.CurrentRequestedProcedureEvidenceSequence)
    told = [item.TextValue for item in values(ds, "Place in mm of the patient coordinate system (LPS)")]
    assert len(told) == 5
    if form is DocumentForm.BASIC:
        assert {item.ValueType for item in values(ds, "Image Region")} == {"IMAGE"}
        assert not [item for item in values(ds, "Image Region") if "GraphicData" in item]


@pytest.mark.parametrize("form", DocumentForm)
def test_nothing_of_a_copy_is_left(form: DocumentForm) -> None:
    """Series, instance and frame of reference are those of the sender."""
    whole = encoded(document(marked_report(), study(), as_=form, original_uids=ORIGINALS))
    for uid in COPY_UIDS:
        assert uid.encode() not in whole, uid


@pytest.mark.parametrize("frames", [{}, {CLASSIC: "2.25.501"}])
def test_a_mark_on_nothing_that_was_sent_is_refused(frames: dict[str, str]) -> None:
    """No reference leaves that points nowhere."""
    with pytest.raises(EvidenceProblem):
        document(marked_report(), study(), original_uids={shown: uid for uid, shown in frames.items()})


def test_a_mark_on_a_header_without_a_place_has_no_coordinates() -> None:
    """The picture is still named, and the mm; nothing is made up."""
    bare = study()
    for ds in bare:
        for name in ("ImagePositionPatient", "PerFrameFunctionalGroupsSequence"):
            if name in ds:
                delattr(ds, name)
    ds = read_back(document(marked_report(), bare, original_uids=ORIGINALS))
    assert {item.ValueType for item in values(ds, "Image Region")} == {"IMAGE"}
    assert values(ds, "Path") == []
    assert len(values(ds, "Long axis")) == 2


def test_print_says_what_was_marked_and_on_which_frame() -> None:
    """Measure, place and picture of each mark in one row."""
    restoration = Restoration(0, ORIGINALS)
    page = render(outline(marked_report(), restoration), {})
    assert "Long axis 50 mm" in page
    assert place_in_words(POINTS[71]) in page
    assert f"on {ENHANCED}, frame 71" in page
    assert f"{ENHANCED}, frame 21" in page
    assert "on 2 images" in page


@pytest.mark.dicom3tools
@pytest.mark.parametrize("form", SR_FORMS)
def test_dciodvfy_accepts_marks(form: DocumentForm, tmp_path: Path) -> None:
    """No error in any class."""
    assert (
        dciodvfy_errors(document(marked_report(), study(), as_=form, original_uids=ORIGINALS), tmp_path) == []
    )


@pytest.mark.dcmtk
@pytest.mark.parametrize("form", SR_FORMS)
def test_dcmtk_reads_and_renders_marks(form: DocumentForm, tmp_path: Path) -> None:
    """dsrdump knows every item; dsr2html shows the frames."""
    ds = document(marked_report(), study(), as_=form, original_uids=ORIGINALS)
    assert "Measurement Group" in dumped(ds, tmp_path)
    program = shutil.which("dsr2html")
    assert program
    command = [program, str(tmp_path / "document.dcm"), str(tmp_path / "page.html")]
    ended = subprocess.run(command, capture_output=True, check=False, timeout=30)
    assert ended.returncode == 0, ended.stderr.decode(errors="replace")
    page = (tmp_path / "page.html").read_text(encoding="utf-8", errors="replace")
    assert "Measurement Group" in page
    assert MRImageStorage.name.split()[0] in page
