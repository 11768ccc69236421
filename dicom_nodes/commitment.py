"""Storage commitment: "do you keep these, so that I need not?", asked and answered.

The answer (N-EVENT-REPORT) may come on the association of the request or later on a new one that the peer
opens; `request_commitment` waits a moment for the first, the Receiver takes the second.
Standard: PS3.4 Annex J, PS3.7 10.1 and 10.3.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.presentation import build_context, build_role
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)

from dicom_nodes.encoding.uids import is_uid
from dicom_nodes.errors import CommitmentNotSupported, NodeTimeout, RequestRefused
from dicom_nodes.node import DimseNode, Service
from dicom_nodes.outcomes import Answered, meaning, meaning_of_status
from dicom_nodes.peer_numbers import stated_number
from dicom_nodes.upper_layer.contexts import UNCOMPRESSED
from dicom_nodes.upper_layer.pynetdicom_private import hold_reactor
from dicom_nodes.upper_layer.pynetdicom_setup import associate, close

log = logging.getLogger("dicom_nodes.commitment")

ALL_COMMITTED, SOME_FAILED = 1, 2
REQUEST_COMMITMENT = 1
SUCCESS, PROCESSING_FAILURE, INVALID_ARGUMENT = 0x0000, 0x0110, 0x0115


@dataclass(frozen=True)
class InstanceReference:
    """One instance to be committed to."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True)
class CommitmentRequest:
    """What a node asks us to commit to, and the AE title that it asked with."""

    transaction_uid: str
    node: str
    calling_ae_title: str
    references: tuple[InstanceReference, ...]


@dataclass(frozen=True)
class CommitmentResult:
    """What a peer said: the SOP Instance UIDs it committed to, and those it did not, with its reason
    (PS3.3 C.14.1.1: 0110 processing failure, 0112 no such object, 0119 class/instance conflict, 0122, 0131, 0213)."""

    transaction_uid: str
    node: str
    committed: tuple[str, ...]
    failed: tuple[tuple[str, int], ...]
    reports_for: frozenset[str] = field(default=frozenset(), compare=False)
    """The nodes whose results may come from where this one came from, by the list of nodes."""

    @property
    def complete(self) -> bool:
        """Whether the peer committed to everything it was asked for."""
        return not self.failed


def request_commitment(
    node: DimseNode,
    transaction_uid: str,
    references: Sequence[InstanceReference],
    *,
    calling_ae_title: str,
    wait_s: float = 2.0,
    timeout_s: float = 30.0,
) -> CommitmentResult | None:
    """Ask the node to commit to the references under `transaction_uid`.

    Returns its answer if it comes on this association within `wait_s` seconds, else None: then it arrives
    at `Receiver(on_commitment=...)`. Raises CommitmentNotSupported if the node accepts no commitment
    context, RequestRefused if it refuses the request, NodeTimeout, NodeUnreachable or AssociationRejected.
    """
    answers: list[CommitmentResult] = []
    answered = threading.Event()

    def take(event: evt.Event) -> tuple[int, None]:
        result = result_of_event(event, node.name)
        if result.transaction_uid == transaction_uid:
            answers.append(result)
            return SUCCESS, None
        # An answer to an older question: not ours to keep here; the peer will repeat it on a new association.
        return PROCESSING_FAILURE, None

    def told(_sent: evt.Event) -> None:
        # The release must not overtake what the peer is told: it would take its report for one that nobody heard.
        if answers:
            answered.set()

    unsupported = CommitmentNotSupported(
        f"Node {node.name!r} accepts no storage commitment.",
        f"Set `commitment: false` for node {node.name!r} in nodes.yaml; its holdings are then checked by query.",
    )
    if not node.commitment:
        raise unsupported
    association = associate(
        node.at(Service.COMMITMENT),
        [build_context(StorageCommitmentPushModel, list(UNCOMPRESSED))],
        calling_ae_title=calling_ae_title,
        timeout_s=timeout_s,
        handlers=[(evt.EVT_N_EVENT_REPORT, take), (evt.EVT_PDU_SENT, told)],
    )
    try:
        if not association.is_established or not association.accepted_contexts:
            raise unsupported
        hold_reactor(association)
        status, _ = association.send_n_action(
            action_information(transaction_uid, references),
            REQUEST_COMMITMENT,
            StorageCommitmentPushModel,
            StorageCommitmentPushModelInstance,
        )
        _check(node, status, "request")
        answered.wait(wait_s)
    finally:
        close(association)
    return answers[0] if answers else None


