"""What another system answered for each object of a case: the last outcome is the truth of what it has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, select

from gateway.records.evidence import DeliveryFact
from gateway.records.tables.studies import Delivery


def keep_deliveries(session: Session, case_id: int, facts: Sequence[DeliveryFact], now: datetime) -> None:
    """Write the answers, each over an earlier one for the same object."""
    if not facts:
        return
    found = session.exec(select(Delivery).where(Delivery.case_id == case_id))
    known = {(row.direction, row.sop_instance_uid): row for row in found}
    for fact in facts:
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
