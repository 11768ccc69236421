"""Tell a node that asked for storage commitment what of its objects we keep, by calling it (PS3.4 J.3.3)."""

from __future__ import annotations

from datetime import timedelta

from dicom_nodes.commitment import CommitmentResult, report_commitment
from dicom_nodes.node import DimseNode
from dicom_nodes.outcomes import NO_SUCH_INSTANCE
from gateway.lifecycle import ResultState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.records.step_record import StepRecord
from gateway.records.views import commitment_rows

ROWS_MAY_FOLLOW = timedelta(seconds=30)
"""How long an object that was acknowledged may be without its row, also after its receiver died."""
CLASS_INSTANCE_CONFLICT = 0x0119
"""Failure Reason for an object that is kept under another SOP class (PS3.3 C.14.1.1)."""
LOOK_AGAIN = timedelta(seconds=1)


def report_result(turn: Turn, context: StepContext) -> StepResult:
    """OWED -> REPORTED. What is kept is looked up at each try; what this node did not send is not here for it."""
    with context.database.read() as session:
        row = commitment_rows.owed(session, turn.claim.id)
        classes = {str(instance): str(sop_class) for sop_class, instance in row.wanted}
        kept = commitment_rows.kept_from(session, row.node, list(classes))
    if len(kept) < len(classes) and turn.now - row.asked_at < ROWS_MAY_FOLLOW:
        return NotYet("what was acknowledged a moment ago may still get its rows", LOOK_AGAIN)
    node = context.directory().get(row.node)
    if not isinstance(node, DimseNode):
        return Stuck(
            f"{node.name} asked by DICOM for storage commitment, but nodes.yaml reaches it by DICOMweb alone.",
            "Give the node that asks an entry of its own with ae_title, host and port, or drop the result.",
        )
    committed = tuple(uid for uid, sop_class in classes.items() if sop_class in kept.get(uid, ()))
    failed = tuple(
        (uid, CLASS_INSTANCE_CONFLICT if uid in kept else NO_SUCH_INSTANCE)
        for uid in classes
        if classes[uid] not in kept.get(uid, ())
    )
    result = CommitmentResult(row.transaction_uid, node.name, committed, failed)
    dicom = context.settings.dicom
    report_commitment(node, result, classes, calling_ae_title=dicom.ae_title, timeout_s=dicom.timeout)
    return Done(ResultState.REPORTED, StepRecord(columns={"kept": len(committed)}))
