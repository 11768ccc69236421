"""What a report says of its sequences, and what it may say of a signal that depends on one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.reporting.answers import (
    Completeness,
    DwiPattern,
    Quality,
)
from gateway.reporting.checks.contradiction import Contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.reporting.opinion import Opinion


def missing_sequence_is_incomplete(opinion: Opinion) -> Iterator[Contradiction]:
    """A protocol without one of the three required sequences is incomplete."""
    if opinion.protocol.completeness is Completeness.INCOMPLETE:
        return
    sequences = opinion.protocol.sequences
    required = {"FLAIR": sequences.flair, "T2": sequences.t2, "DWI at b = 1000 s/mm²": sequences.dwi}
    missing = [name for name, sequence in required.items() if not sequence.present]
    if not missing and any(lesion.dwi is DwiPattern.NOT_AVAILABLE for lesion in opinion.lesions):
        missing = ["DWI at b = 1000 s/mm²"]
    if missing:
        yield Contradiction(
            "protocol.completeness",
            f"Protocol “{opinion.protocol.completeness.label}”, but not available: {', '.join(missing)}.",
            "Choose “incomplete: required sequence missing”.",
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
