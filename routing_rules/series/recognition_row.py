"""A row of the table of recognition, and the signs that many rows share."""

from __future__ import annotations

from dataclasses import dataclass

from routing_rules.series.series import SeriesKind
from routing_rules.series.signs import (
    Sign,
    any_of,
    epi,
    equals,
    gradient_echo,
    has,
    inversion,
    lacks,
    maps_beside,
    means,
    past_csf_null,
    several_echoes,
    within,
)


@dataclass(frozen=True)
class RecognitionRow:
    """If every sign holds, the images are of this kind, with this confidence."""

    kind: SeriesKind
    confidence: float
    signs: tuple[Sign, ...]


TR, TE, TI, FLIP = "repetition_time_ms", "echo_time_ms", "inversion_times_ms", "flip_angle"
three_d = equals("acquisition_type", "3D")
no_epi = lacks("EPI", epi)
no_gradient = lacks("gradient echo", gradient_echo)
no_inversion = lacks("inversion", any_of(inversion, within(TI, 1, 10_000)))
not_balanced = lacks("balanced steady state", any_of(means("balanced"), has("sequence_variant", "TRSS")))
not_late_inversion = lacks("late inversion", within(TI, 1400.1, 10_000))
no_flow = lacks(
    "flow compensation or magnetization transfer",
    any_of(has("scan_options", "FC", "FLOWCOMP_GEMS"), has("sequence_variant", "MTC", "TOF")),
)
one_echo = lacks("second echo", several_echoes)
no_maps = lacks("maps in the series", maps_beside)
flair_ti = within(TI, 1300, 3000)
not_dir = lacks("inversion time past the null of fluid", past_csf_null)
not_slow = lacks("repetition time of two inversions", within(TR, 4000, 100_000))
