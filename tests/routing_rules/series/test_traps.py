"""Series that look like something else are not taken for it, whatever their descriptions say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from routing_rules.series.contrast import DOUBT
from routing_rules.series.recognition import PROVEN, SeriesKind, classify_series
from support.objects.mr_evidence_traps import EVIDENCE_TRAPS
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
from support.objects.mr_traps import TRAPS, Trap

EVERY_TRAP = (*TRAPS, *EVIDENCE_TRAPS)

MISLEADING = (
    "t2_flair_sag",
    "ADC",
    "T1 post KM",
    "DWI b1000 trace",
    "SWI mIP",
    "localizer",
    "MPR",
    "ep2d_diff",
    "t2_tse",
    "PD",
    "MRS",
    "dark-fluid",
    "scout",
    "apparent diffusion",
    "T1 nativ",
    "isotropic",
    "",
)


@pytest.mark.parametrize("trap", EVERY_TRAP, ids=lambda trap: trap.name)
def test_a_trap_is_seen_through(trap: Trap) -> None:
    """The kind is what the attributes prove; where they prove nothing it is `other`, with low confidence."""
    found = classify_series(trap.known.headers())
    assert (found.kind, found.confidence >= PROVEN) == (trap.kind, trap.proven), (trap.why, found.evidence)


@settings(max_examples=150, deadline=None)
@given(
    known=st.sampled_from([*KNOWN, *(trap.known for trap in EVERY_TRAP if trap.proven)]),
    description=st.sampled_from(MISLEADING) | st.text(max_size=20),
    protocol=st.sampled_from(MISLEADING),
)
def test_renaming_never_changes_what_attributes_prove(known: Known, description: str, protocol: str) -> None:
    """Whatever a proven series and its protocol are called, its kind, confidence and evidence stay the same.

    Of contrast agent a name that says otherwise makes the answer less sure, and no other.
    """
    plain = classify_series(known.headers(images=3, SeriesDescription=None))
    renamed = classify_series(known.headers(images=3, SeriesDescription=description, ProtocolName=protocol))
    if plain.kind is SeriesKind.T1 and plain.contrast is None:
        # Whether a T1 had contrast is not proven here, and words may then say so; that it is a T1 stays.
        assert renamed.kind in (SeriesKind.T1, SeriesKind.T1_CONTRAST)
        assert renamed.kind is SeriesKind.T1 or renamed.confidence < PROVEN
    elif plain.kind in (SeriesKind.T1, SeriesKind.T1_CONTRAST):
        assert (renamed.kind, renamed.contrast) == (plain.kind, plain.contrast)
        assert plain.confidence - DOUBT <= renamed.confidence <= plain.confidence
    else:
        assert (renamed.kind, renamed.confidence, renamed.evidence) == (
            plain.kind,
            plain.confidence,
            plain.evidence,
        )


@settings(max_examples=60, deadline=None)
@given(
    trap=st.sampled_from([trap for trap in EVERY_TRAP if not trap.proven]),
    description=st.sampled_from(MISLEADING),
)
def test_words_never_prove_what_attributes_do_not(trap: Trap, description: str) -> None:
    """A series whose attributes prove nothing never becomes sure of anything by its description."""
    assert classify_series(trap.known.headers(images=3, SeriesDescription=description)).confidence < PROVEN


@settings(max_examples=80, deadline=None)
@given(
    known=st.sampled_from(KNOWN),
    left_out=st.sets(
        st.sampled_from(
            [
                "ScanningSequence",
                "EchoTime",
                "RepetitionTime",
                "InversionTime",
                "ImageType",
                "SequenceName",
                "MRAcquisitionType",
            ]
        )
    ),
)
def test_attributes_that_are_missing_never_lead_to_another_sure_kind(
    known: Known, left_out: set[str]
) -> None:
    """With attributes removed a series keeps its kind, or becomes one nobody reads a study by, or is not sure."""
    found = classify_series(known.headers(images=3, **dict.fromkeys(left_out)))
    # ADC, trace and projections are told by ImageType alone: without it they look like the series they came from.
    came_from = {"adc": {"dwi"}, "trace": {"dwi"}, "derived": {"dwi", "swi", "t1"}}.get(known.kind, set())
    assert found.confidence < PROVEN or found.kind in {known.kind, "other", "derived", *came_from}, (
        found.evidence
    )


@settings(max_examples=60, deadline=None)
@given(
    known=st.sampled_from([*KNOWN, *(trap.known for trap in EVERY_TRAP)]),
    group=st.sampled_from((0x0009, 0x0019, 0x0021, 0x0029, 0x0043, 0x0065, 0x2001, 0x2005)),
    element=st.integers(0, 0xFF),
    value=st.sampled_from(("1000", "DWI", "ADC", "YES", "0", "16", "TRACEW")),
)
def test_a_private_element_that_is_no_evidence_changes_nothing(
    known: Known, group: int, element: int, value: str
) -> None:
    """Whatever a creator that nobody knows writes, in any group and under any number."""
    plain, noisy = known.headers(images=2), known.headers(images=2)
    for ds in noisy:
        private(ds, group, "SOMEBODY ELSE 1.0", element, "LO", value)
    assert classify_series(noisy) == classify_series(plain)


def test_three_planes_of_many_images_are_a_localizer_and_diffusion_is_not() -> None:
    """Twenty images of each axis; with a b-value the same planes are diffusion."""
    attributes = {"ScanningSequence": ["EP", "SE"], "RepetitionTime": 3000, "EchoTime": 90}
    planes = [AXIAL, SAGITTAL, CORONAL] * 20
    images = [
        header(1, number, ImageOrientationPatient=plane, **attributes) for number, plane in enumerate(planes)
    ]
    assert classify_series(images).kind is SeriesKind.LOCALIZER
    for ds in images:
        ds.DiffusionBValue = 1000.0
    assert classify_series(images).kind is SeriesKind.DWI


@pytest.mark.parametrize(("b_values", "kind"), [((0, 0), "other"), ((0, 1000), "dwi"), ((0, None), "dwi")])
def test_an_enhanced_diffusion_object_of_b0_alone_shows_no_diffusion(
    b_values: tuple[float | None, float | None], kind: str
) -> None:
    """Siemens XA and others write such objects to correct distortion; a frame that says nothing may be weighted."""
    stacks = [
        frame
        for b in b_values
        for frame in _stack(10, MRDiffusionSequence={} if b is None else {"DiffusionBValue": float(b)})
    ]
    modifier: dict[str, object] = {}
    ds = enhanced(
        1,
        shared={**TIMING, "MRModifierSequence": modifier},
        frames=stacks,  # type: ignore[arg-type]
        EchoPulseSequence="SPIN",
        EchoPlanarPulseSequence="YES",
        AcquisitionContrast="DIFFUSION",
    )
    assert classify_series([ds]).kind == kind


def test_the_halves_of_a_ge_diffusion_series_have_their_own_b_values() -> None:
    """The T2 half carries the b-value of the series as well: its flag says that it is b = 0."""
    images = []
    for number, flag in enumerate((14, 14, 16, 16), start=1):
        ds = header(1, number, ScanningSequence=["EP", "SE"], RepetitionTime=8000, EchoTime=80)
        private(ds, 0x0043, "GEMS_PARM_01", 0x39, "IS", [1000, 8, 0, 0])
        private(ds, 0x0043, "GEMS_PARM_01", 0x30, "SS", flag)
        images.append(private(ds, 0x0021, "GEMS_RELA_01", 0x5A, "SL", 16))
    found = classify_series(images)
    assert (found.kind, found.b_values) == (SeriesKind.DWI, (0.0, 1000.0))


def test_a_philips_series_of_diffusion_and_its_maps_is_diffusion() -> None:
    """Unweighted, directions, isotropic and ADC images in one series, told by private attributes alone."""
    images = []
    for number, (b, direction, shows) in enumerate(
        [(0.0, "O", "M")] * 4
        + [(1000.0, "O", "M")] * 12
        + [(1000.0, "I", "M")] * 4
        + [(0.0, "I", "ADC")] * 4,
        start=1,
    ):
        ds = header(1, number, ScanningSequence="SE", RepetitionTime=4900, EchoTime=72)
        private(ds, 0x2001, "Philips Imaging DD 001", 0x03, "FL", b)
        private(ds, 0x2001, "Philips Imaging DD 001", 0x04, "CS", direction)
        images.append(private(ds, 0x2005, "Philips MR Imaging DD 001", 0x11, "CS", shows))
    found = classify_series(images)
    assert (found.kind, found.also) == (SeriesKind.DWI, (SeriesKind.TRACE, SeriesKind.ADC))
    assert (found.b_values, found.caveats) == ((0.0, 1000.0), ())


def test_an_enhanced_flair_compressed_lossily_is_a_flair() -> None:
    """FrameType DERIVED, and the object says what was done."""
    modifier: dict[str, object] = {"InversionRecovery": "YES", "InversionTimes": [2500.0]}
    ds = _enhanced(
        modifier,
        EchoPulseSequence="SPIN",
        ImageType=["DERIVED", "PRIMARY", "VOLUME", "NONE"],
        LossyImageCompression="01",
    )
    found = classify_series([ds])
    assert (found.kind, found.caveats) == (
        SeriesKind.FLAIR,
        ("compressed lossily: fine detail may be lost",),
    )


def test_a_dynamic_series_is_no_t1() -> None:
    """Forty volumes of the same twelve places are a perfusion, though each image is timed like a T1."""
    attributes = {
        "ScanningSequence": ["GR"],
        "SequenceVariant": ["SP"],
        "RepetitionTime": 5,
        "EchoTime": 1.6,
        "FlipAngle": 12,
        "MRAcquisitionType": "3D",
        "ContrastBolusAgent": "Gadovist",
    }
    images = [
        header(1, 12 * time + place, **{**attributes, "ImagePositionPatient": [0, 0, 3 * place]})
        for time in range(40)
        for place in range(12)
    ]
    found = classify_series(images)
    assert found.kind is SeriesKind.OTHER
    assert "40 images of each place: a dynamic series" in found.evidence
    assert classify_series(images[:12]).kind is SeriesKind.T1_CONTRAST


def test_the_echoes_of_a_map_are_no_t2() -> None:
    """Sixteen echoes in one series measure T2; two are a T2 with its proton density."""
    images = [
        header(1, number, ScanningSequence="SE", RepetitionTime=3000, EchoTime=10.0 * number)
        for number in range(1, 17)
    ]
    assert classify_series(images).kind is SeriesKind.OTHER


def test_several_inversion_times_are_a_map() -> None:
    """Images with five inversion times measure T1, though some of them are timed like FLAIR."""
    images = [
        header(1, number, ScanningSequence=["SE", "IR"], RepetitionTime=9000, EchoTime=90, InversionTime=ti)
        for number, ti in enumerate((100, 400, 900, 1600, 2500), start=1)
    ]
    assert classify_series(images).kind is SeriesKind.OTHER


def test_siemens_trace_images_with_b0_and_b1000_in_one_series() -> None:
    """TRACEW images of both b-values are one trace series with both."""
    images = [
        private(
            header(
                1,
                number,
                ScanningSequence="EP",
                ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "TRACEW", "ND"],
                SequenceName=f"*ep_b{b}t" if b else "*ep_b0",
            ),
            0x0019,
            "SIEMENS MR HEADER",
            0x0C,
            "IS",
            b,
        )
        for number, b in enumerate((0, 0, 1000, 1000), start=1)
    ]
    found = classify_series(images)
    assert (found.kind, found.b_values) == (SeriesKind.TRACE, (0.0, 1000.0))


def test_b_values_of_a_sequence_name() -> None:
    """Siemens names the b-value in the sequence name, in small letters; without any other attribute it counts."""
    images = [
        header(1, number, ScanningSequence="EP", SequenceName=name)
        for number, name in enumerate(("ep_b0", "ep_b1000#7"), start=1)
    ]
    assert classify_series(images).b_values == (0.0, 1000.0)


@pytest.mark.parametrize(
    ("creator", "group", "element", "raw"),
    [
        ("GEMS_PARM_01", 0x0043, 0x39, b"1000001000\\8\\0\\0 "),
        ("Philips Imaging DD 001", 0x2001, 0x03, b"\x00\x00\x7a\x44"),
        ("Image Private Header", 0x0065, 0x09, b"\x00\x00\x00\x00\x00\x40\x8f\x40"),
        ("SIEMENS MR HEADER", 0x0019, 0x0C, b"1000"),
    ],
)
def test_b_values_of_every_vendor_survive_the_loss_of_their_vr(
    creator: str, group: int, element: int, raw: bytes
) -> None:
    """A private b-value that a PACS stored as unknown bytes is decoded as its vendor wrote it."""
    image = header(1, 1, ScanningSequence=["EP", "SE"], EchoTime=80)
    assert classify_series([private(image, group, creator, element, "UN", raw)]).b_values == (1000.0,)


def test_uih_writes_more_than_the_nominal_zero() -> None:
    """UIH measures 1.25 s/mm² where 0 was asked; the value asked for counts."""
    images = []
    for number, (asked, measured) in enumerate(((0.0, 1.25), (1000.0, 1001.0)), start=1):
        ds = private(
            header(1, number, ScanningSequence="EP"), 0x0065, "Image Private Header", 0x0A, "FD", asked
        )
        images.append(private(ds, 0x0065, "Image Private Header", 0x09, "FD", measured))
    assert classify_series(images).b_values == (0.0, 1000.0)


@pytest.mark.parametrize(
    ("creator", "group", "element", "vr", "token"),
    [
        ("SIEMENS MR HEADER", 0x0019, 0x0A, "US", "MOSAIC"),
        ("Image Private Header", 0x0065, 0x50, "DS", "VFRAME"),
    ],
)
def test_a_mosaic_covers_what_its_slices_cover(
    creator: str, group: int, element: int, vr: str, token: str
) -> None:
    """A mosaic (Siemens) or grid (UIH) of 40 slices 3 mm thick covers 120 mm in one image."""
    ds = header(
        1,
        1,
        ScanningSequence="EP",
        ImageType=["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE", token],
        DiffusionBValue=1000.0,
    )
    found = classify_series([private(ds, group, creator, element, vr, 40)])
    assert (found.kind, found.coverage_mm) == (SeriesKind.DWI, 120.0)


TIMING = {
    "MRTimingAndRelatedParametersSequence": {"RepetitionTime": 9000.0, "FlipAngle": 120.0},
    "MREchoSequence": {"EffectiveEchoTime": 90.0},
    "PixelMeasuresSequence": {"SliceThickness": 3.0, "SpacingBetweenSlices": 3.3},
    "PlaneOrientationSequence": {"ImageOrientationPatient": AXIAL},
}


def _stack(count: int, **groups: dict[str, object]) -> list[dict[str, dict[str, object]]]:
    return [
        {"PlanePositionSequence": {"ImagePositionPatient": [0, 0, 3.3 * number]}, **groups}
        for number in range(count)
    ]


def _enhanced(modifier: dict[str, object], frames: int = 40, **top: object) -> Dataset:
    return enhanced(1, shared={**TIMING, "MRModifierSequence": modifier}, frames=_stack(frames), **top)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "modifier", "top"),
    [
        (
            "Siemens XA",
            {"InversionRecovery": "YES", "InversionTimes": [2500.0]},
            {
                "AcquisitionContrast": "UNKNOWN",
                "PulseSequenceName": "*tir2d1_16",
                "EchoPulseSequence": "SPIN",
            },
        ),
        (
            "Philips",
            {"InversionRecovery": "YES", "InversionTimes": [2800.0]},
            {"AcquisitionContrast": "FLUID_ATTENUATED", "EchoPulseSequence": "SPIN"},
        ),
        (
            "Canon",
            {"InversionRecovery": "YES", "InversionTimes": [2500.0]},
            {"AcquisitionContrast": "T2", "EchoPulseSequence": "SPIN"},
        ),
        ("timing alone", {"InversionTimes": [2500.0]}, {"EchoPulseSequence": "SPIN"}),
    ],
)
def test_an_enhanced_flair_of_each_vendor(
    name: str, modifier: dict[str, object], top: dict[str, object]
) -> None:
    """AcquisitionContrast differs from vendor to vendor; the timing proves the FLAIR, frames give the geometry."""
    found = classify_series([_enhanced(modifier, **top)])
    assert (found.kind, found.images, found.slice_gap_mm, found.coverage_mm) == (
        SeriesKind.FLAIR,
        40,
        0.3,
        131.7,
    ), name


def test_an_enhanced_double_inversion_is_no_flair() -> None:
    """Two inversion times null two tissues, even where the contrast is called fluid attenuated."""
    modifier: dict[str, object] = {"InversionRecovery": "YES", "InversionTimes": [2500.0, 450.0]}
    found = classify_series(
        [_enhanced(modifier, AcquisitionContrast="FLUID_ATTENUATED", EchoPulseSequence="SPIN")]
    )
    assert found.kind is SeriesKind.OTHER


def test_the_body_part_comes_with_the_series() -> None:
    """BodyPartExamined and the anatomic region of object or frames say where a series was taken."""
    region = Dataset()
    region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = "69536005", "SCT", "Head"
    assert classify_series([header(1, BodyPartExamined="CSPINE")]).body_parts == ("CSPINE",)
    assert classify_series([header(1, AnatomicRegionSequence=[region])]).body_parts == ("HEAD",)
    shared = {**TIMING, "FrameAnatomySequence": {"AnatomicRegionSequence": [region]}}
    assert classify_series([enhanced(1, shared=shared, frames=_stack(3))]).body_parts == ("HEAD",)


def test_one_image_is_enough_to_be_recognised() -> None:
    """A series of which one image has come is judged by that image."""
    assert (
        classify_series(series(1, 1, ScanningSequence="SE", RepetitionTime=5000, EchoTime=100)).kind
        is SeriesKind.T2
    )
