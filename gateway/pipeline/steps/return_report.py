"""Give the report back to the PACS that sent the study, in the richest form that PACS accepts."""

from __future__ import annotations

from dicom_nodes.outcomes import InstanceOutcome
from dicom_nodes.outcomes import Outcome as Outcome
from dicom_nodes.sender import OutgoingFile, store
from gateway.lifecycle import CaseState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.pipeline.steps import deliveries
from gateway.pipeline.steps.compose import RICHEST_FIRST
from gateway.records.step_record import NewDelivery, StepRecord
from gateway.records.views import case_rows

SOP_CLASS_NOT_SUPPORTED = 0x0122
NOT_NEGOTIATED = (None, SOP_CLASS_NOT_SUPPORTED)
"""Refusals that speak of the form, not of the content: the next form, less rich, may pass."""


def return_report(turn: Turn, context: StepContext) -> StepResult:
    """COMPOSED -> RETURNED, saying which form was accepted."""
    with context.database.read() as session:
        case = case_rows.case(session, turn.claim.id)
        study = case_rows.study(session, case.study_id)
    if not study.sender:
        form = RICHEST_FIRST[0]
        columns = {"returned_as": form, "returned_uid": case.composed[form]["sop_instance_uid"]}
        return Done(
            CaseState.RETURNED,
            StepRecord(note={"waits": "on the upload's page, as SR and PDF"}, columns=columns),
        )
    node = context.directory().get(study.sender)
    kept: list[NewDelivery] = []
    for form in RICHEST_FIRST:
        file = case.composed[form]
        outgoing = OutgoingFile(
            context.blobs.path(file["blob"]),
            file["sop_class_uid"],
            file["sop_instance_uid"],
            file["transfer_syntax_uid"],
        )
        [answer] = store(
            node,
            [outgoing],
            calling_ae_title=context.settings.dicom.ae_title,
            timeout_s=context.settings.dicom.timeout,
        )
        kept += deliveries.new_deliveries("return", node.name, [answer])
        if answer.outcome in (Outcome.ACCEPTED, Outcome.WARNING):
            columns = {"returned_as": form, "returned_uid": answer.sop_instance_uid}
            return Done(
                CaseState.RETURNED,
                StepRecord(note={"node": node.name, "as": form}, columns=columns, deliveries=tuple(kept)),
            )
        if answer.outcome is Outcome.TRY_AGAIN:
            return NotYet(
                f"{node.name} did not take the report: {answer.detail}",
                record=StepRecord(deliveries=tuple(kept)),
            )
        if answer.status not in NOT_NEGOTIATED:
            return _refused(node.name, answer, kept)
    return _refused(node.name, answer, kept)


def _refused(node: str, answer: InstanceOutcome, kept: list[NewDelivery]) -> Stuck:
    status = f" (status {answer.status:04X})" if answer.status is not None else ""
    return Stuck(
        f"{node} refused the report in every form it could take: {answer.detail}{status}.",
        f"Allow Enhanced SR, Basic Text SR or Encapsulated PDF from our AE title in {node}, then retry the case.",
        StepRecord(deliveries=tuple(kept)),
    )
