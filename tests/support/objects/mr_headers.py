"""Headers of MR series as scanners of several vendors write them, without pixels, all invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import EnhancedMRImageStorage, MRImageStorage

AXIAL = [1, 0, 0, 0, 1, 0]
SAGITTAL = [0, 1, 0, 0, 0, -1]
CORONAL = [1, 0, 0, 0, 0, -1]
STUDY = "2.25.1000"


def header(series: int = 1, image: int = 1, **attributes: Any) -> Dataset:
    """One classic MR image: attributes by keyword; a value of None leaves the attribute out."""
    ds = Dataset()
    standard: dict[str, Any] = {
        "SOPClassUID": MRImageStorage,
        "SOPInstanceUID": f"2.25.{series}.{image}",
        "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": f"2.25.{series}",
        "SeriesNumber": series,
        "InstanceNumber": image,
        "Modality": "MR",
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"],
        "ImageOrientationPatient": AXIAL,
        "ImagePositionPatient": [0, 0, 3.0 * image],
        "SliceThickness": 3,
        "MRAcquisitionType": "2D",
        "MagneticFieldStrength": 3,
        "Rows": 256,
        "Columns": 256,
        "PixelSpacing": [0.9, 0.9],
    }
    for keyword, value in {**standard, **attributes}.items():
        if value is not None:
            setattr(ds, keyword, value)
    return ds


def series(number: int, images: int = 45, **attributes: Any) -> list[Dataset]:
    """A classic series of parallel slices."""
    return [header(number, image, **attributes) for image in range(1, images + 1)]


def private(ds: Dataset, group: int, creator: str, element: int, vr: str, value: Any) -> Dataset:
    """Write one private attribute under its creator."""
    ds.private_block(group, creator, create=True).add_new(element, vr, value)
    return ds


def enhanced(
    number: int,
    *,
    shared: Mapping[str, Mapping[str, Any]],
    frames: list[Mapping[str, Mapping[str, Any]]],
    **top: Any,
) -> Dataset:
    """An enhanced multi-frame object; groups are {sequence keyword: {keyword: value}}."""
    top = {"SliceThickness": None, "ImageOrientationPatient": None, "ImagePositionPatient": None, **top}
    ds = header(number, **{"SOPClassUID": EnhancedMRImageStorage, **top})
    ds.SharedFunctionalGroupsSequence = [_groups(shared)]
    ds.PerFrameFunctionalGroupsSequence = [_groups(frame) for frame in frames]
    ds.NumberOfFrames = len(frames)
    return ds


def _groups(groups: Mapping[str, Mapping[str, Any]]) -> Dataset:
    item = Dataset()
    for sequence, values in groups.items():
        inner = Dataset()
        for keyword, value in values.items():
            setattr(inner, keyword, value)
        setattr(item, sequence, [inner])
    return item


@dataclass(frozen=True)
class Known:
    """A series whose kind its attributes prove, and why."""

    name: str
    kind: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    private: tuple[tuple[int, str, int, str, Any], ...] = ()

    def headers(self, number: int = 1, images: int = 45, **more: Any) -> list[Dataset]:
        made = series(number, images, **{**self.attributes, **more})
        for ds in made:
            for one in self.private:
                private(ds, *one)
        return made


def _known(name: str, kind: str, sequence: str, tr: float | None, te: float | None, **more: Any) -> Known:
    vendor = more.pop("private", ())
    timing = {
        "ScanningSequence": sequence.split("\\") if sequence else None,
        "RepetitionTime": tr,
        "EchoTime": te,
    }
    return Known(name, kind, {**timing, **more}, vendor)


_GE_B = (0x0043, "GEMS_PARM_01", 0x39, "IS")
_PHILIPS_B = (0x2001, "Philips Imaging DD 001", 0x03, "FL")
_PHILIPS_NAME = (0x2001, "Philips Imaging DD 001", 0x20, "LO")

KNOWN: tuple[Known, ...] = (
    _known(
        "Siemens SPACE FLAIR",
        "flair",
        "SE\\IR",
        5000,
        393,
        InversionTime=1800,
        SequenceName="*spcir_278ns",
        MRAcquisitionType="3D",
    ),
    _known("Siemens TIRM 2D", "flair", "SE\\IR", 9000, 87, InversionTime=2500, SequenceName="*tir2d1_16"),
    _known(
        "Philips 3D FLAIR",
        "flair",
        "IR",
        4800,
        386,
        InversionTime=1650,
        MRAcquisitionType="3D",
        ImageType=["ORIGINAL", "PRIMARY", "M_IR", "M", "IR"],
        DiffusionBValue=0.0,
    ),
    _known(
        "GE Cube FLAIR",
        "flair",
        "SE\\IR",
        6000,
        117,
        InversionTime=1700,
        MRAcquisitionType="3D",
        private=((*_GE_B, [0, 1073741824, 0, 0]),),
    ),
    _known("Canon FLAIR", "flair", "SE\\IR", 10000, 105, InversionTime=2700, Manufacturer="CANON_MEC"),
    _known("Siemens TSE T2", "t2", "SE", 5740, 96, SequenceName="*tse2d1_17"),
    _known("Siemens SPACE T2", "t2", "SE", 3200, 408, SequenceName="*spc_282ns", MRAcquisitionType="3D"),
    _known(
        "Philips TSE T2",
        "t2",
        "SE",
        3000,
        90,
        ImageType=["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"],
        DiffusionBValue=0.0,
        private=((*_PHILIPS_B, 0.0), (*_PHILIPS_NAME, "TSE")),
    ),
    _known("GE PROPELLER T2", "t2", "RM", 5000, 100, EchoTrainLength=24),
    _known("Hitachi PD", "pd", "SE", 4000, 12),
    _known(
        "Siemens MPRAGE",
        "t1",
        "GR\\IR",
        2300,
        2.98,
        InversionTime=900,
        SequenceName="*tfl3d1_16ns",
        MRAcquisitionType="3D",
    ),
    _known("GE BRAVO", "t1", "GR", 8.2, 3.2, InversionTime=450, MRAcquisitionType="3D"),
    _known("Philips T1 TFE", "t1", "GR", 8.1, 3.7, SequenceVariant="MP", MRAcquisitionType="3D", FlipAngle=8),
    _known("Spin-echo T1", "t1", "SE", 550, 9.1),
    _known(
        "Spin-echo T1 after contrast", "t1_contrast", "SE", 550, 9.1, ContrastBolusAgent="Gadovist 7.5 ml"
    ),
    _known(
        "Siemens DWI",
        "dwi",
        "EP",
        6000,
        90,
        ImageType=["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE", "ND"],
        private=((0x0019, "SIEMENS MR HEADER", 0x0C, "IS", 1000),),
    ),
    _known("Siemens XA DWI exported as classic", "dwi", "GR\\EP", 4000, 60, SequenceName="ep_b1000#12"),
    _known(
        "Siemens trace",
        "trace",
        "EP",
        6000,
        90,
        SequenceName="*ep_b1000t",
        ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "TRACEW", "ND"],
    ),
    _known(
        "Siemens ADC",
        "adc",
        "EP",
        6000,
        90,
        SequenceName="*ep_b0_1000",
        ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC", "ND"],
    ),
    _known("GE DWI", "dwi", "EP\\SE", 8000, 80, private=((*_GE_B, [1000001000, 8, 0, 0]),)),
    _known(
        "Philips DWI says SE only",
        "dwi",
        "SE",
        4900,
        72,
        ImageType=["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"],
        private=((*_PHILIPS_B, 1000.0), (*_PHILIPS_NAME, "DwiSE")),
    ),
    _known("UIH DWI", "dwi", "EP", 4000, 80, private=((0x0065, "Image Private Header", 0x09, "FD", 1000.0),)),
    _known("Canon DWI", "dwi", "SE\\EP", 6000, 90, DiffusionBValue=1000.0),
    _known(
        "Siemens SWI",
        "swi",
        "GR",
        28,
        20,
        ImageType=["ORIGINAL", "PRIMARY", "M", "SWI", "NORM"],
        SequenceName="*swi3d1r",
        MRAcquisitionType="3D",
    ),
    _known(
        "Philips SWI writes no echo time",
        "swi",
        "GR",
        31,
        0,
        MRAcquisitionType="3D",
        ImageType=["ORIGINAL", "PRIMARY", "SW_M_FFE", "M", "FFE"],
    ),
    _known(
        "Minimum intensity projection",
        "derived",
        "GR",
        28,
        20,
        MRAcquisitionType="3D",
        ImageType=["DERIVED", "PRIMARY", "MNIP", "SWI", "NORM"],
    ),
    _known(
        "Reformatted T1",
        "derived",
        "GR\\IR",
        2300,
        2.98,
        InversionTime=900,
        ImageType=["DERIVED", "SECONDARY", "MPR"],
    ),
    _known(
        "Fractional anisotropy",
        "derived",
        "EP",
        6000,
        90,
        ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "FA"],
    ),
    _known("SWI phase", "derived", "GR", 28, 20, ImageType=["ORIGINAL", "PRIMARY", "P", "ND"]),
    _known("Time of flight", "other", "GR", 21, 3.4, AngioFlag="Y", MRAcquisitionType="3D", FlipAngle=18),
    _known("fMRI", "other", "EP\\GR", 2000, 30, SequenceName="*epfid2d1_64"),
    _known(
        "Arterial spin labelling",
        "other",
        "GR",
        4250,
        9,
        ImageType=["ORIGINAL", "PRIMARY", "PERFUSION_FFE", "PERFUSION", "FFE"],
    ),
    _known("STIR", "other", "SE\\IR", 4000, 60, InversionTime=160),
    _known("Localizer", "localizer", "GR", 8.6, 4, ImageType=["ORIGINAL", "PRIMARY", "M", "LOCALIZER"]),
)
