"""Which sentences the answers of a form propose as its impression; a draft may have only some of the answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.reporting.answers import (
    Change,
    ComparisonDone,
    Completeness,
    IntervalUnit,
    IrisPhase,
    Language,
    NewLesion,
    Recommendation,
    Suspicion,
)
from gateway.reporting.numbers import with_point
from gateway.reporting.proposals.sentences import interval_key, sentence, sentences_in, without_sentences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_E = TypeVar("_E", bound=StrEnum)
MOST = 5
"""So many sentences at most; what is said least of all goes first."""
#: What a clinician misses least, first: the sections of the report say it too.
SPARED_FIRST = ("protocol", "t2_load")
#: A change is said against a prior, so without a comparison these say nothing.
COMPARED = frozenset({NewLesion.PRESENT, NewLesion.ABSENT})
LONGEST = Decimal(10_000)
"""An interval of more units is a slip of the pen, and proposes nothing."""


@dataclass(frozen=True)
class Answered:
    """The coded answers that an impression rests on; None where one is not given or is none."""

    language: Language = Language.ENGLISH
    compared: bool = False
    new_lesion: NewLesion | None = None
    t2_load: Change | None = None
    completeness: Completeness | None = None
    suspicion: Suspicion | None = None
    iris_phase: IrisPhase | None = None
    recommendations: tuple[str, ...] = ()
    value: Decimal | None = None
    unit: IntervalUnit | None = None


def answered(form: Mapping[str, Any]) -> Answered:
    """The answers of a form, complete or not; what is no answer counts as none."""
    recommended = form.get("recommendations") or ()
    return Answered(
        language=_one(Language, form.get("language")) or Language.ENGLISH,
        compared=form.get("comparison.done") == ComparisonDone.YES.value,
        new_lesion=_one(NewLesion, form.get("new_lesion")),
        t2_load=_one(Change, form.get("comparison.t2_load_change")),
        completeness=_one(Completeness, form.get("protocol.completeness")),
        suspicion=_one(Suspicion, form.get("suspicion")),
        iris_phase=_one(IrisPhase, form.get("iris_phase")),
        recommendations=(recommended,) if isinstance(recommended, str) else tuple(map(str, recommended)),
        value=_decimal(form.get("follow_up_value")),
        unit=_one(IntervalUnit, form.get("follow_up_unit")),
    )


def proposed(said: Answered) -> str:
    """One to five plain sentences; empty before a new lesion and the level of suspicion are answered."""
    return " ".join(sentences_of(said))


def sentences_of(said: Answered) -> tuple[str, ...]:
    """The sentences of `proposed`, in their order."""
    if said.suspicion is None or said.new_lesion is None:
        return ()
    chosen = dict(_all(said))
    for slot in SPARED_FIRST:
        if len(chosen) > MOST:
            chosen.pop(slot, None)
    return tuple(chosen.values())


def of_other_answers(text: str, said: Answered) -> list[str]:
    """The sentences of a text that were proposed from other answers than these, in whichever language."""
    now = {sentence for language in Language for _, sentence in _all(_in(said, language))}
    return [found for found in sentences_in(text) if found not in now]


def is_untouched(text: str) -> bool:
    """Whether a text has nothing but what was proposed, from these answers or from others; also when it is empty."""
    return not without_sentences(text)


def _all(said: Answered) -> Iterator[tuple[str, str]]:
    def one(slot: str, answer: StrEnum) -> tuple[str, str]:
        return slot, sentence(f"{slot}.{answer.value}", said.language)

    if said.new_lesion is not None and (said.compared or said.new_lesion not in COMPARED):
        yield one("new_lesion", said.new_lesion)
    if said.t2_load is not None and said.compared:
        yield one("t2_load", said.t2_load)
    if said.completeness not in {None, Completeness.COMPLETE}:
        yield "protocol", sentence(f"protocol.{said.completeness}", said.language)
    if said.suspicion is not None:
        yield one("suspicion", said.suspicion)
    if said.iris_phase not in {None, IrisPhase.NOT_APPLICABLE}:
        yield "iris_phase", sentence(f"iris_phase.{said.iris_phase}", said.language)
    if (next_mri := _next_mri(said)) is not None:
        yield "next", next_mri


def _next_mri(said: Answered) -> str | None:
    """The next MRI as it is recommended; None where two are, or an interval is not complete."""
    timed = [
        each for each in (Recommendation.ROUTINE, Recommendation.FOLLOW_UP) if each in said.recommendations
    ]
    if len(timed) != 1:
        return None
    what = timed[0].value
    if said.value is not None and said.unit is not None:
        return sentence(interval_key(what, said.value, said.unit, said.language), said.language, said.value)
    if timed[0] is Recommendation.ROUTINE and said.value is None and said.unit is None:
        return sentence(what, said.language)
    return None


def _in(said: Answered, language: Language) -> Answered:
    return replace(said, language=language)


def _one(answers: type[_E], value: object) -> _E | None:
    try:
        return answers(str(value))
    except ValueError:
        return None


def _decimal(value: object) -> Decimal | None:
    try:
        number = Decimal(with_point(str(value or "")))
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 < number < LONGEST else None