def _check(node: DimseNode, status: Dataset, what: str) -> None:
    """Whether the node took the commitment request, or the result."""
    code = stated_number(status.get("Status"))
    if code is None:
        raise NodeTimeout(
            f"Node {node.name!r} did not answer the commitment {what} in time.",
            "Wait; it will be called again.",
        )
    answer = meaning(Answered.DIMSE, code)
    if not answer.outcome.delivered:
        raise RequestRefused(
            f"Node {node.name!r} refused the commitment {what}: {meaning_of_status(code)}.",
            "Check in that system's log why; without commitment its holdings can be checked by query."
            if what == "request"
            else "Check in that system's log why it does not take the answer to its own request.",
            status=code,
            answer=answer,
        )


def report_commitment(
    node: DimseNode,
    result: CommitmentResult,
    classes: dict[str, str],
    *,
    calling_ae_title: str,
    timeout_s: float = 30.0,
) -> None:
    """As the committing side: tell the node the result on a new association, where we are the SCP.

    `classes` gives the SOP Class UID of each instance. Raises a NodeError when the node does not take it.
    """
    association = associate(
        node.at(Service.COMMITMENT),
        [build_context(StorageCommitmentPushModel, list(UNCOMPRESSED))],
        calling_ae_title=calling_ae_title,
        timeout_s=timeout_s,
        ext_neg=[build_role(StorageCommitmentPushModel, scu_role=False, scp_role=True)],
    )
    try:
        if not association.is_established or not association.accepted_contexts:
            raise CommitmentNotSupported(
                f"Node {node.name!r} asked for commitment but does not take the answer on a new association.",
                "Check the storage commitment settings of that system.",
            )
        hold_reactor(association)
        status, _ = association.send_n_event_report(
            event_information(result, classes),
            SOME_FAILED if result.failed else ALL_COMMITTED,
            StorageCommitmentPushModel,
            StorageCommitmentPushModelInstance,
        )
        _check(node, status, "result")
    finally:
        close(association)


def action_information(transaction_uid: str, references: Sequence[InstanceReference]) -> Dataset:
    """The data set of the N-ACTION request (PS3.4 Table J.3-1)."""
    ds = Dataset()
    ds.TransactionUID = transaction_uid
    ds.ReferencedSOPSequence = [_item(r.sop_class_uid, r.sop_instance_uid) for r in references]
    return ds


def references_of_action(ds: Dataset) -> tuple[str, tuple[InstanceReference, ...]]:
    """Transaction UID and references of a received N-ACTION request; ValueError if they are missing or no UIDs."""
    transaction_uid = str(ds.get("TransactionUID", "") or "")
    references = tuple(
        InstanceReference(
            str(item.get("ReferencedSOPClassUID", "")), str(item.get("ReferencedSOPInstanceUID", ""))
        )
        for item in ds.get("ReferencedSOPSequence", None) or ()
    )
    if not transaction_uid or not references:
        raise ValueError("the request has no Transaction UID or references nothing")
    uids = (transaction_uid, *(uid for each in references for uid in vars(each).values()))
    if not all(is_uid(uid) for uid in uids):
        raise ValueError("the request holds a UID that is none")
    return transaction_uid, references


def event_information(result: CommitmentResult, classes: dict[str, str]) -> Dataset:
    """The data set of the N-EVENT-REPORT (PS3.4 Table J.3-2)."""
    ds = Dataset()
    ds.TransactionUID = result.transaction_uid
    if result.committed:
        ds.ReferencedSOPSequence = [_item(classes.get(uid, ""), uid) for uid in result.committed]
    if result.failed:
        failed = []
        for uid, reason in result.failed:
            item = _item(classes.get(uid, ""), uid)
            item.FailureReason = reason
            failed.append(item)
        ds.FailedSOPSequence = failed
    return ds


def result_of_event(event: evt.Event, node: str) -> CommitmentResult:
    """The result inside a received N-EVENT-REPORT; the lists decide, not the event type."""
    ds = event.event_information
    return CommitmentResult(
        transaction_uid=str(ds.get("TransactionUID", "") or ""),
        node=node,
        committed=tuple(
            str(item.ReferencedSOPInstanceUID) for item in ds.get("ReferencedSOPSequence", None) or ()
        ),
        failed=tuple(
            (str(item.ReferencedSOPInstanceUID), _reason(item))
            for item in ds.get("FailedSOPSequence", None) or ()
        ),
    )


def _reason(item: Dataset) -> int:
    """Failure Reason, which some peers leave out or empty."""
    reason = stated_number(item.get("FailureReason"))
    return PROCESSING_FAILURE if reason is None else reason


def _item(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = UID(sop_class_uid)
    item.ReferencedSOPInstanceUID = UID(sop_instance_uid)
    return item
