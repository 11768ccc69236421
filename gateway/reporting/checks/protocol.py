"""What a report says of its sequences, and what it may not exclude when one of them was not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.reporting.answers import (
    Change,
    Completeness,
    JudgedBy,
    NewLesion,
    Quality,
    Recommendation,
    Referral,
    Suspicion,
)
from gateway.reporting.checks.contradiction import Contradiction
from gateway.reporting.codes import label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.opinion import Opinion

EXCLUDED = {NewLesion.ABSENT, NewLesion.NO_LESION}
MADE_AGAIN = {Recommendation.REPEAT_SEQUENCES, Recommendation.ADD_CONTRAST, Recommendation.FOLLOW_UP}


#: Names of the required sequences in a sentence.
SHORT = {"flair": "FLAIR", "t2": "T2", "dwi": "DWI at b = 1000 s/mm²"}


def _required(opinion: Opinion) -> str:
    names = [SHORT[name] for name in opinion.protocol.required]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def simplified_is_for_surveillance(opinion: Opinion) -> Iterator[Contradiction]:
    """A suspicion is always judged by the full protocol, whatever a site declared for its surveillance."""
    if opinion.protocol.judged_by is JudgedBy.SIMPLIFIED and opinion.context.referral not in {
        None,
        Referral.SURVEILLANCE,
    }:
        yield Contradiction(
            "protocol.judged_by",
            f"“{JudgedBy.SIMPLIFIED.label}”, but the referral is “{opinion.context.referral.label}”.",
            f"Choose “{JudgedBy.FULL.label}”, or correct the referral.",
        )


def missing_sequence_is_incomplete(opinion: Opinion) -> Iterator[Contradiction]:
    """A protocol without one of the sequences that it asks for is incomplete."""
    if opinion.protocol.completeness is Completeness.INCOMPLETE:
        return
    required = opinion.protocol.required
    missing = [label(f"sequence.{name}") for name, sequence in required.items() if not sequence.present]
    if missing:
        yield Contradiction(
            "protocol.completeness",
            f"Protocol “{opinion.protocol.completeness.label}”, but not available: {', '.join(missing)}.",
            "Choose “incomplete: required sequence missing”.",
        )


def coverage_is_said(opinion: Opinion) -> Iterator[Contradiction]:
    """How much of the brain a required sequence shows is said; “not known” is an answer."""
    for name, sequence in opinion.protocol.required.items():
        if sequence.present and sequence.coverage is None:
            yield Contradiction(
                f"protocol.sequences.{name}.coverage",
                f"{label(f'sequence.{name}')}: coverage not answered.",
                "Choose whole brain, part of the brain, or not known.",
            )


def quality_follows_sequences(opinion: Opinion) -> Iterator[Contradiction]:
    """An examination of which no sequence is readable is not of diagnostic quality."""
    present = [sequence for _, sequence in opinion.protocol.sequences if sequence.present]
    unreadable = not any(sequence.readable for sequence in present)
    if present and unreadable and opinion.protocol.quality is Quality.DIAGNOSTIC:
        yield Contradiction(
            "protocol.quality",
            "The examination is called diagnostic, but none of its sequences is.",
            f"Choose “{Quality.NON_DIAGNOSTIC.label}”, or correct a sequence.",
        )


def limitation_is_explained(opinion: Opinion) -> Iterator[Contradiction]:
    """What limits the examination is said in words."""
    limited = opinion.protocol.completeness is Completeness.LIMITED
    if (limited or opinion.protocol.quality is Quality.NON_DIAGNOSTIC) and not opinion.protocol.limitation:
        yield Contradiction(
            "protocol.limitation",
            "The examination is limited, but nothing says how.",
            "Describe the limitation.",
        )


def spectra_follow_sequence(opinion: Opinion) -> Iterator[Contradiction]:
    """A spectrum and its sequence come together."""
    if opinion.protocol.sequences.mrs.readable and not opinion.spectra:
        yield Contradiction(
            "spectra",
            "Spectroscopy is present, but no spectrum is reported.",
            "Enter one, or mark MRS as absent.",
        )
    if opinion.spectra and not opinion.protocol.sequences.mrs.present:
        yield Contradiction(
            "protocol.sequences.mrs.acquired",
            "A spectrum is reported, but spectroscopy is absent.",
            "Mark MRS as present, or delete the spectrum.",
        )


def nothing_is_excluded_unseen(opinion: Opinion) -> Iterator[Contradiction]:
    """Levels 0 and 1, “no new lesion” and routine surveillance rest on the whole brain, seen in every way required."""
    shortfalls = "; ".join(opinion.protocol.shortfalls)
    needed = f"needs {_required(opinion)}, readable over the whole brain"
    if shortfalls and opinion.suspicion.is_at_most(1):
        yield Contradiction(
            "suspicion",
            f"Suspicion level {opinion.suspicion.level} {needed}, but: {shortfalls}.",
            "Choose “not assessable” and recommend to repeat the sequences, or correct the protocol.",
        )
    if shortfalls and opinion.new_lesion in EXCLUDED:
        yield Contradiction(
            "new_lesion",
            f"New lesion “{opinion.new_lesion.label}” {needed}, but: {shortfalls}.",
            "Choose “not assessable”, or correct the protocol.",
        )
    if shortfalls and Recommendation.ROUTINE in opinion.recommendations:
        yield Contradiction(
            "recommendations",
            f"Routine surveillance {needed}, but: {shortfalls}.",
            "Recommend to repeat the sequences or a follow-up MRI, or correct the protocol.",
        )
    sequences, change = opinion.protocol.sequences, opinion.comparison.t2_load_change
    if change not in {None, Change.NOT_ASSESSABLE} and not (
        sequences.flair.readable or sequences.t2.readable
    ):
        yield Contradiction(
            "comparison.t2_load_change",
            "A change of the T2 lesion load is given, but neither FLAIR nor T2 is readable.",
            "Choose “not assessable”, or correct the sequence.",
        )


def not_assessable_is_made_again(opinion: Opinion) -> Iterator[Contradiction]:
    """Who cannot tell asks for images that can: at “not assessable”, and at level 2 that rests on no lesion."""
    unseen = opinion.suspicion.level == 2 and opinion.protocol.shortfalls and not opinion.lesions_left
    if opinion.suspicion is not Suspicion.NOT_ASSESSABLE and not unseen:
        return
    repeat = {Recommendation.REPEAT_SEQUENCES}
    if not (repeat if opinion.protocol.shortfalls else MADE_AGAIN) & set(opinion.recommendations):
        what = "the sequences that were not readable are not" if unseen else "no further images are"
        yield Contradiction(
            "recommendations",
            f"Suspicion “{opinion.suspicion.label}”, but {what} recommended.",
            f"Recommend “{Recommendation.REPEAT_SEQUENCES.label}”.",
        )


def not_assessable_is_explained(opinion: Opinion) -> Iterator[Contradiction]:
    """Asked: why three readable sequences of the whole brain do not suffice."""
    if opinion.suspicion is Suspicion.NOT_ASSESSABLE and not opinion.protocol.shortfalls:
        yield Contradiction(
            "suspicion",
            f"Suspicion “not assessable”, but {_required(opinion)} are readable over the whole brain.",
            "Choose a level, correct the protocol, or say what is missing.",
            "not_assessable_though_readable",
        )
