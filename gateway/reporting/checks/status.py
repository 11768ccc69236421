"""Suspicion of new or active PML, the known status apart from it, the phase that follows the status."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from gateway.reporting.answers import (
    Diagnosis,
    IrisPhase,
    PmlCertainty,
    PmlStatus,
    Presence,
    Referral,
)
from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.lesions.answers import UNREAD, Attribution, MassEffect, T1Signal, T2Signal, TimeCourse
from gateway.reporting.lesions.exclusions import answers_of
from gateway.reporting.lesions.identity import numbered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.lesions.lesion import Lesion
    from gateway.reporting.opinion import Opinion

PML = {Attribution.PML, Attribution.BOTH}
NOT_PML = {Attribution.MS, Attribution.OTHER}
NOTHING_SEEN = UNREAD | {"none"}
#: Phases that say something about PML, and those that presume that it was known before.
PHASES = frozenset(IrisPhase) - {IrisPhase.NOT_APPLICABLE, IrisPhase.NOT_ASSESSABLE}
LATER_PHASES = {IrisPhase.EARLY_POST_PML, IrisPhase.LATE_POST_PML}
#: The antibody index (Auer et al. 2019): above the cut-off it is positive, below 0.20 negative, between inconclusive.
INDEX_CUT_OFF, INCONCLUSIVE_FROM = Decimal("0.4"), Decimal("0.2")


def suspicion_needs_lesion(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: what a suspicion rests on. Level 2 of a study that cannot exclude PML rests on that."""
    level = opinion.suspicion.level
    unseen = level == 2 and opinion.protocol.shortfalls
    if opinion.suspicion.is_at_least(2) and not opinion.lesions_left and not unseen:
        yield Contradiction(
            "suspicion",
            f"Suspicion level {level} has no lesion to rest on.",
            "Describe a lesion, choose another level, or say what the suspicion rests on.",
            "suspicion_without_lesion",
        )


