"""What is said of a lesion: signals follow their sequences, answers do not exclude each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.reporting.answers import (
    DwiPattern,
    Enhancement,
    SwiPattern,
    T1Signal,
    T2Signal,
)
from gateway.reporting.checks.contradiction import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.answers import Answer
    from gateway.reporting.opinion import Opinion


def contrast_pattern_follows_sequence(opinion: Opinion) -> Iterator[Contradiction]:
    """What was not acquired cannot enhance, and what was acquired is described."""
    acquired = opinion.protocol.sequences.t1_contrast.present
    for number, lesion in enumerate(opinion.lesions):
        missing = lesion.enhancement is Enhancement.NOT_ACQUIRED
        if acquired and missing:
            yield Contradiction(
                f"lesions.{number}.enhancement",
                f"Lesion {number + 1}: contrast pattern “not acquired”, but contrast-enhanced T1 is present.",
                "Describe the enhancement, or “none”.",
            )
        if not acquired and not missing:
            yield Contradiction(
                f"lesions.{number}.enhancement",
                f"Lesion {number + 1}: enhancement is described, but contrast-enhanced T1 is absent.",
                "Choose “not acquired”, or mark the contrast-enhanced T1 as present.",
            )


def signals_follow_sequences(opinion: Opinion) -> Iterator[Contradiction]:
    """A signal is unavailable when its sequence is absent, and may be so when the sequence is non-diagnostic."""
    sequences = opinion.protocol.sequences
    for number, lesion in enumerate(opinion.lesions):
        table = (
            ("t1", "T1", sequences.t1, lesion.t1 is T1Signal.NOT_AVAILABLE),
            ("t2", "T2", sequences.t2, T2Signal.NOT_AVAILABLE in lesion.t2),
            ("dwi", "DWI", sequences.dwi, lesion.dwi is DwiPattern.NOT_AVAILABLE),
            ("swi", "SWI", sequences.swi, SwiPattern.NOT_AVAILABLE in lesion.swi),
        )
        for name, label, sequence, unavailable in table:
            field = f"lesions.{number}.{name}"
            if not sequence.present and not unavailable:
                yield Contradiction(
                    field,
                    f"Lesion {number + 1}: {label} is described, but the sequence is absent.",
                    "Choose “not available”, or mark the sequence as present.",
                )
            if sequence.readable and unavailable:
                yield Contradiction(
                    field,
                    f"Lesion {number + 1}: {label} “not available”, but the sequence is present and diagnostic.",
                    "Describe the signal, or correct the sequence.",
                )


def answers_exclude_each_other(opinion: Opinion) -> Iterator[Contradiction]:
    """“None” and “not available” stand alone."""
    for number, lesion in enumerate(opinion.lesions):
        exclusives: tuple[tuple[str, str, tuple[Answer, ...], set[Answer]], ...] = (
            ("t2", "T2", lesion.t2, {T2Signal.NOT_AVAILABLE}),
            ("swi", "SWI", lesion.swi, {SwiPattern.NONE, SwiPattern.NOT_AVAILABLE}),
        )
        for name, label, answers, exclusive in exclusives:
            alone_here = sorted(exclusive & set(answers))
            if len(answers) > 1 and alone_here:
                yield Contradiction(
                    f"lesions.{number}.{name}",
                    f"Lesion {number + 1}: {label} “{alone_here[0].label}” excludes other answers.",
                    "Keep one of them.",
                )
        if {T2Signal.HOMOGENEOUS, T2Signal.INHOMOGENEOUS} <= set(lesion.t2):
            yield Contradiction(
                f"lesions.{number}.t2",
                f"Lesion {number + 1}: T2 is both homogeneous and inhomogeneous.",
                "Keep one of them.",
            )
