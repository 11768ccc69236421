"""Series whose attributes do not all agree: each the kind that consistent evidence proves, or an honest `other`.

As in `mr_traps`: all headers are invented, after the Standard and routing_rules/series/vendor_facts.yaml.
"""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from support.objects.mr_traps import D3, Trap, a_trap, image_type

_GE_B = (0x0043, "GEMS_PARM_01", 0x39, "IS")
_GE_FLAG = (0x0043, "GEMS_PARM_01", 0x30, "SS")
_GE_DIRECTION = (0x0021, "GEMS_RELA_01", 0x5A, "SL")
_GE_NAME = (0x0019, "GEMS_ACQU_01", 0x9C, "LO")
_PHILIPS_B = (0x2001, "Philips Imaging DD 001", 0x03, "FL")
_PHILIPS_EPI = (0x2001, "Philips Imaging DD 001", 0x13, "SL")
_PHILIPS_NAME = (0x2001, "Philips Imaging DD 001", 0x20, "LO")
_SIEMENS_B = (0x0019, "SIEMENS MR HEADER", 0x0C, "IS")
_UIH_NAME = (0x0065, "Image Private Header", 0x2D, "ST")
_UIH_B = (0x0065, "Image Private Header", 0x09, "FD")
_STALE = ((*_GE_B, [1000, 8, 0, 0]), (*_GE_FLAG, 0), (*_GE_DIRECTION, 0))
_SE_TYPE = image_type("ORIGINAL\\PRIMARY\\M_SE\\M\\SE")


def _code(value: str, meaning: str) -> list[Dataset]:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return [item]


def _sources(count: int) -> list[Dataset]:
    return [Dataset() for _ in range(count)]


def _flair(name: str, kind: str, why: str, **more: Any) -> Trap:
    """A FLAIR but for what `more` says."""
    return a_trap(name, kind, why, "SE\\IR", 9000, 100, InversionTime=2500, **more)


