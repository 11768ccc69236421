"""Small synthetic MR objects in every transfer syntax, for tests of what is sent and received."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    MRImageStorage,
    RLELossless,
)

from dicom_nodes.encoding.part10 import file_meta
from dicom_nodes.outgoing import OutgoingFile

STUDY = "2.25.3001"
SERIES = "2.25.3002"


def mr_dataset(
    number: int = 1,
    *,
    syntax: str = ExplicitVRLittleEndian,
    sop_class: str = MRImageStorage,
    rows: int = 16,
    uid: str | None = None,
) -> Dataset:
    """An MR image of a synthetic patient; encapsulated syntaxes other than RLE get made-up fragments."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.SOPClassUID = UID(sop_class)
    ds.SOPInstanceUID = UID(
        uid or f"2.25.{int.from_bytes(sha256(f'{number} {syntax}'.encode()).digest()[:12])}"
    )
    ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY, SERIES
    ds.PatientName, ds.PatientID = "Probe^Petra", "SYN-0001"
    ds.PatientBirthDate, ds.PatientSex = "19700101", "F"
    ds.StudyDate, ds.StudyTime, ds.AccessionNumber, ds.StudyID = "20260110", "101500", "SYN-A1", "1"
    ds.ReferringPhysicianName = ""
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "MR", 1, number
    ds.Rows = ds.Columns = rows
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation, ds.SamplesPerPixel = 15, 0, 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    pixels = (np.arange(rows * rows, dtype="<u2") + number).astype("<u2")
    target = UID(syntax)
    if target == RLELossless:
        ds.PixelData = pixels.tobytes()
        ds["PixelData"].VR = "OW"
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.compress(RLELossless, generate_instance_uid=False)
    elif target.is_encapsulated:
        ds.PixelData = encapsulate([bytes([0xFF, 0x4F, number % 256, 0x51]) * 50])
        ds["PixelData"].VR = "OB"
    else:
        ds.PixelData = pixels.astype("<u2" if target.is_little_endian else ">u2").tobytes()
        ds["PixelData"].VR = "OW"
    ds.file_meta.TransferSyntaxUID = target
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def encoded(ds: Dataset) -> bytes:
    """The data set as a Part 10 file."""
    buffer = BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def study_file(study: str, number: int = 1) -> bytes:
    """A small MR image of a study of its own, as a file."""
    dataset = mr_dataset(number, uid=f"{study}.{number}")
    dataset.StudyInstanceUID = study
    return encoded(dataset)


def mr_file(folder: Path, number: int = 1, **how: object) -> OutgoingFile:
    """An MR image written to `folder`, ready to send."""
    ds = mr_dataset(number, **how)  # type: ignore[arg-type]
    path = folder / f"{ds.SOPInstanceUID}.dcm"
    path.write_bytes(encoded(ds))
    return OutgoingFile.of(path)


def dataset_bytes(part10: bytes) -> bytes:
    """What follows the file meta information."""
    return part10[file_meta(part10).end :]
