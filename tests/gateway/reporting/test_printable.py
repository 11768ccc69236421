"""The report for people: HTML for the screen, PDF for paper."""

from __future__ import annotations

import subprocess
import warnings
from typing import TYPE_CHECKING

import pytest

from gateway.reporting.example import phantom_form, phantom_report
from gateway.reporting.outline import Restoration, outline
from gateway.reporting.printable import header_of, render, to_pdf
from gateway.reporting.report import Report, report_from_form
from support.objects.reports import SIGNATURE, SIGNED_AT, document, mr_headers

if TYPE_CHECKING:
    from pathlib import Path


def page_of(report: Report, header: dict[str, str]) -> str:
    """The page of a report as its reader saw it."""
    return render(outline(report, Restoration()), header)


def test_the_page_says_what_was_coded() -> None:
    """The page shows the header it was given, every section and the coded answers in words."""
    page = page_of(phantom_report(), {"Case": "PML-ABCDEF23"})
    for text in (
        "PML-ABCDEF23",
        "New or active PML highly suspected / typical",
        "Flame-like spread",
        "50 mm",
        "Neurologist on call",
    ):
        assert text in page
    assert "Communication of Critical Results" in page


@pytest.mark.parametrize(("sent", "printed"), [("19800229", "1980-02-29"), ("1980", "1980"), ("", "")])
def test_dates_of_the_header_are_written_like_those_of_the_report(sent: str, printed: str) -> None:
    """One way of writing a date on a page; what is no date stays as the sender wrote it."""
    with warnings.catch_warnings(action="ignore"):
        (image,) = mr_headers(1, PatientBirthDate=sent)
    assert header_of(image, SIGNATURE)["Date of birth"] == printed


def test_text_of_people_is_escaped() -> None:
    """Nothing a reader types becomes markup."""
    report = report_from_form({**phantom_form(), "narrative": "<script>alert(1)</script> & “so”"})
    page = page_of(report, {"<b>": "<i>"})
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<i>" not in page


def test_equal_pages_give_equal_pdfs() -> None:
    """The PDF depends on the page and the time of signing only."""
    page = page_of(phantom_report(), {})
    assert to_pdf(page, created=SIGNED_AT) == to_pdf(page, created=SIGNED_AT)


@pytest.mark.poppler
def test_the_pdf_inside_the_dicom_object_can_be_read(tmp_path: Path) -> None:
    """The encapsulated PDF names patient and finding in readable text, umlauts included."""
    report = report_from_form({**phantom_form(), "narrative": "Größe ≥ 3 cm, Ščepanović, Νάτα, Люба."})
    ds = document(report, as_="pdf")
    file = tmp_path / "report.pdf"
    file.write_bytes(ds.EncapsulatedDocument[: ds.EncapsulatedDocumentLength])
    text = subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True, timeout=30
    )
    printed = text.stdout.decode()
    for expected in ("Müßig Jürgen", "SYN-4711", "Größe ≥ 3 cm, Ščepanović, Νάτα, Люба.", "Dr. Anna Roth"):
        assert expected in printed
