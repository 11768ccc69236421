"""Send the de-identified copies to the reading site; what it took already is not sent again."""

from __future__ import annotations

import time

from dicom_nodes.outcomes import InstanceOutcome
from dicom_nodes.sender import OutgoingFile, store
from gateway.errors import Conflict
from gateway.lifecycle import CaseState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.step_result import Done, StepResult
from gateway.pipeline.steps.deliveries import new_deliveries, verdict
from gateway.records import ledger
from gateway.records.step_record import StepRecord
from gateway.records.views import case_rows

REMEMBER_EVERY_S = 5.0
"""A crash repeats at most what was sent in this time; the peer knows these instances by their UIDs."""


def forward(turn: Turn, context: StepContext) -> StepResult:
    """PREPARED -> FORWARDED, with an outcome for each object; without a destination the queue itself is the place."""
    with context.database.read() as session:
        case = case_rows.case(session, turn.claim.id)
        copies = case_rows.prepared(session, turn.claim.id)
        taken = case_rows.delivered(session, turn.claim.id, "forward", case.destination)
    if not case.destination:
        return Done(
            CaseState.FORWARDED,
            StepRecord(note={"available": "in the gateway's own queue", "objects": len(copies)}),
        )
    node = context.directory().get(case.destination)
    files = [
        OutgoingFile(
            context.blobs.path(copy.blob), copy.sop_class_uid, copy.sop_instance_uid, copy.transfer_syntax_uid
        )
        for copy in copies
        if copy.sop_instance_uid not in taken
    ]
    outcomes = store(
        node,
        files,
        calling_ae_title=context.settings.dicom.ae_title,
        on_outcome=_Progress(turn, context, node.name),
        timeout_s=context.settings.dicom.timeout,
    )
    return verdict("forward", node.name, outcomes, CaseState.FORWARDED)


class _Progress:
    """Hears each outcome and writes them down now and then; stops the sending when the case is no longer ours."""

    def __init__(self, turn: Turn, context: StepContext, node: str) -> None:
        self._turn, self._context, self._node = turn, context, node
        self._heard: list[InstanceOutcome] = []
        self._written = time.monotonic()

    def __call__(self, outcome: InstanceOutcome) -> None:
        self._heard.append(outcome)
        if time.monotonic() - self._written < REMEMBER_EVERY_S:
            return
        known = new_deliveries("forward", self._node, self._heard)
        if not ledger.note_deliveries(self._context.database, self._turn.claim, known):
            raise Conflict("Another worker has taken this case over.", "Nothing to do: it goes on there.")
        self._heard.clear()
        self._written = time.monotonic()
