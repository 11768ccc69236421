"""MR objects of invented patients with identity in every place where real files were found to leak it."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from gateway.identity.numbers import subject
from gateway.privacy.deidentify.instance import PatientContext
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.privacy.schemes import LATEST, Scheme

REAL_FILES = Path(__file__).resolve().parents[4] / "shared" / "mr-data"
KEY = PseudonymKey(b"a key for tests, nothing else....", "test")
CREATION = "1.3.12.2.1107.5.2.32"


@dataclass(frozen=True)
class Person:
    """An invented patient."""

    family: str = "Zwirnlein"
    given: str = "Adelgunde"
    patient_id: str = "QX4711923"
    accession: str = "ACC8851733"
    birth_date: str = "19710413"
    study_date: str = "20240229"
    serial: str = "SN5577331"
    institution: str = "Klinikum Hinterwalden"
    physician: str = "Quastenberg^Ottokar"
    uid_root: str = "1.3.12.2.1107.5.2.32.35131.20240229"

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Everything that must be gone afterwards, as text."""
        return (
            self.family,
            self.given,
            self.patient_id,
            self.accession,
            self.birth_date,
            self.study_date,
            self.serial,
            self.institution,
            "Quastenberg",
            "Ottokar",
            self.uid_root,
        )


def context(person: Person | None = None, scheme: Scheme = LATEST) -> PatientContext:
    """The pseudonymous side of `person` at the site `north`."""
    key = KEY.of("north", scheme)
    who = subject("", (person or Person()).patient_id, "")
    return PatientContext(key.pseudonym(who), key.date_shift_days(who), key)


def hostile_mr(person: Person | None = None, *, depth: int = 3) -> Dataset:
    """A classic MR image with identity at the top, `depth` levels deep, in text, private blobs, overlays and UIDs."""
    who = person or Person()
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.SourceApplicationEntityTitle = who.patient_id
    ds.preamble = who.family.encode("utf-8")[:20].ljust(128, b"\0")
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = MRImageStorage, f"{who.uid_root}.1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{who.uid_root}.2", f"{who.uid_root}.3"
    ds.FrameOfReferenceUID = f"{who.uid_root}.4"
    _identify(ds, who)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = "MR", "SIEMENS", "Prisma"
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "101530.250000"
    ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = who.study_date
    ds.AcquisitionDateTime = f"{who.study_date}101530.250000+0100"
    ds.TimezoneOffsetFromUTC = "+0100"
    ds.SeriesDescription = f"t2_flair_sag {who.given} {who.family}"
    ds.ProtocolName = f"AX DWI b1000 {who.patient_id}"
    ds.StudyDescription = (
        f"Kopf {who.physician} 55F {who.birth_date[:4]}-{who.birth_date[4:6]}-{who.birth_date[6:]}"
    )
    ds.SequenceName, ds.ScanningSequence, ds.SequenceVariant = "*ep_b1000t", "EP", "SK"
    ds.ContrastBolusAgent = f"11 ml Omniscan {who.given}"
    ds.ImageComments = f"seen by {who.physician}"
    ds.PatientSex, ds.PatientAge, ds.PatientWeight = "F", "053Y", "61"
    ds.InstanceNumber, ds.SeriesNumber, ds.AcquisitionNumber = 1, 4, 1
    ds.Rows = ds.Columns = 8
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 0
    ds.PixelSpacing, ds.SliceThickness, ds.EchoTime = [0.46875, 0.46875], 3, 393.5
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [-98.437485, 0, 1], [1, 0, 0, 0, 1, 0]
    ds.WindowCenter, ds.WindowWidth = 600, 1200
    _private(ds, who)
    _groups(ds, who)
    inner = ds
    for level in range(depth):
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = (
            MRImageStorage,
            f"{who.uid_root}.9.{level}",
        )
        _identify(item, who)
        _private(item, who)
        inner.ReferencedImageSequence = Sequence([item])
        request = Dataset()
        _identify(request, who)
        request.ScheduledProcedureStepDescription = f"for {who.family}"
        inner.RequestAttributesSequence = Sequence([request])
        inner.OriginalAttributesSequence = Sequence([_modified(who)])
        inner = item
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = (
        who.accession,
        "99LOCAL",
        f"Brain {who.family}",
    )
    ds.AnatomicRegionSequence = Sequence([code])
    ds.PixelData = bytes(range(64)) * 2
    ds["PixelData"].VR = "OW"
    return ds


def reread(ds: Dataset) -> Dataset:
    """`ds` as it comes from a file: raw elements, real encodings, trailing bytes."""
    out = BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return dcmread(BytesIO(out.getvalue()))


def _identify(ds: Dataset, who: Person) -> None:
    ds.PatientName = f"{who.family}^{who.given}"
    ds.PatientID, ds.IssuerOfPatientID, ds.OtherPatientNames = (
        who.patient_id,
        who.institution,
        f"{who.given}^X",
    )
    ds.PatientBirthDate, ds.StudyDate = who.birth_date, who.study_date
    ds.AccessionNumber, ds.StudyID = who.accession, who.patient_id
    ds.InstitutionName, ds.InstitutionAddress = who.institution, f"1 Lane\r\n{who.institution}"
    ds.ReferringPhysicianName = ds.OperatorsName = ds.PerformingPhysicianName = who.physician
    ds.DeviceSerialNumber, ds.StationName = who.serial, who.serial
    ds.PatientComments = f"{who.given} {who.family} lives next door"


def _modified(who: Person) -> Dataset:
    item = Dataset()
    item.ModifyingSystem, item.SourceOfPreviousValues = who.institution, who.institution
    old = Dataset()
    old.PatientID = who.patient_id
    item.ModifiedAttributesSequence = Sequence([old])
    return item


def _private(ds: Dataset, who: Person) -> None:
    csa = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    blob = f"header {who.family} {who.study_date} {who.serial}".encode()
    csa.add_new(0x10, "OB", blob + b"\0" * (len(blob) % 2))
    header = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    header.add_new(0x0C, "IS", "1000")
    header.add_new(0x0D, "CS", "DIRECTIONAL")
    header.add_new(0x0E, "FD", [0.1, 0.2, 0.3])
    header.add_new(0x08, "LO", who.patient_id)
    other = ds.private_block(0x0043, who.family[:20], create=True)
    other.add_new(0x39, "LO", who.patient_id)


def _groups(ds: Dataset, who: Person) -> None:
    ds.add(DataElement(0x60000010, "US", 8))
    ds.add(DataElement(0x60003000, "OW", who.family.encode("utf-16-le")))
    ds.add(DataElement(0x60004000, "LT", who.family))
    ds.add(DataElement(0x50003000, "OW", who.patient_id.encode().ljust(16, b"\0")))
    ds.add(DataElement(0xFFFCFFFC, "OB", who.family.encode().ljust(40, b"\0")))
