"""Identity of an invented patient put into a real object, in every place where identity was found to leak in practice.

Each function of `PLACES` fills one place; the scorer then asks whether any of it is left in the output's bytes.
"""

from __future__ import annotations

import struct
import warnings
from io import BytesIO

from pydicom import config, dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from support.objects.hostile_mr import Person

CHARSETS = {
    "ISO_IR 192": Person(family="Zwirnlein", given="Käthe"),
    "ISO_IR 100": Person(family="Mühlenbrück", given="Jürgen"),
    "ISO_IR 144": Person(family="Толстоногов", given="Евстигней"),
    "GB18030": Person(family="Ouyang=欧阳", given="Xiuying"),
}
_TEXTS = (
    "StudyDescription SeriesDescription ProtocolName ImageComments PatientComments PerformedProcedureStepDescription "
    "CommentsOnThePerformedProcedureStep RequestedProcedureDescription DerivationDescription AcquisitionComments "
    "AdditionalPatientHistory AdmittingDiagnosesDescription FrameComments VisitComments Allergies Occupation "
    "ContrastBolusAgent SequenceName StationName InstitutionalDepartmentName PatientAddress BodyPartExamined"
)
_NAMES = (
    "PatientName OtherPatientNames PatientBirthName PatientMotherBirthName ReferringPhysicianName OperatorsName "
    "PerformingPhysicianName RequestingPhysician PhysiciansOfRecord NameOfPhysiciansReadingStudy ResponsiblePerson "
    "ContentCreatorName PersonName ScheduledPerformingPhysicianName"
)
_NUMBERS = (
    "PatientID OtherPatientIDs AccessionNumber StudyID IssuerOfPatientID DeviceSerialNumber AdmissionID "
    "RequestedProcedureID ScheduledProcedureStepID PerformedProcedureStepID PlacerOrderNumberImagingServiceRequest "
    "FillerOrderNumberImagingServiceRequest GantryID DetectorID CassetteID PlateID ConfidentialityCode"
)


def inject(ds: Dataset, who: Person, charset: str = "ISO_IR 192") -> Dataset:
    """`ds` (changed in place, UIDs of the object itself too) full of the identity of `who`."""
    ds.SpecificCharacterSet = charset
    if not hasattr(ds, "file_meta"):
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian if ds.is_implicit_VR else ExplicitVRLittleEndian
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom about values that are longer than their VR allows
        for place in PLACES:
            place(ds, who)
    return ds


def as_file(ds: Dataset, who: Person) -> bytes:
    """The encoded object with identity in the preamble, in the file meta and after the last element."""
    ds.preamble = f"{who.family} {who.patient_id}".encode()[:128].ljust(128, b"\0")
    meta = ds.file_meta
    meta.SourceApplicationEntityTitle = who.patient_id[:16]
    meta.SendingApplicationEntityTitle = who.accession[:16]
    meta.ImplementationVersionName = who.serial[:16]
    meta.PrivateInformationCreatorUID = f"{who.uid_root}.77"
    meta.PrivateInformation = f"{who.family} {who.patient_id} ".encode()
    out = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dcmwrite(out, ds, enforce_file_format=True)
    data = out.getvalue()
    if meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian:
        return data
    order = "<" if meta.TransferSyntaxUID.is_little_endian else ">"
    tail = f"after the end: {who.family} {who.patient_id}".encode()
    tail += b" " * (len(tail) % 2)
    if meta.TransferSyntaxUID.is_implicit_VR:
        return data + struct.pack(order + "HHL", 0xFFFC, 0xFFFC, len(tail)) + tail
    return data + struct.pack(order + "HH2sHL", 0xFFFC, 0xFFFC, b"OB", 0, len(tail)) + tail


