"""Which answers about a lesion exclude which: one table, for the form, the checks and the tests.

An answer that says “none” or that an item could not be read stands alone in its item; beyond that two answers exclude
each other only when no lesion can be both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.reporting.lesions.answers import (
    UNREAD,
    Course,
    DwiPattern,
    Enhancement,
    IrisSign,
    LesionAnswer,
    MassEffect,
    Residual,
    T1Signal,
    T2Signal,
    TimeCourse,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.lesions.lesion import Lesion

#: Values that exclude every other answer of the same item.
ALONE = UNREAD | {"none", "not_applicable"}


@dataclass(frozen=True)
class Exclusion:
    """Any of `these` answers of `item` excludes any of `those` of `other`; `item` is where it is mended."""

    item: str
    these: frozenset[LesionAnswer]
    other: str
    those: frozenset[LesionAnswer]


def _row(item: str, these: set[LesionAnswer], other: str, those: set[LesionAnswer]) -> Exclusion:
    return Exclusion(item, frozenset(these), other, frozenset(those))


_WITHOUT_PRIOR: set[LesionAnswer] = {TimeCourse.NO_PRIOR}
_GONE: set[LesionAnswer] = {TimeCourse.RESOLVED}
#: What only a lesion that is still there can show.
_SEEN: dict[str, type[LesionAnswer]] = {
    "t2": T2Signal,
    "dwi": DwiPattern,
    "enhancement": Enhancement,
    "mass_effect": MassEffect,
}


def _positive(answers: type[LesionAnswer]) -> set[LesionAnswer]:
    return {answer for answer in answers if answer.value not in ALONE}


EXCLUSIONS: tuple[Exclusion, ...] = (
    _row("t1", {T1Signal.ISOINTENSE}, "t1", {T1Signal.HYPOINTENSE, T1Signal.DESTRUCTION}),
    _row("t2", {T2Signal.HOMOGENEOUS}, "t2", {T2Signal.INHOMOGENEOUS, T2Signal.MICROCYSTIC}),
    _row("dwi", {DwiPattern.ENTIRE_LESION}, "dwi", {DwiPattern.PART, DwiPattern.RIM, DwiPattern.DARK_CENTRE}),
    _row(
        "course",
        {Course.RAPID_INCREASE},
        "time_course",
        {TimeCourse.DECREASE, TimeCourse.UNCHANGED, TimeCourse.RESOLVED, *_WITHOUT_PRIOR},
    ),
    _row("course", {Course.FURTHER_LESIONS}, "time_course", _WITHOUT_PRIOR),
    _row("enhancement", {Enhancement.INCREASED}, "time_course", _WITHOUT_PRIOR),
    _row("iris_signs", {IrisSign.MORE_ENHANCEMENT}, "time_course", _WITHOUT_PRIOR),
    _row(
        "iris_signs", {IrisSign.MORE_ENHANCEMENT}, "enhancement", {Enhancement.NONE, Enhancement.NOT_COVERED}
    ),
    _row("residual", {Residual.DEFECT}, "time_course", {TimeCourse.NEW}),
    _row("iris_signs", {IrisSign.OEDEMA, IrisSign.MORE_ENHANCEMENT}, "time_course", _GONE),
    *(_row(item, _positive(answers), "time_course", _GONE) for item, answers in _SEEN.items()),
)


def answers_of(lesion: Lesion, item: str) -> tuple[LesionAnswer, ...]:
    """The answers of an item, whether it takes one or several; empty when it has none."""
    said = getattr(lesion, item)
    if said is None:
        return ()
    return said if isinstance(said, tuple) else (said,)


def excluded(lesion: Lesion) -> Iterator[tuple[str, LesionAnswer, LesionAnswer]]:
    """Each item with two answers that cannot both be true, the item first where it is mended."""
    for item in type(lesion).model_fields:
        said = getattr(lesion, item)
        if not isinstance(said, tuple) or len(said) < 2:
            continue
        alone = [answer for answer in said if isinstance(answer, LesionAnswer) and answer.value in ALONE]
        if alone:
            yield item, alone[0], next(answer for answer in said if answer is not alone[0])
    for row in EXCLUSIONS:
        these = [answer for answer in answers_of(lesion, row.item) if answer in row.these]
        those = [answer for answer in answers_of(lesion, row.other) if answer in row.those]
        if these and those:
            yield row.item, these[0], those[0]
