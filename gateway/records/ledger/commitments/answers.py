"""Requests for storage commitment that we make (PS3.4 Annex J), and the answers of those who were asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import not_, update
from sqlmodel import Session, col, select

from gateway.lifecycle import CaseState, ReplyState
from gateway.records.commitment_answers import Asked, Unexpected, unexpected
from gateway.records.database import Database
from gateway.records.step_record import NewCommitment, NewRequest
from gateway.records.tables.cases import Case, Reply
from gateway.records.tables.commitments import Commitment

MOST_UNTAKEN = 3
"""Requests of one unit that stay although their node is not known to have taken them."""


def record_commitment(
    database: Database, commitment: NewCommitment, reports_for: Collection[str]
) -> Unexpected | None:
    """Keep a storage commitment answer that came on an association of its own; wakes what it belongs to.

    `reports_for` are the nodes whose results may come from where this one came from. What does not answer a request
    of one of them changes nothing, and why is returned.
    """
    with database.write("record_commitment") as session:
        chosen = select(Commitment).where(Commitment.transaction_uid == commitment.transaction_uid)
        row = session.exec(chosen.with_for_update()).first()
        asked = None if row is None else Asked(row.node, frozenset(row.asked))
        why = unexpected(asked, reports_for, commitment.committed, [uid for uid, _ in commitment.failed])
        if why is not None or row is None:
            return why
        now = database.now(session)
        _answer(row, commitment, now)
        waiting = (
            update(Case).where(col(Case.state) == CaseState.RETURNED)
            if row.unit == "case"
            else update(Reply).where(col(Reply.state) == ReplyState.RETURNED)
        )
        table = Case if row.unit == "case" else Reply
        session.execute(waiting.where(col(table.id) == row.unit_id).values(look_again_at=now))
    return None


def forget_untaken(session: Session, transactions: Sequence[str]) -> list[str]:
    """Delete requests that their node never took, but for the last few; the transactions that are left, in order.

    A node that is away for days is asked again and again. One that took a request and could not say so in time may
    still answer the last.
    """
    rows = session.exec(
        select(Commitment)
        .where(
            col(Commitment.transaction_uid).in_(transactions),
            not_(col(Commitment.taken)),
            col(Commitment.answered_at).is_(None),
        )
        .order_by(col(Commitment.asked_at).desc())
        .offset(MOST_UNTAKEN)
    ).all()
    for row in rows:
        session.delete(row)
    gone = {row.transaction_uid for row in rows}
    return [transaction for transaction in transactions if transaction not in gone]


def keep_request(session: Session, unit: str, unit_id: int, request: NewRequest, now: datetime) -> None:
    """Remember a request before it is made, so that its answer may come however soon."""
    session.add(
        Commitment(
            transaction_uid=request.transaction_uid,
            node=request.node,
            unit=unit,
            unit_id=unit_id,
            asked=list(request.asked),
            asked_at=now,
        )
    )


def note_taken(session: Session, transaction_uid: str) -> None:
    """Remember that a request was taken; nothing when it is gone meanwhile."""
    row = session.get(Commitment, transaction_uid)
    if row is not None:
        row.taken = True


def keep_answer(session: Session, commitment: NewCommitment, now: datetime) -> None:
    """Write an answer that came on the association of its request, in the caller's transaction."""
    row = session.get(Commitment, commitment.transaction_uid)
    if row is not None:
        row.taken = True
        _answer(row, commitment, now)


def _answer(row: Commitment, commitment: NewCommitment, now: datetime) -> None:
    """The last answer counts: it says what the node holds now."""
    row.committed = list(commitment.committed)
    row.failed = [list(pair) for pair in commitment.failed]
    row.answered_at = now
