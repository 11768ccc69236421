"""A signed report as DICOM: Enhanced SR, Comprehensive SR, Basic Text SR, Encapsulated PDF or Secondary Capture
(PS3.3 A.35, A.45.1, A.8.1).

The document carries the sender's own patient and study, references every instance that was read, is COMPLETE and
VERIFIED, and depends on nothing but its arguments: the same report gives the same bytes, so a second try sends the
same object.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept, ComprehensiveSR, EnhancedSR
from pydicom.dataset import Dataset
from pydicom.uid import UID, BasicTextSRStorage, ExplicitVRLittleEndian
from pydicom.valuerep import DA, TM

from gateway import __version__
from gateway.reporting.codes import PRIVATE_SCHEME, code
from gateway.reporting.content import ContentWriter, date_time
from gateway.reporting.encapsulated_pdf import build_pdf_document
from gateway.reporting.evidence import (
    DEIDENTIFICATION,
    TYPE_2,
    EvidenceProblem,
    check_one_study,
    identity_header,
    ordered,
    restoration_of,
    under_one_number,
    without_identity,
)
from gateway.reporting.layout.entries import Heading, ImageReference
from gateway.reporting.outline import outline
from gateway.reporting.secondary_capture import build_page_images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gateway.reporting.report import Report
    from gateway.reporting.signer import DeviceIdentity, Predecessor, Signer

#: Identifies this software in file meta information (PS3.7 D.3.3.2); derived once, never changed.
IMPLEMENTATION_CLASS_UID = "2.25.302170927383012354837163811940823746291"
IMPLEMENTATION_VERSION_NAME = f"PML-GATEWAY {__version__}"[:16]
SERIES_DESCRIPTION = "Second opinion: MS versus PML"


class DocumentForm(StrEnum):
    """The DICOM form of a report, from the richest to the one every archive takes."""

    ENHANCED = "enhanced"
    COMPREHENSIVE = "comprehensive"
    BASIC = "basic"
    PDF = "pdf"


def build(
    report: Report,
    evidence: Sequence[Dataset],
    *,
    identity: Dataset | None = None,
    priors: Sequence[Dataset] = (),
    signed_by: Signer,
    signed_at: datetime,
    sop_instance_uid: str,
    series_instance_uid: str,
    series_number: int,
    device: DeviceIdentity,
    predecessor: Predecessor | None = None,
    as_: DocumentForm | str = DocumentForm.ENHANCED,
    date_shift_days: int | None = None,
    original_uids: Mapping[str, str] | None = None,
) -> Dataset:
    """The report as a dataset with file meta information, ready to save.

    `evidence` and `priors` are the sender's original headers (no pixels needed); `identity` is the one of the study's
    whose patient and study stand for all, the first by default; `signed_at` is aware, best in the
    sender's zone. `date_shift_days` is what was added to this patient's dates (0 when none was shifted; it must be
    given when the report names a prior date) and `original_uids` leads from the reader's UIDs of key images back.
    Raises `EvidenceProblem`.
    """
    if signed_at.tzinfo is None:
        raise ValueError(f"signed_at {signed_at!r} has no zone; give an aware datetime.")
    if date_shift_days is None and report.comparison.prior_study_date is not None:
        raise EvidenceProblem(
            "The report names the date of a prior study as the reader saw it, but not by how much it was shifted.",
            "Give date_shift_days; 0 when the reader saw real dates.",
        )
    form = DocumentForm(as_)
    instances, earlier = _evidence(evidence, priors, identity)
    header = identity_header(instances[0] if identity is None else identity)
    at = _in_zone_of(header, signed_at)
    sections = outline(
        report,
        restoration_of(earlier, date_shift_days or 0, original_uids),
        predecessor.note if predecessor else "",
    )
    classes = {str(ds.SOPInstanceUID): str(ds.SOPClassUID) for ds in instances + earlier}
    _check_pictures(sections, classes)
    if form is DocumentForm.PDF:
        document = build_pdf_document(sections, header, instances, signed_by, at, SERIES_DESCRIPTION)
    else:
        writer = ContentWriter(classes, numbers=form is not DocumentForm.BASIC)
        root = writer.root(sections, report.language, signed_by, str(header.StudyInstanceUID))
        document_class = ComprehensiveSR if form is DocumentForm.COMPREHENSIVE else EnhancedSR
        document = document_class(
            evidence=[without_identity(header), *instances, *earlier],
            content=root,
            series_instance_uid=series_instance_uid,
            series_number=series_number,
            sop_instance_uid=sop_instance_uid,
            instance_number=1,
            is_complete=True,
            is_final=True,
            is_verified=True,
            verifying_observer_name=signed_by.person_name,
            verifying_organization=signed_by.organization,
            performed_procedure_codes=[CodedConcept.from_code(code("second_opinion"))],
            requested_procedures=[_request(header)],
            previous_versions=[_as_instance(predecessor)] if predecessor else None,
            transfer_syntax_uid=ExplicitVRLittleEndian,
            specific_character_set="ISO_IR 192",
            content_date=at.date(),
            content_time=at.time().replace(microsecond=0, tzinfo=None),
            series_description=SERIES_DESCRIPTION,
            coding_schemes=[_private_scheme()],
        )
        if form is DocumentForm.BASIC:  # highdicom has no class for it; the modules are those of Enhanced SR
            document.SOPClassUID = BasicTextSRStorage
        _sign(document, signed_by, at, predecessor)
    _finish(document, header, at, device, sop_instance_uid, series_instance_uid, series_number)
    return document


def build_pages(
    report: Report,
    evidence: Sequence[Dataset],
    *,
    identity: Dataset | None = None,
    priors: Sequence[Dataset] = (),
    signed_by: Signer,
    signed_at: datetime,
    sop_instance_uid_of: Callable[[int], str],
    series_instance_uid: str,
    series_number: int,
    device: DeviceIdentity,
    predecessor: Predecessor | None = None,
    date_shift_days: int,
    original_uids: Mapping[str, str] | None = None,
) -> list[Dataset]:
    """The printed report as Secondary Capture images, one dataset a page; `sop_instance_uid_of` is asked by page.

    The other arguments are those of `build`. Raises `EvidenceProblem`.
    """
    instances, earlier = _evidence(evidence, priors, identity)
    header = identity_header(instances[0] if identity is None else identity)
    at = _in_zone_of(header, signed_at)
    sections = outline(
        report,
        restoration_of(earlier, date_shift_days, original_uids),
        predecessor.note if predecessor else "",
    )
    pages = build_page_images(sections, header, instances, signed_by, at)
    for number, page in enumerate(pages, 1):
        _finish(page, header, at, device, sop_instance_uid_of(number), series_instance_uid, series_number)
    return pages


def _evidence(
    evidence: Sequence[Dataset], priors: Sequence[Dataset], identity: Dataset | None
) -> tuple[list[Dataset], list[Dataset]]:
    """The study and the earlier ones, each in order."""
    instances, earlier = ordered(evidence, "study"), ordered(priors, "prior study")
    if identity is not None:
        instances = under_one_number(instances, identity)
    check_one_study(instances, earlier)
    return instances, [ds for ds in earlier if ds.StudyInstanceUID != instances[0].StudyInstanceUID]


def _in_zone_of(header: Dataset, at: datetime) -> datetime:
    """`at` in the zone the study declares: Timezone Offset From UTC governs every DA and TM of an instance."""
    offset = str(header.get("TimezoneOffsetFromUTC", "") or "")
    try:
        zone = datetime.strptime(offset, "%z").tzinfo if offset else at.tzinfo
    except ValueError:
        zone = at.tzinfo
    return at.astimezone(zone or UTC)


def _check_pictures(sections: Iterable[Heading], classes: Mapping[str, str]) -> None:
    for entry in (entry for heading in sections for entry in heading.entries):
        if isinstance(entry, Heading):
            _check_pictures([entry], classes)
        elif isinstance(entry, ImageReference) and entry.sop_instance_uid not in classes:
            raise EvidenceProblem(
                f"The key image {entry.sop_instance_uid} is not among the instances of the study or its priors.",
                "Give the original headers of the whole study, or take the key image out of the report.",
            )


def _request(header: Dataset) -> Dataset:
    """Referenced Request Sequence item: the order this report answers, as far as the study names it."""
    item = Dataset()
    item.StudyInstanceUID = header.StudyInstanceUID
    item.ReferencedStudySequence = []
    item.AccessionNumber = header.AccessionNumber
    item.PlacerOrderNumberImagingServiceRequest = ""
    item.FillerOrderNumberImagingServiceRequest = ""
    item.RequestedProcedureID = ""
    item.RequestedProcedureDescription = ""
    item.RequestedProcedureCodeSequence = []
    return item


def _as_instance(predecessor: Predecessor) -> Dataset:
    ds = Dataset()
    ds.StudyInstanceUID = predecessor.study_instance_uid
    ds.SeriesInstanceUID = predecessor.series_instance_uid
    ds.SOPClassUID = predecessor.sop_class_uid
    ds.SOPInstanceUID = predecessor.sop_instance_uid
    return ds


def _private_scheme() -> CodingSchemeIdentificationItem:
    item = CodingSchemeIdentificationItem(
        PRIVATE_SCHEME.designator,
        name=PRIVATE_SCHEME.name,
        responsible_organization=PRIVATE_SCHEME.responsible_organization,
    )
    item.CodingSchemeUID = PRIVATE_SCHEME.uid  # highdicom writes it for registered schemes only
    return item


def _sign(document: Dataset, signer: Signer, at: datetime, predecessor: Predecessor | None) -> None:
    """Author and verifying observer (PS3.3 C.17.2), with the time of signing instead of the time of building."""
    document.VerifyingObserverSequence[0].VerificationDateTime = date_time(at)
    author = Dataset()
    author.ObserverType = "PSN"
    author.PersonName = signer.person_name
    author.PersonIdentificationCodeSequence = []
    author.InstitutionName = signer.organization
    author.InstitutionCodeSequence = []
    document.AuthorObserverSequence = [author]
    if predecessor:
        purpose = CodedConcept.from_code(code(f"purpose.{predecessor.purpose.value}"))
        series = document.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
        series.ReferencedSOPSequence[0].PurposeOfReferenceCodeSequence = [purpose]


def _finish(
    document: Dataset,
    header: Dataset,
    at: datetime,
    device: DeviceIdentity,
    sop_instance_uid: str,
    series_instance_uid: str,
    series_number: int,
) -> None:
    """What every form shares: the gateway as equipment, times of signing, identity to the letter, file meta."""
    for name in TYPE_2:
        document[name] = header[name]
    document.SOPInstanceUID = sop_instance_uid
    document.SeriesInstanceUID = series_instance_uid
    document.SeriesNumber = series_number
    document.SeriesDescription = SERIES_DESCRIPTION
    document.SeriesDate, document.SeriesTime = (
        DA(at.date()),
        TM(at.time().replace(microsecond=0, tzinfo=None)),
    )
    document.InstanceCreationDate, document.InstanceCreationTime = document.SeriesDate, document.SeriesTime
    document.Manufacturer = device.manufacturer
    document.ManufacturerModelName = device.model
    document.SoftwareVersions = device.software_version
    document.DeviceSerialNumber = device.serial_number
    if device.station_name:
        document.StationName = device.station_name
    if device.uid:
        document.DeviceUID = device.uid
    if "TimezoneOffsetFromUTC" in header:
        document.TimezoneOffsetFromUTC = header.TimezoneOffsetFromUTC
    for name in ("ContributingEquipmentSequence", *DEIDENTIFICATION):
        if name in document:
            delattr(document, name)
    meta = document.file_meta
    meta.MediaStorageSOPClassUID = document.SOPClassUID
    meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
