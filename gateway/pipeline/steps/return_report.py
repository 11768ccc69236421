"""Give the report to the node that gets the reports of its site, in the richest form that node accepts.

Which node that is, is asked anew each time, so that a case that waits goes where nodes.yaml says now. Where it went is
kept: that node is asked whether it keeps the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dicom_nodes.node import Node
from dicom_nodes.outcomes import Outcome
from gateway.lifecycle import CaseState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.pipeline.steps import deliveries
from gateway.pipeline.steps.document_forms import RICHEST_FIRST, Next, Offer, files_of, fixes, told
from gateway.recipients import Nobody, ToUploader, recipient
from gateway.records.step_record import NewDelivery, StepRecord
from gateway.records.views import case_rows

THEN = "Then retry the case."


def return_report(turn: Turn, context: StepContext) -> StepResult:
    """COMPOSED -> RETURNED, saying which form was accepted."""
    with context.database.read() as session:
        case = case_rows.case(session, turn.claim.id)
        study = case_rows.study(session, case.study_id)
    to = recipient(context.directory(), study.site, study.sender)
    if isinstance(to, Nobody):
        return Stuck(to.problem, f"{to.fix} {THEN}", StepRecord(columns={"returns_to": ""}))
    if isinstance(to, ToUploader):
        form = RICHEST_FIRST[0]
        columns = {
            "returns_to": "",
            "returned_as": form,
            "returned_uid": case.composed[form]["sop_instance_uid"],
        }
        note = {"waits": "on the upload's page, as SR and PDF", "why": to.why}
        return Done(CaseState.RETURNED, StepRecord(note=note, columns=columns))
    replaced = str(case.predecessor.get("node", ""))
    return _offered(context, to.node, case.composed, turn.claim.attempts, replaced)


def _offered(
    context: StepContext, node: Node, composed: Mapping[str, Any], attempts: int, replaced: str
) -> StepResult:
    """The forms one after the other, until one is taken or the class of an answer says to stop.

    `replaced` is the node that has the report which this one corrects; empty: it corrects none.
    """
    kept: list[NewDelivery] = []
    offers: list[Offer] = []
    changed = dict(composed)
    for form in RICHEST_FIRST:
        files = files_of(composed, form)
        if not files:
            continue
        outcomes = deliveries.offered(context, node, files)
        # A person's retry and a new state begin to count anew.
        before = int(files[0].get("tries", 0)) if attempts else 0
        limited = any(outcome.tries is not None for outcome in outcomes)
        offer = Offer(form, tuple(outcomes), before + 1 if limited else 1)
        offers.append(offer)
        kept += deliveries.new_deliveries("return", node.name, outcomes)
        if limited:
            changed[form] = {**files[0], "tries": offer.tries}
        match offer.next:
            case Next.DONE:
                columns = {
                    "returns_to": node.name,
                    "returned_as": form,
                    "returned_uid": files[0]["sop_instance_uid"],
                }
                note = {"node": node.name, "as": form}
                if offers[:-1]:
                    note["before"] = told(offers[:-1])
                if replaced not in ("", node.name):
                    note["replaces"] = f"the report at {replaced}, which is still there: have it taken out"
                return Done(
                    CaseState.RETURNED, StepRecord(note=note, columns=columns, deliveries=tuple(kept))
                )
            case Next.WAIT | Next.ASK_A_PERSON:
                break
            case Next.NEXT_FORM:
                pass
    record = StepRecord(columns={"composed": changed, "returns_to": node.name}, deliveries=tuple(kept))
    if (
        any(offer.answer.outcome is Outcome.TRY_AGAIN for offer in offers)
        and offers[-1].next is not Next.ASK_A_PERSON
    ):
        return NotYet(f"{node.name} did not take the report: {told(offers)}", record=record)
    return Stuck(
        f"{node.name} took the report in none of the forms that were offered. {told(offers)}.",
        f"{fixes(offers)} {THEN}",
        record,
    )
