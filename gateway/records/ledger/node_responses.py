"""What other systems answered for each object of a case that they were sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, select

from gateway.records.step_record import NewDelivery
from gateway.records.tables.cases import Delivery


def keep_deliveries(session: Session, case_id: int, deliveries: Sequence[NewDelivery], now: datetime) -> None:
    """Write the answers for each object of a case, over earlier ones: the last is the truth of what a node has."""
    if not deliveries:
        return
    known = {
        (row.direction, row.sop_instance_uid): row
        for row in session.exec(select(Delivery).where(Delivery.case_id == case_id))
    }
    for fact in deliveries:
        key = fact.direction, fact.sop_instance_uid
        row = known.get(key)
        if row is None:
            row = known[key] = Delivery(case_id=case_id, **vars(fact), at=now)
        else:
            row.node, row.outcome, row.status, row.detail, row.at = (
                fact.node,
                fact.outcome,
                fact.status,
                fact.detail,
                now,
            )
        session.add(row)
