"""Being asked for storage commitment: take the request, look up what is kept, report on a new association.

Standard: PS3.4 J.3.2 (request) and J.3.3 (result).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.association import Association

from dicom_nodes.commitment import (
    INVALID_ARGUMENT,
    PROCESSING_FAILURE,
    REQUEST_COMMITMENT,
    SUCCESS,
    CommitmentResult,
    InstanceReference,
    references_of_action,
    report_commitment,
)
from dicom_nodes.errors import NodeError
from dicom_nodes.node import DimseNode

log = logging.getLogger("dicom_nodes.commitment")

Failures = tuple[tuple[InstanceReference, int], ...]
Committed = Callable[[tuple[InstanceReference, ...]], tuple[tuple[InstanceReference, ...], Failures]]

_NO_SUCH_ACTION = 0x0123
# The first wait lets the requestor end its own association, which some insist on.
_REPORT_AFTER_S = (0.2, 2.0, 15.0, 60.0)


class CommitmentProvider:
    """Answers N-ACTION for one receiver; `node_of` names the caller, `stopping` ends pending reports."""

    def __init__(
        self,
        ae_title: str,
        committed: Committed,
        node_of: Callable[[Association], DimseNode],
        stopping: threading.Event,
    ) -> None:
        self._ae_title = ae_title
        self._committed = committed
        self._node_of = node_of
        self._stopping = stopping

    def request(self, event: evt.Event) -> tuple[int, Dataset | None]:
        """EVT_N_ACTION: accepted at once, looked up and answered in a thread of its own."""
        if event.action_type != REQUEST_COMMITMENT:
            return _NO_SUCH_ACTION, None
        node = self._node_of(event.assoc)
        try:
            transaction_uid, references = references_of_action(event.action_information)
        except Exception:
            log.exception("a commitment request from node %s cannot be read", node.name)
            return INVALID_ARGUMENT, None
        threading.Thread(
            target=self._answer,
            args=(node, transaction_uid, references),
            name=f"commitment-{node.name}",
            daemon=True,
        ).start()
        return SUCCESS, None

    def _answer(
        self, node: DimseNode, transaction_uid: str, references: tuple[InstanceReference, ...]
    ) -> None:
        try:
            kept, failed = self._committed(references)
        except Exception:
            log.exception("what is kept could not be looked up for node %s", node.name)
            kept, failed = (), tuple((reference, PROCESSING_FAILURE) for reference in references)
        result = CommitmentResult(
            transaction_uid,
            node.name,
            tuple(reference.sop_instance_uid for reference in kept),
            tuple((reference.sop_instance_uid, reason) for reference, reason in failed),
        )
        classes = {reference.sop_instance_uid: reference.sop_class_uid for reference in references}
        for delay in _REPORT_AFTER_S:
            if self._stopping.wait(delay):
                return
            try:
                report_commitment(node, result, classes, calling_ae_title=self._ae_title)
            except NodeError as error:
                log.warning("node %s did not take its commitment result: %s", node.name, error.problem)
            else:
                return
