"""Results of storage commitment that we owe those who ask us (PS3.4 Annex J): rows, so that none is forgotten.

A node may ask as often as it likes, so what is owed to one is limited, and of what was told only the newest rows stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlmodel import Session, col, func, select

from gateway.errors import NotThere
from gateway.lifecycle import ResultState, move_result
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.tables.commitments import OwedResult

MOST_OWED = 500
"""Results that may be owed to one node at a time."""
MOST_TOLD = 50
"""Rows of one node that stay when nothing is owed any more."""
FIRST_LOOK = timedelta(seconds=1)
"""Lets the node end the association of its request before it is called, which some insist on."""


@dataclass(frozen=True)
class NewOwed:
    """A request of a node, before it has a row; `wanted` holds SOP Class and Instance UIDs."""

    node: str
    calling_ae_title: str
    transaction_uid: str
    wanted: tuple[tuple[str, str], ...]


class NotOwed(Enum):
    """Why a request gets no row."""

    TOO_MANY = auto()
    """As many results are owed to the node as may be."""
    IN_USE = auto()
    """The transaction is that of a request about other objects, whose result is still owed."""


def owe_result(database: Database, request: NewOwed) -> NotOwed | None:
    """Remember that a node is to be told what we keep; the same request again owes one result, not two."""
    wanted = [list(pair) for pair in request.wanted]
    with database.write("owe_result") as session:
        now = database.now(session)
        chosen = select(OwedResult).where(
            OwedResult.node == request.node, OwedResult.transaction_uid == request.transaction_uid
        )
        row = session.exec(chosen.with_for_update()).first()
        if row is not None and row.state == ResultState.OWED:
            return None if row.wanted == wanted else NotOwed.IN_USE
        owed = select(func.count()).where(
            OwedResult.node == request.node, OwedResult.state == ResultState.OWED
        )
        if session.exec(owed).one() >= MOST_OWED:
            return NotOwed.TOO_MANY
        if row is None:
            row = OwedResult(
                node=request.node,
                calling_ae_title=request.calling_ae_title,
                transaction_uid=request.transaction_uid,
                objects=len(wanted),
                asked_at=now,
                reached_at=now,
                look_again_at=now,
            )
            session.add(row)
        else:
            row.state = move_result(ResultState(row.state), ResultState.OWED)
        row.calling_ae_title, row.wanted, row.objects = request.calling_ae_title, wanted, len(wanted)
        row.kept, row.asked_at, row.reached_at, row.look_again_at = None, now, now, now + FIRST_LOOK
        row.attempts, row.failing_since, row.waiting_for, row.problem, row.fix = 0, None, "", "", ""
        _drop_oldest(session, request.node)
    return None


def drop_result(database: Database, result_id: int, who: str) -> None:
    """Decide that a result is not reported any more. Raises NotThere, and WrongState when nothing is owed."""
    with database.write("drop_result") as session:
        row = session.exec(select(OwedResult).where(OwedResult.id == result_id).with_for_update()).first()
        if row is None:
            raise NotThere(
                f"There is no result {result_id} of storage commitment.", "The page Nodes lists them."
            )
        over(row, ResultState.DROPPED, database.now(session))
        row.problem = row.fix = row.waiting_for = ""
        row.fence += 1  # a step that runs now must not say that it was reported
        row.lease_owner, row.lease_until = "", None
        audit_trail.append(
            session,
            row.reached_at,
            who,
            "commitment result dropped",
            f"result {result_id}",
            {"node": row.node},
        )


def over(row: OwedResult, reached: ResultState, now: datetime) -> None:
    """Nothing is owed any more: the objects are named no longer. Raises WrongState."""
    row.state, row.reached_at, row.wanted = move_result(ResultState(row.state), reached), now, []


def _drop_oldest(session: Session, node: str) -> None:
    told = select(OwedResult).where(OwedResult.node == node, OwedResult.state != ResultState.OWED)
    oldest: Sequence[OwedResult] = session.exec(
        told.order_by(col(OwedResult.id).desc()).offset(MOST_TOLD)
    ).all()
    for row in oldest:
        session.delete(row)
