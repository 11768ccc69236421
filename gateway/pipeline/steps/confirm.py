"""Is what was returned safe where it went? By storage commitment (PS3.4 Annex J), else by asking whether it is there.

The same for the report of a case and for an object of a reading site. Every request has its own transaction UID and
its row, with the node that is asked, written before it is made; the receiver keeps the answers of that node and of no
other in that row, so an answer is recognised whenever it comes and on whichever association, and means the same on
each. A request that was taken is waited for; it is made again after a while, each time twice as long.

What a node that offers neither is trusted with, nodes.yaml says (`confirms_by`). A node that says of itself that it
does not keep the object is asked again, never overruled by a query: after a few such answers a person sees both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dicom_nodes.commitment import CommitmentResult, InstanceReference, request_commitment
from dicom_nodes.errors import NodeError
from dicom_nodes.node import ConfirmsBy, DimseNode, Node
from dicom_nodes.outcomes import A_FEW, NO_SUCH_INSTANCE, Outcome, meaning_of_status, outcome_of_status
from dicom_nodes.sender import holds
from gateway.lifecycle import CaseState, ReplyState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.pipeline.steps import deliveries
from gateway.pipeline.steps.document_forms import files_of
from gateway.privacy.pseudonyms import new_transaction_uid
from gateway.records import ledger
from gateway.records.commitment_answers import Asked, unexpected
from gateway.records.step_record import NewCommitment, NewRequest, StepRecord
from gateway.records.tables.commitments import Commitment
from gateway.records.views import case_rows

MOST_FAILURES = 5
"""Explicit failures after which a person is asked; the time between the requests doubles."""
MOST_REFUSALS = 2
"""The same for a reason that does not change with time, such as a class that the node never commits to."""

MOST_DOUBLINGS = 20
"""How often the time between requests that a node took and did not answer doubles."""


@dataclass(frozen=True)
class Returned:
    """What the node it went to accepted, object by object, and what was asked about it so far."""

    what: str
    """"the report" or "the object", for people"""
    direction: str
    """how a delivery of it is called in the records"""
    files: Sequence[Mapping[str, str]]
    """blob and UIDs of each object; a report of printed pages has several"""
    study_instance_uid: str
    at: datetime
    transactions: Sequence[str]
    reached: CaseState | ReplyState
    """the state to go to when it is safe"""

    @property
    def references(self) -> list[InstanceReference]:
        """What the PACS is asked about."""
        return [InstanceReference(file["sop_class_uid"], file["sop_instance_uid"]) for file in self.files]

    @property
    def uids(self) -> frozenset[str]:
        """The SOP Instance UIDs of all of it."""
        return frozenset(file["sop_instance_uid"] for file in self.files)


def confirm(turn: Turn, context: StepContext) -> StepResult:
    """RETURNED -> CONFIRMED, saying how it is known."""
    with context.database.read() as session:
        case = case_rows.case(session, turn.claim.id)
        study = case_rows.study(session, case.study_id)
    if not case.returns_to:
        return Done(CaseState.CONFIRMED, StepRecord(note={"how": "kept here for the uploader"}))
    returned = Returned(
        "the report",
        "return",
        files_of(case.composed, case.returned_as),
        study.study_instance_uid,
        case.reached_at,
        case.commitment_transactions,
        CaseState.CONFIRMED,
    )
    return confirmed(turn, context, context.directory().get(case.returns_to), returned)


def confirmed(turn: Turn, context: StepContext, node: Node, returned: Returned) -> StepResult:
    """Done when the node committed to the object, or was seen to hold it, or is trusted without either."""
    with context.database.read() as session:
        answers = case_rows.commitments(session, list(returned.transactions))
    if returned.uids <= {uid for answer in answers for uid in answer.committed}:
        return _done(returned, "storage commitment")
    failures = _failures(returned, answers)
    if failures:
        following = _after_failures(turn, context, node, returned, failures)
        if following is not None:
            return following
    asked = _ask_commitment(turn, context, node, returned, answers)
    return _ask_query(turn, context, node, returned, asked) if isinstance(asked, _NoCommitment) else asked


@dataclass(frozen=True)
class _Failure:
    """An answer that says that the node does not keep what was returned."""

    at: datetime
    reasons: frozenset[int]


@dataclass(frozen=True)
class _NoCommitment:
    """Why storage commitment says nothing here; `for_good`: and will not."""

    why: str
    for_good: bool


def _failures(returned: Returned, answers: Sequence[Commitment]) -> list[_Failure]:
    """The explicit failures, the newest last; an object that some answer committed to has none."""
    missing = returned.uids - {uid for answer in answers for uid in answer.committed}
    failures = [
        _Failure(
            answer.answered_at, frozenset(int(reason) for uid, reason in answer.failed if uid in missing)
        )
        for answer in answers
        if answer.answered_at is not None
    ]
    return sorted((failure for failure in failures if failure.reasons), key=lambda failure: failure.at)


def _after_failures(
    turn: Turn, context: StepContext, node: Node, returned: Returned, failures: Sequence[_Failure]
) -> StepResult | None:
    """None when it is time to ask again; before that the object is sent again where the node has it not."""
    last = failures[-1]
    said = ", ".join(meaning_of_status(reason) for reason in sorted(last.reasons))
    lasting = any(outcome_of_status(reason).refused for reason in last.reasons)
    again = "; it was sent again before each request" if NO_SUCH_INSTANCE in last.reasons else ""
    if len(failures) >= (MOST_REFUSALS if lasting else MOST_FAILURES):
        return Stuck(
            f"{node.name} accepted {returned.what}, but answered {len(failures)} times to storage commitment that it "
            f"does not keep it: {said}{again}. {_seen(context, node, returned)}",
            f"Look into {node.name}'s log. Retrying the {turn.claim.unit} asks again; where its storage commitment is "
            "known to be wrong, set commitment: false for it in nodes.yaml before, and a query decides.",
            StepRecord(columns={"commitment_transactions": []}),
        )
    wait = timedelta(seconds=context.settings.engine.commitment_retry * 2 ** (len(failures) - 1))
    left = last.at + wait - turn.now
    if left > timedelta():
        return NotYet(f"{node.name} does not keep {returned.what} yet: {said}", left)
    if NO_SUCH_INSTANCE in last.reasons:
        sent = deliveries.offered(context, node, returned.files)
        facts = deliveries.new_deliveries(returned.direction, node.name, sent)
        ledger.note_deliveries(context.database, turn.claim, facts)
        waits = [outcome.detail for outcome in sent if outcome.outcome is Outcome.TRY_AGAIN]
        if waits:  # a refusal, such as one of a duplicate, is no reason not to ask
            return NotYet(f"{node.name} does not take {returned.what} again: {waits[0]}")
    return None


def _seen(context: StepContext, node: Node, returned: Returned) -> str:
    """What a query says, as a sentence."""
    try:
        return (
            "A query finds it there."
            if returned.uids <= _held(context, node, returned)
            else "A query does not find it there."
        )
    except NodeError as error:
        return f"A query says nothing: {error.problem}"


def _ask_commitment(
    turn: Turn, context: StepContext, node: Node, returned: Returned, answers: Sequence[Commitment]
) -> StepResult | _NoCommitment:
    """What the node says to a new request, or why there is nothing to hear; no request while one may be answered."""
    settings = context.settings.engine
    retry = timedelta(seconds=settings.commitment_retry)
    deadline = timedelta(seconds=settings.commitment_deadline)
    if not isinstance(node, DimseNode):
        return _NoCommitment("DICOMweb has none", for_good=True)
    if not node.commitment:
        return _NoCommitment("nodes.yaml says that it never commits", for_good=True)
    if turn.now - returned.at >= deadline:
        return _NoCommitment(f"no answer within {deadline}", for_good=True)
    unanswered = f"{node.name} has not answered the storage commitment yet"
    waits = _open_requests(returned, node, answers)
    if waits:
        left = waits[-1] + retry * 2 ** min(len(waits) - 1, MOST_DOUBLINGS) - turn.now
        if left > timedelta():
            return NotYet(unanswered, left)
    asked = Asked(node.name, returned.uids)
    transaction = new_transaction_uid()
    request = NewRequest(transaction, node.name, tuple(sorted(returned.uids)))
    if not ledger.ask_commitment(context.database, turn.claim, request):
        return NotYet("the work was taken over meanwhile", timedelta())
    try:
        result = request_commitment(
            node,
            transaction,
            returned.references,
            calling_ae_title=context.settings.dicom.ae_title,
            wait_s=settings.commitment_wait,
        )
    except NodeError as error:
        if error.transient and turn.claim.attempts + 1 < A_FEW:
            return NotYet(error.problem)
        return _NoCommitment(error.problem.rstrip("."), for_good=not error.transient)
    taken = StepRecord(taken_request=transaction)
    if result is None:
        with context.database.read() as session:
            heard = case_rows.commitments(session, [transaction])
        if any(row.answered_at is not None for row in heard):  # by the receiver, while we waited here
            return NotYet(f"{node.name} has just answered the storage commitment", timedelta(), taken)
        return NotYet(unanswered, retry, taken)
    failed = [uid for uid, _ in result.failed]
    if unexpected(asked, {node.name}, result.committed, failed) is not None:
        why = f"{node.name} answered the storage commitment with other objects than it was asked about"
        return NotYet(why, retry, taken)
    if returned.uids <= set(result.committed):
        return _done(returned, "storage commitment", result)
    # Kept as if it had come on an association of its own; what follows is decided in one place.
    why = f"{node.name} does not keep {returned.what} yet"
    return NotYet(why, retry, StepRecord(commitment=_fact(result)))


def _open_requests(returned: Returned, node: Node, answers: Sequence[Commitment]) -> list[datetime]:
    """When the requests were made that this node took and has not answered in full, the newest last."""
    return sorted(
        row.asked_at
        for row in answers
        if row.taken
        and row.node == node.name
        and not returned.uids <= {*row.committed, *(uid for uid, _ in row.failed)}
    )


def _ask_query(
    turn: Turn, context: StepContext, node: Node, returned: Returned, commitment: _NoCommitment
) -> StepResult:
    """Is it there? Where that cannot be asked either, nodes.yaml or a person decides."""
    settings = context.settings.engine
    try:
        held = _held(context, node, returned)
    except NodeError as error:
        if error.transient or not commitment.for_good:
            return NotYet(f"{error.problem} (storage commitment: {commitment.why})")
        tried = f"storage commitment: {commitment.why}; query: {error.problem.rstrip('.')}"
        if node.confirms_by is ConfirmsBy.STORE:
            return _done(returned, "its Success is enough (confirms_by in nodes.yaml)", tried=tried)
        return Stuck(
            f"{node.name} took {returned.what}, but whether it keeps it cannot be learned. {tried}.",
            f"Have storage commitment or query rights given to us there; where {node.name} offers neither, set "
            f"confirms_by: store for it in nodes.yaml. Then retry the {turn.claim.unit}.",
        )
    if returned.uids <= held:
        return _done(returned, "found by query", tried=f"storage commitment: {commitment.why}")
    waited = turn.now - returned.at
    if waited < timedelta(seconds=settings.commitment_deadline):
        return NotYet(
            f"{node.name} does not show {returned.what} yet", timedelta(seconds=settings.commitment_retry)
        )
    return Stuck(
        f"{node.name} neither commits to {returned.what} nor shows it after {waited}. "
        f"Storage commitment: {commitment.why}; a query does not find it.",
        "Look for it in that PACS; retry when it answers.",
    )


def _held(context: StepContext, node: Node, returned: Returned) -> frozenset[str]:
    return holds(
        node,
        returned.references,
        calling_ae_title=context.settings.dicom.ae_title,
        study_instance_uid=returned.study_instance_uid,
    )


def _done(returned: Returned, how: str, result: CommitmentResult | None = None, tried: str = "") -> Done:
    note = {"how": how, "tried": tried} if tried else {"how": how}
    return Done(returned.reached, StepRecord(note=note, commitment=_fact(result) if result else None))


def _fact(result: CommitmentResult) -> NewCommitment:
    return NewCommitment(result.transaction_uid, result.node, result.committed, result.failed)
