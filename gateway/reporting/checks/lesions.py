"""What is said of a lesion: signals follow their sequences, answers do not exclude each other, numbers are distinct."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.form import item_of_field
from gateway.reporting.lesions.answers import UNREAD, AnatomicalSite
from gateway.reporting.lesions.exclusions import answers_of, excluded
from gateway.reporting.lesions.identity import numbered, numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.opinion import Opinion

#: Item of a lesion, and the sequence without which nothing can be said of it.
SEQUENCE_OF = {"t1": "t1", "t2": "t2", "dwi": "dwi", "adc": "dwi", "swi": "swi", "enhancement": "t1_contrast"}


def _title(field: str) -> str:
    item = item_of_field(field)
    return item.label if item else field


def signals_follow_sequences(opinion: Opinion) -> Iterator[Contradiction]:
    """What was not acquired cannot be described; one that was acquired may still not show this lesion."""
    for place, (number, lesion) in enumerate(numbered(opinion.lesions)):
        for item, sequence in SEQUENCE_OF.items():
            described = [answer for answer in answers_of(lesion, item) if answer.value not in UNREAD]
            if described and not getattr(opinion.protocol.sequences, sequence).present:
                field = f"lesions.{place}.{item}"
                yield Contradiction(
                    field,
                    f"Lesion {number}: {_title(field)} “{described[0].label}”, but its sequence is absent.",
                    "Choose “not covered”, or mark the sequence as present.",
                )


def answers_exclude_each_other(opinion: Opinion) -> Iterator[Contradiction]:
    """No two answers of a lesion that cannot both be true (table: `lesions.exclusions`)."""
    for place, (number, lesion) in enumerate(numbered(opinion.lesions)):
        for item, answer, other in excluded(lesion):
            field = f"lesions.{place}.{item}"
            yield Contradiction(
                field,
                f"Lesion {number}: {_title(field)} “{answer.label}” excludes “{other.label}”.",
                "Keep one of them.",
            )


def another_site_is_named(opinion: Opinion) -> Iterator[Contradiction]:
    """“Other site” comes with its name, and the name with “other site”."""
    for place, (number, lesion) in enumerate(numbered(opinion.lesions)):
        if (AnatomicalSite.OTHER in lesion.places) is not bool(lesion.other_site):
            yield Contradiction(
                f"lesions.{place}.other_site",
                f"Lesion {number}: “{AnatomicalSite.OTHER.label}” and its name do not come together.",
                "Name the site and choose its side at “other site”, or delete both.",
            )


def numbers_are_distinct(opinion: Opinion) -> Iterator[Contradiction]:
    """A number names one lesion, and a spectrum names a lesion of this report."""
    numbers = numbers_of(opinion.lesions)
    for place, number in enumerate(numbers):
        if number in numbers[:place]:
            yield Contradiction(
                f"lesions.{place}.number",
                f"Two lesions of this report have the number {number}.",
                "Give each lesion its own; leave it empty for a lesion that no report had before.",
            )
    for place, spectrum in enumerate(opinion.spectra):
        if spectrum.lesion is not None and spectrum.lesion not in numbers:
            yield Contradiction(
                f"spectra.{place}.lesion",
                f"Spectrum {place + 1} is of lesion {spectrum.lesion}, but this report has no such lesion.",
                f"Choose one of {', '.join(map(str, numbers))}." if numbers else "Delete the number.",
            )
