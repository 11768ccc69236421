"""The printed report inside a DICOM object (PS3.3 A.45.1): for archives that take no structured report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from highdicom.base import SOPClass
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from gateway.reporting.codes import code
from gateway.reporting.content import date_time
from gateway.reporting.documents.common_modules import first_attributes, source_item
from gateway.reporting.outline import notice_of
from gateway.reporting.printable import header_of, render, to_pdf
from gateway.reporting.signer import Signature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.reporting.layout.entries import Heading
    from gateway.reporting.marked_pictures import MarkedPicture
    from gateway.reporting.signer import Unsigned


class _EncapsulatedPdf(SOPClass):
    """highdicom's common modules for a class it does not have."""


def build_pdf_document(
    sections: Sequence[Heading],
    header: Dataset,
    instances: Sequence[Dataset],
    signature: Signature | Unsigned,
    title: str,
    pictures: Sequence[MarkedPicture] = (),
) -> Dataset:
    """The report as Encapsulated PDF Storage; series and equipment are set by the caller."""
    at = signature.at
    pdf = to_pdf(
        render(sections, header_of(header, signature), notice_of(signature)), created=at, pictures=pictures
    )
    document = _EncapsulatedPdf(
        sop_class_uid=EncapsulatedPDFStorage,
        instance_number=1,
        modality="DOC",
        **first_attributes(header, at),
    )
    document.copy_patient_and_study_information(header)
    document.ConversionType = "WSD"
    document.AcquisitionDateTime = date_time(at)
    document.BurnedInAnnotation = "YES"  # the page names the patient
    document.DocumentTitle = title
    document.ConceptNameCodeSequence = [CodedConcept.from_code(code("title"))]
    document.VerificationFlag = "VERIFIED" if isinstance(signature, Signature) else "UNVERIFIED"
    document.SourceInstanceSequence = [source_item(ds) for ds in instances]
    document.MIMETypeOfEncapsulatedDocument = "application/pdf"
    document.EncapsulatedDocumentLength = len(pdf)
    document.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return document