def read(data: bytes) -> Dataset:
    """A dataset whatever pydicom has to say about it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dcmread(BytesIO(data), force=True)


def _attributes(ds: Dataset, who: Person) -> None:
    """Names, numbers, free text, dates and places, as single values, in every item of every sequence as well."""
    text = f"t2 flair {who.family} {who.birth_date[6:]}.{who.birth_date[4:6]}.{who.birth_date[:4]} {who.patient_id}"
    for keyword in _TEXTS.split():
        _put(ds, keyword, text)
    for keyword in _NAMES.split():
        family, _, ideographic = who.family.partition("=")
        _put(ds, keyword, f"{family}^{who.given}" + (f"={ideographic}^{who.given}" if ideographic else ""))
    for number, keyword in enumerate(_NUMBERS.split()):
        _put(ds, keyword, (who.patient_id, who.accession, who.serial)[number % 3])
    ds.PatientID, ds.AccessionNumber, ds.DeviceSerialNumber = who.patient_id, who.accession, who.serial
    ds.PatientBirthDate, ds.StudyDate, ds.StudyTime = who.birth_date, who.study_date, "101530.250000"
    ds.InstitutionName, ds.InstitutionAddress = who.institution, f"1 Lane\r\n{who.institution}"
    ds.BodyPartExamined = who.patient_id[:16].upper()


def _in_every_item(ds: Dataset, who: Person) -> None:
    for element in list(ds):
        if element.VR == "SQ" and not element.tag.is_private:
            items = list(element.value)
            for item in [*items[:2], *items[2:][-1:]]:  # a functional group has hundreds
                _put(item, "PatientName", f"{who.family.partition('=')[0]}^{who.given}")
                _put(item, "PatientID", who.patient_id)
                _put(item, "ImageComments", f"{who.physician} {who.accession}")
                _put(item, "DeviceSerialNumber", who.serial)
                _private(item, who)
                _in_every_item(item, who)


def _sequences(ds: Dataset, who: Person) -> None:
    """Requests, earlier values, signatures, graphics, report content, documents, waveform notes, icons, codes."""
    inner = _item(
        PatientID=who.patient_id, PatientComments=f"{who.family} deep", InstitutionName=who.institution
    )
    for _ in range(5):
        inner = _item(PatientName=who.family.partition("=")[0], RelatedSeriesSequence=[inner])
    additions = {
        "RequestAttributesSequence": _item(
            RequestedProcedureID=who.accession,
            ScheduledProcedureStepDescription=f"for {who.family}",
            RequestedProcedureComments=who.physician,
        ),
        "OriginalAttributesSequence": _item(
            ModifyingSystem=who.institution,
            ModifiedAttributesSequence=[
                _item(PatientID=who.patient_id, PatientName=who.family.partition("=")[0])
            ],
        ),
        "DigitalSignaturesSequence": _item(
            CertificateOfSigner=f"CN={who.physician}".encode(), DigitalSignatureUID=f"{who.uid_root}.55"
        ),
        "GraphicAnnotationSequence": _item(
            TextObjectSequence=[_item(UnformattedTextValue=f"{who.family} {who.patient_id}")]
        ),
        "ContentSequence": _item(
            PersonName=who.physician, TextValue=f"patient {who.family}", UID=f"{who.uid_root}.56"
        ),
        "WaveformAnnotationSequence": _item(UnformattedTextValue=who.family),
        "IconImageSequence": _item(PixelData=who.family.encode().ljust(64, b"\0"), Rows=8, Columns=8),
        "VOILUTSequence": _item(
            LUTExplanation=f"window of {who.family}", LUTDescriptor=[1, 0, 16], LUTData=[0]
        ),
        "ReferencedPatientSequence": _item(ReferencedSOPInstanceUID=f"{who.uid_root}.57"),
        "OtherPatientIDsSequence": _item(PatientID=who.patient_id, IssuerOfPatientID=who.institution),
        "ContributingEquipmentSequence": _item(
            Manufacturer="SIEMENS",
            InstitutionName=who.institution,
            DeviceSerialNumber=who.serial,
            StationName=who.serial,
        ),
        "AnatomicRegionSequence": _item(
            CodeValue=who.accession[:16], CodingSchemeDesignator="99LOCAL", CodeMeaning=f"Brain {who.family}"
        ),
        "ProcedureCodeSequence": _item(
            CodeValue="12738006", CodingSchemeDesignator="SCT", CodeMeaning=f"Brain of {who.family}"
        ),
        "RelatedSeriesSequence": inner,
    }
    for keyword, item in additions.items():
        _put(ds, keyword, Sequence([item]))
    ds.EncapsulatedDocument = f"%PDF-1.4 /Author ({who.physician}) ".encode()
    ds.ICCProfile = f"desc display of {who.physician} ".encode()
    ds.RetrieveURL = f"https://pacs.example/{who.patient_id}"
    ds.add_new(0x04000561 + 0x100, "LO", who.patient_id)  # no attribute of the Standard


def _uids(ds: Dataset, who: Person) -> None:
    ds.SOPInstanceUID, ds.StudyInstanceUID = f"{who.uid_root}.1", f"{who.uid_root}.2"
    ds.SeriesInstanceUID, ds.FrameOfReferenceUID = f"{who.uid_root}.3", f"{who.uid_root}.4"
    ds.InstanceCreatorUID, ds.DeviceUID = f"{who.uid_root}.5", f"{who.uid_root}.6"
    ds.SynchronizationFrameOfReferenceUID = f"{who.uid_root}.7"


def _private(ds: Dataset, who: Person) -> None:
    """Vendors' blobs, numbers and UIDs, a private sequence, one in UN, and values in places of the safe list."""
    text = f"<{who.family} {who.study_date} {who.serial}> "
    for group, creator, low, vr, value in (
        (0x0029, "SIEMENS CSA HEADER", 0x20, "OB", text.encode()),
        (0x0029, "SIEMENS MEDCOM OOG", 0x10, "UN", text.encode()),
        (0x0021, "SIEMENS MR SDS 01", 0x19, "OB", text.encode()),
        (0x0043, "GEMS_PARM_01", 0x61, "UI", f"{who.uid_root}.2"),
        (0x0025, "GEMS_SERS_01", 0x1A, "LO", who.serial),
        (0x0009, "GEMS_IDEN_01", 0x30, "UN", who.institution.encode()),
        (0x0019, "GEMS_ACQU_01", 0x9E, "LO", who.patient_id),
        (0x0019, "SIEMENS MR HEADER", 0x0D, "UN", who.patient_id.encode()),
        (0x2001, "Philips Imaging DD 001", 0xC8, "LO", who.physician),
        (0x0011, who.patient_id, 0x01, "LO", who.family),
    ):
        block = ds.private_block(group, creator, create=True)
        if low not in block:
            block.add_new(low, vr, value)
    block = ds.private_block(0x0013, "HOSPITAL", create=True)
    block.add_new(0x02, "SQ", Sequence([_item(PatientName=who.given, PatientID=who.patient_id)]))
    raw = BytesIO()
    raw.write(struct.pack("<HHL", 0xFFFE, 0xE000, 8 + 32))
    raw.write(struct.pack("<HHL", 0x0010, 0x0020, 32) + who.patient_id.encode().ljust(32))
    block.add_new(0x03, "UN", raw.getvalue())


