"""One table: every answer there can be has one class, whatever the way in which it was asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.status import STORAGE_SERVICE_CLASS_STATUS

from dicom_nodes.errors import AssociationAborted, CommitmentNotSupported, NodeTimeout, NodeUnreachable
from dicom_nodes.outcomes import (
    A_FEW,
    Answered,
    Broken,
    Meaning,
    Outcome,
    meaning,
    meaning_of_status,
    of_status,
    outcome_of_status,
    rejection,
)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (0x0000, Outcome.ACCEPTED),
        (0x0111, Outcome.WARNING),
        (0xB000, Outcome.WARNING),
        (0xB007, Outcome.WARNING),
        (0xB123, Outcome.WARNING),
        (0xA700, Outcome.TRY_AGAIN),
        (0xA7FF, Outcome.TRY_AGAIN),
        (0x0110, Outcome.TRY_AGAIN),
        (0x0213, Outcome.TRY_AGAIN),
        (0xA900, Outcome.REFUSED),
        (0xA800, Outcome.REFUSED),
        (0xC000, Outcome.REFUSED),
        (0xCFFF, Outcome.REFUSED),
        (0x0122, Outcome.REFUSED),
        (0x0119, Outcome.REFUSED),
        (0x0112, Outcome.TRY_AGAIN),
        (0x0124, Outcome.NODE_REFUSED),
        (0x1234, Outcome.REFUSED),
    ],
)
def test_every_status_has_one_meaning(status: int, outcome: Outcome) -> None:
    """PS3.4 B.2.3 and PS3.7 Annex C as a table; what nobody defined is a refusal."""
    assert outcome_of_status(status) is outcome
    assert outcome.delivered == (outcome in (Outcome.ACCEPTED, Outcome.WARNING))


@given(st.sampled_from(Answered), st.integers())
def test_whatever_is_answered_has_a_class_a_text_and_a_fix(answered: Answered, code: int) -> None:
    """No answer falls through, also one that the Standard does not know."""
    answer = meaning(answered, code)
    assert answer.text
    assert answer.fix
    assert answer.tries is None or answer.outcome is Outcome.TRY_AGAIN


@pytest.mark.parametrize(
    ("result", "source", "reason", "outcome"),
    [
        (1, 1, 1, Outcome.REFUSED),
        (1, 1, 2, Outcome.NODE_REFUSED),
        (1, 1, 3, Outcome.NODE_REFUSED),
        (1, 1, 7, Outcome.NODE_REFUSED),
        (1, 1, 9, Outcome.REFUSED),
        (1, 2, 1, Outcome.REFUSED),
        (1, 2, 2, Outcome.NODE_REFUSED),
        (2, 1, 1, Outcome.TRY_AGAIN),
        (2, 1, 3, Outcome.TRY_AGAIN),
        (2, 3, 1, Outcome.TRY_AGAIN),
        (2, 3, 2, Outcome.TRY_AGAIN),
        (None, None, None, Outcome.TRY_AGAIN),
    ],
)
def test_a_rejected_association_has_the_class_of_its_reason(
    result: int | None, source: int | None, reason: int | None, outcome: Outcome
) -> None:
    """PS3.8 Table 9-21: who we are concerns the node, no reason what was proposed, transient the time."""
    assert rejection(result, source, reason).outcome is outcome


def test_trouble_that_may_lie_in_the_object_ends_after_a_few_tries() -> None:
    """A processing failure, silence or an abort may be the object's doing; a full disk or a closed port is not."""
    few = [meaning(Answered.DIMSE, 0x0110), NodeTimeout.answer, AssociationAborted.answer]
    assert {answer.tries for answer in few} == {A_FEW}
    for answer in (meaning(Answered.DIMSE, 0xA700), meaning(Answered.HTTP, 503), NodeUnreachable.answer):
        assert (answer.outcome, answer.tries) == (Outcome.TRY_AGAIN, None)


def test_errors_and_instances_carry_the_row_of_the_table() -> None:
    """What is raised and what is reported for an instance have the same class, tries and fix."""
    assert not CommitmentNotSupported("p", "f").transient
    assert NodeUnreachable("p", "f").transient
    said, row = of_status("2.25.1", 0x0110, "; a note"), meaning(Answered.DIMSE, 0x0110)
    assert (said.outcome, said.tries, said.fix) == (row.outcome, row.tries, row.fix)
    assert said.detail == "processing failure at the peer (status 0110); a note"
    assert meaning(Answered.BROKEN, Broken.NO_CONTEXT) == CommitmentNotSupported.answer
    assert isinstance(row, Meaning)


def test_every_status_of_the_storage_service_keeps_its_class() -> None:
    """Only Success and warnings mean that the peer has the instance; 0111 says that it has had it before."""
    assert 0xA700 in STORAGE_SERVICE_CLASS_STATUS
    for status, (kind, _) in STORAGE_SERVICE_CLASS_STATUS.items():
        has_it = kind in ("Success", "Warning") or status == 0x0111
        assert outcome_of_status(status).delivered is has_it, f"{status:04X}"


@given(st.integers(0, 0xFFFF))
def test_a_status_is_told_to_people_with_its_code(status: int) -> None:
    """Whatever the peer answers: a phrase, and the code to look up."""
    phrase = meaning_of_status(status)
    assert phrase.endswith(f"(status {status:04X})")
    assert len(phrase) > len("(status 0000)") + 3
