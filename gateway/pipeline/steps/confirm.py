"""Is what was returned safe at the sender? By storage commitment (PS3.4 Annex J), else by asking whether it is there.

The same for the report of a case and for an object of a reading site. Every request has its own transaction UID,
remembered with its unit; the receiver keeps answers by that UID, so an answer is recognised whenever it comes and on
whichever association. A crash between asking and remembering only means asking again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dicom_nodes.commitment import CommitmentResult, InstanceReference, request_commitment
from dicom_nodes.errors import CommitmentNotSupported, NodeError
from dicom_nodes.node import DimseNode, Node
from dicom_nodes.sender import holds
from gateway.lifecycle import CaseState, ReplyState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.records.step_record import NewCommitment, StepRecord
from gateway.records.views import case_rows


@dataclass(frozen=True)
class Returned:
    """One object that the sender's PACS accepted, and what was asked about it so far."""

    what: str
    """"the report" or "the object", for people"""
    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    at: datetime
    transactions: Sequence[str]
    reached: CaseState | ReplyState
    """the state to go to when it is safe"""


def confirm(turn: Turn, context: StepContext) -> StepResult:
    """RETURNED -> CONFIRMED, saying how it is known."""
    with context.database.read() as session:
        case = case_rows.case(session, turn.claim.id)
        study = case_rows.study(session, case.study_id)
    if not study.sender:
        return Done(CaseState.CONFIRMED, StepRecord(note={"how": "kept here for the uploader"}))
    returned = Returned(
        "the report",
        case.composed[case.returned_as]["sop_class_uid"],
        case.returned_uid,
        study.study_instance_uid,
        case.reached_at,
        case.commitment_transactions,
        CaseState.CONFIRMED,
    )
    return confirmed(turn, context, context.directory().get(study.sender), returned)


def confirmed(turn: Turn, context: StepContext, node: Node, returned: Returned) -> StepResult:
    """Done when the node committed to the object, or was seen to hold it."""
    with context.database.read() as session:
        answers = case_rows.commitments(session, list(returned.transactions))
    if any(returned.sop_instance_uid in answer.committed for answer in answers):
        return _done(returned, "storage commitment")
    if answers:
        return _by_query(context, node, returned) or Stuck(
            f"{node.name} does not commit to {returned.what} it accepted.",
            f"Look at that PACS's log, then retry the {turn.claim.unit}: retrying asks again.",
            StepRecord(columns={"commitment_transactions": []}),
        )
    waited = turn.now - returned.at
    settings = context.settings.engine
    deadline = timedelta(seconds=settings.commitment_deadline)
    if isinstance(node, DimseNode) and node.commitment and waited < deadline:
        transaction = context.pseudonym_key.uid(f"commitment:{_unit(turn)}:{turn.claim.fence}")
        try:
            result = request_commitment(
                node,
                transaction,
                [InstanceReference(returned.sop_class_uid, returned.sop_instance_uid)],
                calling_ae_title=context.settings.dicom.ae_title,
                wait_s=settings.commitment_wait,
            )
        except CommitmentNotSupported:
            result = None
        else:
            if result is None:
                asked = {"commitment_transactions": [*returned.transactions, transaction]}
                return NotYet(
                    f"{node.name} has not answered the storage commitment yet",
                    timedelta(seconds=settings.commitment_retry),
                    StepRecord(columns=asked),
                )
            if returned.sop_instance_uid in result.committed:
                return _done(returned, "storage commitment", result)
    found = _by_query(context, node, returned)
    if found is not None:
        return found
    if waited < deadline:
        return NotYet(
            f"{node.name} does not show {returned.what} yet", timedelta(seconds=settings.commitment_retry)
        )
    return Stuck(
        f"{node.name} neither commits to {returned.what} nor shows it after {waited}.",
        "Look for it in that PACS; retry when it answers.",
    )


def _unit(turn: Turn) -> str:
    return str(turn.claim.id) if turn.claim.unit == "case" else f"{turn.claim.unit}:{turn.claim.id}"


def _done(returned: Returned, how: str, result: CommitmentResult | None = None) -> Done:
    fact = (
        NewCommitment(result.transaction_uid, result.node, result.committed, result.failed)
        if result
        else None
    )
    return Done(returned.reached, StepRecord(note={"how": how}, commitment=fact))


def _by_query(context: StepContext, node: Node, returned: Returned) -> Done | None:
    """Confirmed when the PACS is seen to hold the object; a PACS that cannot be asked proves nothing."""
    reference = InstanceReference(returned.sop_class_uid, returned.sop_instance_uid)
    try:
        kept = holds(
            node,
            [reference],
            calling_ae_title=context.settings.dicom.ae_title,
            study_instance_uid=returned.study_instance_uid,
        )
    except NodeError as error:
        if error.transient:
            raise
        return None
    return _done(returned, "found by query") if returned.sop_instance_uid in kept else None
