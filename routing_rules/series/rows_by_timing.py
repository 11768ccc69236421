"""FLAIR, T1, T2 and proton density, by how their images were timed. Times in milliseconds, angles in degrees."""

from __future__ import annotations

from routing_rules.series.recognition_row import (
    FLIP,
    TE,
    TI,
    TR,
    RecognitionRow,
    flair_ti,
    no_epi,
    no_flow,
    no_gradient,
    no_inversion,
    no_maps,
    not_balanced,
    not_dir,
    not_late_inversion,
    not_slow,
    one_echo,
    three_d,
)
from routing_rules.series.series import SeriesKind as K
from routing_rules.series.signs import (
    any_of,
    equals,
    gradient_echo,
    has,
    inversion,
    lacks,
    means,
    spin_echo,
    unknown,
    within,
)

BY_TIMING: tuple[RecognitionRow, ...] = (
    # fluid attenuated
    RecognitionRow(
        K.FLAIR, 0.97, (inversion, flair_ti, within(TE, 70, 700), within(TR, 4000, 20_000), no_gradient)
    ),
    RecognitionRow(
        K.FLAIR,
        0.95,
        (equals("acquisition_contrast", "FLUID_ATTENUATED"), lacks("short echo time", within(TE, 0.1, 59))),
    ),
    RecognitionRow(
        K.FLAIR,
        0.9,
        (
            any_of(spin_echo, has("scanning_sequence", "RM")),
            flair_ti,
            within(TE, 70, 700),
            within(TR, 4000, 20_000),
            no_gradient,
            not_dir,
        ),
    ),
    # without an echo time: a spin echo that nulls fluid is read for nothing but FLAIR
    RecognitionRow(
        K.FLAIR,
        0.75,
        (
            inversion,
            spin_echo,
            within(TI, 1500, 3000),
            unknown(TE),
            within(TR, 4000, 20_000),
            no_gradient,
        ),
    ),
    RecognitionRow(K.OTHER, 0.75, (inversion, within(TI, 1, 299), within(TR, 1500, 20_000))),  # STIR
    # T1
    RecognitionRow(
        K.T1,
        0.95,
        (inversion, within(TI, 300, 1400), within(TE, 0.1, 8), lacks("spin echo", spin_echo), not_slow),
    ),
    RecognitionRow(
        K.T1,
        0.93,
        (means("magnetization_prepared"), three_d, within(TE, 0.1, 8), not_late_inversion, not_slow),
    ),
    RecognitionRow(
        K.T1,
        0.93,
        (gradient_echo, three_d, within(TI, 300, 1400), within(TE, 0.1, 8), not_balanced, not_slow),
    ),
    RecognitionRow(
        K.T1,
        0.9,
        (
            gradient_echo,
            three_d,
            has("sequence_variant", "MP"),
            within(TE, 0.1, 8),
            within(TR, 1, 20),
            within(FLIP, 1, 25),
            not_late_inversion,
            not_balanced,
        ),
    ),
    RecognitionRow(
        K.T1,
        0.85,
        (spin_echo, inversion, within(TI, 300, 1300), within(TE, 0.1, 40), within(TR, 500, 3999)),
    ),
    RecognitionRow(
        K.T1,
        0.93,
        (spin_echo, no_epi, no_gradient, no_inversion, within(TR, 100, 1000), within(TE, 0.1, 30)),
    ),
    RecognitionRow(
        K.T1,
        0.85,
        (
            equals("acquisition_contrast", "T1"),
            gradient_echo,
            within(TE, 0.1, 8),
            within(FLIP, 5, 90),
            one_echo,
            no_maps,
            not_balanced,
        ),
    ),
    RecognitionRow(
        K.T1,
        0.85,
        (equals("acquisition_contrast", "T1"), spin_echo, within(TE, 0.1, 30), within(TR, 100, 1300)),
    ),
    RecognitionRow(
        K.T1,
        0.75,
        (
            equals("acquisition_contrast", "T1"),
            three_d,
            has("image_type", "T1"),
            equals("spoiling", "RF"),
            within(TE, 0.1, 8),
            within(TR, 1, 20),
            one_echo,
            no_maps,
        ),
    ),
    RecognitionRow(
        K.T1,
        0.85,
        (
            gradient_echo,
            equals("acquisition_type", "2D"),
            within(TR, 80, 350),  # longer ones are field maps as well
            within(TE, 0.1, 10),
            within(FLIP, 60, 90),
            one_echo,
            no_maps,
            no_flow,
            not_balanced,
        ),
    ),
    RecognitionRow(
        K.T1,
        0.75,
        (
            gradient_echo,
            three_d,
            any_of(
                has("sequence_variant", "SP"), means("spoiled"), equals("spoiling", "RF", "RF_AND_GRADIENT")
            ),
            any_of(within(TR, 9, 15), lacks("flip angle of an angiography", within(FLIP, 20.1, 180))),
            within(TR, 3.5, 15),
            within(TE, 0.1, 6),
            within(FLIP, 8, 32),
            one_echo,
            no_maps,
            no_flow,
            not_balanced,
        ),
    ),
    # T2 and proton density
    RecognitionRow(
        K.T2,
        0.95,
        (spin_echo, no_epi, no_gradient, no_inversion, within(TR, 2000, 20_000), within(TE, 60, 250)),
    ),
    # single shot: the time between its excitations is no repetition time
    RecognitionRow(
        K.T2,
        0.85,
        (
            spin_echo,
            no_epi,
            no_gradient,
            no_inversion,
            within("echo_train_length", 60, 2000),
            within(TR, 500, 20_000),
            within(TE, 60, 250),
        ),
    ),
    RecognitionRow(
        K.T2,
        0.85,
        (
            spin_echo,
            no_epi,
            no_gradient,
            no_inversion,
            three_d,
            within(TR, 1000, 12_000),
            within(TE, 60, 600),
        ),
    ),
    RecognitionRow(
        K.T2,
        0.9,
        (
            equals("acquisition_contrast", "T2"),
            no_epi,
            no_gradient,
            no_inversion,
            within(TE, 60, 600),
            within("echo_train_length", 2, 2000),
        ),
    ),
    RecognitionRow(
        K.T2,
        0.75,
        (
            has("scanning_sequence", "RM"),
            within("echo_train_length", 2, 2000),
            no_epi,
            no_gradient,
            no_inversion,
            within(TR, 2000, 12_000),
            within(TE, 60, 250),
        ),
    ),
    RecognitionRow(
        K.PD,
        0.92,
        (spin_echo, no_epi, no_gradient, no_inversion, within(TR, 2000, 12_000), within(TE, 0.1, 40)),
    ),
    RecognitionRow(
        K.PD,
        0.9,
        (equals("acquisition_contrast", "PROTON_DENSITY"), no_epi, no_inversion, within(TE, 0.1, 45)),
    ),
)