def high_level_names_pml(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why PML is suspected while every lesion and every diagnosis says something else."""
    if not opinion.suspicion.is_at_least(3):
        return
    elsewhere = opinion.lesions and all(lesion.attribution in NOT_PML for lesion in opinion.lesions)
    others = opinion.diagnoses and Diagnosis.PML not in opinion.diagnoses
    if elsewhere or others:
        what = "every lesion favours MS or another cause" if elsewhere else "PML is not among the diagnoses"
        concerned = tuple(n for n, _ in numbered(opinion.lesions)) if elsewhere else ()
        yield Contradiction(
            "suspicion",
            f"Suspicion level {opinion.suspicion.level}, but {what}.",
            "Correct one of them, or say why.",
            "high_level_without_pml_lesion",
            concerned,
        )


def low_level_does_not_name_pml(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why PML is not suspected while a lesion or, at level 0, a diagnosis names it. Known PML may be named."""
    if not opinion.suspicion.is_at_most(1) or opinion.pml_known:
        return
    numbers = [n for n, lesion in numbered(opinion.lesions) if lesion.attribution in PML]
    if numbers:
        what = f"lesion {', '.join(map(str, numbers))} is attributed to PML"
    elif opinion.suspicion.level == 0 and Diagnosis.PML in opinion.diagnoses:
        what = "PML is among the diagnoses"
    else:
        return
    yield Contradiction(
        "suspicion",
        f"Suspicion level {opinion.suspicion.level}, but {what}.",
        "Correct one of them, choose “PML known” when it is, or say why.",
        "low_level_with_pml",
        tuple(numbers),
    )


def not_assessable_names_no_pml(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why a lesion that favours PML is no suspicion. Known PML may be named."""
    if opinion.suspicion.level is not None or opinion.pml_known:
        return
    numbers = [n for n, lesion in numbered(opinion.lesions) if lesion.attribution in PML]
    if numbers or Diagnosis.PML in opinion.diagnoses:
        where = f"lesion {', '.join(map(str, numbers))} is attributed to" if numbers else "the report names"
        yield Contradiction(
            "suspicion",
            f"Suspicion “not assessable”, but {where} PML.",
            "Choose level 2 to 4, which do not need the whole brain; correct the attribution; or say why.",
            "not_assessable_names_pml",
            tuple(numbers),
        )


def level_zero_is_clear(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why nothing suggests PML while a lesion may be MS or PML (education module: 2 to 4 weeks then)."""
    unclear = [
        n
        for n, lesion in numbered(opinion.lesions)
        if lesion.attribution is Attribution.INDETERMINATE and lesion.time_course is not TimeCourse.RESOLVED
    ]
    if opinion.suspicion.level == 0 and unclear and not opinion.pml_known:
        yield Contradiction(
            "suspicion",
            f"Suspicion level 0, but lesion {', '.join(map(str, unclear))} is indeterminate.",
            "Choose level 1 or 2, attribute the lesion, or say why.",
            "level_zero_with_unclear_lesion",
            tuple(unclear),
        )


def low_level_with_positive_pcr(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why PML is not suspected while the virus is in the CSF."""
    positive = opinion.context.csf_jcv_pcr is Presence.PRESENT
    if positive and opinion.suspicion.is_at_most(1) and not opinion.pml_known:
        yield Contradiction(
            "suspicion",
            f"Suspicion level {opinion.suspicion.level}, but JC virus DNA is present in the CSF.",
            "Choose another level, “PML known” when it is, or say why.",
            "low_level_with_pcr",
        )


def known_pml_has_phase(opinion: Opinion) -> Iterator[Contradiction]:
    """The phase follows the status: known PML is in one, even when the images do not tell which."""
    if opinion.pml_known and opinion.iris_phase is IrisPhase.NOT_APPLICABLE:
        yield Contradiction(
            "iris_phase",
            f"IRIS phase “{opinion.iris_phase.label}”, but PML is known.",
            f"Choose a phase, “{IrisPhase.INDETERMINATE.label}” or “{IrisPhase.NOT_ASSESSABLE.label}”.",
        )


def phase_needs_pml(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why there is a phase of PML where PML is neither known nor suspected, or a late one where it is new."""
    if opinion.pml_known:
        return
    unsuspicious = opinion.suspicion.is_at_most(1) and opinion.iris_phase in PHASES
    if unsuspicious or opinion.iris_phase in LATER_PHASES:
        yield Contradiction(
            "iris_phase",
            f"IRIS phase “{opinion.iris_phase.label}”, but PML is not known.",
            f"Choose “{IrisPhase.NOT_APPLICABLE.label}”, “PML known” when it is, or say why.",
            "phase_without_known_pml",
        )


def late_phase_is_quiet(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why a healed PML is suspected to be active."""
    if opinion.iris_phase is IrisPhase.LATE_POST_PML and opinion.suspicion.is_at_least(3):
        yield Contradiction(
            "iris_phase",
            f"IRIS phase “{opinion.iris_phase.label}”, but new or active PML is suspected.",
            "Choose another phase or level, or say why.",
            "late_phase_at_high_level",
        )


def iris_has_sign(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: what IRIS rests on when no lesion enhances, swells or has oedema (education module, “Contrast”)."""
    if opinion.iris_phase is IrisPhase.IRIS and not any(shows_iris(lesion) for lesion in opinion.lesions):
        yield Contradiction(
            "iris_phase",
            "PML-IRIS, but no lesion has contrast enhancement, oedema or mass effect.",
            "Describe the sign, choose another phase, or say what it rests on.",
            "iris_without_sign",
        )


def shows_iris(lesion: Lesion) -> bool:
    """True when a lesion has a sign that may be one of IRIS."""
    return (
        any(
            a.value not in NOTHING_SEEN
            for item in ("enhancement", "iris_signs")
            for a in answers_of(lesion, item)
        )
        or T1Signal.OEDEMA in answers_of(lesion, "t1")
        or T2Signal.OEDEMA in answers_of(lesion, "t2")
        or lesion.mass_effect in {MassEffect.MINOR, MassEffect.MARKED}
    )


def status_fits_context(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: how the status of PML and what else the hospital says go together."""
    context = opinion.context
    sure = context.pml_certainty is PmlCertainty.CERTAIN or context.referral is Referral.KNOWN_PML
    unknown = context.pml_status is PmlStatus.NOT_KNOWN and sure
    denied = opinion.pml_known and context.pml_certainty is PmlCertainty.NOT_PML
    if unknown or denied:
        yield Contradiction(
            "context.pml_status",
            "The status of PML does not fit the referral or the clinician's certainty.",
            "Correct one of them, or say how they go together.",
            "status_against_context",
        )


def antibodies_fit_index(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: how a test can be negative above its cut-off, or positive where the index is that of a negative one."""
    index, antibodies = opinion.context.jcv_index, opinion.context.jcv_antibodies
    if index is None:
        return
    if antibodies is Presence.ABSENT and index > INDEX_CUT_OFF:
        said = f"absent, but the index is {index}, above {INDEX_CUT_OFF}"
    elif antibodies is Presence.PRESENT and index < INCONCLUSIVE_FROM:
        said = f"present, but the index is {index}, below {INCONCLUSIVE_FROM}"
    else:
        return
    yield Contradiction(
        "context.jcv_index",
        f"Antibodies against JC virus {said}.",
        "Correct one of them, or say how they go together.",
        "antibodies_against_index",
    )
