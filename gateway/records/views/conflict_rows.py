"""Conflicts as steps and pages read them: what differs, what waits for it, who decided; no value of an object."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from gateway.lifecycle import BEFORE_THE_REPORT, OPEN_CONFLICT, CaseState, ReplyState, Standing
from gateway.records.ledger.conflicts.contested import reason
from gateway.records.tables.cases import Case, Reply
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
    """The versions in question of each object of a conflict, and the one in force, in the order in which they came."""
    conflict = session.get_one(Conflict, conflict_id)
    of_it = select(Instance.sop_instance_uid).where(Instance.conflict_id == conflict_id)
    return list(
        session.exec(
            select(Instance)
            .where(
                Instance.study_id == conflict.study_id,
                Instance.standing != Standing.SAME,
                or_(
                    col(Instance.conflict_id) == conflict_id,
                    and_(
                        col(Instance.standing) == Standing.IN_FORCE,  # it came while none stood
                        col(Instance.sop_instance_uid).in_(of_it),
                    ),
                ),
            )
            .order_by(col(Instance.received_at), col(Instance.id))
        )
    )


def instances(session: Session, study_id: int) -> list[Instance]:
    """Every version of every object of a study, in the order in which they came first."""
    return list(
        session.exec(select(Instance).where(Instance.study_id == study_id).order_by(col(Instance.id)))
    )


def has_identity(session: Session, study_id: int) -> bool:
    """Whether a case of the study knows whose it is."""
    known = select(Case.ids()).where(Case.study_id == study_id, col(Case.identity_id).is_not(None))
    return session.exec(known.limit(1)).first() is not None


def is_signed(session: Session, study_id: int) -> bool:
    """Whether a case of the study has a report, or is over."""
    signed = select(Case.ids()).where(
        Case.study_id == study_id, col(Case.state).not_in(sorted(BEFORE_THE_REPORT))
    )
    return session.exec(signed.limit(1)).first() is not None


def not_sent_again(session: Session, conflict_id: int) -> int:
    """How many objects in force of the study have no other version in this conflict."""
    conflict = session.get_one(Conflict, conflict_id)
    rows = session.exec(
        select(Instance.sop_instance_uid, Instance.standing, Instance.conflict_id).where(
            Instance.study_id == conflict.study_id
        )
    ).all()
    in_force = {uid for uid, standing, _ in rows if standing == Standing.IN_FORCE}
    again = {
        uid
        for uid, standing, number in rows
        if number == conflict_id and standing in (Standing.UNCOMPARED, Standing.CONTESTED)
    }
    return len(in_force - again)


def is_sending(session: Session, study_id: int, now: datetime) -> bool:
    """Whether a worker holds a report, or an object of the reading site, that it may be sending to the sender."""
    case = select(Case.ids()).where(
        Case.study_id == study_id, Case.state == CaseState.COMPOSED, col(Case.lease_until) > now
    )
    reply = select(Reply.ids()).where(
        Reply.study_id == study_id, Reply.state == ReplyState.RESTORED, col(Reply.lease_until) > now
    )
    return any(session.exec(chosen.limit(1)).first() is not None for chosen in (case, reply))


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


def row(session: Session, conflict_id: int) -> ConflictRow | None:
    """One conflict, for people."""
    found = session.get(Conflict, conflict_id)
    return _row(found) if found else None


def contested(session: Session, study_ids: Collection[int]) -> dict[int, tuple[str, int]]:
    """Of each of these studies that is contested: why nothing leaves, and the number of its open conflict."""
    found = session.exec(
        select(Conflict.study_id, Conflict.state, Conflict.kind, Conflict.ids()).where(
            col(Conflict.study_id).in_(study_ids), col(Conflict.state).in_(sorted(OPEN_CONFLICT))
        )
    )
    return {study_id: (reason(state, kind), number) for study_id, state, kind, number in found}


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
