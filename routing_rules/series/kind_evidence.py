"""One table for each kind: what proves it, what supports it, what contradicts it.

What proves a kind are the rows of `table`, the first of which that holds decides. What supports it makes it a little
surer. What contradicts it lowers the confidence and is told to people wherever the kind is shown; a kind that is
contradicted too much is not claimed at all. A sentence names attributes and defined terms only: pages show it, so
nothing that people type may be in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from routing_rules.series.derivation_signs import derived_unsaid, filtered, lossy
from routing_rules.series.diffusion_signs import (
    denied,
    diffusion_marked,
    diffusion_named,
    only_unweighted,
    readout_untold,
    several_b_values,
)
from routing_rules.series.recognition_row import TE, TR, RecognitionRow, no_epi, three_d
from routing_rules.series.series import SeriesKind as K
from routing_rules.series.signs import (
    Sign,
    all_of,
    any_of,
    b_value_high,
    epi,
    equals,
    gradient_echo,
    has,
    inversion,
    means,
    role,
    spin_echo,
    within,
)
from routing_rules.series.table import ROWS

SUPPORT = 0.01
"""What each sign that supports a kind adds to its confidence, up to `SUREST`."""
SUREST = 0.99
NOT_CLAIMED = 0.5
"""A kind whose contradictions leave less confidence than this is `other`."""


@dataclass(frozen=True)
class Contradiction:
    """What speaks against a kind: a sentence for people, the sign, and how much confidence it costs (0: a remark)."""

    says: str
    sign: Sign
    costs: float


@dataclass(frozen=True)
class KindEvidence:
    """The table of one kind."""

    kind: K
    proofs: tuple[RecognitionRow, ...]
    supports: tuple[Sign, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()


_DERIVED = Contradiction("ImageType says DERIVED, and nothing says what was done", derived_unsaid, 0.2)
_LOSSY = Contradiction("compressed lossily: fine detail may be lost", lossy, 0.0)
_FILTERED = Contradiction("filtered or corrected after the acquisition", filtered, 0.0)
_PIXELS = (_DERIVED, _LOSSY, _FILTERED)
_WEIGHTED = Contradiction("a b-value of 50 s/mm² or more, as only diffusion has", b_value_high, 0.2)
_WEIGHTED_T2 = Contradiction("a b-value of 50 s/mm² or more: a T2 has none", b_value_high, 0.5)
_MARKED = Contradiction("the scanner's own flags speak of diffusion", diffusion_marked, 0.3)
_FAST_READOUT = Contradiction(
    "the bandwidth of an echo-planar readout, in a sequence that is not called echo planar",
    all_of(no_epi, within("pixel_bandwidth_hz", 1000, 20_000)),
    0.5,
)
_READOUT_UNTOLD = Contradiction(
    "a spin echo whose readout nothing tells: this vendor writes echo-planar ones alike", readout_untold, 0.5
)
_DIFFUSION = (
    Contradiction("an echo too short for diffusion gradients", within(TE, 0.1, 29.9), 0.5),
    Contradiction("the scanner's own flags say no diffusion", denied, 0.3),
    Contradiction("an inversion without EPI", all_of(inversion, no_epi), 0.5),
    *_PIXELS,
)

_UNWEIGHTED = Contradiction(
    "a diffusion sequence with b = 0 alone: the weighted images are not in it",
    all_of(any_of(diffusion_named, diffusion_marked), only_unweighted),
    0.0,
)


def _another_contrast(*values: str) -> Contradiction:
    return Contradiction(
        "AcquisitionContrast names another contrast", equals("acquisition_contrast", *values), 0.25
    )


_OTHER_THAN_FLUID = ("T1", "PROTON_DENSITY", "DIFFUSION", "PERFUSION", "T2_STAR", "STIR")
_OTHER_THAN_T2 = ("T1", "PROTON_DENSITY", "DIFFUSION", "PERFUSION", "FLUID_ATTENUATED", "STIR")
_OTHER_THAN_T1 = ("T2", "T2_STAR", "PROTON_DENSITY", "DIFFUSION", "PERFUSION", "FLUID_ATTENUATED", "STIR")
_OTHER_THAN_PD = ("T1", "T2", "T2_STAR", "DIFFUSION", "PERFUSION", "FLUID_ATTENUATED", "STIR")
_T1_CONTRADICTIONS = (
    _another_contrast(*_OTHER_THAN_T1),
    _WEIGHTED,
    _MARKED,
    Contradiction("magnetization transfer changes the contrast", has("sequence_variant", "MTC"), 0.1),
    *_PIXELS,
)
_T1_SUPPORTS = (
    equals("acquisition_contrast", "T1"),
    means("magnetization_prepared"),
    has("sequence_variant", "MP", "SP"),
)


def _proofs(kind: K) -> tuple[RecognitionRow, ...]:
    return tuple(row for row in ROWS if row.kind is kind)


EVIDENCE: Mapping[K, KindEvidence] = {
    each.kind: each
    for each in (
        KindEvidence(
            K.FLAIR,
            _proofs(K.FLAIR),
            (
                equals("acquisition_contrast", "FLUID_ATTENUATED"),
                equals("inversion_recovery", "YES"),
                spin_echo,
            ),
            (
                _another_contrast(*_OTHER_THAN_FLUID),
                _WEIGHTED,
                _MARKED,
                Contradiction("echo planar: a FLAIR of poor detail", epi, 0.15),
                *_PIXELS,
            ),
        ),
        KindEvidence(
            K.T2,
            _proofs(K.T2),
            (equals("acquisition_contrast", "T2"), within("echo_train_length", 2, 2000)),
            (
                _another_contrast(*_OTHER_THAN_T2),
                _WEIGHTED_T2,
                _MARKED,
                _FAST_READOUT,
                _READOUT_UNTOLD,
                *_PIXELS,
            ),
        ),
        KindEvidence(
            K.PD,
            _proofs(K.PD),
            (equals("acquisition_contrast", "PROTON_DENSITY"),),
            (
                _another_contrast(*_OTHER_THAN_PD),
                _WEIGHTED_T2,
                _MARKED,
                _FAST_READOUT,
                _READOUT_UNTOLD,
                *_PIXELS,
            ),
        ),
        KindEvidence(K.T1, _proofs(K.T1), _T1_SUPPORTS, _T1_CONTRADICTIONS),
        KindEvidence(K.T1_CONTRAST, _proofs(K.T1), _T1_SUPPORTS, _T1_CONTRADICTIONS),
        KindEvidence(
            K.DWI,
            _proofs(K.DWI),
            (diffusion_named, diffusion_marked, several_b_values),
            (*_DIFFUSION, Contradiction("a 3D acquisition", three_d, 0.1)),
        ),
        KindEvidence(K.TRACE, _proofs(K.TRACE), (diffusion_named, diffusion_marked), _DIFFUSION),
        KindEvidence(K.ADC, _proofs(K.ADC), (diffusion_named, epi), (_LOSSY,)),
        KindEvidence(
            K.SWI,
            _proofs(K.SWI),
            (role("swi"), means("swi"), three_d),
            (
                Contradiction("a spin echo refocuses what susceptibility does", spin_echo, 0.2),
                Contradiction("an echo too short for susceptibility", within(TE, 0.1, 9.9), 0.2),
                _WEIGHTED,
                _LOSSY,
                _FILTERED,
            ),
        ),
        KindEvidence(
            K.MRS,
            _proofs(K.MRS),
            (role("spectroscopy"), means("spectroscopy")),
            (Contradiction("an echo-planar readout", epi, 0.1),),
        ),
        KindEvidence(
            K.LOCALIZER,
            _proofs(K.LOCALIZER),
            (role("localizer"), gradient_echo, within("slice_thickness_mm", 4, 20)),
            (Contradiction("slow, as only images to read are", within(TR, 6000, 100_000), 0.1),),
        ),
        KindEvidence(K.DERIVED, _proofs(K.DERIVED), (role("map", "reformat"),), (_LOSSY,)),
        KindEvidence(K.OTHER, _proofs(K.OTHER), (), (_UNWEIGHTED,)),
    )
}
"""Every kind, in the order in which they are told."""
