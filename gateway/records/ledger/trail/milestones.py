"""What of the engine's work is an event of the audit trail: somebody else has something from then on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from gateway.lifecycle import CaseState, ReplyState, StudyState
from gateway.records.ledger import audit_trail
from gateway.records.tables.cases import Case, Reply
from gateway.records.tables.commitments import OwedResult
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.studies import Study

MILESTONES: Final[Mapping[tuple[str, str], str]] = {
    ("study", StudyState.COMPLETED): "study received",
    ("case", CaseState.PREPARED): "copies prepared",
    ("case", CaseState.FORWARDED): "images forwarded",
    ("case", CaseState.RETURNED): "report returned",
    ("reply", ReplyState.RETURNED): "reply returned",
}


def tell(
    session: Session,
    unit: str,
    row: Case | Conflict | OwedResult | Reply | Study,
    reached: str,
    now: datetime,
) -> None:
    """Add the event of what a unit has reached, if there is one, to the caller's transaction."""
    event = MILESTONES.get((unit, reached))
    if event is None:
        return
    detail: dict[str, Any] = {}
    subject, case, address = f"{unit} {row.id}", None, ""
    if isinstance(row, Study):
        detail, address = {"sender": row.sender, "by": row.received_by, "objects": row.instances}, row.address
    elif isinstance(row, Case):
        nodes = {CaseState.FORWARDED: row.destination, CaseState.RETURNED: row.returns_to}
        detail = {"study": row.study_id, "node": nodes.get(CaseState(reached), "")}
    elif isinstance(row, Reply):
        case = row.case_id
    audit_trail.append(session, now, "gateway", event, subject, detail, address=address, case=case)
