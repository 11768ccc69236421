"""Was contrast agent given before a series? Given, not given or unknown, with what says so.

Statements of attributes go first (PS3.3 C.7.6.4, C.8.13.4, C.7.6.16.2.12): whether an agent was administered, its
name, the meanings of its codes, volume and dose, and when the injection began. Where they disagree, and where nobody
understands them, contrast is unknown: nothing is decided by a majority. A description counts only where attributes are
silent; where it says otherwise they are less sure. Words are understood by one table (`contrast_words`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from routing_rules.series.contrast_words import Contrast, agent_says, words_say
from routing_rules.series.image_attributes import ImageTraits

DOUBT = 0.15
"""What attributes lose where the description says otherwise."""
_HALF_A_DAY_S = 12 * 3600
_ENHANCED_S = 2 * 3600
"""An injection longer ago than this is a mistaken time, or of no use to the image."""


@dataclass(frozen=True)
class Statement:
    """What one source says; `why` is a text without a word that people typed."""

    contrast: Contrast
    confidence: float
    why: str


@dataclass(frozen=True)
class ContrastEvidence:
    """The answer; `why` says what it rests on, or what is missing; `caveats` are for people."""

    contrast: Contrast
    confidence: float
    why: str
    caveats: tuple[str, ...] = ()

    @property
    def given(self) -> bool | None:
        """True, False, or None where it is unknown."""
        return {Contrast.GIVEN: True, Contrast.NOT_GIVEN: False}.get(self.contrast)


def contrast_evidence(images: Sequence[ImageTraits]) -> ContrastEvidence:
    """What the images of one series say about contrast agent."""
    named = [*_named(images), *_coded(images)]
    # Saline has a volume and a time too: beside an agent that is not understood they prove nothing.
    unclear = bool(named) and all(each.contrast is Contrast.UNKNOWN for each in named)
    indirect = [
        each
        for each in (*_measured(images), *_timed(images))
        if not (unclear and each.contrast is Contrast.GIVEN)
    ]
    statements = [*_administered(images), *named, *indirect]
    understood = [each for each in statements if each.contrast is not Contrast.UNKNOWN]
    answers = {each.contrast for each in understood}
    if len(answers) > 1:
        why = " but ".join(
            next(each.why for each in understood if each.contrast is one) for one in sorted(answers)
        )
        return ContrastEvidence(Contrast.UNKNOWN, 0.0, f"contrast is contradictory: {why}", (CONTRADICTORY,))
    described = _described(images)
    if understood:
        best = max(understood, key=lambda each: each.confidence)
        if described is not None and described.contrast not in (best.contrast, Contrast.UNKNOWN):
            doubted = round(best.confidence - DOUBT, 2)
            return ContrastEvidence(best.contrast, doubted, f"{best.why}, but {described.why}", (OTHERWISE,))
        return ContrastEvidence(best.contrast, best.confidence, best.why)
    if statements:
        return ContrastEvidence(Contrast.UNKNOWN, 0.0, statements[0].why, (NOT_UNDERSTOOD,))
    return (
        ContrastEvidence(described.contrast, described.confidence, described.why)
        if described
        else ContrastEvidence(Contrast.UNKNOWN, 0.0, "nothing says whether contrast was given")
    )


CONTRADICTORY = "attributes of contrast agent contradict each other"
OTHERWISE = "the description says otherwise about contrast"
NOT_UNDERSTOOD = "ContrastBolusAgent says nothing that is understood"


def _administered(images: Sequence[ImageTraits]) -> Iterator[Statement]:
    """Frames before the injection do not take the agent from those after it: one YES speaks for the series."""
    said = {image.agent_administered for image in images}
    if "YES" in said:
        yield Statement(Contrast.GIVEN, 0.98, "ContrastBolusAgentAdministered YES")
    elif "NO" in said:
        yield Statement(Contrast.NOT_GIVEN, 0.95, "ContrastBolusAgentAdministered NO")


_AGENT_WHY = {
    Contrast.GIVEN: (0.95, "{} names an agent"),
    Contrast.NOT_GIVEN: (0.85, "{} says that none was given"),
    Contrast.UNKNOWN: (0.0, "{} says nothing that is understood"),
}


def _named(images: Sequence[ImageTraits]) -> Iterator[Statement]:
    return _understood({image.agent or "" for image in images}, "ContrastBolusAgent", 1.0)


def _coded(images: Sequence[ImageTraits]) -> Iterator[Statement]:
    meanings = {meaning for image in images for meaning in image.agent_meanings}
    return _understood(meanings, "ContrastBolusAgentSequence", 0.9)


def _understood(texts: Iterable[str], attribute: str, most: float) -> Iterator[Statement]:
    """One statement for each answer that the texts of the attribute give."""
    for answer in sorted({said for text in texts if (said := agent_says(text))}):
        confidence, why = _AGENT_WHY[answer]
        yield Statement(answer, min(confidence, most), why.format(attribute))


def _measured(images: Sequence[ImageTraits]) -> Iterator[Statement]:
    amounts = [amount for image in images for amount in image.agent_amounts]
    if any(amount > 0 for amount in amounts):
        yield Statement(Contrast.GIVEN, 0.85, "an amount of agent is stated")
    elif amounts:
        yield Statement(Contrast.NOT_GIVEN, 0.8, "the amount of agent is 0")


def _timed(images: Sequence[ImageTraits]) -> Iterator[Statement]:
    """An injection that began shortly before the image was acquired, or after it; times of day."""
    passed = [
        (acquired - began) % 86_400
        for image in images
        if (began := seconds_of_day(image.agent_started_at)) is not None
        and (acquired := seconds_of_day(time_of(image.acquired_at))) is not None
    ]
    if any(each <= _ENHANCED_S for each in passed):
        yield Statement(Contrast.GIVEN, 0.8, "the injection began before the acquisition")
    elif passed and all(each >= _HALF_A_DAY_S for each in passed):
        yield Statement(Contrast.NOT_GIVEN, 0.8, "acquired before the injection began")


_WORDS_WHY = {
    Contrast.GIVEN: (0.6, "the description says contrast"),
    Contrast.NOT_GIVEN: (0.5, "the description says before or without contrast"),
    Contrast.UNKNOWN: (0.0, "the description leaves open whether contrast was given"),
}


def _described(images: Sequence[ImageTraits]) -> Statement | None:
    texts = {image.description for image in images} | {image.protocol_name for image in images}
    answers = {said for text in texts if (said := words_say(text))}
    if not answers:
        return None
    # The protocol is named before it is known whether an agent will be given: its contradiction leaves it open.
    answer = answers.pop() if len(answers) == 1 else Contrast.UNKNOWN
    return Statement(answer, *_WORDS_WHY[answer])


def time_of(moment: str) -> str:
    """The time of a date with time (`SeriesFacts.acquired_at`), or of a time that stands alone."""
    return moment[8:] if len(moment) > 8 else moment


def seconds_of_day(time: str) -> float | None:
    """A time as PS3.5 writes it (HHMMSS.FFFFFF, shorter, or with colons) in seconds; None when it is none.

    Midnight sharp and the last second of the day are what programs write for "no time".
    """
    digits = time.replace(":", "").partition(".")[0]
    if not digits.isdecimal() or len(digits) not in (4, 6):
        return None
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:6] or 0)
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    return None if (hours, minutes, seconds) in _NO_TIME else hours * 3600 + minutes * 60 + seconds


_NO_TIME = ((0, 0, 0), (23, 59, 59))
