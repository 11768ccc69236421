"""Objects that may not leave by themselves, as real studies bring them: all synthetic."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageDraw
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    EnhancedSRStorage,
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
)

_STUDY = (  # noqa: SIM905 - reads better as text
    "StudyInstanceUID PatientName PatientID IssuerOfPatientID PatientBirthDate PatientSex StudyDate StudyTime "
    "AccessionNumber StudyID ReferringPhysicianName SpecificCharacterSet"
).split()


def _of_study(header: Dataset, sop_class: str, series: int, uid: str) -> Dataset:
    made = Dataset()
    for keyword in _STUDY:
        if keyword in header:
            made[keyword] = header[keyword]
    made.SOPClassUID, made.SOPInstanceUID = UID(sop_class), UID(uid)
    made.SeriesInstanceUID, made.SeriesNumber, made.InstanceNumber = f"2.25.77{series}", series, 1
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def screen_capture(header: Dataset, text: str = "R anterior 12 mm", series: int = 900) -> Dataset:
    """A Secondary Capture of the study of `header`, with `text` burned into its pixels."""
    made = _of_study(header, SecondaryCaptureImageStorage, series, f"2.25.88{series}")
    made.Modality, made.ConversionType = "OT", "WSD"
    made.BurnedInAnnotation, made.SeriesDescription = "YES", "measurements"
    made.ImageType = ["DERIVED", "SECONDARY"]
    picture = Image.new("L", (240, 120), 20)
    ImageDraw.Draw(picture).text((10, 50), text, fill=235)
    made.Rows, made.Columns, made.SamplesPerPixel = 120, 240, 1
    made.PhotometricInterpretation, made.PixelRepresentation = "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    made.PixelData = np.asarray(picture).tobytes()
    made["PixelData"].VR = "OB"
    return made


def exam_card(header: Dataset, series: int = 98) -> Dataset:
    """What a Philips scanner sends beside its images: a private object without pixels that names the patient."""
    made = _of_study(header, "1.3.46.670589.11.0.0.12.4", series, f"2.25.87{series}")
    made.Modality, made.SeriesDescription = "MR", "ExamCard"
    made.add_new((0x2005, 0x0010), "LO", "Philips MR Imaging DD 001")
    made.add_new((0x2005, 0x1031), "LT", str(header.get("PatientName", "")))
    return made


def zip_report(header: Dataset, series: int = 99) -> Dataset:
    """An Enhanced SR that hides a vendor's protocol archive in a private attribute (like PhoenixZIPReport)."""
    made = _of_study(header, EnhancedSRStorage, series, f"2.25.89{series}")
    made.Modality, made.SeriesDescription = "SR", "PhoenixZIPReport"
    made.ValueType, made.ContinuityOfContent = "CONTAINER", "SEPARATE"
    made.CompletionFlag, made.VerificationFlag = "COMPLETE", "UNVERIFIED"
    made.ContentSequence = Sequence([])
    block = made.private_block(0x0029, "SIEMENS MEDCOM OOG", create=True)
    block.add_new(0x10, "OB", b"PK\x03\x04" + str(header.PatientName).encode() + b"\0")
    return made


def burned_in(study: Iterable[Dataset], kind: str, count: int = 1) -> None:
    """Mark the first `count` images whose description has `kind` in it as having text in their pixels."""
    chosen = [one for one in study if kind.lower() in str(one.SeriesDescription).lower()]
    for one in chosen[:count]:
        one.BurnedInAnnotation = "YES"
