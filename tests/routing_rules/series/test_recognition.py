"""Series are recognised from their attributes, with evidence, across vendors."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import ComputedRadiographyImageStorage, MRSpectroscopyStorage

from routing_rules.series.recognition import PROVEN, SeriesKind, classify_series, classify_study
from routing_rules.series.vendor_facts import standard_vendor_facts
from support.objects.mr_headers import (
    AXIAL,
    CORONAL,
    KNOWN,
    SAGITTAL,
    Known,
    enhanced,
    header,
    private,
    series,
)

BY_NAME = {known.name: known for known in KNOWN}
DESCRIPTIONS = st.one_of(
    st.sampled_from(
        [
            "",
            "FLAIR",
            "ADC",
            "t2_tse",
            "T1 post KM",
            "localizer",
            "DWI b1000 trace",
            "SWI mIP",
            "scout",
            "T1 nativ",
        ]
    ),
    st.text(max_size=30),
)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_attributes_prove_the_kind(known: Known) -> None:
    """The kind follows from attributes alone, is proven, and says why."""
    found = classify_series(known.headers())
    assert found.kind == known.kind
    assert found.confidence >= PROVEN
    assert found.evidence


@settings(max_examples=60, deadline=None)
@given(known=st.sampled_from(KNOWN), description=DESCRIPTIONS, protocol=DESCRIPTIONS)
def test_a_description_never_changes_what_attributes_prove(
    known: Known, description: str, protocol: str
) -> None:
    """Renaming a series or its protocol leaves a proven kind as it is; only T1 may be refined to T1 with contrast."""
    plain = classify_series(known.headers(images=3))
    renamed = classify_series(known.headers(images=3, SeriesDescription=description, ProtocolName=protocol))
    if plain.kind is SeriesKind.T1 and plain.contrast is None:
        assert renamed.kind in (SeriesKind.T1, SeriesKind.T1_CONTRAST)
    else:
        assert (renamed.kind, renamed.confidence) == (plain.kind, plain.confidence)


@settings(max_examples=25, deadline=None)
@given(chosen=st.lists(st.sampled_from(KNOWN), min_size=1, max_size=4), seed=st.integers(0, 1000))
def test_the_order_of_arrival_does_not_matter(chosen: list[Known], seed: int) -> None:
    """The same headers in any order give the same recognitions in the same order."""
    headers = [one for number, known in enumerate(chosen, start=1) for one in known.headers(number, images=3)]
    shuffled = random.Random(seed).sample(headers, len(headers))
    assert classify_study(shuffled) == classify_study(headers)


def test_words_alone_prove_nothing() -> None:
    """A series called FLAIR whose attributes say nothing is `other`, with low confidence."""
    found = classify_series(series(1, SeriesDescription="t2_flair_sag_3d"))
    assert (found.kind, found.confidence < 0.5) == (SeriesKind.OTHER, True)


def test_a_description_breaks_a_tie() -> None:
    """A derived diffusion image of unknown meaning is called ADC only because its description says so."""
    attributes = {
        "ScanningSequence": ["EP", "SE"],
        "ImageType": ["DERIVED", "SECONDARY", "PROCESSED"],
        "DiffusionBValue": 1000.0,
    }
    named = classify_series(
        series(1, SeriesDescription="Apparent Diffusion Coefficient (mm2/s)", **attributes)
    )
    unnamed = classify_series(series(1, SeriesDescription="processed", **attributes))
    assert (named.kind, named.confidence < PROVEN) == (SeriesKind.ADC, True)
    assert unnamed.kind is SeriesKind.DERIVED


def test_several_planes_in_few_images_are_a_localizer() -> None:
    """Three planes in nine images are a localizer whatever the sequence is."""
    images = [
        header(
            1, number, ImageOrientationPatient=plane, ScanningSequence="SE", RepetitionTime=3000, EchoTime=90
        )
        for number, plane in enumerate([AXIAL, SAGITTAL, CORONAL] * 3, start=1)
    ]
    assert classify_series(images).kind is SeriesKind.LOCALIZER


def test_zero_b_values_prove_nothing() -> None:
    """Philips and GE write b = 0 on every series; that makes none of them diffusion."""
    assert classify_series(BY_NAME["Philips TSE T2"].headers()).b_values == ()


def test_b_values_are_gathered_over_a_series() -> None:
    """b0 and b1000 images of one series are one DWI with both b-values."""
    attributes = {"ScanningSequence": ["EP", "SE"], "RepetitionTime": 8000, "EchoTime": 80}
    images = [
        private(header(1, number, **attributes), 0x0043, "GEMS_PARM_01", 0x39, "IS", [b, 8, 0, 0])
        for number, b in enumerate([0, 0, 1000, 1000], start=1)
    ]
    found = classify_series(images)
    assert (found.kind, found.b_values) == (SeriesKind.DWI, (0.0, 1000.0))


def test_a_b_value_survives_the_loss_of_its_vr() -> None:
    """A Philips b-value that arrives as unknown bytes is decoded as the 32-bit number it is."""
    images = [
        private(
            header(1, number, ScanningSequence=["EP", "SE"], RepetitionTime=5000, EchoTime=70),
            0x2001,
            "Philips Imaging DD 001",
            0x03,
            "UN",
            b"\x00\x00\x7a\x44",
        )
        for number in (1, 2)
    ]
    assert classify_series(images).b_values == (1000.0,)


def test_the_b0_images_of_a_trace_series_do_not_rename_it() -> None:
    """Trace images beside their b0 images stay a trace series with b = 0 and 1000."""
    raw = series(
        1,
        3,
        ScanningSequence="EP",
        ImageType=["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE"],
        DiffusionBValue=0.0,
    )
    trace = [
        header(
            1,
            number,
            ScanningSequence="EP",
            ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "TRACEW"],
            DiffusionBValue=1000.0,
        )
        for number in (4, 5)
    ]
    found = classify_series(raw + trace)
    assert (found.kind, found.also, found.b_values) == (SeriesKind.TRACE, (), (0.0, 1000.0))


def test_a_dual_echo_series_is_both_t2_and_pd() -> None:
    """Two echoes under one series UID are T2 and proton density."""
    images = [
        header(1, number, ScanningSequence="SE", RepetitionTime=4320, EchoTime=echo)
        for number, echo in enumerate([11, 101] * 4, start=1)
    ]
    assert classify_series(images).kinds == {SeriesKind.T2, SeriesKind.PD}


def test_magnitude_and_phase_in_one_series_are_swi() -> None:
    """The phase half of a Philips SWI series does not hide the magnitude half."""
    images = [
        header(1, number, ScanningSequence="GR", ImageType=["ORIGINAL", "PRIMARY", kind, kind[3], "FFE"])
        for number, kind in enumerate(["SW_M_FFE", "SW_P_FFE"] * 3, start=1)
    ]
    assert classify_series(images).kind is SeriesKind.SWI


@pytest.mark.parametrize(
    ("attributes", "kind", "contrast"),
    [
        ({"ContrastBolusAgent": "11 ml Omniscan"}, "t1_contrast", True),
        ({"ContrastBolusAgent": "ohne"}, "t1", False),
        ({"ContrastBolusAgent": ""}, "t1", None),
        ({}, "t1", None),
        ({"ContrastBolusVolume": 7.5}, "t1_contrast", True),
        ({"ContrastBolusAgent": "none", "SeriesDescription": "T1 post KM"}, "t1", False),
        ({"SeriesDescription": "t1_mprage_KM"}, "t1_contrast", True),
        ({"SeriesDescription": "t1 nativ"}, "t1", False),
        ({"SeriesDescription": "t1_mprage_recommended"}, "t1", None),
        ({"SeriesDescription": "t1 post-op"}, "t1", None),
        ({"SeriesDescription": "t1 pre OP KM"}, "t1_contrast", True),
        ({"SeriesDescription": "T1 C-"}, "t1", False),
        ({"SeriesDescription": "T1 C+"}, "t1_contrast", True),
    ],
)
def test_contrast_comes_from_attributes_first(
    attributes: dict[str, object], kind: str, contrast: bool | None
) -> None:
    """The agent decides; words count only where the attributes are silent; nothing said stays unknown."""
    found = classify_series(BY_NAME["Spin-echo T1"].headers(images=3, **attributes))
    assert (found.kind, found.contrast) == (kind, contrast)


def test_a_later_twin_is_probably_after_contrast() -> None:
    """A T1 repeated later with the same geometry stays T1 and is marked as probably with contrast."""
    native = BY_NAME["Spin-echo T1"].headers(1, images=3, SeriesDate="20260101", SeriesTime="100000")
    later = BY_NAME["Spin-echo T1"].headers(2, images=3, SeriesDate="20260101", SeriesTime="102000")
    first, second = classify_study(later + native)
    assert (first.contrast_probable, second.contrast_probable) == (False, True)
    assert second.kind is SeriesKind.T1
    assert second.contrast is None


def _frames(
    frame_types: list[str], b_values: list[float | None], directions: list[str]
) -> list[dict[str, dict[str, object]]]:
    found: list[dict[str, dict[str, object]]] = []
    for number, (kind, b, direction) in enumerate(zip(frame_types, b_values, directions, strict=True)):
        diffusion: dict[str, object] = {"DiffusionDirectionality": direction}
        if b is not None:
            diffusion["DiffusionBValue"] = b
        found.append(
            {
                "MRImageFrameTypeSequence": {"FrameType": ["ORIGINAL", "PRIMARY", "DIFFUSION", kind]},
                "MRDiffusionSequence": diffusion,
                "PlanePositionSequence": {"ImagePositionPatient": [0, 0, 3.0 * number]},
            }
        )
    return found


SHARED: dict[str, dict[str, object]] = {
    "MRTimingAndRelatedParametersSequence": {"RepetitionTime": 4000.0, "FlipAngle": 90.0},
    "MREchoSequence": {"EffectiveEchoTime": 80.0},
    "PixelMeasuresSequence": {"SliceThickness": 3.0},
    "PlaneOrientationSequence": {"ImageOrientationPatient": AXIAL},
}


def test_frames_of_an_enhanced_object_are_looked_at_one_by_one() -> None:
    """An enhanced DWI with isotropic and ADC frames appended is a DWI that also holds trace and ADC."""
    ds = enhanced(
        1,
        EchoPlanarPulseSequence="YES",
        shared=SHARED,
        frames=_frames(
            ["NONE"] * 6 + ["NONE"] * 2 + ["ADC"] * 2,
            [0.0, 0.0, 1000.0, 1000.0, 1000.0, 1000.0, 1000.0, 1000.0, None, None],
            ["NONE"] * 2 + ["DIRECTIONAL"] * 4 + ["ISOTROPIC"] * 4,
        ),
    )
    found = classify_series([ds])
    assert found.kind is SeriesKind.DWI
    assert found.also == (SeriesKind.TRACE, SeriesKind.ADC)
    assert (found.b_values, found.images, found.slice_thickness_mm) == ((0.0, 1000.0), 10, 3.0)


@pytest.mark.parametrize(
    ("frame_type", "b", "direction", "kind"),
    [
        ("ADC", None, "ISOTROPIC", "adc"),
        ("TRACEW", 1000.0, "ISOTROPIC", "trace"),
        ("FA", None, "NONE", "derived"),
    ],
)
def test_enhanced_maps_are_told_apart_by_frame_type(
    frame_type: str, b: float | None, direction: str, kind: str
) -> None:
    """ADC, trace and FA all say DIFFUSION; FrameType and directionality tell which is which."""
    ds = enhanced(
        1,
        AcquisitionContrast="DIFFUSION",
        EchoPlanarPulseSequence="YES",
        shared=SHARED,
        frames=_frames([frame_type] * 3, [b] * 3, [direction] * 3),
    )
    assert classify_series([ds]).kind == kind


def test_an_enhanced_flair_and_its_contrast_flag() -> None:
    """Fluid attenuation and agent administered are read from the functional groups."""
    shared = {
        **SHARED,
        "MREchoSequence": {"EffectiveEchoTime": 120.0},
        "MRModifierSequence": {"InversionRecovery": "YES", "InversionTimes": [1800.0]},
        "ContrastBolusUsageSequence": {"ContrastBolusAgentAdministered": "YES"},
    }
    ds = enhanced(1, EchoPulseSequence="SPIN", MRAcquisitionType="3D", shared=shared, frames=[{}, {}])
    found = classify_series([ds])
    assert (found.kind, found.three_d, found.contrast) == (SeriesKind.FLAIR, True, True)


def test_spectroscopy_and_other_classes() -> None:
    """MR Spectroscopy is MRS by its class; anything that is no MR image is `other`."""
    mrs = classify_series([header(1, SOPClassUID=MRSpectroscopyStorage)])
    ray = classify_series([header(1, SOPClassUID=ComputedRadiographyImageStorage, Modality="CR")])
    assert (mrs.kind, ray.kind) == (SeriesKind.MRS, SeriesKind.OTHER)


def test_geometry_of_a_series() -> None:
    """Thickness, gap, coverage and plane are measured; the gap is not taken from a missing slice."""
    images = [one for one in BY_NAME["Siemens TSE T2"].headers(SliceThickness=2.5) if one.InstanceNumber != 7]
    found = classify_series(images)
    assert (found.slice_thickness_mm, found.slice_gap_mm, found.plane) == (2.5, 0.5, "axial")
    assert found.coverage_mm == pytest.approx(44 * 3 + 2.5)


def test_broken_values_count_as_absent() -> None:
    """Unreadable numbers, wrong types and an empty header never raise."""
    raw = header(1, ScanningSequence="SE", EchoTime=90)
    for tag, vr, value in (
        (0x00180080, "DS", b"fast\\\\ "),
        (0x00189087, "FD", b"\x01"),
        (0x00080060, "CS", b"\xff\xfe"),
        (0x0008103E, "LO", b"\x1b$B\x80"),
        (0x52009230, "LO", b"no sequence"),
    ):
        raw[tag] = RawDataElement(BaseTag(tag), vr, len(value), value, 0, False, True)
    assert classify_series([raw]).kind is SeriesKind.OTHER
    assert classify_series([Dataset()]).kind is SeriesKind.OTHER


def test_an_instance_that_is_there_six_times_counts_once() -> None:
    """Files of one SOP Instance UID are one instance: no dynamic series; whichever comes first."""
    t1 = series(1, 4, ScanningSequence="SE", RepetitionTime=500, EchoTime=10)
    once = classify_series(t1)
    assert once.kind is SeriesKind.T1
    assert classify_series(t1 * 6) == classify_study(t1 * 6)[0] == once
    other = header(1, 1, ScanningSequence="SE", RepetitionTime=501, EchoTime=10)
    assert classify_series([*t1, other]) == classify_series([other, *t1])


def test_a_series_needs_a_header() -> None:
    """Nothing cannot be recognised, and the error says what to give."""
    with pytest.raises(ValueError, match="at least one header"):
        classify_series([])


def test_a_site_adds_vendor_facts() -> None:
    """A site's own YAML teaches a new name of a pulse sequence without a change of code."""
    facts = standard_vendor_facts().extended_by(
        "sequence_names: [{pattern: '^zz_susc', means: [swi]}]", "site.yaml"
    )
    images = series(1, 3, SequenceName="zz_susc3d")
    assert classify_series(images).kind is SeriesKind.OTHER
    assert classify_series(images, facts).kind is SeriesKind.SWI


def test_a_recognition_can_be_stored() -> None:
    """A recognition written to JSON comes back equal."""
    found = classify_series(BY_NAME["Siemens DWI"].headers())
    assert type(found).from_json(found.to_json()) == found
    assert replace(found, kind=SeriesKind.T2) != found