EVIDENCE_TRAPS: tuple[Trap, ...] = (
    # a b-value that GE keeps from the last diffusion series
    _flair("GE FLAIR after a DWI", "flair", "the last b-value is kept, the flags are zero", private=_STALE),
    a_trap("GE T2 after a DWI", "t2", "as before", "SE", 5000, 100, private=_STALE),
    a_trap(
        "GE PROPELLER T2 after a DWI", "t2", "as before", "RM", 5000, 100, EchoTrainLength=24, private=_STALE
    ),
    a_trap(
        "GE BRAVO after a DWI", "t1", "as before", "GR", 8.2, 3.2, InversionTime=450, private=_STALE, **D3
    ),
    a_trap("GE T1 spin echo after a DWI", "t1", "as before", "SE", 550, 9, private=_STALE),
    a_trap("GE fMRI after a DWI", "other", "as before, and echo planar", "EP\\GR", 2000, 30, private=_STALE),
    a_trap(
        "GE DSC after a DWI",
        "other",
        "as before, gradient EPI",
        "EP\\GR",
        1500,
        30,
        private=((*_GE_B, [1000]),),
    ),
    a_trap(
        "GE SWAN after a DWI",
        "swi",
        "as before",
        "GR",
        40,
        25,
        FlipAngle=15,
        private=(*_STALE, (*_GE_NAME, "SWAN")),
        **D3,
    ),
    a_trap(
        "GE FLAIR after a DWI, flags lost",
        "flair",
        "no flag is there to ask",
        "SE\\IR",
        9000,
        120,
        InversionTime=2400,
        private=((*_GE_B, [1000001000, 8, 0, 0]),),
    ),
    a_trap(
        "GE DWI with flags",
        "dwi",
        "both flags speak of diffusion",
        "EP\\SE",
        8000,
        80,
        private=((*_GE_B, [1000, 8, 0, 0]), (*_GE_FLAG, 16), (*_GE_DIRECTION, 16)),
    ),
    a_trap(
        "GE PROPELLER DWI",
        "dwi",
        "no EPI, but the flag of the series",
        "RM",
        6000,
        70,
        private=((*_GE_B, [1000, 8, 0, 0]), (*_GE_DIRECTION, 7)),
    ),
    a_trap(
        "GE DWI of b = 0 alone",
        "other",
        "the flag says T2 on every image",
        "EP\\SE",
        8000,
        80,
        private=((*_GE_B, [1000, 8, 0, 0]), (*_GE_FLAG, 14), (*_GE_DIRECTION, 16)),
        proven=False,
    ),
    a_trap(
        "GE trace by its flag",
        "trace",
        "DERIVED\\SECONDARY, the flag says trace",
        "EP\\SE",
        8000,
        80,
        ImageType=image_type("DERIVED\\SECONDARY\\PROCESSED"),
        private=((*_GE_B, [1000, 8, 0, 0]), (*_GE_FLAG, 19), (*_GE_DIRECTION, 16)),
    ),
    a_trap(
        "GE fractional anisotropy by its flag",
        "derived",
        "the flag says so",
        "EP\\SE",
        8000,
        80,
        ImageType=image_type("DERIVED\\SECONDARY\\PROCESSED"),
        private=((*_GE_B, [1000, 8, 0, 0]), (*_GE_FLAG, 18), (*_GE_DIRECTION, 16)),
    ),
    a_trap(
        "GE spin-echo EPI, flags zero",
        "dwi",
        "a b-value, and flags that deny it",
        "EP\\SE",
        8000,
        80,
        proven=False,
        private=_STALE,
    ),
    # diffusion and its look-alikes of other vendors
    a_trap(
        "Siemens b = 0 for distortion",
        "other",
        "a diffusion sequence without diffusion",
        "EP",
        8000,
        90,
        SequenceName="*ep_b0",
        ImageType=image_type("ORIGINAL\\PRIMARY\\DIFFUSION\\NONE\\ND"),
        private=((*_SIEMENS_B, 0),),
        proven=False,
    ),
    a_trap(
        "Siemens XA b = 0 for distortion",
        "other",
        "the public attribute says 0 on all",
        "EP",
        8000,
        90,
        SequenceName="ep_b0",
        DiffusionBValue=0.0,
        ImageType=image_type("ORIGINAL\\PRIMARY\\DIFFUSION\\NONE"),
        proven=False,
    ),
    a_trap(
        "Siemens BLADE DWI",
        "dwi",
        "no EPI: the vendor writes b on diffusion alone",
        "SE",
        5000,
        60,
        SequenceName="*tse2d1rs9",
        private=((*_SIEMENS_B, 1000),),
    ),
    a_trap(
        "Philips DWI without a b-value",
        "dwi",
        "the name says diffusion",
        "SE",
        4900,
        72,
        ImageType=_SE_TYPE,
        private=((*_PHILIPS_NAME, "DwiSE"),),
    ),
    a_trap(
        "Philips SSh without b and name",
        "other",
        "echo planar by its factor alone",
        "SE",
        4900,
        72,
        ImageType=_SE_TYPE,
        proven=False,
        private=((*_PHILIPS_EPI, 47),),
    ),
    a_trap(
        "Philips SSh by its bandwidth alone",
        "other",
        "timed like a T2, read like an EPI",
        "SE",
        4900,
        90,
        ImageType=_SE_TYPE,
        PixelBandwidth=1780,
        proven=False,
    ),
    a_trap(
        "Philips b = 0 alone",
        "other",
        "the name says diffusion, every b-value is 0",
        "SE",
        4900,
        72,
        ImageType=_SE_TYPE,
        DiffusionBValue=0.0,
        private=((*_PHILIPS_NAME, "DwiSE"), (*_PHILIPS_B, 0.0)),
        proven=False,
    ),
    a_trap(
        "Philips DWI, both b-values",
        "dwi",
        "SE only, but public and private b",
        "SE",
        6000,
        90,
        ImageType=_SE_TYPE,
        DiffusionBValue=1000.0,
        private=((*_PHILIPS_B, 1000.0),),
    ),
    a_trap(
        "Canon FASE DWI",
        "dwi",
        "no EPI, but a gradient direction",
        "SE",
        6000,
        80,
        DiffusionBValue=1000.0,
        DiffusionGradientOrientation=[0.0, 0.0, 1.0],
        Manufacturer="CANON_MEC",
    ),
    a_trap(
        "Toshiba DWI",
        "dwi",
        "public b-value in a spin-echo EPI",
        "SE\\EP",
        6000,
        100,
        DiffusionBValue=1000.0,
        Manufacturer="TOSHIBA_MEC",
    ),
    a_trap(
        "Hitachi DWI",
        "dwi",
        "named in the vendor's words",
        "EP",
        5000,
        90,
        SequenceName="DW-EPI",
        DiffusionBValue=1000.0,
        Manufacturer="Hitachi Medical Corporation",
    ),
    a_trap(
        "Fujifilm FLAIR",
        "flair",
        "fast inversion recovery",
        "IR",
        9000,
        105,
        InversionTime=2400,
        SequenceName="FIR",
        Manufacturer="FUJIFILM Healthcare Corporation",
    ),
    a_trap(
        "UIH DWI by its name",
        "dwi",
        "b of the vendor and the name",
        "EP",
        4000,
        80,
        private=((*_UIH_NAME, "epi_dwi"), (*_UIH_B, 1000.0)),
    ),
    a_trap(
        "T2 with a public b-value",
        "other",
        "a b-value, and nothing that can diffuse",
        "SE",
        5000,
        100,
        DiffusionBValue=1000.0,
        proven=False,
    ),
    a_trap(
        "Gradient echo with a public b-value",
        "other",
        "an echo of 3 ms has no room for gradients",
        "EP\\GR",
        8,
        3,
        DiffusionBValue=1000.0,
        proven=False,
    ),
    _flair(
        "FLAIR with a public b-value", "flair", "its inversion and timing say more", DiffusionBValue=1000.0
    ),
    # DERIVED alone
    _flair(
        "FLAIR compressed lossily",
        "flair",
        "an archive must write DERIVED",
        LossyImageCompression="01",
        ImageType=image_type("DERIVED\\PRIMARY\\M_IR\\M\\IR"),
    ),
    _flair(
        "FLAIR compressed lossily, secondary",
        "flair",
        "as before",
        LossyImageCompression="01",
        ImageType=image_type("DERIVED\\SECONDARY\\M\\ND"),
    ),
    _flair(
        "FLAIR compressed lossily, without value 3",
        "flair",
        "as before",
        LossyImageCompression="01",
        ImageType=image_type("DERIVED\\PRIMARY"),
    ),
    _flair(
        "FLAIR compressed, by its code",
        "flair",
        "DCM 113040",
        ImageType=image_type("DERIVED\\PRIMARY\\OTHER"),
        DerivationCodeSequence=_code("113040", "Lossy Compression"),
    ),
    _flair(
        "FLAIR with coils combined",
        "flair",
        "sum of squares",
        ImageType=image_type("DERIVED\\PRIMARY\\M\\NORM"),
        DerivationDescription="Adaptive coil combination, prescan normalized",
    ),
    _flair(
        "FLAIR corrected for distortion",
        "flair",
        "the same pixels, moved a little",
        ImageType=image_type("DERIVED\\PRIMARY\\M\\ND\\DIS2D"),
        DerivationDescription="Distortion correction",
    ),
    _flair(
        "FLAIR smoothed",
        "flair",
        "DCM 113087",
        ImageType=image_type("DERIVED\\PRIMARY\\OTHER"),
        DerivationCodeSequence=_code("113087", "Smoothing"),
    ),
    a_trap(
        "T2 compressed lossily",
        "t2",
        "as the FLAIR",
        "SE",
        5000,
        100,
        LossyImageCompression="01",
        ImageType=image_type("DERIVED\\PRIMARY\\M_SE\\M\\SE"),
    ),
    a_trap(
        "T1 compressed lossily",
        "t1",
        "as the FLAIR",
        "SE",
        550,
        9,
        LossyImageCompression="01",
        ImageType=image_type("DERIVED\\PRIMARY\\OTHER"),
    ),
    a_trap(
        "DWI compressed lossily",
        "dwi",
        "as the FLAIR",
        "EP\\SE",
        6000,
        90,
        LossyImageCompression="01",
        DiffusionBValue=1000.0,
        ImageType=image_type("DERIVED\\PRIMARY\\DIFFUSION\\NONE"),
    ),
    _flair(
        "FLAIR reformatted, told in words",
        "derived",
        "no value of ImageType says so",
        ImageType=image_type("DERIVED\\SECONDARY"),
        DerivationDescription="Multiplanar reformat",
    ),
    _flair(
        "FLAIR projected and compressed",
        "derived",
        "both were done",
        LossyImageCompression="01",
        ImageType=image_type("DERIVED\\SECONDARY\\OTHER"),
        DerivationDescription="MIP",
    ),
    _flair(
        "FLAIR made of many images",
        "derived",
        "five source images for each",
        ImageType=image_type("DERIVED\\PRIMARY\\OTHER"),
        SourceImageSequence=_sources(5),
    ),
    _flair(
        "FLAIR subtracted",
        "derived",
        "by its description",
        ImageType=image_type("DERIVED\\PRIMARY\\M\\ND"),
        DerivationDescription="Subtraction of two time points",
    ),
    # parts of maps, synthetic images
    a_trap(
        "Siemens MP2RAGE second inversion with its name",
        "other",
        "the name",
        "GR\\IR",
        5000,
        2.9,
        InversionTime=2500,
        SequenceName="*tfl3d1_16ns",
        ProtocolName="t1_mp2rage_sag",
        **D3,
    ),
    a_trap(
        "GE MAGiC source",
        "other",
        "several delays and echoes",
        "SE\\IR",
        4000,
        90,
        InversionTime=2000,
        private=((*_GE_NAME, "magic"),),
    ),
    a_trap(
        "Synthetic FLAIR",
        "derived",
        "computed from maps",
        "SE\\IR",
        9000,
        100,
        InversionTime=2500,
        ImageType=image_type("DERIVED\\PRIMARY\\SYNTHETIC\\FLAIR"),
        Manufacturer="SyntheticMR AB",
    ),
    a_trap(
        "Synthetic T2, told in words",
        "derived",
        "computed from maps",
        "SE",
        4500,
        100,
        ImageType=image_type("DERIVED\\PRIMARY\\OTHER"),
        DerivationDescription="Synthetic image, TR 4500 TE 100",
    ),
    a_trap(
        "UIH field map",
        "derived",
        "the map itself",
        "GR",
        500,
        7.4,
        ImageType=image_type("DERIVED\\PRIMARY\\FIELD_MAP\\NONE"),
        FlipAngle=60,
    ),
    a_trap(
        "Siemens field map magnitude",
        "other",
        "named fm2d",
        "GR",
        400,
        4.92,
        SequenceName="*fm2d2r",
        FlipAngle=60,
    ),
    a_trap(
        "Siemens Dixon T2, water",
        "t2",
        "water and fat told apart, still a T2",
        "SE",
        5000,
        100,
        ImageType=image_type("DERIVED\\PRIMARY\\DIXON\\WATER"),
    ),
    a_trap("Canon susceptibility", "swi", "the name", "GR", 29, 20, SequenceName="FE3D_ssfsbb", **D3),
    # perfusion, angiography, spectroscopy
    a_trap(
        "UIH time of flight",
        "other",
        "the name is in a private attribute",
        "GR",
        21,
        3.4,
        FlipAngle=18,
        private=((*_UIH_NAME, "gre_tof_3d"),),
        **D3,
    ),
    a_trap(
        "Siemens phase contrast",
        "other",
        "flow, in its name",
        "GR",
        40,
        5,
        FlipAngle=15,
        SequenceName="*fl3d1_pc3d",
        **D3,
    ),
    a_trap(
        "GE spin-echo perfusion", "other", "spin-echo EPI without diffusion", "EP\\SE", 1600, 60, proven=False
    ),
    a_trap("UIH labelling", "other", "the name", "SE", 4500, 20, private=((*_UIH_NAME, "gre_pcasl"),), **D3),
    a_trap(
        "Philips spectrum",
        "mrs",
        "a private class of the vendor",
        "",
        2000,
        144,
        SOPClassUID="1.3.46.670589.11.0.0.12.1",
    ),
    a_trap(
        "GE spectroscopy",
        "mrs",
        "an image class, but the name",
        "",
        1500,
        35,
        private=((*_GE_NAME, "PROBE-P"),),
    ),
)
"""As `mr_traps.TRAPS`."""
