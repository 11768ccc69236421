"""What other systems answered: for each object of a case, and to requests for storage commitment (PS3.4 Annex J)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from gateway.lifecycle import CaseState, ReplyState
from gateway.records.database import Database
from gateway.records.evidence import CommitmentFact, DeliveryFact
from gateway.records.tables.studies import Case, Commitment, Delivery, Reply


def record_commitment(database: Database, fact: CommitmentFact) -> None:
    """Keep a storage commitment answer that came on an association of its own; wakes what it belongs to."""
    with database.write("record_commitment") as session:
        now = database.now(session)
        keep_commitment(session, fact, now)
        answered = [*fact.committed, *(uid for uid, _ in fact.failed)]
        for waiting in (
            update(Case).where(col(Case.state) == CaseState.RETURNED, col(Case.returned_uid).in_(answered)),
            update(Reply).where(
                col(Reply.state) == ReplyState.RETURNED, col(Reply.sop_instance_uid).in_(answered)
            ),
        ):
            session.execute(waiting.values(look_again_at=now))


def keep_commitment(session: Session, fact: CommitmentFact, now: datetime) -> None:
    """Write the answer to a request, over an earlier one for it, in the caller's transaction."""
    session.merge(
        Commitment(
            transaction_uid=fact.transaction_uid,
            node=fact.node,
            committed=list(fact.committed),
            failed=[list(pair) for pair in fact.failed],
            answered_at=now,
        )
    )


def keep_deliveries(session: Session, case_id: int, facts: Sequence[DeliveryFact], now: datetime) -> None:
    """Write the answers for each object of a case, over earlier ones: the last is the truth of what a node has."""
    if not facts:
        return
    known = {
        (row.direction, row.sop_instance_uid): row
        for row in session.exec(select(Delivery).where(Delivery.case_id == case_id))
    }
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
