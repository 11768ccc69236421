"""What the impression says in proposed sentences against what the answers say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.reporting.answers import ComparisonDone
from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.proposals.impression import Answered, of_other_answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.opinion import Opinion


def narrative_fits_answers(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why the impression keeps a sentence that was proposed from answers which have changed since."""
    older = of_other_answers(opinion.narrative, answered_by(opinion))
    if older:
        told = " ".join(f"“{each}”" for each in older)
        yield Contradiction(
            "narrative",
            f"The impression says {told}, which the answers do not.",
            "Correct the text or the answers, or say why both stand.",
            "text_of_other_answers",
        )


def answered_by(opinion: Opinion) -> Answered:
    """The answers of an opinion that its impression rests on."""
    return Answered(
        language=opinion.language,
        compared=opinion.comparison.done is ComparisonDone.YES,
        new_lesion=opinion.new_lesion,
        t2_load=opinion.comparison.t2_load_change,
        completeness=opinion.protocol.completeness,
        suspicion=opinion.suspicion,
        iris_phase=opinion.iris_phase,
        recommendations=tuple(map(str, opinion.recommendations)),
        value=opinion.follow_up_value,
        unit=opinion.follow_up_unit,
    )
