"""What the study itself contradicts in a report: facts the gateway has and no form says."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.reporting.answers import ComparisonDone, Completeness, JudgedBy
from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.checks.identity import texts_of
from gateway.reporting.checks.marked_pictures import MarkedPictures
from gateway.reporting.codes import label
from gateway.reporting.lesions.identity import numbered
from gateway.reporting.lesions.marks import key_image

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from gateway.reporting.checks.study_facts import StudyFacts
    from gateway.reporting.opinion import Opinion

CLOCKS_DIFFER = timedelta(minutes=5)
"""So much may the clock of who called be wrong; calls are written to the minute."""
OLDEST_PRIOR = timedelta(days=50 * 366)
"""Ours: no MRI of a person is older; a year of two digits or a slip of the pen wrote it."""
LOWEST_B, HIGHEST_B = 800, 1200
"""s/mm2, the same as in the protocol (`routing_rules/protocol/protocol.yaml`): what still counts as b = 1000."""
LIMITED = frozenset({"readable_with_limits", "not_readable"})


def pictures_are_of_the_study(opinion: Opinion, facts: StudyFacts) -> Iterator[Contradiction]:
    """A mark that is not on a picture of this study would come back at another patient's place, or at none."""
    if facts.index is None:
        return
    pictures = MarkedPictures(facts.index)
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


def contrast_is_not_denied(opinion: Opinion, facts: StudyFacts) -> Iterator[Contradiction]:
    """A recognised contrast-enhanced T1 is called absent only with what it really is."""
    protocol = opinion.protocol
    if facts.contrast_t1 and not protocol.sequences.t1_contrast.present and not protocol.contrast_correction:
        yield Contradiction(
            "protocol.sequences.t1_contrast.acquired",
            "A contrast-enhanced T1 was recognised in this study, but the report says it is absent.",
            "Mark it as present, or say in “correction of the recognised contrast series” what it really is.",
        )


def call_is_about_the_study(opinion: Opinion, facts: StudyFacts) -> Iterator[Contradiction]:
    """A call is made after the study came and before the signature; five minutes are left to clocks that differ."""
    told = opinion.communication
    if told is None:
        return
    if facts.readable_since and told.at < facts.readable_since - CLOCKS_DIFFER:
        yield Contradiction(
            "communication.at",
            f"The call at {told.at.isoformat()} is before the study was here.",  # when that was tells a shift
            "Enter when the call about this study was made, with its zone.",
        )
    if facts.now and told.at > facts.now + CLOCKS_DIFFER:
        yield Contradiction(
            "communication.at",
            f"The call at {told.at.isoformat()} is later than now ({facts.now.isoformat(timespec='minutes')}).",
            "Call first, then enter when the call was made, with its zone.",
        )


def simplified_was_declared(opinion: Opinion, facts: StudyFacts) -> Iterator[Contradiction]:
    """A report names the simplified protocol only where the study was judged by it."""
    if opinion.protocol.judged_by is JudgedBy.SIMPLIFIED and facts.simplified is False:
        yield Contradiction(
            "protocol.judged_by",
            f"“{JudgedBy.SIMPLIFIED.label}”, but this study was not judged by it: its site declared none, or PML is "
            "suspected.",
            f"Choose “{JudgedBy.FULL.label}”.",
        )


def prior_is_earlier(opinion: Opinion, facts: StudyFacts) -> Iterator[Contradiction]:
    """A prior is not later than the study, and no older than an MRI can be. A second study of one day is a prior."""
    prior, day = opinion.comparison.prior_study_date, facts.shown_study_date
    if prior is None or day is None:
        return
    if prior > day:
        yield Contradiction(
            "comparison.prior_study_date",
            f"The prior study of {prior} is later than this study of {day}.",
            "Enter the date of an earlier study as it is shown to you.",
        )
    elif day - prior > OLDEST_PRIOR:
        yield Contradiction(
            "comparison.prior_study_date",
            f"The prior study of {prior} would be more than 50 years older than this study.",
            "Enter the date of an earlier study as it is shown to you.",
        )


