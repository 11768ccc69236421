"""Send the de-identified copies to the reading site; what it took already is not sent again."""

from __future__ import annotations

from dicom_nodes.sender import OutgoingFile, store
from gateway.lifecycle import CaseState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.deliveries import verdict
from gateway.pipeline.outcome import Done, Outcome
from gateway.records import queries
from gateway.records.evidence import Evidence


def forward(turn: Turn, context: StepContext) -> Outcome:
    """PREPARED -> FORWARDED, with an outcome for each object; without a destination the queue itself is the place."""
    with context.database.read() as session:
        case = queries.case(session, turn.claim.id)
        copies = queries.prepared(session, turn.claim.id)
        taken = queries.delivered(session, turn.claim.id, "forward")
    if not case.destination:
        return Done(
            CaseState.FORWARDED,
            Evidence(note={"available": "in the gateway's own queue", "objects": len(copies)}),
        )
    node = context.directory().get(case.destination)
    files = [
        OutgoingFile(
            context.blobs.path(copy.blob), copy.sop_class_uid, copy.sop_instance_uid, copy.transfer_syntax_uid
        )
        for copy in copies
        if copy.sop_instance_uid not in taken
    ]
    outcomes = (
        store(
            node,
            files,
            calling_ae_title=context.settings.dicom.ae_title,
            timeout_s=context.settings.dicom.timeout,
        )
        if files
        else []
    )
    return verdict("forward", node.name, outcomes, CaseState.FORWARDED)
