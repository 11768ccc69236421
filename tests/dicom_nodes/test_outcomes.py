"""What a peer's answer to a stored instance means for us."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.status import STORAGE_SERVICE_CLASS_STATUS

from dicom_nodes.outcomes import Outcome, meaning_of_status, outcome_of_status


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (0x0000, Outcome.ACCEPTED),
        (0x0111, Outcome.WARNING),
        (0xB000, Outcome.WARNING),
        (0xB007, Outcome.WARNING),
        (0x0110, Outcome.TRY_AGAIN),
        (0xA700, Outcome.TRY_AGAIN),
        (0xA7FF, Outcome.TRY_AGAIN),
        (0x0122, Outcome.REFUSED),
        (0x0124, Outcome.REFUSED),
        (0xA800, Outcome.REFUSED),
        (0xA900, Outcome.REFUSED),
        (0xC000, Outcome.REFUSED),
        (0xCFFF, Outcome.REFUSED),
        (0x1234, Outcome.REFUSED),
    ],
)
def test_each_class_of_status_has_its_outcome(status: int, outcome: Outcome) -> None:
    """PS3.4 Table B.2-1 and PS3.7 Annex C; one that nobody defined is a refusal, so that a person looks."""
    assert outcome_of_status(status) is outcome


def test_every_status_of_the_storage_service_keeps_its_class() -> None:
    """Only Success and warnings mean that the peer has the instance; 0111 says that it has had it before."""
    assert 0xA700 in STORAGE_SERVICE_CLASS_STATUS
    for status, (kind, _) in STORAGE_SERVICE_CLASS_STATUS.items():
        has_it = kind in ("Success", "Warning") or status == 0x0111
        assert outcome_of_status(status).delivered is has_it, f"{status:04X}"


@given(st.integers(0, 0xFFFF))
def test_a_status_is_told_to_people_with_its_code(status: int) -> None:
    """Whatever the peer answers: a phrase, and the code to look up."""
    meaning = meaning_of_status(status)
    assert meaning.endswith(f"(status {status:04X})")
    assert len(meaning) > len("(status 0000)") + 3
