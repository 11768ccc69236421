"""Give the report back to the PACS that sent the study, in the richest form that PACS accepts."""

from __future__ import annotations

from dicom_nodes.outcomes import InstanceOutcome
from dicom_nodes.outcomes import Outcome as Answer
from dicom_nodes.sender import OutgoingFile, store
from gateway.lifecycle import CaseState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.outcome import Done, NotYet, Outcome, Stuck
from gateway.pipeline.steps import deliveries
from gateway.pipeline.steps.compose import LADDER
from gateway.records.evidence import DeliveryFact, Evidence
from gateway.records.views import case_rows

SOP_CLASS_NOT_SUPPORTED = 0x0122
NOT_NEGOTIATED = (None, SOP_CLASS_NOT_SUPPORTED)
"""Refusals that speak of the form, not of the content: the next form of the ladder may pass."""


def return_report(turn: Turn, context: StepContext) -> Outcome:
    """COMPOSED -> RETURNED, saying which form was accepted."""
    with context.database.read() as session:
        case = case_rows.case(session, turn.claim.id)
        study = case_rows.study(session, case.study_id)
    if not study.sender:
        form = LADDER[0]
        columns = {"returned_as": form, "returned_uid": case.composed[form]["sop_instance_uid"]}
        return Done(
            CaseState.RETURNED,
            Evidence(note={"waits": "on the upload's page, as SR and PDF"}, columns=columns),
        )
    node = context.directory().get(study.sender)
    kept: list[DeliveryFact] = []
    for form in LADDER:
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
        kept += deliveries.facts("return", node.name, [answer])
        if answer.outcome in (Answer.ACCEPTED, Answer.WARNING):
            columns = {"returned_as": form, "returned_uid": answer.sop_instance_uid}
            return Done(
                CaseState.RETURNED,
                Evidence(note={"node": node.name, "as": form}, columns=columns, deliveries=tuple(kept)),
            )
        if answer.outcome is Answer.TRY_AGAIN:
            return NotYet(
                f"{node.name} did not take the report: {answer.detail}",
                evidence=Evidence(deliveries=tuple(kept)),
            )
        if answer.status not in NOT_NEGOTIATED:
            return _refused(node.name, answer, kept)
    return _refused(node.name, answer, kept)


def _refused(node: str, answer: InstanceOutcome, kept: list[DeliveryFact]) -> Stuck:
    status = f" (status {answer.status:04X})" if answer.status is not None else ""
    return Stuck(
        f"{node} refused the report in every form it could take: {answer.detail}{status}.",
        f"Allow Enhanced SR, Basic Text SR or Encapsulated PDF from our AE title in {node}, then retry the case.",
        Evidence(deliveries=tuple(kept)),
    )
