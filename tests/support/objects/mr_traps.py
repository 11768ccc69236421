"""Series that look like something else: what scanners of each vendor write where a careless reader goes wrong.

`kind` is what the attributes prove; `PROVEN` is False where they prove nothing, and the answer must then be `other`.
All headers are invented, after the Standard and the facts on vendors in routing_rules/series/vendor_facts.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from support.objects.mr_headers import Known

_GE_B = (0x0043, "GEMS_PARM_01", 0x39, "IS")
_GE_COMPLEX = (0x0043, "GEMS_PARM_01", 0x2F, "SS")
_GE_PLANE = (0x0019, "GEMS_ACQU_01", 0x17, "SS")
_GE_ASL = (0x0043, "GEMS_PARM_01", 0xA3, "CS")
_PHILIPS_B = (0x2001, "Philips Imaging DD 001", 0x03, "FL")
_PHILIPS_DIRECTION = (0x2001, "Philips Imaging DD 001", 0x04, "CS")
_PHILIPS_TYPE = (0x2005, "Philips MR Imaging DD 001", 0x11, "CS")
_SIEMENS_B = (0x0019, "SIEMENS MR HEADER", 0x0C, "IS")
_SIEMENS_DIRECTION = (0x0019, "SIEMENS MR HEADER", 0x0D, "CS")
_UIH_NAME = (0x0065, "Image Private Header", 0x2D, "ST")


@dataclass(frozen=True)
class Trap:
    """A series, the kind its attributes prove, whether they prove it, and why one could go wrong."""

    name: str
    kind: str
    why: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    private: tuple[tuple[int, str, int, str, Any], ...] = ()
    proven: bool = True

    @property
    def known(self) -> Known:
        """The trap as a series that can write headers."""
        return Known(self.name, self.kind, self.attributes, self.private)


def a_trap(
    name: str, kind: str, why: str, sequence: str, tr: float | None, te: float | None, **more: Any
) -> Trap:
    """A trap with this timing, in milliseconds; `private` and `proven` are not attributes."""
    private, proven = more.pop("private", ()), more.pop("proven", True)
    timing = {
        "ScanningSequence": sequence.split("\\") if sequence else None,
        "RepetitionTime": tr,
        "EchoTime": te,
    }
    return Trap(name, kind, why, {**timing, **more}, private, proven)


def image_type(values: str) -> list[str]:
    """The values of ImageType, written with backslashes."""
    return values.split("\\")


D3 = {"MRAcquisitionType": "3D"}

TRAPS: tuple[Trap, ...] = (
    # fluid attenuated or not
    a_trap(
        "GE PROPELLER FLAIR",
        "flair",
        "ScanningSequence RM says neither SE nor IR",
        "RM",
        9000,
        120,
        InversionTime=2400,
    ),
    a_trap(
        "UIH 3D FLAIR",
        "flair",
        "the name is in a private attribute",
        "SE\\IR",
        5000,
        380,
        InversionTime=1700,
        private=((*_UIH_NAME, "fse_mx_3d_flair"),),
        **D3,
    ),
    a_trap(
        "Canon 3D FLAIR",
        "flair",
        "variable flip angles, long echo time",
        "SE\\IR",
        6000,
        420,
        InversionTime=1950,
        FlipAngle=90,
        **D3,
    ),
    a_trap(
        "Hitachi FLAIR",
        "flair",
        "vendor without any private fact",
        "IR\\SE",
        10000,
        105,
        InversionTime=2650,
        Manufacturer="Hitachi Medical Corporation",
    ),
    a_trap(
        "FLAIR called T2 post KM",
        "flair",
        "a misleading description",
        "SE\\IR",
        9000,
        90,
        InversionTime=2500,
        SeriesDescription="t2_tse_post KM",
    ),
    a_trap(
        "FLAIR after contrast",
        "flair",
        "contrast does not make it a T1",
        "SE\\IR",
        9000,
        90,
        InversionTime=2500,
        ContrastBolusAgent="Gadovist",
    ),
    a_trap(
        "FLAIR without echo time", "flair", "EchoTime is missing", "SE\\IR", 9000, None, InversionTime=2500
    ),
    a_trap(
        "Double inversion recovery",
        "other",
        "the first inversion time lies in the range of FLAIR",
        "SE\\IR",
        7500,
        320,
        InversionTime=2950,
        **D3,
    ),
    a_trap("STIR of the orbits", "other", "inverted, but short", "SE\\IR", 5000, 60, InversionTime=180),
    a_trap(
        "T1 FLAIR",
        "t1",
        "inverted, and named FLAIR, but for T1",
        "SE\\IR",
        2500,
        24,
        InversionTime=860,
        SeriesDescription="Ax T1 FLAIR",
    ),
    a_trap(
        "FLAIR as MIP",
        "derived",
        "a projection is no acquisition",
        "SE\\IR",
        5000,
        390,
        InversionTime=1800,
        ImageType=image_type("DERIVED\\SECONDARY\\PROJECTION IMAGE"),
    ),
    a_trap(
        "FLAIR as MPR",
        "derived",
        "a reformat is no acquisition",
        "SE\\IR",
        5000,
        390,
        InversionTime=1800,
        ImageType=image_type("DERIVED\\PRIMARY\\MPR\\NORM"),
    ),
    # T1 or not
    a_trap(
        "MP2RAGE second inversion",
        "other",
        "named tfl like MPRAGE",
        "GR\\IR",
        5000,
        2.9,
        InversionTime=2500,
        SequenceName="*tfl3d1_16ns",
        **D3,
    ),
    a_trap(
        "MP2RAGE first inversion",
        "other",
        "TI of an MPRAGE, but TR of two inversions",
        "GR\\IR",
        5000,
        2.9,
        InversionTime=700,
        SequenceName="*tfl3d1_16ns",
        proven=False,
        **D3,
    ),
    a_trap(
        "MP2RAGE uniform image",
        "derived",
        "computed of two",
        "GR\\IR",
        5000,
        2.9,
        InversionTime=700,
        ImageType=image_type("DERIVED\\PRIMARY\\M\\ND\\UNI"),
        **D3,
    ),
    a_trap(
        "B1 map by turbo FLASH",
        "other",
        "named tfl like MPRAGE",
        "GR",
        12000,
        1.8,
        SequenceName="tfl2d1_16",
        FlipAngle=8,
        proven=False,
    ),
    a_trap(
        "B1 map",
        "derived",
        "the map itself",
        "GR",
        12000,
        1.8,
        ImageType=image_type("ORIGINAL\\PRIMARY\\M\\ND\\FLIP ANGLE MAP"),
    ),
    a_trap(
        "Contrast angiography",
        "other",
        "a spoiled gradient echo like a T1",
        "GR",
        3.6,
        1.3,
        FlipAngle=30,
        SequenceVariant="SP",
        ContrastBolusAgent="Dotarem",
        proven=False,
        **D3,
    ),
    a_trap(
        "Field map magnitude, first echo",
        "other",
        "a 2D gradient echo like a T1 FLASH",
        "GR",
        488,
        4.92,
        FlipAngle=60,
        proven=False,
    ),
    a_trap(
        "Fat image of a Dixon T1",
        "derived",
        "shows fat",
        "SE",
        600,
        10,
        ImageType=image_type("ORIGINAL\\PRIMARY\\DIXON\\FAT"),
    ),
    a_trap(
        "Subtraction",
        "derived",
        "post minus pre contrast",
        "GR",
        8,
        3,
        ImageType=image_type("DERIVED\\PRIMARY\\M\\SUB"),
        ContrastBolusAgent="Gadovist",
        **D3,
    ),
    a_trap(
        "Quantitative T1",
        "derived",
        "a map",
        "GR",
        5,
        2,
        ImageType=image_type("DERIVED\\PRIMARY\\T1 MAP\\T1"),
        **D3,
    ),
    a_trap(
        "T2 FLASH called T1",
        "other",
        "T2* echo time, misleading description",
        "GR",
        700,
        20,
        FlipAngle=20,
        SeriesDescription="T1 nativ",
        proven=False,
    ),
    # T2 or not
    a_trap(
        "HASTE",
        "t2",
        "a repetition time of one slice",
        "SE",
        1100,
        92,
        SequenceName="*h2d1_205",
        EchoTrainLength=205,
    ),
    a_trap(
        "T2 of the spine",
        "t2",
        "the contrast is T2 wherever it is",
        "SE",
        3500,
        110,
        BodyPartExamined="CSPINE",
    ),
    a_trap(
        "Synthetic T2",
        "derived",
        "computed from maps",
        "SE",
        4500,
        100,
        ImageType=image_type("DERIVED\\SECONDARY\\SYNTHETIC"),
    ),
    # diffusion
    a_trap(
        "GE DWI, flagged b-value",
        "dwi",
        "1e9 is a flag, 1000 the b-value",
        "EP\\SE",
        8000,
        80,
        private=((*_GE_B, [1000001000, 8, 0, 0]),),
    ),
    a_trap(
        "GE T2 with b = 0 and flag",
        "t2",
        "1e9 is a flag, nothing is weighted",
        "SE",
        5000,
        100,
        private=((*_GE_B, [1000000000, 1073741824, 0, 0]),),
    ),
    a_trap(
        "Philips trace",
        "trace",
        "only a private attribute says isotropic",
        "SE",
        4900,
        72,
        ImageType=image_type("ORIGINAL\\PRIMARY\\M_SE\\M\\SE"),
        private=((*_PHILIPS_B, 1000.0), (*_PHILIPS_DIRECTION, "I")),
    ),
    a_trap(
        "Philips ADC told in private",
        "adc",
        "ImageType does not say so",
        "SE",
        4900,
        72,
        ImageType=image_type("ORIGINAL\\PRIMARY\\M_SE\\M\\SE"),
        private=((*_PHILIPS_TYPE, "ADC"), (*_PHILIPS_B, 0.0)),
    ),
    a_trap(
        "Siemens trace told in private",
        "trace",
        "ImageType lost its values",
        "EP",
        6000,
        90,
        ImageType=image_type("ORIGINAL\\PRIMARY"),
        private=((*_SIEMENS_B, 1000), (*_SIEMENS_DIRECTION, "ISOTROPIC")),
    ),
    a_trap(
        "Siemens computed b-value",
        "derived",
        "b = 1500 that was never measured",
        "EP",
        6000,
        90,
        SequenceName="ep_calc_b1500",
        ImageType=image_type("DERIVED\\PRIMARY\\DIFFUSION\\CALC_BVALUE\\TRACEW"),
    ),
    a_trap(
        "Siemens exponential ADC",
        "derived",
        "not the ADC itself",
        "EP",
        6000,
        90,
        ImageType=image_type("DERIVED\\PRIMARY\\DIFFUSION\\EXP\\ND"),
    ),
    a_trap(
        "Canon DWI with a comment",
        "dwi",
        "the b-value stands in ImageComments",
        "SE\\EP",
        6000,
        90,
        Manufacturer="CANON_MEC",
        ImageComments="b=1000(0.445,0.000,0.895)",
    ),
    a_trap(
        "DWI called FLAIR",
        "dwi",
        "a misleading description",
        "EP\\SE",
        8000,
        80,
        DiffusionBValue=1000.0,
        SeriesDescription="FLAIR dark-fluid",
    ),
    a_trap(
        "Readout-segmented DWI",
        "dwi",
        "the b-value is in the sequence name",
        "EP",
        5000,
        70,
        SequenceName="re_b1000#3",
    ),
    # susceptibility
    a_trap(
        "GE SWAN phase",
        "derived",
        "only a private attribute says phase",
        "GR",
        40,
        25,
        FlipAngle=15,
        private=((*_GE_COMPLEX, 1),),
        **D3,
    ),
    a_trap("Hitachi BSI", "swi", "susceptibility by its timing alone", "GR", 35, 25, FlipAngle=15, **D3),
    a_trap(
        "MEDIC of the neck",
        "other",
        "a long gradient echo, not for veins",
        "GR",
        35,
        19,
        FlipAngle=12,
        SequenceName="*me3d",
        **D3,
    ),
    # other acquisitions
    a_trap(
        "GE labelling",
        "other",
        "spin echo, inverted, 3D, like FLAIR",
        "SE\\IR",
        4800,
        10.5,
        InversionTime=2025,
        private=((*_GE_ASL, "PSEUDOCONTINUOUS"),),
        **D3,
    ),
    a_trap(
        "GE three planes",
        "localizer",
        "the plane is a private attribute",
        "GR",
        6,
        2,
        private=((*_GE_PLANE, 256),),
    ),
    a_trap(
        "First-pass perfusion",
        "other",
        "gradient EPI after contrast",
        "EP\\GR",
        1500,
        30,
        ContrastBolusAgent="Gadovist",
    ),
)
"""Every series here is one of parallel slices without any description, unless the trap is the description."""
