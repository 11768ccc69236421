"""The impression in proposed sentences agrees with the answers it is signed with."""

from __future__ import annotations

from hypothesis import given, settings

from gateway.reporting.checks.wording import answered_by, narrative_fits_answers
from gateway.reporting.proposals.impression import proposed
from gateway.reporting.report import Report
from support.objects.reports import reports


@settings(max_examples=40, deadline=None)
@given(reports(), reports())
def test_a_proposal_fits_its_own_answers_and_is_asked_about_with_others(one: Report, other: Report) -> None:
    """Exactly when a sentence of it is none that the other answers give."""
    text = proposed(answered_by(one))
    assert list(narrative_fits_answers(one.model_copy(update={"narrative": text}))) == []
    asked = list(narrative_fits_answers(other.model_copy(update={"narrative": text})))
    if one.suspicion is not other.suspicion:
        assert [each.question for each in asked] == ["text_of_other_answers"]
