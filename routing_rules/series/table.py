"""The table of recognition: which signs together prove which kind, in the order in which they are tried.

Sources: PS3.3 C.8.3.1, C.8.13, and what scanners write (manual: design/sources). Times in milliseconds. The first row
whose signs all hold decides. Rows of `TIE_BREAKS` read descriptions; they are asked only when no row of `ROWS` proved
anything.
"""

from __future__ import annotations

from routing_rules.series.derivation_signs import computed, derived_unsaid
from routing_rules.series.diffusion_signs import (
    can_diffuse,
    diffusion_marked,
    diffusion_named,
    only_unweighted,
    several_b_values,
)
from routing_rules.series.recognition_row import (
    FLIP,
    TE,
    TI,
    TR,
    RecognitionRow,
    no_epi,
    no_gradient,
    no_inversion,
    no_maps,
    not_balanced,
    one_echo,
    three_d,
)
from routing_rules.series.rows_by_timing import BY_TIMING
from routing_rules.series.series import SeriesKind as K
from routing_rules.series.signs import (
    any_of,
    b_value_high,
    described,
    dynamic,
    epi,
    equals,
    gradient_echo,
    has,
    inversion,
    lacks,
    mapping_echoes,
    mapping_inversions,
    means,
    past_csf_null,
    role,
    several_planes,
    spin_echo,
    unknown,
    within,
)

MR_SPECTROSCOPY = (
    "1.2.840.10008.5.1.4.1.1.4.2",  # MR Spectroscopy
    "1.3.46.670589.11.0.0.12.1",  # Philips' private MR Spectrum
)
SIEMENS_NON_IMAGE = "1.3.12.2.1107.5.9.1"
MR_IMAGES = (
    "",  # a header without SOP class is judged by its other attributes
    "1.2.840.10008.5.1.4.1.1.4",  # MR Image
    "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR Image
    "1.2.840.10008.5.1.4.1.1.4.3",  # Enhanced MR Color Image
    "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR Image
)
_ADC_QUANTITIES = ("113041", "MM2/S", "UM2/S", "10-6.MM2/S", "10*-6.MM2/S", "APPARENT DIFFUSION COEFFICIENT")
# Their programs run beside scanners and write nothing but what they compute.
_MAKERS_OF_SYNTHETIC_IMAGES = ("SyntheticMR", "SyntheticMR AB", "Synthetic MR AB")

