"""The files everybody is measured with: MR instances of an invented patient, of the size and make-up of clinical ones.

A run must not meet objects that a store has already seen. So two numbers in the UIDs are marks of fixed length, which
the sender replaces as it sends: RUN is in every UID and in the patient's and the order's number, COPY in the Series and
SOP Instance UIDs (the same study, more series: more images of one series would be another kind of series).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, EnhancedMRImageStorage, ExplicitVRLittleEndian

from gateway.demo.phantom import phantom_study
from gateway.demo.scanner import PhantomPatient

RUN, COPY = b"90817263", b"41526374"
MATRIX = 256
_CSA_BYTES = (40_000, 31_500)
"""Sizes of the two CSA headers of a Siemens MR image; with 256 x 256 pixels an instance is some 206 kB."""
_PRIVATE_NUMBERS = 28
"""Private numbers in groups 0019 and 0051, so that an instance has about 158 top-level elements, as real ones have."""
_NO_GROUP = {
    "HighRRValue": 0,
    "LowRRValue": 0,
    "HeartRate": 60,
    "ReconstructionDiameter": 226.0,
    "NumberOfPhaseEncodingSteps": 256,
    "PixelAspectRatio": [1, 1],
    "TriggerTime": 0,
    "NominalInterval": 0,
    "BeatRejectionFlag": "N",
    "SpatialResolution": 0.9,
    "LossyImageCompression": "00",
    "PatientSize": 1.7,
    "BurnedInAnnotation": "NO",
    "PresentationLUTShape": "IDENTITY",
    "RescaleIntercept": 0,
    "RescaleSlope": 1,
    "RescaleType": "US",
    "WindowCenterWidthExplanation": "Algo1",
    "PregnancyStatus": 4,
    "ImageComments": "phantom",
    "DeviceSerialNumber": "000042",
    "StudyComments": "phantom",
    "TemporalPositionIdentifier": 1,
    "NumberOfTemporalPositions": 1,
    "Laterality": "",
}


def single_frames(folder: Path, count: int, *, small: bool = False) -> list[Path]:
    """Write `count` MR images as Part 10 files; `small` ones have 64 x 64 pixels and no CSA headers (about 14 kB)."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    blobs = [random.integers(0, 256, 512 if small else size, np.uint8).tobytes() for size in _CSA_BYTES]
    files = []
    for number, ds in enumerate(_phantom(count), start=1):
        _fill_up(ds, blobs, random)
        _resize(ds, 64 if small else MATRIX)
        _mark(ds, number)
        files.append(folder / f"{number:06}.dcm")
        ds.save_as(files[-1], enforce_file_format=True)
    return files


def multi_frame(folder: Path, megabytes: float) -> Path:
    """Write one Enhanced MR image of about that size, with position and content of every frame."""
    folder.mkdir(parents=True, exist_ok=True)
    ds = next(_phantom(1))
    _mark(ds, 1)
    frames = max(1, round(megabytes * 1e6 / (MATRIX * MATRIX * 2)))
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    ds.Rows = ds.Columns = MATRIX
    ds.NumberOfFrames = frames
    ds.SharedFunctionalGroupsSequence = Sequence([_group("PixelMeasuresSequence", SliceThickness=1.5)])
    ds.PerFrameFunctionalGroupsSequence = Sequence(
        _group("PlanePositionSequence", ImagePositionPatient=[-113.0, -113.0, 1.5 * frame])
        for frame in range(frames)
    )
    pixels = np.random.default_rng(7).integers(0, 4096, MATRIX * MATRIX, np.uint16).astype("<u2").tobytes()
    ds.PixelData = pixels * frames
    path = folder / "multi-frame.dcm"
    ds.save_as(path, enforce_file_format=True)
    return path


def _phantom(count: int) -> Iterator[Dataset]:
    """At least so many images of one phantom study, spread over its series as a real study is."""
    patient = PhantomPatient(patient_id=f"BENCH{RUN.decode()}")
    small = count <= 12
    made = list(phantom_study(date(2026, 11, 20), patient=patient, instances=count, small=small))
    while len(made) < count:
        made += made
    step = len(made) / count
    return islice((made[int(index * step)] for index in range(count)), count)


def _fill_up(ds: Dataset, blobs: list[bytes], random: np.random.Generator) -> None:
    """Further attributes and private blocks, so that there is as much to decide as in a clinical instance."""
    for keyword, value in _NO_GROUP.items():
        if keyword not in ds:
            setattr(ds, keyword, value)
    header = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    for element, blob in zip((0x10, 0x20), blobs, strict=True):
        header.add_new(element, "OB", blob)
    for group, creator in ((0x0019, "SIEMENS MR HEADER"), (0x0051, "SIEMENS MR HEADER")):
        block = ds.private_block(group, creator, create=True)
        for element in range(0x20, 0x20 + _PRIVATE_NUMBERS // 2):
            block.add_new(element, "DS", str(int(random.integers(0, 999))))


def _resize(ds: Dataset, matrix: int) -> None:
    """Pixels of matrix x matrix: the image in a black frame, or its middle."""
    image = np.frombuffer(ds.PixelData, "<u2").reshape(ds.Rows, ds.Columns)
    canvas = np.zeros((matrix, matrix), "<u2")
    size = min(matrix, ds.Rows)
    here, there = (matrix - size) // 2, (ds.Rows - size) // 2
    canvas[here : here + size, here : here + size] = image[there : there + size, there : there + size]
    ds.Rows = ds.Columns = matrix
    ds.PixelData = canvas.tobytes()


def _mark(ds: Dataset, number: int) -> None:
    """Give every UID the same length, with the marks in it (2.25 and one number: PS3.5 B.2)."""
    run, copy = RUN.decode(), COPY.decode()
    root = f"2.25.1{run}"
    ds.StudyInstanceUID = UID(f"{root}1")
    ds.SeriesInstanceUID = UID(f"{root}2{copy}{int(ds.SeriesNumber):03}")
    ds.FrameOfReferenceUID = UID(f"{root}3")
    ds.SOPInstanceUID = UID(f"{root}4{copy}{number:06}")
    ds.AccessionNumber = f"A{run}"
    ds.StudyID = run
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID("2.25.4711")
    ds.file_meta = meta


def _group(keyword: str, **attributes: object) -> Dataset:
    item, inner = Dataset(), Dataset()
    for name, value in attributes.items():
        setattr(inner, name, value)
    setattr(item, keyword, Sequence([inner]))
    return item
