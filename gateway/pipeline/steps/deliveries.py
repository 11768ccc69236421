"""Objects offered to another system, and what its answers mean for a step: shared by all steps that send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from dicom_nodes.errors import NodeError
from dicom_nodes.node import Node
from dicom_nodes.outcomes import InstanceOutcome, Outcome
from dicom_nodes.sender import OutgoingFile, store
from gateway.lifecycle import CaseState, ReplyState
from gateway.pipeline.context import StepContext
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.records.step_record import NewDelivery, StepRecord


def offered(context: StepContext, node: Node, files: Sequence[Mapping[str, str]]) -> list[InstanceOutcome]:
    """Send files of the object store (blob and UIDs); a node that lets us say nothing is an answer for each of them."""
    outgoing = [
        OutgoingFile(
            context.blobs.path(file["blob"]),
            file["sop_class_uid"],
            file["sop_instance_uid"],
            file["transfer_syntax_uid"],
        )
        for file in files
    ]
    dicom = context.settings.dicom
    try:
        return store(node, outgoing, calling_ae_title=dicom.ae_title, timeout_s=dicom.timeout)
    except NodeError as error:
        answer = error.answer
        return [
            InstanceOutcome(
                file.sop_instance_uid, answer.outcome, None, error.problem, error.fix, answer.tries
            )
            for file in outgoing
        ]


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
    refused = [o for o in outcomes if o.outcome.refused]
    again = [o for o in outcomes if o.outcome is Outcome.TRY_AGAIN]
    if refused:
        fixes = " ".join(dict.fromkeys(o.fix for o in refused if o.fix))
        return Stuck(
            f"{node} refused {len(refused)} of {len(outcomes)} objects: {_told(refused)}.",
            f"{fixes} Then retry.",
            StepRecord(deliveries=kept),
        )
    if again:
        return NotYet(
            f"{node} did not take {len(again)} of {len(outcomes)} objects: {_told(again)}",
            record=StepRecord(deliveries=kept),
        )
    note = {"node": node, "objects sent": len(outcomes), "answers": _told(outcomes)}
    return Done(reached, StepRecord(note=note, deliveries=kept))


def _told(outcomes: Sequence[InstanceOutcome]) -> str:
    """How many were answered how."""
    answers = Counter(outcome.detail.rstrip(".") for outcome in outcomes)
    return "; ".join(f"{count} {detail}" for detail, count in answers.most_common())
