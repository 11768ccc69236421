"""One report in the form that an archive takes: Enhanced, Comprehensive, Basic Text SR, Encapsulated PDF, page images.

Every form carries the sender's own patient and study, names every instance that was read, and depends on nothing but
its arguments: the same report gives the same bytes, so a second try sends the same object. Only a `Signature` makes it
verified and final (PS3.3 C.17.2); whatever is `Unsigned` says in every form that it is preliminary.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway.reporting.documents.common_modules import SERIES_DESCRIPTION, complete
from gateway.reporting.documents.encapsulated_pdf import build_pdf_document
from gateway.reporting.documents.evidence import (
    EvidenceProblem,
    check_one_study,
    identity_header,
    ordered,
    restoration_of,
    under_one_number,
)
from gateway.reporting.documents.secondary_capture import build_page_images
from gateway.reporting.documents.structured_report import (
    BASIC,
    COMPREHENSIVE,
    ENHANCED,
    build_structured_report,
)
from gateway.reporting.layout.entries import Drawn, Heading, ImageReference, Measured
from gateway.reporting.outline import outline, withdrawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from pydicom.dataset import Dataset

    from gateway.reporting.marked_pictures import MarkedPicture
    from gateway.reporting.outline import Restoration
    from gateway.reporting.report import Report
    from gateway.reporting.signer import DeviceIdentity, Predecessor, Signature, Unsigned


class DocumentForm(StrEnum):
    """The DICOM form of a report, from the richest to the one every archive takes."""

    ENHANCED = "enhanced"
    COMPREHENSIVE = "comprehensive"
    BASIC = "basic"
    PDF = "pdf"


_SR = {
    DocumentForm.ENHANCED: ENHANCED,
    DocumentForm.COMPREHENSIVE: COMPREHENSIVE,
    DocumentForm.BASIC: BASIC,
}


def build(
    report: Report,
    evidence: Sequence[Dataset],
    *,
    identity: Dataset | None = None,
    priors: Sequence[Dataset] = (),
    signature: Signature | Unsigned,
    sop_instance_uid: str,
    series_instance_uid: str,
    series_number: int,
    device: DeviceIdentity,
    predecessor: Predecessor | None = None,
    as_: DocumentForm | str = DocumentForm.ENHANCED,
    date_shift_days: int | None = None,
    original_uids: Mapping[str, str] | None = None,
    pictures: Sequence[MarkedPicture] = (),
) -> Dataset:
    """The report as a dataset with file meta information, ready to save.

    `evidence` and `priors` are the sender's original headers (no pixels needed); `identity` is the one of the study's
    whose patient and study stand for all, the first by default. `date_shift_days` is what was added to this patient's
    dates (0 when none was shifted; it must be given when the report names a prior date) and `original_uids` leads from
    the reader's UIDs of key images back. `pictures` are printed behind the text of a PDF. Raises `EvidenceProblem`.
    """
    if date_shift_days is None and report.comparison.prior_study_date is not None:
        raise EvidenceProblem(
            "The report names the date of a prior study as the reader saw it, but not by how much it was shifted.",
            "Give date_shift_days; 0 when the reader saw real dates.",
        )
    form = DocumentForm(as_)
    instances, earlier = _evidence(evidence, priors, identity)
    header = identity_header(instances[0] if identity is None else identity)
    signature = signature.seen_from(_zone_of(header, signature.at))
    restoration = restoration_of(instances, earlier, date_shift_days or 0, original_uids)
    sections = _sections(report, restoration, predecessor)
    _check_pictures(sections, {str(ds.SOPInstanceUID) for ds in instances + earlier})
    if form is DocumentForm.PDF:
        document = build_pdf_document(sections, header, instances, signature, SERIES_DESCRIPTION, pictures)
    else:
        document = build_structured_report(
            sections, report.language, _SR[form], header, instances, earlier, signature, device, predecessor
        )
    complete(document, header, signature.at, device, sop_instance_uid, series_instance_uid, series_number)
    return document


def build_pages(
    report: Report,
    evidence: Sequence[Dataset],
    *,
    identity: Dataset | None = None,
    priors: Sequence[Dataset] = (),
    signature: Signature | Unsigned,
    sop_instance_uid_of: Callable[[int], str],
    series_instance_uid: str,
    series_number: int,
    device: DeviceIdentity,
    predecessor: Predecessor | None = None,
    date_shift_days: int,
    original_uids: Mapping[str, str] | None = None,
    pictures: Sequence[MarkedPicture] = (),
) -> list[Dataset]:
    """The printed report as Secondary Capture images, one dataset a page; `sop_instance_uid_of` is asked by page.

    The other arguments are those of `build`. Raises `EvidenceProblem`.
    """
    instances, earlier = _evidence(evidence, priors, identity)
    header = identity_header(instances[0] if identity is None else identity)
    signature = signature.seen_from(_zone_of(header, signature.at))
    restoration = restoration_of(instances, earlier, date_shift_days, original_uids)
    sections = _sections(report, restoration, predecessor)
    pages = build_page_images(sections, header, instances, signature, pictures)
    for number, page in enumerate(pages, 1):
        uid = sop_instance_uid_of(number)
        complete(page, header, signature.at, device, uid, series_instance_uid, series_number)
    return pages


def _sections(
    report: Report, restoration: Restoration, predecessor: Predecessor | None
) -> tuple[Heading, ...]:
    """What the document says: the report with what follows it, or that it was withdrawn."""
    if predecessor is None:
        return outline(report, restoration)
    if predecessor.withdraws:
        return withdrawn(predecessor.note)
    return outline(report, restoration, predecessor.note)


def _evidence(
    evidence: Sequence[Dataset], priors: Sequence[Dataset], identity: Dataset | None
) -> tuple[list[Dataset], list[Dataset]]:
    """The study and the earlier ones, each in order."""
    instances, earlier = ordered(evidence, "study"), ordered(priors, "prior study")
    if identity is not None:
        instances = under_one_number(instances, identity)
    check_one_study(instances, earlier)
    return instances, [ds for ds in earlier if ds.StudyInstanceUID != instances[0].StudyInstanceUID]


def _zone_of(header: Dataset, at: datetime) -> tzinfo:
    """The zone the study declares, or that of `at`: Timezone Offset From UTC governs every DA and TM of an instance."""
    offset = str(header.get("TimezoneOffsetFromUTC", "") or "")
    try:
        zone = datetime.strptime(offset, "%z").tzinfo if offset else at.tzinfo
    except ValueError:
        zone = at.tzinfo
    return zone or UTC


def _check_pictures(sections: Iterable[Heading], instances: AbstractSet[str]) -> None:
    for entry in (entry for heading in sections for entry in heading.entries):
        if isinstance(entry, Heading):
            _check_pictures([entry], instances)
            continue
        shown = entry.drawn if isinstance(entry, Measured) else entry
        if isinstance(shown, ImageReference | Drawn) and shown.sop_instance_uid not in instances:
            raise EvidenceProblem(
                f"The key image {shown.sop_instance_uid} is not among the instances of the study or its priors.",
                "Give the original headers of the whole study, or take the key image out of the report.",
            )
