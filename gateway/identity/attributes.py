"""The tables of `content`: what archives write by themselves, what says whose a study is, what is pixels or geometry.

Not here on purpose: StationName, InstitutionName, StationAETitle and DeviceSerialNumber say where an image was made; an
archive that changes them has changed the object.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydicom.datadict import tag_for_keyword

from gateway.identity.concerns import Concern

_PLACE: Final = "says where the object can be had, now and there"
_COUNT: Final = "is an answer to a query, which some archives leave in the object"
_REWRITTEN: Final = "says when and by whom the object was written, and is set by who writes it anew"
_CHANGES: Final = "records what an archive changed; the change itself shows in the attribute"

WRITTEN_BY_ARCHIVES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "RetrieveAETitle": _PLACE,
        "RetrieveURI": _PLACE,
        "RetrieveURL": _PLACE,
        "RetrieveLocationUID": _PLACE,
        "InstanceAvailability": _PLACE,
        "StorageMediaFileSetID": _PLACE,
        "StorageMediaFileSetUID": _PLACE,
        "QueryRetrieveLevel": _COUNT,
        "ModalitiesInStudy": _COUNT,
        "SOPClassesInStudy": _COUNT,
        "NumberOfPatientRelatedStudies": _COUNT,
        "NumberOfPatientRelatedSeries": _COUNT,
        "NumberOfPatientRelatedInstances": _COUNT,
        "NumberOfStudyRelatedSeries": _COUNT,
        "NumberOfStudyRelatedInstances": _COUNT,
        "NumberOfSeriesRelatedInstances": _COUNT,
        "InstanceCreationDate": _REWRITTEN,
        "InstanceCreationTime": _REWRITTEN,
        "InstanceCreatorUID": _REWRITTEN,
        "InstanceCoercionDateTime": _CHANGES,
        "OriginalAttributesSequence": _CHANGES,
        "ContributingEquipmentSequence": "lists the systems an object came through; each adds itself",
        "InstanceOriginStatus": "says whether an object is the archive's own or imported",
        "SpecificCharacterSet": "says how texts are encoded; the texts themselves are compared, decoded",
        "LengthToEnd": "counts bytes of the encoding",
        "DataSetTrailingPadding": "fills a file up",
        "ExtendedOffsetTable": "says where compressed frames lie in the encoding",
        "ExtendedOffsetTableLengths": "says where compressed frames lie in the encoding",
        "EncapsulatedPixelDataValueTotalLength": "counts bytes of the encoding",
        "IconImageSequence": "is a small picture of the image, which archives make anew",
        "PlanarConfiguration": "says in which order samples are encoded; the samples are compared, decoded",
    }
)
"""Attributes that are no part of the content, whatever their values: keyword -> reason."""

FILLED_IN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "TimezoneOffsetFromUTC": "archives add the zone of their clock; two different zones are two different times",
    }
)
"""Attributes that archives add: no difference where one object has none; two values are compared."""

MEANT_BY_ABSENCE: Final[Mapping[str, str]] = MappingProxyType({"LossyImageCompression": "00"})
"""Attributes whose absence says the same as a value: keyword -> value (PS3.3 C.7.6.1.1.5)."""

ARCHIVES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1.2.840.113708.794.1.1.2.0": "media and estimated time of retrieval",
        "AGFA PACS Archive Mirroring 1.0": "mirroring between two archives",
        "Applicare/RadStore/Version 1.0": "state, path and medium in the store",
        "BRIT Systems, Inc.": "routing, quality control and who edited what in the archive",
        "DCM4CHEE Archive 5": "states and times of the archive's database",
        "GEIIS": "thumbnail, compression and original UIDs of the archive",
        "GEIIS PACS": "flags and prefetching of the archive",
        "INTELERAD MEDICAL SYSTEMS": "source, route and owner in the archive",
        "MITRA LINKED ATTRIBUTES 1.0": "the archive's own number of the patient",
        "MITRA OBJECT UTF8 ATTRIBUTES 1.0": "the archive's repetition of names and texts of the header",
        "PRIVATE ORIGINAL ATTRIBUTES": "what an archive changed, when and why",
        "SECTRA_Ident_01": "numbers and file name of the archive's database",
        "STENTOR": "AE titles and transfer syntax of the reception",
        "VEPRO BROKER 1.0": "what a broker replaced",
        "VEPRO BROKER 1.0 DATA REPLACE": "what a broker replaced",
        "VEPRO DICOM RECEIVE DATA 1.0": "when and where the archive received the object",
        "VEPRO DICOM TRANSFER 1.0": "how the archive received the object",
        "dcm4che/archive": "numbers of rows in the archive's database",
        "http://www.gemedicalsystems.com/it_solutions/rad_pacs/": "the archive's references and flags",
    }
)
"""Private creators that archives reserve blocks for: creator -> what it keeps there. Scanners' blocks are content.

