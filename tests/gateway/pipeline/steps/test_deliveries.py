"""What the answers of a node mean for a step that sent objects, for copies and for what a reading site made."""

from __future__ import annotations

import pytest

from dicom_nodes.outcomes import Broken, InstanceOutcome, Outcome, of_status, without_answer
from gateway.lifecycle import ReplyState
from gateway.pipeline.step_result import Done, NotYet, Stuck
from gateway.pipeline.steps.deliveries import new_deliveries, verdict

TAKEN = of_status("2.25.1", 0x0000)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (of_status("2.25.2", 0xB000), Done),
        (of_status("2.25.2", 0x0111), Done),
        (of_status("2.25.2", 0xA700), NotYet),
        (of_status("2.25.2", 0x0110), NotYet),
        (without_answer("2.25.2", Broken.SILENT, "no answer"), NotYet),
        (of_status("2.25.2", 0xA900), Stuck),
        (of_status("2.25.2", 0x0124), Stuck),
        (without_answer("2.25.2", Broken.NO_CONTEXT, "no context", 0x0122), Stuck),
    ],
)
def test_the_worst_answer_decides(answer: InstanceOutcome, kind: type) -> None:
    """All taken: done; a refusal of whatever class: a person; else later. What was answered is told and kept."""
    said = verdict("reply", "pacs", [TAKEN, answer], ReplyState.RETURNED)
    assert type(said) is kind
    assert said.record.deliveries == new_deliveries("reply", "pacs", [TAKEN, answer])
    if isinstance(said, Stuck):
        assert "refused 1 of 2 objects: 1 " in said.problem
        assert answer.fix in said.fix
    if isinstance(said, NotYet):
        assert answer.detail in said.why


def test_different_refusals_are_each_told_with_their_fix() -> None:
    """Two reasons, two counts, two fixes, each once."""
    refused = [of_status(f"2.25.{n}", 0x0122 if n % 2 else 0x0124) for n in range(5)]
    said = verdict("forward", "reader", [TAKEN, *refused], ReplyState.RETURNED)
    assert isinstance(said, Stuck)
    assert "3 the peer does not authorise this sender (status 0124)" in said.problem
    assert "2 the peer does not support this SOP class (status 0122)" in said.problem
    assert {outcome.outcome for outcome in refused} == {Outcome.REFUSED, Outcome.NODE_REFUSED}
    assert said.fix.count("Allow this SOP class there") == 1
    assert said.fix.count("Have our AE title") == 1
