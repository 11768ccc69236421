"""The report as Encapsulated PDF: length, class, identity of the header, sources and time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pydicom.uid import EncapsulatedPDFStorage

from gateway.reporting.documents.encapsulated_pdf import build_pdf_document
from gateway.reporting.layout.entries import Heading, Words
from gateway.reporting.outline import notice_of
from gateway.reporting.printable import header_of
from gateway.reporting.signer import NOT_SIGNED, Signature, Unsigned
from support.objects.reports import SIGNER, mr_headers

if TYPE_CHECKING:
    from pydicom import Dataset

AT = datetime(2026, 2, 3, 12, 30, 15, 987654, tzinfo=UTC)


@pytest.fixture(scope="module")
def headers() -> list[Dataset]:
    """The images that were read."""
    return mr_headers(3)


@pytest.fixture(scope="module")
def pdf(headers: list[Dataset]) -> Dataset:
    """A document of one section."""
    return made(headers, "Text.")


def made(headers: list[Dataset], text: str) -> Dataset:
    """A document with these words in it."""
    sections = [Heading("section.findings", (Words("narrative", text),))]
    return build_pdf_document(sections, headers[0], headers, Signature(SIGNER, AT), "Second reading")


def test_the_length_is_that_of_the_pdf_without_its_padding(headers: list[Dataset]) -> None:
    """PS3.3 C.24.2: an archive cuts the padding off by EncapsulatedDocumentLength."""
    lengths = set()
    for words in ("Text.", "Text with more words.", "Another text, Word by word.", "a b c d e f g"):
        document = made(headers, words)
        data, length = document.EncapsulatedDocument, document.EncapsulatedDocumentLength
        assert len(data) == length + length % 2
        assert data.startswith(b"%PDF-")
        assert data[:length].rstrip().endswith(b"%%EOF")
        lengths.add(length)
    assert len(lengths) > 1


def test_the_document_is_of_the_patient_and_study_of_the_images(pdf: Dataset, headers: list[Dataset]) -> None:
    """It lies beside the images in the archive."""
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate", "AccessionNumber"):
        assert pdf[keyword].value == headers[0][keyword].value
    assert pdf.SOPClassUID == EncapsulatedPDFStorage
    assert pdf.SpecificCharacterSet == "ISO_IR 192"


def test_the_page_names_the_patient_and_says_so(pdf: Dataset) -> None:
    """Who passes the object on knows that its pixels identify."""
    assert (pdf.BurnedInAnnotation, pdf.VerificationFlag) == ("YES", "VERIFIED")
    assert (pdf.MIMETypeOfEncapsulatedDocument, pdf.DocumentTitle) == ("application/pdf", "Second reading")


def test_every_image_is_a_source(pdf: Dataset, headers: list[Dataset]) -> None:
    """The sources are the images that were read, in their order, each with its class."""
    sources = [
        (item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID) for item in pdf.SourceInstanceSequence
    ]
    assert sources == [(ds.SOPClassUID, ds.SOPInstanceUID) for ds in headers]


def test_the_time_is_the_one_of_the_signature(pdf: Dataset) -> None:
    """Content time without fractions; the same instant with its offset as DT."""
    assert (str(pdf.ContentDate), str(pdf.ContentTime)[:6]) == ("20260203", "123015")
    assert str(pdf.AcquisitionDateTime) == "20260203133015+0100"


def test_what_nobody_signed_is_unverified_and_says_so(headers: list[Dataset]) -> None:
    """PS3.3 C.24.2: the flag, and on the page the status in place of a signer."""
    sections = [Heading("section.findings", (Words("narrative", "Text."),))]
    unsigned, signed = Unsigned(AT), Signature(SIGNER, AT)
    document = build_pdf_document(sections, headers[0], headers, unsigned, "Second reading")
    assert document.VerificationFlag == "UNVERIFIED"
    assert header_of(headers[0], unsigned)["Status"] == NOT_SIGNED
    assert "Signed by" not in header_of(headers[0], unsigned)
    assert header_of(headers[0], signed)["Signed by"] == "Dr. Anna Roth, Reading Site North"
    assert notice_of(unsigned).startswith(NOT_SIGNED)
    assert NOT_SIGNED not in notice_of(signed)