def _groups(ds: Dataset, who: Person) -> None:
    """Overlays and curves with texts, group lengths, padding."""
    for group in (0x6002, 0x601E):
        ds.add(DataElement((group << 16) | 0x3000, "OW", who.family.encode("utf-16-le").ljust(64, b"\0")))
        ds.add(DataElement((group << 16) | 0x4000, "LT", who.family))
        ds.add(DataElement((group << 16) | 0x1500, "LO", who.patient_id))
    ds.add(DataElement(0x50023000, "OW", who.patient_id.encode().ljust(32, b"\0")))
    ds.add(DataElement(0x50020022, "LO", who.patient_id))
    ds.add(DataElement(0x00100000, "UL", 1971))


PLACES = (_attributes, _sequences, _uids, _in_every_item, _private, _groups)


def _item(**values: object) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        _put(
            item,
            keyword,
            Sequence(value) if isinstance(value, list) and value and isinstance(value[0], Dataset) else value,
        )
    return item


def _put(ds: Dataset, keyword: str, value: object) -> None:
    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword
    vr = dictionary_VR(tag).split(" or ")[0]
    longest = {"SH": 16, "CS": 16, "LO": 64, "AE": 16}.get(vr)
    if isinstance(value, str) and longest:
        value = value[:longest]
    ds.add(DataElement(tag, vr, value, validation_mode=config.IGNORE))
