"""What other systems answered: for each object of a case, and to requests for storage commitment (PS3.4 Annex J)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from gateway.lifecycle import CaseState, ReplyState
from gateway.records.database import Database
from gateway.records.step_record import NewCommitment, NewDelivery
from gateway.records.tables.studies import Case, Commitment, Delivery, Reply


def record_commitment(database: Database, commitment: NewCommitment) -> None:
    """Keep a storage commitment answer that came on an association of its own; wakes what it belongs to."""
    with database.write("record_commitment") as session:
        now = database.now(session)
        keep_commitment(session, commitment, now)
        answered = [*commitment.committed, *(uid for uid, _ in commitment.failed)]
        for waiting in (
            update(Case).where(col(Case.state) == CaseState.RETURNED, col(Case.returned_uid).in_(answered)),
            update(Reply).where(
                col(Reply.state) == ReplyState.RETURNED, col(Reply.sop_instance_uid).in_(answered)
            ),
        ):
            session.execute(waiting.values(look_again_at=now))


def keep_commitment(session: Session, commitment: NewCommitment, now: datetime) -> None:
    """Write the answer to a request, over an earlier one for it, in the caller's transaction."""
    session.merge(
        Commitment(
            transaction_uid=commitment.transaction_uid,
            node=commitment.node,
            committed=list(commitment.committed),
            failed=[list(pair) for pair in commitment.failed],
            answered_at=now,
        )
    )


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
