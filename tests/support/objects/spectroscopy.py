"""An invented object of MR Spectroscopy Storage: one voxel of 20 x 20 x 15 mm with the lines of a brain."""

from __future__ import annotations

import numpy as np
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, MRSpectroscopyStorage

from support.objects.dicom_files import mr_dataset

POINTS, WIDTH_HZ, MHZ, REFERENCE_PPM = 1024, 2000.0, 123.2, 4.7
BRAIN = {2.01: 1.0, 3.03: 0.7, 3.19: 0.55, 1.3: 0.3}
"""Chemical shift in ppm and height of each line."""
MIDDLE = (30.0, -20.0, 45.0)
SIZES = (20.0, 20.0, 15.0)


def spectroscopy(number: int = 1, signals: int = 1, **changes: object) -> Dataset:
    """One object; of several signals the second and further ones are of water that is not suppressed."""
    ds = mr_dataset(number)
    for keyword in (
        "PixelData",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
    ):
        ds.pop(keyword, None)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = MRSpectroscopyStorage
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.ImageType = ["ORIGINAL", "PRIMARY", "SPECTROSCOPY", "NONE"]
    ds.Rows, ds.Columns, ds.NumberOfFrames = 1, 1, signals
    ds.DataPointRows, ds.DataPointColumns = 1, POINTS
    ds.DataRepresentation, ds.SignalDomainColumns, ds.ResonantNucleus = "COMPLEX", "TIME", "1H"
    ds.SpectralWidth, ds.TransmitterFrequency, ds.ChemicalShiftReference = WIDTH_HZ, MHZ, REFERENCE_PPM
    ds.MRSpectroscopyAcquisitionType = "SINGLE_VOXEL"
    ds.VolumeLocalizationTechnique = "PRESS"
    ds.VolumeLocalizationSequence = [_slab(axis) for axis in range(3)]
    echo, shared = Dataset(), Dataset()
    echo.EffectiveEchoTime = 30.0
    shared.MREchoSequence = [echo]
    ds.SharedFunctionalGroupsSequence = [shared]
    stored = b"".join(_stored(BRAIN if place == 0 else {REFERENCE_PPM: 500.0}) for place in range(signals))
    ds.add_new("SpectroscopyData", "OF", stored)
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def _slab(axis: int) -> Dataset:
    slab, normal = Dataset(), [0.0, 0.0, 0.0]
    normal[axis] = 1.0
    slab.SlabThickness, slab.SlabOrientation, slab.MidSlabPosition = SIZES[axis], normal, list(MIDDLE)
    return slab


def _stored(lines: dict[float, float]) -> bytes:
    seconds = np.arange(POINTS) / WIDTH_HZ
    signal = sum(
        height * np.exp(2j * np.pi * (ppm - REFERENCE_PPM) * MHZ * seconds) for ppm, height in lines.items()
    ) * np.exp(-10 * seconds)
    return np.stack([signal.real, signal.imag], axis=1).astype("<f4").tobytes()
