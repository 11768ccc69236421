"""The table of recognition: which signs together prove which kind, in the order in which they are tried.

Sources: standards research section 4.3 and PS3.3 C.8.3.1, C.8.13. Times in milliseconds. The first row whose signs
all hold decides. Rows of `TIE_BREAKS` read descriptions; they are asked only when no row of `ROWS` proved anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from routing_rules.series import SeriesKind as K
from routing_rules.signs import (
    Sign,
    any_of,
    b_value_high,
    derived,
    described,
    diffusion_named,
    dynamic,
    epi,
    equals,
    gradient_echo,
    has,
    inversion,
    lacks,
    mapping_echoes,
    mapping_inversions,
    maps_beside,
    means,
    past_csf_null,
    role,
    several_echoes,
    several_planes,
    spin_echo,
    unknown,
    within,
)

MR_SPECTROSCOPY = "1.2.840.10008.5.1.4.1.1.4.2"
SIEMENS_NON_IMAGE = "1.3.12.2.1107.5.9.1"
MR_IMAGES = (
    "",  # a header without SOP class is judged by its other attributes
    "1.2.840.10008.5.1.4.1.1.4",  # MR Image
    "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR Image
    "1.2.840.10008.5.1.4.1.1.4.3",  # Enhanced MR Color Image
    "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR Image
)
_ADC_QUANTITIES = ("113041", "MM2/S", "UM2/S", "10-6.MM2/S", "10*-6.MM2/S", "APPARENT DIFFUSION COEFFICIENT")


@dataclass(frozen=True)
class Row:
    """If every sign holds, the images are of this kind, with this confidence."""

    kind: K
    confidence: float
    signs: tuple[Sign, ...]


_tr, _te, _ti, _flip = "repetition_time_ms", "echo_time_ms", "inversion_times_ms", "flip_angle"
_three_d = equals("acquisition_type", "3D")
_no_epi = lacks("EPI", epi)
_no_gradient = lacks("gradient echo", gradient_echo)
_no_inversion = lacks("inversion", any_of(inversion, within(_ti, 1, 10_000)))
_not_balanced = lacks("balanced steady state", any_of(means("balanced"), has("sequence_variant", "TRSS")))
_not_late_inversion = lacks("late inversion", within(_ti, 1400.1, 10_000))
_no_flow = lacks(
    "flow compensation or magnetization transfer",
    any_of(has("scan_options", "FC", "FLOWCOMP_GEMS"), has("sequence_variant", "MTC", "TOF")),
)
_one_echo = lacks("second echo", several_echoes)
_no_maps = lacks("maps in the series", maps_beside)
_flair_ti = within(_ti, 1300, 3000)
_not_dir = lacks("inversion time past the null of fluid", past_csf_null)
_not_slow = lacks("repetition time of two inversions", within(_tr, 4000, 100_000))

ROWS: tuple[Row, ...] = (
    # what is no image of a head at all
    Row(K.MRS, 0.99, (equals("sop_class_uid", MR_SPECTROSCOPY),)),
    Row(K.MRS, 0.95, (any_of(role("spectroscopy"), means("spectroscopy")),)),
    Row(
        K.MRS,
        0.7,
        (equals("sop_class_uid", SIEMENS_NON_IMAGE), lacks("raw data", has("image_type", "RAWDATA"))),
    ),
    Row(K.OTHER, 0.95, (lacks("MR image storage class", equals("sop_class_uid", *MR_IMAGES)),)),
    Row(K.OTHER, 0.95, (lacks("modality MR", equals("modality", "MR", "")),)),
    Row(K.LOCALIZER, 0.95, (any_of(role("localizer"), means("localizer")),)),
    Row(K.LOCALIZER, 0.9, (several_planes, lacks("projection of other images", derived))),
    # maps and what is computed from other images
    Row(K.ADC, 0.97, (role("adc"),)),
    Row(K.ADC, 0.95, (has("quantities", *_ADC_QUANTITIES),)),
    Row(K.DERIVED, 0.95, (role("map", "reformat"),)),
    Row(K.DERIVED, 0.9, (any_of(role("phase"), equals("complex_component", "PHASE", "IMAGINARY")),)),
    # diffusion
    Row(K.TRACE, 0.97, (role("trace"), any_of(b_value_high, diffusion_named))),
    Row(K.TRACE, 0.95, (equals("directionality", "ISOTROPIC"), b_value_high)),
    Row(K.SWI, 0.85, (derived, role("swi"))),
    Row(K.SWI, 0.8, (derived, has("image_type", "PRIMARY"), means("swi"))),
    Row(K.DERIVED, 0.6, (derived, any_of(b_value_high, diffusion_named, epi))),
    Row(K.DERIVED, 0.9, (derived,)),
    Row(K.OTHER, 0.9, (role("perfusion"),)),
    Row(K.DWI, 0.97, (b_value_high, any_of(epi, diffusion_named))),
    Row(K.DWI, 0.9, (b_value_high,)),
    Row(K.DWI, 0.85, (diffusion_named,)),
    # acquisitions that look like one of the kinds below and are none
    Row(K.OTHER, 0.9, (any_of(role("angiography"), means("angiography", "perfusion", "fmri", "field_map")),)),
    Row(
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
    Row(K.OTHER, 0.8, (lacks("arterial spin labelling flag", equals("spin_labeling", "", "NO", "NONE")),)),
    # susceptibility
    Row(K.SWI, 0.96, (any_of(role("swi"), means("swi")),)),
    Row(K.OTHER, 0.75, (epi, gradient_echo)),
    Row(K.OTHER, 0.4, (epi,)),  # a spin-echo EPI may be the b = 0 half of a DWI
    Row(K.OTHER, 0.75, (within("temporal_positions", 3, 100_000),)),
    Row(K.OTHER, 0.75, (dynamic,)),
    Row(K.OTHER, 0.75, (mapping_inversions,)),
    Row(K.OTHER, 0.75, (inversion, past_csf_null)),
    Row(K.OTHER, 0.75, (spin_echo, mapping_echoes)),
    Row(
        K.SWI,
        0.8,
        (
            gradient_echo,
            _three_d,
            within(_te, 18, 45),
            within(_tr, 20, 60),
            lacks("large flip angle", within(_flip, 25.1, 180)),
            lacks("echoes of a map", mapping_echoes),
        ),
    ),
    # fluid attenuated
    Row(K.FLAIR, 0.97, (inversion, _flair_ti, within(_te, 70, 700), within(_tr, 4000, 20_000), _no_gradient)),
    Row(
        K.FLAIR,
        0.95,
        (equals("acquisition_contrast", "FLUID_ATTENUATED"), lacks("short echo time", within(_te, 0.1, 59))),
    ),
    Row(
        K.FLAIR,
        0.9,
        (
            any_of(spin_echo, has("scanning_sequence", "RM")),
            _flair_ti,
            within(_te, 70, 700),
            within(_tr, 4000, 20_000),
            _no_gradient,
            _not_dir,
        ),
    ),
    # without an echo time: a spin echo that nulls fluid is read for nothing but FLAIR
    Row(
        K.FLAIR,
        0.75,
        (
            inversion,
            spin_echo,
            within(_ti, 1500, 3000),
            unknown(_te),
            within(_tr, 4000, 20_000),
            _no_gradient,
        ),
    ),
    Row(K.OTHER, 0.75, (inversion, within(_ti, 1, 299), within(_tr, 1500, 20_000))),  # STIR
    # T1
    Row(
        K.T1,
        0.95,
        (inversion, within(_ti, 300, 1400), within(_te, 0.1, 8), lacks("spin echo", spin_echo), _not_slow),
    ),
    Row(
        K.T1,
        0.93,
        (means("magnetization_prepared"), _three_d, within(_te, 0.1, 8), _not_late_inversion, _not_slow),
    ),
    Row(
        K.T1,
        0.93,
        (gradient_echo, _three_d, within(_ti, 300, 1400), within(_te, 0.1, 8), _not_balanced, _not_slow),
    ),
    Row(
        K.T1,
        0.9,
        (
            gradient_echo,
            _three_d,
            has("sequence_variant", "MP"),
            within(_te, 0.1, 8),
            within(_tr, 1, 20),
            within(_flip, 1, 25),
            _not_late_inversion,
            _not_balanced,
        ),
    ),
    Row(
        K.T1,
        0.85,
        (spin_echo, inversion, within(_ti, 300, 1300), within(_te, 0.1, 40), within(_tr, 500, 3999)),
    ),
    Row(
        K.T1,
        0.93,
        (spin_echo, _no_epi, _no_gradient, _no_inversion, within(_tr, 100, 1000), within(_te, 0.1, 30)),
    ),
    Row(
        K.T1,
        0.85,
        (
            equals("acquisition_contrast", "T1"),
            gradient_echo,
            within(_te, 0.1, 8),
            within(_flip, 5, 90),
            _one_echo,
            _no_maps,
            _not_balanced,
        ),
    ),
    Row(
        K.T1,
        0.85,
        (equals("acquisition_contrast", "T1"), spin_echo, within(_te, 0.1, 30), within(_tr, 100, 1300)),
    ),
    Row(
        K.T1,
        0.75,
        (
            equals("acquisition_contrast", "T1"),
            _three_d,
            has("image_type", "T1"),
            equals("spoiling", "RF"),
            within(_te, 0.1, 8),
            within(_tr, 1, 20),
            _one_echo,
            _no_maps,
        ),
    ),
    Row(
        K.T1,
        0.85,
        (
            gradient_echo,
            equals("acquisition_type", "2D"),
            within(_tr, 80, 350),  # longer ones are field maps as well
            within(_te, 0.1, 10),
            within(_flip, 60, 90),
            _one_echo,
            _no_maps,
            _no_flow,
            _not_balanced,
        ),
    ),
    Row(
        K.T1,
        0.75,
        (
            gradient_echo,
            _three_d,
            any_of(
                has("sequence_variant", "SP"), means("spoiled"), equals("spoiling", "RF", "RF_AND_GRADIENT")
            ),
            any_of(within(_tr, 9, 15), lacks("flip angle of an angiography", within(_flip, 20.1, 180))),
            within(_tr, 3.5, 15),
            within(_te, 0.1, 6),
            within(_flip, 8, 32),
            _one_echo,
            _no_maps,
            _no_flow,
            _not_balanced,
        ),
    ),
    # T2 and proton density
    Row(
        K.T2,
        0.95,
        (spin_echo, _no_epi, _no_gradient, _no_inversion, within(_tr, 2000, 20_000), within(_te, 60, 250)),
    ),
    # single shot: the time between its excitations is no repetition time
    Row(
        K.T2,
        0.85,
        (
            spin_echo,
            _no_epi,
            _no_gradient,
            _no_inversion,
            within("echo_train_length", 60, 2000),
            within(_tr, 500, 20_000),
            within(_te, 60, 250),
        ),
    ),
    Row(
        K.T2,
        0.85,
        (
            spin_echo,
            _no_epi,
            _no_gradient,
            _no_inversion,
            _three_d,
            within(_tr, 1000, 12_000),
            within(_te, 60, 600),
        ),
    ),
    Row(
        K.T2,
        0.9,
        (
            equals("acquisition_contrast", "T2"),
            _no_epi,
            _no_gradient,
            _no_inversion,
            within(_te, 60, 600),
            within("echo_train_length", 2, 2000),
        ),
    ),
    Row(
        K.T2,
        0.75,
        (
            has("scanning_sequence", "RM"),
            within("echo_train_length", 2, 2000),
            _no_epi,
            _no_gradient,
            _no_inversion,
            within(_tr, 2000, 12_000),
            within(_te, 60, 250),
        ),
    ),
    Row(
        K.PD,
        0.92,
        (spin_echo, _no_epi, _no_gradient, _no_inversion, within(_tr, 2000, 12_000), within(_te, 0.1, 40)),
    ),
    Row(
        K.PD,
        0.9,
        (equals("acquisition_contrast", "PROTON_DENSITY"), _no_epi, _no_inversion, within(_te, 0.1, 45)),
    ),
)

TIE_BREAKS: tuple[Row, ...] = (
    Row(
        K.ADC,
        0.65,
        (derived, any_of(b_value_high, diffusion_named, epi), described(r"(?<![a-z])adc|apparent diff")),
    ),
    Row(K.TRACE, 0.6, (derived, any_of(b_value_high, diffusion_named, epi), described(r"trace|isotropic"))),
    Row(
        K.FLAIR,
        0.65,
        (
            inversion,
            unknown(_ti),
            within(_te, 70, 700),
            within(_tr, 4000, 20_000),
            _no_gradient,
            _no_epi,
            described(r"flair|dark.?fluid"),
        ),
    ),
    Row(
        K.T1,
        0.6,
        (
            gradient_echo,
            within(_te, 0.1, 8),
            within(_tr, 1, 800),
            _one_echo,
            _no_maps,
            _not_balanced,
            described(r"(?<![a-z0-9])t1"),
        ),
    ),
    Row(
        K.T2,
        0.6,
        (
            spin_echo,
            _no_epi,
            _no_gradient,
            _no_inversion,
            within(_te, 50, 600),
            within(_tr, 1500, 20_000),
            described(r"(?<![a-z0-9])t2(?!\*|.?flair|.?star)"),
        ),
    ),
    Row(
        K.LOCALIZER,
        0.5,
        (described(r"locali[sz]er|scout|survey|3.?plane|aahead|(?<![a-z])loc$|positioning"),),
    ),
)
