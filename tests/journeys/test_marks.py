"""A lesion is marked on the copies, and what comes back to the hospital points at it in its own images."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from highdicom.spatial import ImageToReferenceTransformer
from pydicom import dcmread

from gateway.demo.demo_systems import DemoSystems
from gateway.reporting.example import phantom_form
from support.journeys import ASKED, push, scan, uids, wait_for_case
from support.objects.reports import values

pytestmark = pytest.mark.timeout(180)

LESION = np.array([-33.0, -37.0])
"""The middle of the phantom's lesion across and back, mm (`gateway.demo.anatomy`)."""


def marks_on(images: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """A point, a long axis of 20 mm and an outline around the lesion on the middle FLAIR slice; and that slice."""
    stack = next(each for each in images["stacks"] if each["kind"] == "flair")
    frame = stack["frames"][len(stack["frames"]) // 2]
    x, y, z = *LESION.tolist(), frame["position"][2]
    mark = {
        "series": stack["series_uid"],
        "uid": frame["uid"],
        "frame_of_reference": stack["frame_of_reference"],
    }
    corners = [[x - 10, y - 10, z], [x + 10, y - 10, z], [x + 10, y + 10, z], [x - 10, y + 10, z]]
    return [
        {"kind": "point", **mark, "points": [[x, y, z]]},
        {"kind": "long_axis", **mark, "points": [[x, y - 10, z], [x, y + 10, z]]},
        {
            "kind": "region",
            **mark,
            "points": [[x, y, z]],
            "outlines": [{"uid": frame["uid"], "points": corners}],
            "volume_ml": "0.4",
            "method": "brush",
        },
    ], frame["uid"]


@pytest.mark.poppler
def test_a_mark_comes_back_on_the_original(systems: DemoSystems, tmp_path: Path) -> None:
    """Within 1 mm of the planted lesion by the hospital's own headers; no form of the report has a UID of a copy."""
    study = scan(systems)
    push(systems, study)
    client = systems.client()
    case = wait_for_case(systems, client, "FORWARDED")
    client.call("POST", f"/api/cases/{case['id']}/claim")
    marks, shown = marks_on(client.call("GET", f"/api/cases/{case['id']}/images"))
    form = phantom_form(prior_study_date=None, told_at=datetime.now(UTC)) | {
        **{f"reasons.{key}": reason for key, reason in ASKED.items()},
        "lesions.0.marks": [json.dumps(mark) for mark in marks],
        "lesions.0.key_images": [shown],
        "lesions.0.long_axis_mm": "20.0",
        "lesions.0.volume_cm3": "0.4",
    }
    client.call("POST", f"/api/cases/{case['id']}/sign", {"form": form, "password": client.password})
    wait_for_case(systems, client, "CONFIRMED")

    [report] = [dcmread(file.path) for file in systems.hospital.files(Modality="SR")]
    originals = {str(ds.SOPInstanceUID): ds for ds in study}
    point = next(item for item in values(report, "Image Region") if item.GraphicType == "POINT")
    original = originals[str(point.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID)]
    in_mm = ImageToReferenceTransformer(
        original.ImagePositionPatient, original.ImageOrientationPatient, original.PixelSpacing
    )(np.reshape(np.array(point.GraphicData, dtype=float), (1, 2)))[0]
    assert np.linalg.norm(in_mm[:2] - LESION) < 1.0
    assert {str(item.UID) for item in values(report, "Frame of Reference UID")} == {
        str(original.FrameOfReferenceUID)
    }

    copies = uids(file.header for file in systems.reading_site.files())
    copies |= {str(file.header.SeriesInstanceUID) for file in systems.reading_site.files()}
    copies |= {str(file.header.FrameOfReferenceUID) for file in systems.reading_site.files()}
    composed = sorted(systems.folder.rglob("reports/1/*.dcm"))
    assert {file.stem for file in composed} >= {"enhanced", "comprehensive", "basic", "pdf", "capture"}
    for file in composed:
        content = file.read_bytes()
        assert not [uid for uid in copies if uid.encode() in content], file.name

    pdf = tmp_path / "report.pdf"
    pdf.write_bytes(dcmread(next(file for file in composed if file.stem == "pdf")).EncapsulatedDocument)
    page = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True)
    assert "image 2 of 3" in page.stdout
    assert "Long axis 20.0 mm" in " ".join(page.stdout.split())
    listed = subprocess.run(["pdfimages", "-list", str(pdf)], capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 3, "the marked frame, once: key image and marks are one picture"
