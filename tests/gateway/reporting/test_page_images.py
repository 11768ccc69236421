"""The printed report as pictures of its pages, and these as DICOM images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from gateway.reporting.documents.forms import build_pages
from gateway.reporting.example import phantom_report
from gateway.reporting.layout.entries import Heading, Words
from gateway.reporting.outline import Restoration, outline
from gateway.reporting.page_images import HEIGHT, WIDTH, draw
from gateway.reporting.signer import Unsigned
from support.objects.reports import DEVICE, SIGNATURE, SIGNED_AT, dciodvfy_errors, mr_headers, read_back

HEADER = {"Patient": "Müßig Jürgen", "Patient ID": "SYN-4711"}
SECTIONS = outline(phantom_report(prior_study_date=None, told_at=SIGNED_AT), Restoration())


def pages(**options: Any) -> list[Dataset]:
    """The images of the example report."""
    arguments: dict[str, Any] = {
        "signature": SIGNATURE,
        "sop_instance_uid_of": lambda page: f"2.25.7150{page}",
        "series_instance_uid": "2.25.71601",
        "series_number": 9904,
        "device": DEVICE,
        "date_shift_days": 0,
    }
    report = phantom_report(prior_study_date=None, told_at=SIGNED_AT)
    return build_pages(report, mr_headers(), **arguments | options)


def ink(page: Image.Image) -> tuple[int, int, int, int] | None:
    """The box of everything that is not paper."""
    return page.point(lambda value: 255 if value < 250 else 0).getbbox()


def test_the_pages_hold_everything_and_keep_their_margins() -> None:
    """Text on every page, nothing in the outer 80 pixels, and the same pages each time."""
    drawn = draw(SECTIONS, HEADER)
    assert len(drawn) >= 2
    for page in drawn:
        box = ink(page)
        assert box is not None
        assert box[0] >= 80
        assert box[1] >= 80
        assert box[2] <= WIDTH - 80
        assert box[3] <= HEIGHT - 60
    assert [page.tobytes() for page in drawn] == [page.tobytes() for page in draw(SECTIONS, HEADER)]


@pytest.mark.parametrize("text", ["word " * 3000, "x" * 5000, "line\n\nline\n" * 200, "", "Ж Ω ß " * 50])
def test_any_text_is_set_in_lines_that_fit(text: str) -> None:
    """Long texts go on to further pages, a word that is too long is cut, an empty one is no error."""
    drawn = draw([Heading("section.addendum", (Words("addendum_text", text),))], HEADER)
    for page in drawn:
        box = ink(page)
        assert box is not None
        assert box[2] <= WIDTH - 80
    assert len(drawn) >= len(text) // 6000 + 1


def test_different_texts_give_different_pages() -> None:
    """Each word of the outline is on the page: one that changes changes the picture."""
    one, other = (
        draw([Heading("section.addendum", (Words("addendum_text", text),))], HEADER)[0].tobytes()
        for text in ("no lesion", "new lesion")
    )
    assert one != other


def test_each_page_is_an_image_of_the_patient_and_study() -> None:
    """Identity of the study, one series, its own UID and number, burned in identity declared, all pixels there."""
    original = mr_headers()[0]
    for number, page in enumerate(map(read_back, pages()), 1):
        assert page.SOPClassUID == SecondaryCaptureImageStorage
        assert (page.SOPInstanceUID, page.InstanceNumber) == (f"2.25.7150{number}", number)
        assert (page.PatientName, page.PatientID) == (original.PatientName, original.PatientID)
        assert page.StudyInstanceUID == original.StudyInstanceUID
        assert (page.SeriesInstanceUID, page.SeriesNumber, page.BurnedInAnnotation) == (
            "2.25.71601",
            9904,
            "YES",
        )
        assert page.pixel_array.shape == (HEIGHT, WIDTH)
        assert page.pixel_array.min() < 60
        assert len(page.SourceImageSequence) == len(mr_headers())


def test_a_page_that_nobody_signed_looks_different() -> None:
    """At its head stands that it is preliminary, at its end the same in the notice."""
    signed, unsigned = pages(), pages(signature=Unsigned(SIGNED_AT))
    assert signed[0].PixelData != unsigned[0].PixelData
    assert signed[-1].PixelData != unsigned[-1].PixelData


@pytest.mark.dicom3tools
def test_a_page_is_valid(tmp_path: Path) -> None:
    """dciodvfy finds nothing wrong with the Secondary Capture image IOD."""
    for page in pages():
        assert dciodvfy_errors(page, tmp_path) == []
