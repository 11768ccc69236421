"""The table of all rules, and everything in an opinion that they find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.reporting.checks import comparison, lesions, protocol, recommendations, status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.reporting.checks.contradiction import Contradiction
    from gateway.reporting.opinion import Opinion

RULES: tuple[Callable[[Opinion], Iterator[Contradiction]], ...] = (
    status.suspicion_needs_lesion,
    status.iris_follows_suspicion,
    lesions.contrast_pattern_follows_sequence,
    lesions.signals_follow_sequences,
    lesions.answers_exclude_each_other,
    protocol.missing_sequence_is_incomplete,
    protocol.limitation_is_explained,
    comparison.comparison_agrees,
    status.attribution_agrees,
    protocol.spectra_follow_sequence,
    recommendations.follow_up_agrees,
    recommendations.critical_result_is_communicated,
)


def contradictions(opinion: Opinion) -> list[Contradiction]:
    """Everything in `opinion` that does not fit together, in the order of `RULES`; empty when it can be signed."""
    return [problem for rule in RULES for problem in rule(opinion)]
