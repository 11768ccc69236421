"""What is owed to those who ask us for storage commitment, and what we keep of what they sent: for steps and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from gateway.lifecycle import ReplyState, ResultState
from gateway.records.tables.cases import Reply
from gateway.records.tables.commitments import OwedResult
from gateway.records.tables.studies import Instance
from gateway.records.views.reply_rows import MOST_ASKED


@dataclass(frozen=True)
class ResultRow:
    """A result that is or was owed to a node, for pages: numbers and times, no UIDs."""

    id: int
    node: str
    calling_ae_title: str
    state: str
    objects: int
    kept: int | None
    attempts: int
    waiting_for: str
    problem: str
    fix: str
    asked_at: datetime
    reached_at: datetime


def owed(session: Session, result_id: int) -> OwedResult:
    """The row of a result."""
    return session.get_one(OwedResult, result_id)


def newest(session: Session, limit: int = 200) -> list[ResultRow]:
    """What is owed and what was told: first what waits for a person, then what is owed, the newest of each first."""
    order = (
        col(OwedResult.problem) == "",
        col(OwedResult.state) != ResultState.OWED,
        col(OwedResult.id).desc(),
    )
    return [_row(row) for row in session.exec(select(OwedResult).order_by(*order).limit(limit))]


def kept_from(session: Session, node: str, sop_instance_uids: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Which of these objects are kept durably and came from this node, each with the SOP classes it is kept under.

    Objects of studies, and what the node made of them. What another node sent is nobody else's business: it is as if
    it were not here.
    """
    kept: dict[str, frozenset[str]] = {}
    for first in range(0, len(sop_instance_uids), MOST_ASKED):
        asked = sop_instance_uids[first : first + MOST_ASKED]
        of_studies = select(Instance.sop_instance_uid, Instance.sop_class_uid, Instance.senders).where(
            col(Instance.sop_instance_uid).in_(asked)
        )
        replies = select(Reply.sop_instance_uid, Reply.sop_class_uid).where(
            col(Reply.sop_instance_uid).in_(asked), Reply.node == node, Reply.state != ReplyState.DISCARDED
        )
        found = [(uid, sop_class) for uid, sop_class, senders in session.exec(of_studies) if node in senders]
        for uid, sop_class in [*found, *session.exec(replies)]:
            kept[uid] = kept.get(uid, frozenset()) | {sop_class}
    return kept


def _row(row: OwedResult) -> ResultRow:
    return ResultRow(
        id=row.saved_id,
        node=row.node,
        calling_ae_title=row.calling_ae_title,
        state=row.state,
        objects=row.objects,
        kept=row.kept,
        attempts=row.attempts,
        waiting_for=row.waiting_for,
        problem=row.problem,
        fix=row.fix,
        asked_at=row.asked_at,
        reached_at=row.reached_at,
    )
