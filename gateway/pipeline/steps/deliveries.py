"""From what another system answered for each object to what a step says: shared by forward and return_reply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dicom_nodes.outcomes import InstanceOutcome
from dicom_nodes.outcomes import Outcome as Outcome
from gateway.lifecycle import CaseState, ReplyState
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.records.step_record import NewDelivery, StepRecord


def new_deliveries(direction: str, node: str, outcomes: Sequence[InstanceOutcome]) -> tuple[NewDelivery, ...]:
    """The answers as rows to keep."""
    return tuple(
        NewDelivery(direction, node, o.sop_instance_uid, o.outcome.value, o.status, o.detail)
        for o in outcomes
    )


def verdict(
    direction: str, node: str, outcomes: Sequence[InstanceOutcome], reached: CaseState | ReplyState
) -> StepResult:
    """Done when everything was taken; Stuck when something was refused for good; else NotYet."""
    kept = new_deliveries(direction, node, outcomes)
    refused = [o for o in outcomes if o.outcome is Outcome.REFUSED]
    again = [o for o in outcomes if o.outcome is Outcome.TRY_AGAIN]
    if refused:
        first = refused[0]
        status = f" (status {first.status:04X})" if first.status is not None else ""
        return Stuck(
            f"{node} refused {len(refused)} of {len(outcomes)} objects: {first.detail}{status}.",
            f"Correct {node}'s configuration (SOP classes, transfer syntaxes, our AE title), then retry.",
            StepRecord(deliveries=kept),
        )
    if again:
        return NotYet(
            f"{node} did not take {len(again)} of {len(outcomes)} objects: {again[0].detail}",
            record=StepRecord(deliveries=kept),
        )
    answers = Counter(outcome.detail for outcome in outcomes)
    said = "; ".join(f"{count} {detail}" for detail, count in answers.most_common())
    note = {"node": node, "objects sent": len(outcomes), "answers": said}
    return Done(reached, StepRecord(note=note, deliveries=kept))