ROWS: tuple[RecognitionRow, ...] = (
    # what is no image of a head at all
    RecognitionRow(K.MRS, 0.99, (equals("sop_class_uid", *MR_SPECTROSCOPY),)),
    RecognitionRow(K.MRS, 0.95, (any_of(role("spectroscopy"), means("spectroscopy")),)),
    RecognitionRow(
        K.MRS,
        0.7,
        (equals("sop_class_uid", SIEMENS_NON_IMAGE), lacks("raw data", has("image_type", "RAWDATA"))),
    ),
    RecognitionRow(K.OTHER, 0.95, (lacks("MR image storage class", equals("sop_class_uid", *MR_IMAGES)),)),
    RecognitionRow(K.OTHER, 0.95, (lacks("modality MR", equals("modality", "MR", "")),)),
    RecognitionRow(K.LOCALIZER, 0.95, (any_of(role("localizer"), means("localizer")),)),
    RecognitionRow(
        K.LOCALIZER,
        0.9,
        (several_planes, lacks("projection of other images", computed), lacks("b-value", b_value_high)),
    ),
    # maps and what is computed from other images
    RecognitionRow(K.ADC, 0.97, (role("adc"),)),
    RecognitionRow(K.ADC, 0.95, (has("quantities", *_ADC_QUANTITIES),)),
    RecognitionRow(K.DERIVED, 0.95, (role("map", "reformat"),)),
    RecognitionRow(K.DERIVED, 0.9, (equals("manufacturer", *_MAKERS_OF_SYNTHETIC_IMAGES),)),
    RecognitionRow(
        K.DERIVED, 0.9, (any_of(role("phase"), equals("complex_component", "PHASE", "IMAGINARY")),)
    ),
    # diffusion: a b-value, and a sequence that can diffuse
    # b = 0 alone: the weighted half may lie in another series, or still be on its way
    RecognitionRow(K.OTHER, 0.65, (any_of(diffusion_named, diffusion_marked), only_unweighted)),
    RecognitionRow(K.TRACE, 0.97, (role("trace"), any_of(b_value_high, diffusion_named, diffusion_marked))),
    RecognitionRow(
        K.TRACE,
        0.95,
        (
            equals("directionality", "ISOTROPIC"),
            b_value_high,
            lacks("computation", computed),
            any_of(can_diffuse, diffusion_marked, several_b_values),
        ),
    ),
    RecognitionRow(K.SWI, 0.85, (computed, role("swi"))),
    RecognitionRow(K.SWI, 0.8, (computed, has("image_type", "PRIMARY"), means("swi"))),
    RecognitionRow(K.DERIVED, 0.6, (computed, any_of(b_value_high, diffusion_named, epi))),
    RecognitionRow(K.DERIVED, 0.9, (computed,)),
    RecognitionRow(K.OTHER, 0.9, (role("perfusion"),)),
    RecognitionRow(K.DERIVED, 0.8, (derived_unsaid, means("mapping"))),
    RecognitionRow(K.OTHER, 0.85, (means("mapping"),)),
    RecognitionRow(K.DWI, 0.97, (b_value_high, can_diffuse)),
    RecognitionRow(K.DWI, 0.9, (b_value_high, any_of(diffusion_marked, several_b_values))),
    RecognitionRow(K.DWI, 0.85, (diffusion_named,)),
    # acquisitions that look like one of the kinds below and are none
    RecognitionRow(
        K.OTHER, 0.9, (any_of(role("angiography"), means("angiography", "perfusion", "fmri", "field_map")),)
    ),
    RecognitionRow(
        K.OTHER,
        0.9,
        (
            any_of(
                equals("acquisition_contrast", "PERFUSION", "TIME_OF_FLIGHT", "FLOW_ENCODED"),
                equals("time_of_flight", "YES"),
                equals("phase_contrast", "YES"),
                equals("angio_flag", "Y"),
                has("sequence_variant", "TOF"),
            ),
        ),
    ),
    RecognitionRow(
        K.OTHER, 0.8, (lacks("arterial spin labelling flag", equals("spin_labeling", "", "NO", "NONE")),)
    ),
    # susceptibility
    RecognitionRow(K.SWI, 0.96, (any_of(role("swi"), means("swi")),)),
    RecognitionRow(K.OTHER, 0.75, (epi, gradient_echo)),
    RecognitionRow(K.OTHER, 0.4, (epi,)),  # a spin-echo EPI may be the b = 0 half of a DWI
    RecognitionRow(K.OTHER, 0.75, (within("temporal_positions", 3, 100_000),)),
    RecognitionRow(K.OTHER, 0.75, (dynamic,)),
    RecognitionRow(K.OTHER, 0.75, (mapping_inversions,)),
    RecognitionRow(K.OTHER, 0.75, (inversion, past_csf_null)),
    RecognitionRow(K.OTHER, 0.75, (spin_echo, mapping_echoes)),
    RecognitionRow(
        K.SWI,
        0.8,
        (
            gradient_echo,
            three_d,
            within(TE, 18, 45),
            within(TR, 20, 60),
            lacks("large flip angle", within(FLIP, 25.1, 180)),
            lacks("echoes of a map", mapping_echoes),
        ),
    ),
    *BY_TIMING,
)

TIE_BREAKS: tuple[RecognitionRow, ...] = (
    RecognitionRow(
        K.ADC,
        0.65,
        (computed, any_of(b_value_high, diffusion_named, epi), described(r"(?<![a-z])adc|apparent diff")),
    ),
    RecognitionRow(
        K.TRACE, 0.6, (computed, any_of(b_value_high, diffusion_named, epi), described(r"trace|isotropic"))
    ),
    RecognitionRow(
        K.FLAIR,
        0.65,
        (
            inversion,
            unknown(TI),
            within(TE, 70, 700),
            within(TR, 4000, 20_000),
            no_gradient,
            no_epi,
            described(r"flair|dark.?fluid"),
        ),
    ),
    RecognitionRow(
        K.T1,
        0.6,
        (
            gradient_echo,
            within(TE, 0.1, 8),
            within(TR, 1, 800),
            one_echo,
            no_maps,
            not_balanced,
            described(r"(?<![a-z0-9])t1"),
        ),
    ),
    RecognitionRow(
        K.T2,
        0.6,
        (
            spin_echo,
            no_epi,
            no_gradient,
            no_inversion,
            within(TE, 50, 600),
            within(TR, 1500, 20_000),
            described(r"(?<![a-z0-9])t2(?!\*|.?flair|.?star)"),
        ),
    ),
    RecognitionRow(
        K.LOCALIZER,
        0.5,
        (described(r"locali[sz]er|scout|survey|3.?plane|aahead|(?<![a-z])loc$|positioning"),),
    ),
)
