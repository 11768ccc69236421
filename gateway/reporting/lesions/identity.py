"""Which lesion of the patient's earlier signed reports a lesion is: it keeps its number and its tracking UID.

A reader says it with the number. What the newest earlier report of it measured, and the tracking UID, follow from the
number; whatever a form brings of them is dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.reporting.lesions.answers import TimeCourse
from gateway.reporting.lesions.lesion import typed_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gateway.reporting.lesions.lesion import Lesion

_GIVEN = re.compile(r"lesions\.([0-9]{1,3})\.(?:tracking_uid|prior\..+)")
_OF_A_LESION = re.compile(r"lesions\.([0-9]{1,3})\.")


@dataclass(frozen=True)
class PriorLesion:
    """What the newest earlier report that describes a lesion says; `days` lie between the two studies (1 or more)."""

    days: int
    lesion: Lesion


@dataclass(frozen=True)
class PriorLesions:
    """The lesions of the patient's earlier signed reports by number, and the highest number that any report used."""

    lesions: Mapping[int, PriorLesion]
    highest: int


def numbers_of(lesions: Sequence[Lesion]) -> tuple[int, ...]:
    """The number of each lesion; one without gets the next above all others, so that no number is used again."""
    highest = max((lesion.number or 0 for lesion in lesions), default=0)
    numbers = []
    for lesion in lesions:
        if lesion.number is None:
            highest += 1
        numbers.append(lesion.number or highest)
    return tuple(numbers)


def numbered(lesions: Sequence[Lesion]) -> list[tuple[int, Lesion]]:
    """Each lesion behind its number, in their order."""
    return list(zip(numbers_of(lesions), lesions, strict=True))


def numbers_of_groups(content: Mapping[str, Any]) -> dict[int, int]:
    """The number of each group of lesion fields, as `numbers_of` gives it to the lesions made of them."""
    groups = sorted({int(match[1]) for field in content if (match := _OF_A_LESION.match(field))})
    typed = {group: typed_number(content.get(f"lesions.{group}.number")) for group in groups}
    highest = max((number or 0 for number in typed.values()), default=0)
    numbers = {}
    for group, number in typed.items():
        if number is None:
            highest += 1
        numbers[group] = number or highest
    return numbers


def as_before(lesions: Sequence[Lesion], before: Sequence[Lesion]) -> tuple[Lesion, ...]:
    """Lesions of a corrected report: each keeps the tracking UID that its number had in the report it replaces."""
    known = {number: lesion.tracking_uid for number, lesion in numbered(before)}
    return tuple(
        lesion
        if lesion.tracking_uid or not known.get(number)
        else lesion.model_copy(update={"tracking_uid": known[number]})
        for number, lesion in numbered(lesions)
    )


def prior_lesions(lesions: Sequence[Lesion], days: int) -> PriorLesions | None:
    """The lesions of a report that was `days` earlier; None when it was not earlier or had none."""
    if days < 1 or not lesions:
        return None
    known = {number: PriorLesion(days, lesion) for number, lesion in numbered(lesions)}
    return PriorLesions(known, max(known))


def merged(reports: Iterable[PriorLesions | None]) -> PriorLesions | None:
    """The lesions of several reports, newest first: the newest description of each number, and the highest number.

    A report in between that says nothing of a lesion, such as one of unreadable images, does not end its identity.
    """
    lesions: dict[int, PriorLesion] = {}
    highest = 0
    for report in filter(None, reports):
        lesions = {**report.lesions, **lesions}
        highest = max(highest, report.highest)
    return PriorLesions(dict(sorted(lesions.items())), highest) if highest else None


def highest_number(prior: PriorLesions | None) -> int:
    """The highest number that an earlier report of the patient used; 0 when there is none."""
    return prior.highest if prior else 0


def proposed(prior: PriorLesions | None) -> dict[str, str | list[str]]:
    """Form fields of a new report: the known lesions with number and sites, to be described or removed.

    One that has resolved is not proposed; it keeps its number, should it come back.
    """
    content: dict[str, str | list[str]] = {}
    known = prior.lesions.items() if prior else ()
    still_there = [
        (number, before.lesion)
        for number, before in known
        if before.lesion.time_course is not TimeCourse.RESOLVED
    ]
    for place, (number, lesion) in enumerate(still_there):
        group = f"lesions.{place}"
        content[f"{group}.number"] = str(number)
        content |= {f"{group}.places.{site.value}": side.value for site, side in lesion.places.items()}
        if lesion.other_site:
            content[f"{group}.other_site"] = lesion.other_site
    return content


def with_prior(content: Mapping[str, Any], prior: PriorLesions | None) -> dict[str, Any]:
    """A form with what the gateway knows of each numbered lesion: tracking UID, prior measures, days between.

    A lesion without a number gets the next one above those of all reports of the patient.
    """
    known = {field: value for field, value in content.items() if not _GIVEN.fullmatch(field)}
    groups = sorted({int(match[1]) for field in known if (match := _OF_A_LESION.match(field))})
    numbers = {group: typed_number(known.get(f"lesions.{group}.number")) for group in groups}
    highest = max([0, *(number or 0 for number in numbers.values()), highest_number(prior)])
    for group, number in numbers.items():
        if number is None and not known.get(f"lesions.{group}.number"):
            if not any(known[field] for field in known if field.startswith(f"lesions.{group}.")):
                continue  # a blank group is no lesion
            highest += 1
            known[f"lesions.{group}.number"] = str(highest)
        elif prior and (before := prior.lesions.get(number or 0)):
            lesion = before.lesion
            measures = {"long_axis_mm": lesion.long_axis_mm, "volume_cm3": lesion.volume_cm3}
            known[f"lesions.{group}.prior.days"] = str(before.days)
            known[f"lesions.{group}.prior.time_course"] = lesion.time_course.value
            known |= {
                f"lesions.{group}.prior.{name}": str(v) for name, v in measures.items() if v is not None
            }
            if lesion.tracking_uid:
                known[f"lesions.{group}.tracking_uid"] = lesion.tracking_uid
    return known


def tracked(lesions: Sequence[Lesion], new_uid: Callable[[], str]) -> tuple[Lesion, ...]:
    """The lesions as they are signed: each with its number and a tracking UID, a new one from `new_uid`."""
    return tuple(
        lesion.model_copy(update={"number": number, "tracking_uid": lesion.tracking_uid or new_uid()})
        for number, lesion in zip(numbers_of(lesions), lesions, strict=True)
    )
