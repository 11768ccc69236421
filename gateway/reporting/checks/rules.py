"""Two tables of rules, one mechanism: what is refused, and what is asked and settled by a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.reporting.checks import (
    comparison,
    identity,
    intervals,
    lesions,
    measures,
    protocol,
    recommendations,
    status,
    study,
    wording,
)
from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.checks.study_facts import NO_FACTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.reporting.checks.study_facts import StudyFacts
    from gateway.reporting.opinion import Opinion

    Rule = Callable[[Opinion], Iterator[Contradiction]]
    StudyRule = Callable[[Opinion, StudyFacts], Iterator[Contradiction]]

#: What cannot be, or may not be left out: nothing but a change settles it.
REFUSED: tuple[Rule, ...] = (
    protocol.nothing_is_excluded_unseen,
    protocol.not_assessable_is_made_again,
    protocol.coverage_is_said,
    protocol.simplified_is_for_surveillance,
    status.known_pml_has_phase,
    lesions.signals_follow_sequences,
    lesions.sides_and_sites_agree,
    lesions.resolved_measures_nothing,
    lesions.answers_exclude_each_other,
    lesions.another_site_is_named,
    lesions.numbers_are_distinct,
    protocol.missing_sequence_is_incomplete,
    protocol.quality_follows_sequences,
    protocol.limitation_is_explained,
    comparison.comparison_agrees,
    comparison.time_courses_follow_comparison,
    comparison.new_follows_comparison,
    protocol.spectra_follow_sequence,
    measures.measures_are_possible,
    intervals.interval_is_complete,
    intervals.interval_is_possible,
    identity.reasons_name_nobody,
)
#: What contradicts itself and may still be true: each under its question, at most once.
ASKED: dict[str, Rule] = {
    "suspicion_without_lesion": status.suspicion_needs_lesion,
    "high_level_without_pml_lesion": status.high_level_names_pml,
    "low_level_with_pml": status.low_level_does_not_name_pml,
    "low_level_with_pcr": status.low_level_with_positive_pcr,
    "not_assessable_though_readable": protocol.not_assessable_is_explained,
    "new_lesion_not_described": comparison.new_lesion_is_described,
    "iris_without_sign": status.iris_has_sign,
    "phase_without_known_pml": status.phase_needs_pml,
    "late_phase_at_high_level": status.late_phase_is_quiet,
    "volume_beyond_axis": measures.volumes_fit_axes,
    "axis_against_mark": measures.axes_fit_marks,
    "volume_against_mark": measures.volumes_fit_marks,
    "course_against_measures": comparison.courses_follow_measures,
    "no_contrast": recommendations.suspicion_has_contrast,
    "routine_at_high_level": recommendations.suspicion_is_not_routine,
    "nobody_told": recommendations.critical_result_is_communicated,
    "unusual_interval": intervals.interval_is_usual,
    "not_assessable_names_pml": status.not_assessable_names_no_pml,
    "level_zero_with_unclear_lesion": status.level_zero_is_clear,
    "status_against_context": status.status_fits_context,
    "antibodies_against_index": status.antibodies_fit_index,
    "urgent_at_low_level": recommendations.low_level_is_not_urgent,
    "text_may_name_somebody": identity.texts_name_nobody,
    "text_of_other_answers": wording.narrative_fits_answers,
}
#: The same of what the study says: nothing is checked against a fact that is not known.
REFUSED_BY_STUDY: tuple[StudyRule, ...] = (
    study.contrast_is_not_denied,
    study.call_is_about_the_study,
    study.simplified_was_declared,
    study.pictures_are_of_the_study,
    study.prior_is_earlier,
    study.own_pseudonym_is_not_written,
)
ASKED_BY_STUDY: dict[str, StudyRule] = {
    "prior_not_here": study.prior_is_here,
    "sequence_not_recognised": study.sequences_were_received,
    "b_value_not_measured": study.b_value_was_measured,
    "complete_against_verdict": study.complete_fits_verdict,
}


def refusals(opinion: Opinion) -> list[Contradiction]:
    """What cannot be signed, in the order of `REFUSED`."""
    return [found for rule in REFUSED for found in _named(rule.__name__, rule(opinion))]


def questions(opinion: Opinion, facts: StudyFacts = NO_FACTS) -> list[Contradiction]:
    """Everything that is asked of this opinion about this study, answered or not."""
    return [
        *(asked for key, rule in ASKED.items() for asked in _named(key, rule(opinion))),
        *(asked for key, rule in ASKED_BY_STUDY.items() for asked in _named(key, rule(opinion, facts))),
    ]


def contradictions(opinion: Opinion) -> list[Contradiction]:
    """What is refused, then what is asked and has no reason yet; empty when the opinion agrees with itself.

    Whether a question about the study is asked is not known here, so a reason to one is never superfluous.
    """
    asked = questions(opinion)
    keys = {problem.question for problem in asked}
    superfluous = [
        Contradiction(f"reasons.{key}", "A reason is given to a question that is not asked.", "Delete it.")
        for key in opinion.reasons
        if key not in keys and key not in ASKED_BY_STUDY
    ]
    return refusals(opinion) + [p for p in asked if p.question not in opinion.reasons] + superfluous


def contradictions_of_study(opinion: Opinion, facts: StudyFacts) -> list[Contradiction]:
    """What the study contradicts, then what is asked about it and has no reason; empty when it may be signed."""
    refused = [found for rule in REFUSED_BY_STUDY for found in _named(rule.__name__, rule(opinion, facts))]
    asked = [found for key, rule in ASKED_BY_STUDY.items() for found in _named(key, rule(opinion, facts))]
    return refused + [problem for problem in asked if problem.question not in opinion.reasons]


def _named(check: str, found: Iterator[Contradiction]) -> Iterator[Contradiction]:
    return (replace(each, check=check) for each in found)
