"""Conflicts as steps and pages read them: what differs, what waits for it, who decided; no value of an object."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from gateway.lifecycle import OPEN_CONFLICT, Standing
from gateway.records.ledger.conflicts import reason
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.studies import Instance


@dataclass(frozen=True)
class ConflictRow:
    """One question about one study, for people."""

    id: int
    study_id: int
    state: str
    open: bool
    reason: str
    kind: str
    kinds: Mapping[str, int]
    objects: int
    differences: tuple[Mapping[str, Any], ...]
    choice: str
    decided_by: str
    why: str
    decided_at: datetime | None
    received_at: datetime
    last_at: datetime
    problem: str
    fix: str


def conflict(session: Session, conflict_id: int) -> Conflict:
    """A conflict's row."""
    return session.get_one(Conflict, conflict_id)


def versions(session: Session, conflict_id: int) -> list[Instance]:
    """Every version of every object of a conflict that is not merely the same, in the order in which they came."""
    return list(
        session.exec(
            select(Instance)
            .where(Instance.conflict_id == conflict_id, Instance.standing != Standing.SAME)
            .order_by(col(Instance.received_at), col(Instance.id))
        )
    )


def to_compare(session: Session, conflict_id: int) -> list[tuple[Instance, Instance | None]]:
    """Each version that is not compared yet, with the one in force of the same object."""
    found = versions(session, conflict_id)
    stands = {row.sop_instance_uid: row for row in found if row.standing == Standing.IN_FORCE}
    return [(row, stands.get(row.sop_instance_uid)) for row in found if row.standing == Standing.UNCOMPARED]


def of_study(session: Session, study_id: int) -> tuple[ConflictRow, ...]:
    """The conflicts of a study that had something to say, the newest first."""
    found = session.exec(
        select(Conflict)
        .where(Conflict.study_id == study_id, Conflict.state != "SAME")
        .order_by(col(Conflict.id).desc())
    )
    return tuple(_row(row) for row in found)


def contested(session: Session, study_ids: Collection[int]) -> dict[int, str]:
    """Why nothing leaves, of each of these studies that is contested."""
    found = session.exec(
        select(Conflict.study_id, Conflict.state, Conflict.kind).where(
            col(Conflict.study_id).in_(study_ids), col(Conflict.state).in_(sorted(OPEN_CONFLICT))
        )
    )
    return {study_id: reason(state, kind) for study_id, state, kind in found}


def _row(row: Conflict) -> ConflictRow:
    is_open = row.state in OPEN_CONFLICT
    return ConflictRow(
        row.saved_id,
        row.study_id,
        row.state,
        is_open,
        reason(row.state, row.kind) if is_open else "",
        row.kind,
        row.kinds,
        row.objects,
        tuple(row.differences),
        row.choice,
        row.decided_by,
        row.why,
        row.decided_at,
        row.received_at,
        row.last_at,
        row.problem,
        row.fix,
    )
