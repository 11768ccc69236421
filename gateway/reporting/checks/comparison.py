"""What a report says about time: the prior, new lesions, the time course of each lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.reporting.answers import (
    ComparisonDone,
    Presence,
    TimeCourse,
)
from gateway.reporting.checks.contradiction import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.opinion import Opinion


def comparison_agrees(opinion: Opinion) -> Iterator[Contradiction]:
    """What is said about time rests on a comparison that was made."""
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
