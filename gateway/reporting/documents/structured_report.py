"""A report as SR document: Enhanced, Comprehensive or Basic Text (PS3.3 A.35.1 to A.35.3, C.17.2).

A signed report is COMPLETE, VERIFIED and FINAL, and its observer is the reader. One that nobody signed is PARTIAL,
UNVERIFIED and PRELIMINARY, and its observer is the device that wrote it: no person is named who answers for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import CodedConcept, ComprehensiveSR, EnhancedSR
from pydicom.dataset import Dataset
from pydicom.uid import BasicTextSRStorage, ComprehensiveSRStorage, EnhancedSRStorage, ExplicitVRLittleEndian

from gateway.imaging.frames import frame_index
from gateway.reporting.codes import PRIVATE_SCHEME, code
from gateway.reporting.content import ContentWriter, date_time
from gateway.reporting.documents.common_modules import SERIES_DESCRIPTION
from gateway.reporting.documents.evidence import without_identity
from gateway.reporting.signer import NOT_SIGNED, Signature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.imaging.study_index import FrameIndex
    from gateway.reporting.answers import Language
    from gateway.reporting.layout.entries import Heading
    from gateway.reporting.signer import DeviceIdentity, Predecessor, Unsigned

ENHANCED, COMPREHENSIVE, BASIC = EnhancedSRStorage, ComprehensiveSRStorage, BasicTextSRStorage


def build_structured_report(
    sections: Sequence[Heading],
    language: Language,
    sop_class: str,
    header: Dataset,
    instances: Sequence[Dataset],
    earlier: Sequence[Dataset],
    signature: Signature | Unsigned,
    device: DeviceIdentity,
    predecessor: Predecessor | None = None,
) -> Dataset:
    """The SR document of an outline with words in `language`; the caller completes identity, series and equipment.

    `header` says whose report it is; every one of `instances` is current evidence and every one of the `earlier`
    studies is other evidence (PS3.3 C.17.2.3).
    """
    signed = signature if isinstance(signature, Signature) else None
    referable = {str(ds.SOPInstanceUID): ds for ds in (*instances, *earlier)}
    writer = ContentWriter(
        {uid: str(ds.SOPClassUID) for uid, ds in referable.items()},
        language,
        numbers=sop_class != BASIC,
        frames=_Frames(referable),
    )
    document_class = ComprehensiveSR if sop_class == COMPREHENSIVE else EnhancedSR
    document = document_class(
        evidence=[_patient_and_study(header, instances[0]), *instances, *earlier],
        content=writer.root(sections, signature, device, str(header.StudyInstanceUID)),
        series_instance_uid="2.25.1",
        series_number=1,
        sop_instance_uid="2.25.1",
        instance_number=1,
        is_complete=signed is not None,
        is_final=signed is not None,
        is_verified=signed is not None,
        verifying_observer_name=signed.signer.person_name if signed else None,
        verifying_organization=signed.signer.organization if signed else None,
        performed_procedure_codes=[CodedConcept.from_code(code("reading.second_opinion"))],
        requested_procedures=[_request(header, instances)],
        previous_versions=[_as_instance(predecessor)] if predecessor else None,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        specific_character_set="ISO_IR 192",
        content_date=signature.at.date(),
        content_time=signature.at.time().replace(microsecond=0, tzinfo=None),
        series_description=SERIES_DESCRIPTION,
        coding_schemes=[_private_scheme()],
    )
    document.SOPClassUID = (
        sop_class  # highdicom has no class for Basic Text; the modules are those of Enhanced SR
    )
    if signed:
        document.VerifyingObserverSequence[0].VerificationDateTime = date_time(signed.at)
        document.AuthorObserverSequence = [_reader(signed)]
    else:
        document.CompletionFlagDescription = NOT_SIGNED
        document.AuthorObserverSequence = [_device(device)]
    if predecessor:
        purpose = CodedConcept.from_code(code(f"purpose.{predecessor.purpose.value}"))
        series = document.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
        series.ReferencedSOPSequence[0].PurposeOfReferenceCodeSequence = [purpose]
    return document


class _Frames:
    """Where the frames of the sender's instances lie, each read when it is asked for."""

    def __init__(self, instances: Mapping[str, Dataset]) -> None:
        self._instances = instances

    def count(self, sop_instance_uid: str) -> int:
        """How many frames an instance has, as its header says; 1 for one that says nothing of it."""
        said = self._instances[sop_instance_uid].get("NumberOfFrames")
        return int(said) if said and str(said).isdecimal() else 1

    def frame(self, sop_instance_uid: str, number: int) -> FrameIndex:
        """One frame, counted from 1."""
        return frame_index(self._instances[sop_instance_uid], number - 1)


def _patient_and_study(header: Dataset, read: Dataset) -> Dataset:
    """What highdicom copies patient and study from; as evidence it is `read`, `header` need not have been."""
    source = without_identity(header)
    for name in ("SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID"):
        source[name] = read[name]
    return source


def _reader(signature: Signature) -> Dataset:
    """Author Observer Sequence item of the person who signed (PS3.3 Table C.17-3b)."""
    author = Dataset()
    author.ObserverType = "PSN"
    author.PersonName = signature.signer.person_name
    author.PersonIdentificationCodeSequence = []
    author.InstitutionName = signature.signer.organization
    author.InstitutionCodeSequence = []
    return author


def _device(device: DeviceIdentity) -> Dataset:
    """Author Observer Sequence item of the device that wrote a document nobody signed (PS3.3 Table C.17-3b)."""
    author = Dataset()
    author.ObserverType = "DEV"
    author.StationName = device.station_name
    author.DeviceUID = device.uid
    author.Manufacturer = device.manufacturer
    author.ManufacturerModelName = device.model
    author.InstitutionName = ""
    author.InstitutionCodeSequence = []
    return author


def _request(header: Dataset, instances: Sequence[Dataset]) -> Dataset:
    """Referenced Request Sequence item: the order this report answers, as far as the images agree on it."""
    item = Dataset()
    item.StudyInstanceUID = header.StudyInstanceUID
    item.ReferencedStudySequence = []
    item.AccessionNumber = header.AccessionNumber
    item.PlacerOrderNumberImagingServiceRequest = ""
    item.FillerOrderNumberImagingServiceRequest = ""
    item.RequestedProcedureID = _requested(instances, "RequestedProcedureID", header)
    item.RequestedProcedureDescription = _requested(instances, "RequestedProcedureDescription", header)
    item.RequestedProcedureCodeSequence = []
    return item


def _requested(instances: Sequence[Dataset], keyword: str, header: Dataset) -> str:
    """What Request Attributes Sequence (0040,0275) says of the order with the study's accession number; "" in doubt."""
    stated = {
        request.get(keyword)
        for ds in instances
        for request in ds.get("RequestAttributesSequence") or ()
        if request.get("AccessionNumber") in (None, "", header.AccessionNumber) and request.get(keyword)
    }
    (value, *others) = stated or {""}
    return value if isinstance(value, str) and not others else ""


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
