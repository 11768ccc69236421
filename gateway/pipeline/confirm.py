"""Is the report safe at the sender? By storage commitment (PS3.4 Annex J), else by asking whether it is there.

Every request has its own transaction UID, remembered with the case; the receiver keeps answers by that UID, so an
answer is recognised whenever it comes and on whichever association. A crash between asking and remembering
only means asking again.
"""

from __future__ import annotations

from datetime import timedelta

from dicom_nodes.commitment import CommitmentResult, Reference, request_commitment
from dicom_nodes.errors import CommitmentNotSupported, NodeError
from dicom_nodes.node import DimseNode, Node
from dicom_nodes.sender import holds
from gateway.lifecycle import CaseState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.outcome import Done, NotYet, Outcome, Stuck
from gateway.records import queries
from gateway.records.evidence import CommitmentFact, Evidence
from gateway.records.tables import Case


def confirm(turn: Turn, context: StepContext) -> Outcome:
    """RETURNED -> CONFIRMED, saying how it is known."""
    with context.database.read() as session:
        case = queries.case(session, turn.claim.id)
        study = queries.study(session, case.study_id)
        answers = queries.commitments(session, list(case.commitment_transactions))
    if not study.sender:
        return _confirmed("kept here for the uploader")
    node = context.directory().get(study.sender)
    if any(case.returned_uid in answer.committed for answer in answers):
        return _confirmed("storage commitment")
    if answers:
        return _by_query(context, case, node, study.study_instance_uid) or Stuck(
            f"{node.name} does not commit to the report it accepted.",
            "Look at that PACS's log, then retry the case: retrying asks again.",
            Evidence(columns={"commitment_transactions": []}),
        )
    waited = turn.now - case.reached_at
    settings = context.settings.engine
    if (
        isinstance(node, DimseNode)
        and node.commitment
        and waited < timedelta(seconds=settings.commitment_deadline)
    ):
        transaction = context.pseudonym_key.uid(f"commitment:{case.id}:{turn.claim.fence}")
        try:
            result = request_commitment(
                node,
                transaction,
                [Reference(case.composed[case.returned_as]["sop_class_uid"], case.returned_uid)],
                calling_ae_title=context.settings.dicom.ae_title,
                wait_s=settings.commitment_wait,
            )
        except CommitmentNotSupported:
            result = None
        else:
            if result is None:
                asked = {"commitment_transactions": [*case.commitment_transactions, transaction]}
                return NotYet(
                    f"{node.name} has not answered the storage commitment yet",
                    timedelta(seconds=settings.commitment_retry),
                    Evidence(columns=asked),
                )
            if case.returned_uid in result.committed:
                return _confirmed("storage commitment", result)
    found = _by_query(context, case, node, study.study_instance_uid)
    if found is not None:
        return found
    if waited < timedelta(seconds=settings.commitment_deadline):
        return NotYet(
            f"{node.name} does not show the report yet", timedelta(seconds=settings.commitment_retry)
        )
    return Stuck(
        f"{node.name} neither commits to the report nor shows it after {waited}.",
        "Look for it in that PACS; retry when it answers.",
    )


def _confirmed(how: str, result: CommitmentResult | None = None) -> Done:
    fact = (
        CommitmentFact(result.transaction_uid, result.node, result.committed, result.failed)
        if result
        else None
    )
    return Done(CaseState.CONFIRMED, Evidence(note={"how": how}, commitment=fact))


def _by_query(context: StepContext, case: Case, node: Node, study_instance_uid: str) -> Done | None:
    """Confirmed when the PACS is seen to hold the report; a PACS that cannot be asked proves nothing."""
    reference = Reference(case.composed[case.returned_as]["sop_class_uid"], case.returned_uid)
    try:
        found = holds(
            node,
            [reference],
            calling_ae_title=context.settings.dicom.ae_title,
            study_instance_uid=study_instance_uid,
        )
    except NodeError as error:
        if error.transient:
            raise
        return None
    return _confirmed("found by query") if case.returned_uid in found else None
