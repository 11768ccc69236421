"""What the records know of objects that reading sites sent back: read models for intake, steps and pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from gateway.lifecycle import ReplyState
from gateway.records.accounts import Viewer
from gateway.records.tables import Case, Instance, PreparedInstance, Reply

MOST_ASKED = 500
"""UIDs asked for in one statement: databases limit the number of parameters."""


@dataclass(frozen=True)
class ReplyRow:
    """One object of a reading site, for pages: no UIDs, no identity."""

    id: int
    node: str
    received_by: str
    sop_class_uid: str
    state: str
    case_id: int | None
    pseudonym: str
    is_report: bool
    problem: str
    fix: str
    waiting_for: str
    received_at: datetime
    reached_at: datetime


def is_pseudonymous(session: Session, study_instance_uid: str) -> bool:
    """Whether a case was prepared under this StudyInstanceUID."""
    return session.exec(_cases_of(study_instance_uid).limit(1)).first() is not None


def cases_of(session: Session, study_instance_uid: str) -> list[Case]:
    """Every case whose reader knows its study under this UID."""
    return list(session.exec(_cases_of(study_instance_uid).order_by(col(Case.id))))


def _cases_of(study_instance_uid: str):  # type: ignore[no-untyped-def]  # SQLModel's type of a select cannot be written
    return select(Case).where(Case.pseudonymous_study_uid == study_instance_uid)


def reply(session: Session, reply_id: int) -> Reply:
    """The row of an object."""
    return session.get_one(Reply, reply_id)


def earlier_of_same_uid(session: Session, present: Reply) -> bool:
    """Whether another object came first under the same SOP Instance UID."""
    found = select(Reply.id).where(
        Reply.sop_instance_uid == present.sop_instance_uid,
        col(Reply.id) < present.id,
        Reply.state != ReplyState.DISCARDED,
    )
    return session.exec(found.limit(1)).first() is not None


def siblings(session: Session, present: Reply) -> frozenset[str]:
    """SOP Instance UIDs of the other objects sent back in the same study: what this one may refer to besides images."""
    return frozenset(
        session.exec(
            select(Reply.sop_instance_uid).where(
                Reply.study_instance_uid == present.study_instance_uid, Reply.state != ReplyState.DISCARDED
            )
        )
    )


def of_other_patients(session: Session, sop_instance_uids: Collection[str], identity_id: int | None) -> bool:
    """Whether any of these is the copy of another patient's image (looked for among the first 500)."""
    asked = sorted(sop_instance_uids)[:MOST_ASKED]
    found = (
        select(PreparedInstance.id)
        .join(Case)
        .where(col(PreparedInstance.sop_instance_uid).in_(asked), Case.identity_id != identity_id)
    )
    return session.exec(found.limit(1)).first() is not None


def is_original(session: Session, sop_instance_uid: str) -> bool:
    """Whether an instance of a received study has this UID."""
    found = select(Instance.id).where(Instance.sop_instance_uid == sop_instance_uid)
    return session.exec(found.limit(1)).first() is not None


def of_case(session: Session, case_id: int) -> list[ReplyRow]:
    """What the reading site sent back about one case, oldest first."""
    return _rows(session, select(Reply, Case.pseudonym).join(Case).where(Reply.case_id == case_id))


def newest(session: Session, viewer: Viewer, limit: int = 200) -> list[ReplyRow]:
    """What reading sites sent back, those that are held first; those of no case only for viewers of every site."""
    chosen = select(Reply, Case.pseudonym).join(Case, isouter=True)
    if viewer.site:
        chosen = chosen.where(Case.site == viewer.site)
    rows = _rows(
        session, chosen.order_by((col(Reply.problem) == "").asc(), col(Reply.id).desc()).limit(limit)
    )
    return rows


def for_viewer(session: Session, viewer: Viewer, reply_id: int) -> ReplyRow | None:
    """One object as the viewer may see it; None when there is none or its case belongs to another site."""
    chosen = select(Reply, Case.pseudonym).join(Case, isouter=True).where(Reply.id == reply_id)
    if viewer.site:
        chosen = chosen.where(Case.site == viewer.site)
    found = _rows(session, chosen)
    return found[0] if found else None


def _rows(session: Session, chosen) -> list[ReplyRow]:  # type: ignore[no-untyped-def]  # as above
    return [
        ReplyRow(
            r.id or 0,
            r.node,
            r.received_by,
            r.sop_class_uid,
            r.state,
            r.case_id,
            pseudonym or "",
            r.is_report,
            r.problem,
            r.fix,
            r.waiting_for,
            r.received_at,
            r.reached_at,
        )
        for r, pseudonym in session.exec(chosen)
    ]
