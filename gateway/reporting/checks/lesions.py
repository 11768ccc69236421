"""What is said of a lesion: signals follow their sequences, answers do not exclude each other, numbers are distinct."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.form import item_of_field
from gateway.reporting.lesions.answers import (
    SEQUENCE_OF,
    UNREAD,
    AnatomicalSite,
    IrisSign,
    Laterality,
    TimeCourse,
    Topography,
)
from gateway.reporting.lesions.exclusions import answers_of, excluded
from gateway.reporting.lesions.identity import numbered, numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.opinion import Opinion

#: Signs of inflammation that only a contrast-enhanced T1 shows.
ENHANCING = {IrisSign.MORE_ENHANCEMENT, IrisSign.MENINGEAL}
#: Values that say that a sign is absent.
NEGATIVE = {"none", "normal"}
#: Sites with a left and a right one apart from each other.
PAIRED = {
    AnatomicalSite.FRONTAL_LOBE,
    AnatomicalSite.PARIETAL_LOBE,
    AnatomicalSite.TEMPORAL_LOBE,
    AnatomicalSite.OCCIPITAL_LOBE,
    AnatomicalSite.CEREBRAL_WHITE_MATTER,
    AnatomicalSite.CEREBRAL_CORTEX,
    AnatomicalSite.INTERNAL_CAPSULE,
    AnatomicalSite.THALAMUS,
    AnatomicalSite.BASAL_GANGLIA,
    AnatomicalSite.CAUDATE,
    AnatomicalSite.PUTAMEN,
    AnatomicalSite.PALLIDUM,
    AnatomicalSite.MIDDLE_CEREBELLAR_PEDUNCLE,
}
SUPRATENTORIAL = PAIRED - {AnatomicalSite.MIDDLE_CEREBELLAR_PEDUNCLE} | {AnatomicalSite.CORPUS_CALLOSUM}


def _title(field: str) -> str:
    item = item_of_field(field)
    return item.label if item else field


def signals_follow_sequences(opinion: Opinion) -> Iterator[Contradiction]:
    """What was not acquired cannot be described, and what was not readable cannot be called free of a sign.

    A sign that shows through artefacts is seen; its absence is not. A readable sequence may still not show this lesion.
    """
    for place, (number, lesion) in enumerate(numbered(opinion.lesions)):
        for item, sequence in SEQUENCE_OF.items():
            seen = getattr(opinion.protocol.sequences, sequence)
            described = [
                answer
                for answer in answers_of(lesion, item)
                if answer.value not in UNREAD
                and (item != "iris_signs" or answer in ENHANCING)
                and (not seen.present or (not seen.readable and answer.value in NEGATIVE))
            ]
            if described:
                yield Contradiction(
                    f"lesions.{place}.{item}",
                    f"Lesion {number}: {_title(f'lesions.{place}.{item}')} “{described[0].label}”, but its "
                    f"sequence is {'not readable' if seen.present else 'absent'}.",
                    "Choose “not assessable”, or correct the quality of the sequence."
                    if seen.present
                    else "Choose “not covered”, or mark the sequence as present.",
                )


def sides_and_sites_agree(opinion: Opinion) -> Iterator[Contradiction]:
    """A site that lies on both sides of the brain has a side, and nothing of the cerebrum is infratentorial."""
    for place, (number, lesion) in enumerate(numbered(opinion.lesions)):
        for site, side in lesion.places.items():
            if site in PAIRED and side in {Laterality.NOT_APPLICABLE, Laterality.MIDLINE}:
                yield Contradiction(
                    f"lesions.{place}.places",
                    f"Lesion {number}: {site.label} with side “{side.label}”.",
                    "Choose left, right or bilateral.",
                )
        if Topography.INFRATENTORIAL in (lesion.topography or ()) and set(lesion.places) <= SUPRATENTORIAL:
            yield Contradiction(
                f"lesions.{place}.topography",
                f"Lesion {number}: “{Topography.INFRATENTORIAL.label}”, but every site is above the tentorium.",
                "Correct the topography, or add the infratentorial site.",
            )


def resolved_measures_nothing(opinion: Opinion) -> Iterator[Contradiction]:
    """What is no longer seen has no size."""
    for place, (number, lesion) in enumerate(numbered(opinion.lesions)):
        for item in ("long_axis_mm", "volume_cm3"):
            if lesion.time_course is TimeCourse.RESOLVED and getattr(lesion, item) is not None:
                field = f"lesions.{place}.{item}"
                yield Contradiction(
                    field,
                    f"Lesion {number}: {_title(field)} is given, but the lesion is “{lesion.time_course.label}”.",
                    "Delete the measure, or correct the time course.",
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
