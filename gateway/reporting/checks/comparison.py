"""What a report says about time: the prior, new lesions, the time course of each lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.reporting.answers import ComparisonDone, NewLesion
from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.lesions.answers import Course, TimeCourse
from gateway.reporting.lesions.growth import growth_of
from gateway.reporting.lesions.identity import numbered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from gateway.reporting.lesions.lesion import Lesion
    from gateway.reporting.opinion import Opinion

#: What may be said of new lesions with a prior, and without one.
WITHOUT_PRIOR = frozenset(NewLesion) - {NewLesion.PRESENT, NewLesion.ABSENT}
WITH_PRIOR = frozenset(NewLesion) - {NewLesion.PRESENT_NO_COMPARISON}
TIME_COURSES = {
    ComparisonDone.YES: frozenset(TimeCourse) - {TimeCourse.NO_PRIOR},
    ComparisonDone.NO: frozenset({TimeCourse.UNDETERMINED}),
    ComparisonDone.NO_PRIOR: frozenset({TimeCourse.NO_PRIOR}),
}

#: A long axis that differs less is the same within what two readers measure (ours).
LEAST_CHANGE_MM, LEAST_CHANGE_PERCENT = 3, 20


def comparison_agrees(opinion: Opinion) -> Iterator[Contradiction]:
    """A comparison has its date, nothing is compared without one, and a prior report means that there is a prior."""
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
    known = [str(number) for number, lesion in numbered(opinion.lesions) if lesion.prior is not None]
    if known and comparison.done is ComparisonDone.NO_PRIOR:
        yield Contradiction(
            "comparison.done",
            f"“{comparison.done.label}”, but an earlier report of this patient has lesion {', '.join(known)}.",
            f"Choose “{ComparisonDone.YES.label}” or “{ComparisonDone.NO.label}”.",
        )


def time_courses_follow_comparison(opinion: Opinion) -> Iterator[Contradiction]:
    """How a lesion changed is said against a prior, and only then."""
    allowed = TIME_COURSES[opinion.comparison.done]
    for place, (number, lesion) in enumerate(numbered(opinion.lesions)):
        if lesion.time_course not in allowed:
            yield Contradiction(
                f"lesions.{place}.time_course",
                f"Lesion {number}: time course “{lesion.time_course.label}” with comparison "
                f"“{opinion.comparison.done.label}”.",
                f"Choose {_either(TimeCourse, allowed)}.",
            )
        elif lesion.time_course is TimeCourse.NEW and opinion.new_lesion is not NewLesion.PRESENT:
            yield Contradiction(
                "new_lesion",
                f"Lesion {number} is new, but “new lesion” is not “present”.",
                "Choose “present”.",
            )
        if Course.FURTHER_LESIONS in lesion.course and opinion.new_lesion in {
            NewLesion.ABSENT,
            NewLesion.NO_LESION,
        }:
            yield Contradiction(
                f"lesions.{place}.course",
                f"Lesion {number}: “{Course.FURTHER_LESIONS.label}”, but new lesion "
                f"“{opinion.new_lesion.label}”.",
                "Correct one of them.",
            )


def new_follows_comparison(opinion: Opinion) -> Iterator[Contradiction]:
    """“New” and “no new” compare; without a prior a lesion is present, and nobody knows since when."""
    compared = opinion.comparison.done is ComparisonDone.YES
    allowed = WITH_PRIOR if compared else WITHOUT_PRIOR
    if opinion.new_lesion not in allowed:
        yield Contradiction(
            "new_lesion",
            f"New lesion “{opinion.new_lesion.label}” with comparison “{opinion.comparison.done.label}”.",
            f"Choose {_either(NewLesion, allowed)}.",
        )
    if opinion.new_lesion is NewLesion.NO_LESION and any(
        lesion.time_course is not TimeCourse.RESOLVED for lesion in opinion.lesions
    ):
        yield Contradiction(
            "new_lesion",
            "A lesion is described, but “no lesion at all” is chosen.",
            "Choose another answer, or remove the lesion.",
        )


def new_lesion_is_described(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: which lesion is the new one."""
    described = any(lesion.time_course is TimeCourse.NEW for lesion in opinion.lesions)
    if opinion.new_lesion is NewLesion.PRESENT and not described:
        yield Contradiction(
            "new_lesion",
            "A new lesion is present, but none is described as new.",
            "Describe it, or say why not.",
            "new_lesion_not_described",
        )


def _either(
    question: type[NewLesion | TimeCourse], allowed: frozenset[NewLesion] | frozenset[TimeCourse]
) -> str:
    return " or ".join(f"“{answer.label}”" for answer in question if answer in allowed)


def courses_follow_measures(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: how a lesion grows, shrinks, stays or is new against the measures of the prior report.

    “Unchanged” is asked about when the long axis differs by more than a fifth and by at least 3 mm (our limits).
    """
    numbers = [n for n, lesion in numbered(opinion.lesions) if _against_measures(lesion)]
    if numbers:
        yield Contradiction(
            "lesions",
            f"Lesion {', '.join(map(str, numbers))}: the time course is not what this report and the prior one "
            "measured.",
            "Correct the time course, a measure or the number of the lesion, or say why.",
            "course_against_measures",
            tuple(numbers),
        )


def _against_measures(lesion: Lesion) -> bool:
    if lesion.prior is None:
        return False
    if lesion.time_course is TimeCourse.NEW:  # the prior report has a lesion of this number
        return True
    changes = {grown.concept: grown.value for grown in growth_of(lesion)}
    sizes = [changes[name] for name in ("growth_axis", "growth_volume") if name in changes]
    if not sizes:
        return False
    against = {
        TimeCourse.INCREASE: all(size <= 0 for size in sizes),
        TimeCourse.DECREASE: all(size >= 0 for size in sizes),
        TimeCourse.UNCHANGED: _differs(changes),
    }
    return against.get(lesion.time_course, False)


def _differs(changes: dict[str, Decimal]) -> bool:
    change, percent = changes.get("growth_axis"), changes.get("growth_axis_percent")
    if change is None or percent is None:
        return False
    return abs(change) >= LEAST_CHANGE_MM and abs(percent) > LEAST_CHANGE_PERCENT
