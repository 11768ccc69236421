"""What a report is made of before it is DICOM or print: headings, and questions with their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from decimal import Decimal

    from gateway.reporting.answers import Answer


@dataclass(frozen=True)
class Coded:
    """A question answered with a code; both are keys of `codes.json`. `modifiers` say more of the same answer."""

    concept: str
    value: str
    modifiers: tuple[Coded, ...] = ()


@dataclass(frozen=True)
class Words:
    """A question answered in words."""

    concept: str
    text: str


@dataclass(frozen=True)
class Drawn:
    """Places on one picture, mm of the patient; `graphic` is POINT, POLYLINE or POLYGON (PS3.3 C.18.6.1.2).

    `frame` from 1; None where the instance has one.
    """

    concept: str
    sop_instance_uid: str
    frame: int | None
    graphic: str
    points: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Measured:
    """A question answered with a number and a UCUM unit (`unit.*` key); `drawn` is what it was measured on."""

    concept: str
    value: Decimal | int
    unit: str
    drawn: Drawn | None = None


@dataclass(frozen=True)
class Day:
    """A question answered with a date."""

    concept: str
    day: date


@dataclass(frozen=True)
class Moment:
    """A question answered with an aware date and time."""

    concept: str
    at: datetime


@dataclass(frozen=True)
class UidReference:
    """A question answered with a UID that is no instance, such as a study."""

    concept: str
    uid: str


@dataclass(frozen=True)
class ImageReference:
    """A reference to one instance of the study, and to one frame of it (from 1) where one was told."""

    concept: str
    sop_instance_uid: str
    frame: int | None = None


@dataclass(frozen=True)
class Heading:
    """A heading with what stands under it, and the template of PS3.16 that it follows (TID), where it names one."""

    concept: str
    entries: tuple[Entry, ...]
    template: str = ""


Entry = Coded | Words | Measured | Day | Moment | UidReference | ImageReference | Drawn | Heading


def coded(concept: str, *answers: Answer | None) -> Iterable[Coded]:
    """The question with each of its answers."""
    return (Coded(concept, answer.key) for answer in answers if answer is not None)


def words(concept: str, text: str) -> Iterable[Words]:
    """The question in words, when there are any."""
    return (Words(concept, text),) if text else ()


def measured(concept: str, value: Decimal | int | None, unit: str) -> Iterable[Measured]:
    """The question with its number in `unit` (key below `unit.`), when there is a number."""
    return (Measured(concept, value, f"unit.{unit}"),) if value is not None else ()