def own_pseudonym_is_not_written(opinion: Opinion, facts: StudyFacts) -> Iterator[Contradiction]:
    """The patient's pseudonym in free text would come back as it is, however it is spelt."""
    pseudonym = _letters(facts.pseudonym)
    if len(pseudonym) < 6:  # so short a word may be part of any other
        return
    said = texts_of(opinion) | {f"reasons.{key}": reason for key, reason in opinion.reasons.items()}
    for field, text in said.items():
        if pseudonym in _letters(text):
            yield Contradiction(
                field,
                "The text contains the pseudonym of this patient.",
                "Delete it; the gateway restores the patient itself.",
            )


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def prior_is_here(opinion: Opinion, facts: StudyFacts) -> Iterator[Contradiction]:
    """Asked: which study a comparison is with that the gateway does not have. A day read elsewhere is not shifted."""
    prior = opinion.comparison.prior_study_date
    earlier = facts.earlier_days
    if (
        prior is None
        or earlier is None
        or prior in earlier
        or opinion.comparison.done is not ComparisonDone.YES
    ):
        return
    if facts.shown_study_date and prior > facts.shown_study_date:  # refused already
        return
    here = f"here are {', '.join(day.isoformat() for day in earlier)}" if earlier else "none is here"
    yield Contradiction(
        "comparison.prior_study_date",
        f"No earlier study of this patient is of {prior}; {here}.",
        "Choose one that is here, or say which study it was compared with.",
        "prior_not_here",
    )


def sequences_were_received(opinion: Opinion, facts: StudyFacts) -> Iterator[Contradiction]:
    """Asked: which series a sequence is that is said to be present and was not recognised. Recognition may fail."""
    if not facts.received:
        return
    said = [name for name, sequence in opinion.protocol.sequences if sequence.present]
    unseen = [label(f"sequence.{name}") for name in said if name not in facts.received and name != "mrs"]
    if unseen:
        yield Contradiction(
            "protocol.completeness",
            f"Said to be present, but not recognised in this study: {', '.join(unseen)}.",
            "Mark it as absent, or say which series it is.",
            "sequence_not_recognised",
        )


def b_value_was_measured(opinion: Opinion, facts: StudyFacts) -> Iterator[Contradiction]:
    """Asked: how diffusion images are b = 1000 s/mm² whose headers say something else (800 to 1200 count as it)."""
    measured = [f"{value:g}" for value in facts.b_values]
    if opinion.protocol.sequences.dwi.readable and is_of_another_b_value(facts.b_values):
        yield Contradiction(
            "protocol.sequences.dwi.acquired",
            f"DWI at b = 1000 s/mm² is said to be present, but the images have b = {', '.join(measured)} s/mm².",
            "Mark it as absent, or say why these images do.",
            "b_value_not_measured",
        )


def is_of_another_b_value(b_values: Collection[float]) -> bool:
    """Whether b-values (s/mm2) are known and none of them counts as 1000."""
    return bool(b_values) and not any(LOWEST_B <= value <= HIGHEST_B for value in b_values)


def complete_fits_verdict(opinion: Opinion, facts: StudyFacts) -> Iterator[Contradiction]:
    """Asked: why a protocol is complete where the gateway, or a reader who judged it otherwise, found limits."""
    if opinion.protocol.completeness is not Completeness.COMPLETE or facts.readability not in LIMITED:
        return
    who = "a reader judged this study" if facts.overruled else "the gateway found this study"
    yield Contradiction(
        "protocol.completeness",
        f"“{Completeness.COMPLETE.label}”, but {who} “{facts.readability.replace('_', ' ')}”.",
        "Choose another answer, judge the protocol otherwise on the page of the case, or say why.",
        "complete_against_verdict",
    )
