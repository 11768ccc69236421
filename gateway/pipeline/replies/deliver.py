"""Give an object of the reading site to the node that gets the reports of the study's site, and make sure that it
stays there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from dicom_nodes.errors import UnknownNode
from dicom_nodes.node import ReportsBy
from gateway.lifecycle import BEFORE_THE_REPORT, CaseState, ReplyState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.pipeline.steps.confirm import Returned, confirmed
from gateway.pipeline.steps.deliveries import offered, verdict
from gateway.recipients import Nobody, ToUploader, recipient
from gateway.records.step_record import StepRecord
from gateway.records.tables.cases import Case, Reply
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows, reply_rows


def return_reply(turn: Turn, context: StepContext) -> StepResult:
    """RESTORED -> RETURNED, with the answer of the node it goes to."""
    reply, _, study = _read(turn, context)
    to = recipient(context.directory(), study.site, study.sender)
    if isinstance(to, Nobody):
        return Stuck(to.problem, f"{to.fix} Then try again.", StepRecord(columns={"returns_to": ""}))
    if isinstance(to, ToUploader):
        note = {"waits": "on the upload's page", "why": to.why}
        return Done(ReplyState.RETURNED, StepRecord(note=note, columns={"returns_to": ""}))
    result = verdict("reply", to.node.name, offered(context, to.node, [reply.restored]), ReplyState.RETURNED)
    return replace(result, record=replace(result.record, columns={"returns_to": to.node.name}))


def confirm_reply(turn: Turn, context: StepContext) -> StepResult:
    """RETURNED -> CONFIRMED; where the reading site reports by DICOM, its report ends the case."""
    reply, case, study = _read(turn, context)
    closes = reply.is_report and _reports_by_dicom(context, case.destination or reply.node)
    if closes and reply.generation == case.generation and case.state in BEFORE_THE_REPORT:
        if case.state != CaseState.FORWARDED:
            return NotYet("the case is still on its way to the reading site", timedelta(seconds=5))
    else:
        closes = False
    if not reply.returns_to:
        record = StepRecord(note={"how": "kept here for the uploader"}, closes_case=closes)
        return Done(ReplyState.CONFIRMED, record)
    returned = Returned(
        "the object",
        "reply",
        [reply.restored],
        study.study_instance_uid,
        reply.reached_at,
        reply.commitment_transactions,
        ReplyState.CONFIRMED,
    )
    result = confirmed(turn, context, context.directory().get(reply.returns_to), returned)
    if isinstance(result, Done):
        return Done(result.reached, replace(result.record, closes_case=closes))
    return result


def _reports_by_dicom(context: StepContext, name: str) -> bool:
    try:
        return context.directory().get(name).reports_by is ReportsBy.DICOM
    except UnknownNode:
        return False


def _read(turn: Turn, context: StepContext) -> tuple[Reply, Case, Study]:
    with context.database.read() as session:
        reply = reply_rows.reply(session, turn.claim.id)
        assert reply.case_id is not None
        case = case_rows.case(session, reply.case_id)
        return reply, case, case_rows.study(session, case.study_id)
