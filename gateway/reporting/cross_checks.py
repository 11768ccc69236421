"""Cross-checks: what the parts of a report must agree on before it can be signed (manual: design/sources).

Each rule is one function from an opinion to a problem or nothing, named in `RULES`; every rule is evaluated, so the
reader sees all contradictions at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.reporting.answers import (
    Attribution,
    ComparisonDone,
    Completeness,
    DwiPattern,
    Enhancement,
    IntervalUnit,
    IrisPhase,
    Presence,
    Quality,
    Recommendation,
    SwiPattern,
    T1Signal,
    T2Signal,
    TimeCourse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.reporting.answers import Answer
    from gateway.reporting.opinion import Opinion


@dataclass(frozen=True)
class Contradiction:
    """A problem in a form: the field it is shown at, what is wrong, what to do."""

    field: str
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"{self.problem} {self.fix}"


def _suspicion_needs_lesion(opinion: Opinion) -> Iterator[Contradiction]:
    if opinion.suspicion.level >= 2 and not opinion.lesions:
        yield Contradiction(
            "suspicion",
            f"Suspicion level {opinion.suspicion.level} has no lesion to rest on.",
            "Describe at least one lesion, or choose level 0 or 1.",
        )


def _iris_follows_suspicion(opinion: Opinion) -> Iterator[Contradiction]:
    unsuspicious = opinion.suspicion.level <= 1
    not_applicable = opinion.iris_phase is IrisPhase.NOT_APPLICABLE
    if unsuspicious and not not_applicable:
        yield Contradiction(
            "iris_phase",
            f"IRIS phase “{opinion.iris_phase.label}” with suspicion level {opinion.suspicion.level}.",
            "Choose “not applicable”, or suspicion level 2 to 4.",
        )
    if not unsuspicious and not_applicable:
        yield Contradiction(
            "iris_phase",
            f"IRIS phase “not applicable” with suspicion level {opinion.suspicion.level}.",
            "Choose a phase, or “phase indeterminate”.",
        )


def _contrast_pattern_follows_sequence(opinion: Opinion) -> Iterator[Contradiction]:
    acquired = opinion.protocol.sequences.t1_contrast.present
    for number, lesion in enumerate(opinion.lesions):
        missing = lesion.enhancement is Enhancement.NOT_ACQUIRED
        if acquired and missing:
            yield Contradiction(
                f"lesions.{number}.enhancement",
                f"Lesion {number + 1}: contrast pattern “not acquired”, but contrast-enhanced T1 is present.",
                "Describe the enhancement, or “none”.",
            )
        if not acquired and not missing:
            yield Contradiction(
                f"lesions.{number}.enhancement",
                f"Lesion {number + 1}: enhancement is described, but contrast-enhanced T1 is absent.",
                "Choose “not acquired”, or mark the contrast-enhanced T1 as present.",
            )


def _signals_follow_sequences(opinion: Opinion) -> Iterator[Contradiction]:
    """A signal is unavailable when its sequence is absent, and may be so when the sequence is non-diagnostic."""
    sequences = opinion.protocol.sequences
    for number, lesion in enumerate(opinion.lesions):
        table = (
            ("t1", "T1", sequences.t1, lesion.t1 is T1Signal.NOT_AVAILABLE),
            ("t2", "T2", sequences.t2, T2Signal.NOT_AVAILABLE in lesion.t2),
            ("dwi", "DWI", sequences.dwi, lesion.dwi is DwiPattern.NOT_AVAILABLE),
            ("swi", "SWI", sequences.swi, SwiPattern.NOT_AVAILABLE in lesion.swi),
        )
        for name, label, sequence, unavailable in table:
            field = f"lesions.{number}.{name}"
            if not sequence.present and not unavailable:
                yield Contradiction(
                    field,
                    f"Lesion {number + 1}: {label} is described, but the sequence is absent.",
                    "Choose “not available”, or mark the sequence as present.",
                )
            if sequence.readable and unavailable:
                yield Contradiction(
                    field,
                    f"Lesion {number + 1}: {label} “not available”, but the sequence is present and diagnostic.",
                    "Describe the signal, or correct the sequence.",
                )


def _answers_exclude_each_other(opinion: Opinion) -> Iterator[Contradiction]:
    for number, lesion in enumerate(opinion.lesions):
        exclusives: tuple[tuple[str, str, tuple[Answer, ...], set[Answer]], ...] = (
            ("t2", "T2", lesion.t2, {T2Signal.NOT_AVAILABLE}),
            ("swi", "SWI", lesion.swi, {SwiPattern.NONE, SwiPattern.NOT_AVAILABLE}),
        )
        for name, label, answers, exclusive in exclusives:
            alone_here = sorted(exclusive & set(answers))
            if len(answers) > 1 and alone_here:
                yield Contradiction(
                    f"lesions.{number}.{name}",
                    f"Lesion {number + 1}: {label} “{alone_here[0].label}” excludes other answers.",
                    "Keep one of them.",
                )
        if {T2Signal.HOMOGENEOUS, T2Signal.INHOMOGENEOUS} <= set(lesion.t2):
            yield Contradiction(
                f"lesions.{number}.t2",
                f"Lesion {number + 1}: T2 is both homogeneous and inhomogeneous.",
                "Keep one of them.",
            )


def _missing_sequence_is_incomplete(opinion: Opinion) -> Iterator[Contradiction]:
    if opinion.protocol.completeness is Completeness.INCOMPLETE:
        return
    sequences = opinion.protocol.sequences
    required = {"FLAIR": sequences.flair, "T2": sequences.t2, "DWI at b = 1000 s/mm²": sequences.dwi}
    missing = [name for name, sequence in required.items() if not sequence.present]
    if not missing and any(lesion.dwi is DwiPattern.NOT_AVAILABLE for lesion in opinion.lesions):
        missing = ["DWI at b = 1000 s/mm²"]
    if missing:
        yield Contradiction(
            "protocol.completeness",
            f"Protocol “{opinion.protocol.completeness.label}”, but not available: {', '.join(missing)}.",
            "Choose “incomplete: required sequence missing”.",
        )


def _limitation_is_explained(opinion: Opinion) -> Iterator[Contradiction]:
    limited = opinion.protocol.completeness is Completeness.LIMITED
    if (limited or opinion.protocol.quality is Quality.NON_DIAGNOSTIC) and not opinion.protocol.limitation:
        yield Contradiction(
            "protocol.limitation",
            "The examination is limited, but nothing says how.",
            "Describe the limitation.",
        )


def _comparison_agrees(opinion: Opinion) -> Iterator[Contradiction]:
    comparison = opinion.comparison
    compared = comparison.done is ComparisonDone.YES
    if compared and comparison.prior_study_date is None:
        yield Contradiction(
            "comparison.prior_study_date",
            "The date of the prior study is missing.",
            "Enter it as it is shown to you.",
        )
    if not compared and (comparison.prior_study_date or comparison.t2_load_change):
        yield Contradiction(
            "comparison.done",
            "A prior date or a change of the lesion load is given, but no comparison was made.",
            "Choose “yes”, or delete them.",
        )
    allowed = {
        ComparisonDone.YES: set(TimeCourse) - {TimeCourse.NO_PRIOR},
        ComparisonDone.NO: {TimeCourse.UNDETERMINED},
        ComparisonDone.NO_PRIOR: {TimeCourse.NO_PRIOR},
    }[comparison.done]
    for number, lesion in enumerate(opinion.lesions):
        if lesion.time_course not in allowed:
            yield Contradiction(
                f"lesions.{number}.time_course",
                f"Lesion {number + 1}: time course “{lesion.time_course.label}” with comparison "
                f"“{comparison.done.label}”.",
                f"Choose {' or '.join(f'“{answer.label}”' for answer in TimeCourse if answer in allowed)}.",
            )
        elif lesion.time_course is TimeCourse.NEW and opinion.new_lesion is not Presence.PRESENT:
            yield Contradiction(
                "new_lesion",
                f"Lesion {number + 1} is new, but “any new lesion” is not “present”.",
                "Choose “present”.",
            )


def _attribution_agrees(opinion: Opinion) -> Iterator[Contradiction]:
    for number, lesion in enumerate(opinion.lesions):
        if opinion.suspicion.level <= 1 and lesion.attribution in {Attribution.PML, Attribution.BOTH}:
            yield Contradiction(
                "suspicion",
                f"Lesion {number + 1} is attributed to PML, but the suspicion level is {opinion.suspicion.level}.",
                "Choose level 2 to 4, or another attribution.",
            )


def _spectra_follow_sequence(opinion: Opinion) -> Iterator[Contradiction]:
    if opinion.protocol.sequences.mrs.readable and not opinion.spectra:
        yield Contradiction(
            "spectra",
            "Spectroscopy is present, but no spectrum is reported.",
            "Enter one, or mark MRS as absent.",
        )
    if opinion.spectra and not opinion.protocol.sequences.mrs.present:
        yield Contradiction(
            "protocol.sequences.mrs.acquired",
            "A spectrum is reported, but spectroscopy is absent.",
            "Mark MRS as present, or delete the spectrum.",
        )


def _follow_up_agrees(opinion: Opinion) -> Iterator[Contradiction]:
    chosen = set(opinion.recommendations)
    timed = chosen & {Recommendation.ROUTINE, Recommendation.SHORT_TERM}
    value, unit = opinion.follow_up_value, opinion.follow_up_unit
    if len(timed) == 2:
        yield Contradiction(
            "recommendations",
            "Routine surveillance and a short-term follow-up are both recommended.",
            "Keep one.",
        )
    if timed and (value is None or unit is None):
        yield Contradiction(
            "follow_up_value", "The follow-up interval is missing.", "Enter a number and its unit."
        )
    if not timed and (value is not None or unit is not None):
        yield Contradiction(
            "recommendations",
            "A follow-up interval is given, but neither surveillance nor a short-term follow-up is recommended.",
            "Choose one of them, or delete the interval.",
        )
    if Recommendation.SHORT_TERM not in chosen or value is None or unit is None:
        return
    if unit is not IntervalUnit.WEEKS or not 2 <= value <= 4:
        yield Contradiction(
            "follow_up_value",
            f"A short-term follow-up is 2 to 4 weeks, but {value} {unit.label} is given.",
            "Enter 2 to 4 weeks, or recommend routine surveillance.",
        )


def _critical_result_is_communicated(opinion: Opinion) -> Iterator[Contradiction]:
    if opinion.suspicion.level >= 3 and opinion.communication is None:
        yield Contradiction(
            "communication.person",
            f"Suspicion level {opinion.suspicion.level} is a critical result, but nobody was told.",
            "Call the sender, then enter who was told and when.",
        )


RULES: tuple[Callable[[Opinion], Iterator[Contradiction]], ...] = (
    _suspicion_needs_lesion,
    _iris_follows_suspicion,
    _contrast_pattern_follows_sequence,
    _signals_follow_sequences,
    _answers_exclude_each_other,
    _missing_sequence_is_incomplete,
    _limitation_is_explained,
    _comparison_agrees,
    _attribution_agrees,
    _spectra_follow_sequence,
    _follow_up_agrees,
    _critical_result_is_communicated,
)


def contradictions(opinion: Opinion) -> list[Contradiction]:
    """Everything in `opinion` that does not fit together, in the order of `RULES`; empty when it can be signed."""
    return [found for rule in RULES for found in rule(opinion)]