Taken from the names that pydicom's dictionary of private attributes gives to what is in the blocks; the two of dcm4che
from its sources. A creator whose attributes have no names anywhere is not here.
"""

_PATIENT: Final = (  # PS3.3 C.7.1.1, and what C.2 adds of the same patient
    "PatientName PatientID IssuerOfPatientID IssuerOfPatientIDQualifiersSequence TypeOfPatientID "
    "SourcePatientGroupIdentificationSequence GroupOfPatientsIdentificationSequence ReferencedPatientSequence "
    "PatientBirthDate PatientBirthDateInAlternativeCalendar PatientDeathDateInAlternativeCalendar "
    "PatientAlternativeCalendar PatientBirthTime PatientSex QualityControlSubject OtherPatientIDs "
    "OtherPatientIDsSequence OtherPatientNames EthnicGroup PatientComments PatientSpeciesDescription "
    "PatientSpeciesCodeSequence PatientBreedDescription PatientBreedCodeSequence BreedRegistrationSequence "
    "StrainDescription StrainNomenclature StrainCodeSequence StrainAdditionalInformation StrainStockSequence "
    "GeneticModificationsSequence ResponsiblePerson ResponsiblePersonRole ResponsibleOrganization "
    "PatientIdentityRemoved DeidentificationMethod DeidentificationMethodCodeSequence "
    "PatientBirthName PatientMotherBirthName PatientAddress PatientTelephoneNumbers PatientTelecomInformation "
    "MilitaryRank BranchOfService CountryOfResidence RegionOfResidence PatientReligiousPreference "
    "PatientInsurancePlanCodeSequence PatientPrimaryLanguageCodeSequence MedicalRecordLocator "
    "ReferencedPatientPhotoSequence ConfidentialityConstraintOnPatientDataDescription"
)
_STUDY: Final = (  # PS3.3 C.7.2.1
    "StudyInstanceUID StudyDate StudyTime ReferringPhysicianName ReferringPhysicianAddress "
    "ReferringPhysicianTelephoneNumbers ReferringPhysicianIdentificationSequence ConsultingPhysicianName "
    "ConsultingPhysicianIdentificationSequence StudyID AccessionNumber IssuerOfAccessionNumberSequence "
    "StudyDescription PhysiciansOfRecord PhysiciansOfRecordIdentificationSequence NameOfPhysiciansReadingStudy "
    "PhysiciansReadingStudyIdentificationSequence RequestingServiceCodeSequence ReferencedStudySequence "
    "ProcedureCodeSequence ReasonForPerformedProcedureCodeSequence"
)
_PATIENT_STUDY: Final = (  # PS3.3 C.7.2.2
    "AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence PatientAge PatientSize PatientWeight "
    "PatientBodyMassIndex MeasuredAPDimension MeasuredLateralDimension PatientSizeCodeSequence MedicalAlerts "
    "Allergies SmokingStatus PregnancyStatus LastMenstrualDate PatientState Occupation AdditionalPatientHistory "
    "AdmissionID IssuerOfAdmissionIDSequence ServiceEpisodeID ServiceEpisodeDescription "
    "IssuerOfServiceEpisodeIDSequence PatientSexNeutered ReasonForVisit ReasonForVisitCodeSequence"
)
_PIXELS: Final = (
    # Image Pixel, Multi-frame and Modality LUT modules (PS3.3 C.7.6.3, C.7.6.6, C.11.1), and lossy compression
    "Rows Columns NumberOfFrames SamplesPerPixel PhotometricInterpretation PixelAspectRatio BitsAllocated BitsStored "
    "HighBit PixelRepresentation SmallestImagePixelValue LargestImagePixelValue PixelPaddingValue "
    "PixelPaddingRangeLimit FrameIncrementPointer RedPaletteColorLookupTableDescriptor "
    "GreenPaletteColorLookupTableDescriptor BluePaletteColorLookupTableDescriptor RedPaletteColorLookupTableData "
    "GreenPaletteColorLookupTableData BluePaletteColorLookupTableData SegmentedRedPaletteColorLookupTableData "
    "SegmentedGreenPaletteColorLookupTableData SegmentedBluePaletteColorLookupTableData RescaleIntercept RescaleSlope "
    "RescaleType LossyImageCompression LossyImageCompressionRatio LossyImageCompressionMethod "
    # Image Plane, Frame of Reference and General Image modules (PS3.3 C.7.6.2, C.7.4.1, C.7.6.1), patient position
    "PixelSpacing ImagePositionPatient ImageOrientationPatient SliceLocation SliceThickness SpacingBetweenSlices "
    "FrameOfReferenceUID PositionReferenceIndicator PatientPosition PatientOrientation Laterality ImageLaterality "
    # MR Spectroscopy (PS3.3 C.8.14)
    "DataPointRows DataPointColumns DataRepresentation SignalDomainColumns "
    # the frames themselves: one more or fewer
    "PerFrameFunctionalGroupsSequence"
)
_PIXEL_SEQUENCES: Final = (  # everything inside is about pixels or geometry (PS3.3 C.7.6.16.2, C.11.1)
    "PixelMeasuresSequence PlanePositionSequence PlaneOrientationSequence PixelValueTransformationSequence "
    "ModalityLUTSequence RealWorldValueMappingSequence VolumeLocalizationSequence"
)
_PIXEL_GROUPS: Final = frozenset({0x7FE0, 0x5600, *range(0x6000, 0x6020, 2)})  # pixels, spectra, overlays


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    return tag


IGNORED: Final = frozenset(map(_tag, WRITTEN_BY_ARCHIVES))
ADDED: Final = frozenset(map(_tag, FILLED_IN))
ABSENT_MEANS: Final[Mapping[int, str]] = MappingProxyType(
    {_tag(keyword): value for keyword, value in MEANT_BY_ABSENCE.items()}
)
IDENTITY: Final = frozenset(map(_tag, f"{_PATIENT} {_STUDY} {_PATIENT_STUDY}".split()))
"""The attributes of the patient and of the study."""
PIXELS: Final = frozenset(map(_tag, _PIXELS.split()))
_WHOLLY_PIXELS: Final = frozenset(map(_tag, _PIXEL_SEQUENCES.split()))


def concern(path: tuple[int, ...]) -> Concern:
    """What the attribute at `path` is about: the tags of the sequences it stands in, and its own at the end.

    Patient and study are what they are at any depth (an accession number in the request), and so is geometry.
    """
    own = path[-1]
    if own >> 16 in _PIXEL_GROUPS or own in PIXELS or not _WHOLLY_PIXELS.isdisjoint(path):
        return Concern.PIXELS
    if path[0] in IDENTITY or own in IDENTITY:
        return Concern.IDENTITY
    return Concern.OTHER
