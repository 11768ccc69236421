"""What the study itself contradicts in a report: facts the gateway has and no form says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from gateway.reporting.answers import JudgedBy
from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.checks.marked_pictures import MarkedPictures
from gateway.reporting.lesions.identity import numbered
from gateway.reporting.lesions.marks import key_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.imaging.study_index import StudyIndex
    from gateway.reporting.opinion import Opinion

CLOCKS_DIFFER = timedelta(minutes=5)
"""So much may the clock of who called be wrong; calls are written to the minute."""


@dataclass(frozen=True)
class StudyFacts:
    """What is known of a study beside its images; None: not known, and nothing is checked.

    `contrast_t1`: a contrast-enhanced T1 was recognised. `readable_since`: when the study was here to be read, which
    is no date of the patient's and bounds every call about it. `shown_study_date`: its date as the reader sees it
    (shifted). `now`: the time of the signature.
    """

    contrast_t1: bool | None = None
    readable_since: datetime | None = None
    shown_study_date: date | None = None
    now: datetime | None = None
    simplified: bool | None = None
    """Whether the study's site declared the simplified protocol, and the study was judged by it."""
    index: StudyIndex | None = None
    """Of the copies that the reader saw: every mark and key image is on one of them."""


def contradictions_of_study(opinion: Opinion, facts: StudyFacts) -> Iterator[Contradiction]:
    """What the study contradicts; empty when the report may be signed."""
    yield from _recognised_contrast(opinion, facts)
    yield from _time_of_call(opinion, facts)
    if opinion.protocol.judged_by is JudgedBy.SIMPLIFIED and facts.simplified is False:
        yield Contradiction(
            "protocol.judged_by",
            f"“{JudgedBy.SIMPLIFIED.label}”, but this study was not judged by it: its site declared none, or PML is "
            "suspected.",
            f"Choose “{JudgedBy.FULL.label}”.",
        )
    if facts.index is not None:
        yield from _pictures(opinion, facts.index)
    prior = opinion.comparison.prior_study_date
    if prior and facts.shown_study_date and prior > facts.shown_study_date:
        yield Contradiction(
            "comparison.prior_study_date",
            f"The prior study of {prior} is later than this study of {facts.shown_study_date}.",
            "Enter the date of an earlier study as it is shown to you.",
        )


def _pictures(opinion: Opinion, index: StudyIndex) -> Iterator[Contradiction]:
    """A mark that is not on a picture of this study would come back at another patient's place, or at none."""
    pictures = MarkedPictures(index)
    for place, (number, lesion) in enumerate(numbered(opinion.lesions)):
        if not all(pictures.holds(*key_image(shown)) for shown in lesion.key_images):
            yield Contradiction(
                f"lesions.{place}.key_images",
                f"Lesion {number}: a key image is no picture of this study.",
                "Remove it and choose it again.",
            )
        for mark in lesion.marks:
            if why := pictures.trouble(mark):
                yield Contradiction(
                    f"lesions.{place}.marks",
                    f"Lesion {number}: a mark {why}.",
                    "Remove it and mark the lesion again.",
                )


def _recognised_contrast(opinion: Opinion, facts: StudyFacts) -> Iterator[Contradiction]:
    """The reader may confirm what was not recognised, and may overrule a recognition by saying why."""
    protocol = opinion.protocol
    if facts.contrast_t1 and not protocol.sequences.t1_contrast.present and not protocol.contrast_correction:
        yield Contradiction(
            "protocol.sequences.t1_contrast.acquired",
            "A contrast-enhanced T1 was recognised in this study, but the report says it is absent.",
            "Mark it as present, or say in “correction of the recognised contrast series” what it really is.",
        )


def _time_of_call(opinion: Opinion, facts: StudyFacts) -> Iterator[Contradiction]:
    told = opinion.communication
    if told is None:
        return
    if facts.readable_since and told.at < facts.readable_since - CLOCKS_DIFFER:
        yield Contradiction(
            "communication.at",
            f"The call at {told.at.isoformat()} is before the study was here "
            f"({facts.readable_since.isoformat(timespec='minutes')}).",
            "Enter when the call about this study was made, with its zone.",
        )
    if facts.now and told.at > facts.now + CLOCKS_DIFFER:
        yield Contradiction(
            "communication.at",
            f"The call at {told.at.isoformat()} is later than now ({facts.now.isoformat(timespec='minutes')}).",
            "Call first, then enter when the call was made, with its zone.",
        )
