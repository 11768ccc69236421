"""What the records know of objects that reading sites sent back: read models for intake, steps and pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, not_, or_
from sqlmodel import Session, col, select

from gateway.lifecycle import CaseState, ReplyState
from gateway.records.accounts import Viewer
from gateway.records.tables.cases import Case, PreparedInstance, Reply
from gateway.records.tables.studies import Instance

MOST_ASKED = 500
"""UIDs asked for in one statement: databases limit the number of parameters."""


@dataclass(frozen=True)
class ReplyRow:
    """One object of a reading site, for pages: no UIDs, no identity."""

    id: int
    node: str
    received_by: str
    kind: str
    """name of the SOP class"""
    state: str
    case_id: int | None
    pseudonym: str
    is_report: bool
    closes: bool
    """its case still waits, and this could be its report"""
    returns_to: str
    """the node it goes to; empty, once it is returned: it waits for the uploader of the study"""
    problem: str
    fix: str
    waiting_for: str
    received_at: datetime
    reached_at: datetime


def is_pseudonymous(session: Session, study_instance_uid: str) -> bool:
    """Whether a case was prepared under this StudyInstanceUID."""
    found = select(Case.id).where(Case.pseudonymous_study_uid == study_instance_uid)
    return session.exec(found.limit(1)).first() is not None


def cases_of(session: Session, study_instance_uid: str) -> list[Case]:
    """Every case whose reader knows its study under this UID."""
    found = select(Case).where(Case.pseudonymous_study_uid == study_instance_uid)
    return list(session.exec(found.order_by(col(Case.id))))


def reply(session: Session, reply_id: int) -> Reply:
    """The row of an object."""
    return session.get_one(Reply, reply_id)


def has_twin(session: Session, present: Reply) -> bool:
    """Whether another object has the same SOP Instance UID: one that came first, or one that went on already.

    One that came first and is held without a case does not count: whoever was not asked could stop others by it.
    """
    held_alone = and_(col(Reply.case_id).is_(None), col(Reply.problem) != "")
    came_first = and_(col(Reply.id) < present.id, not_(held_alone))
    found = select(Reply.id).where(
        Reply.sop_instance_uid == present.sop_instance_uid,
        Reply.id != present.id,
        Reply.state != ReplyState.DISCARDED,
        or_(came_first, col(Reply.state) != ReplyState.RECEIVED),
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
    query = (
        select(PreparedInstance.id)
        .join(Case)
        .where(
            col(PreparedInstance.sop_instance_uid).in_(asked),
            col(Case.identity_id).is_distinct_from(identity_id),
        )
    )
    return session.exec(query.limit(1)).first() is not None


def is_original(session: Session, sop_instance_uid: str) -> bool:
    """Whether an instance of a received study has this UID."""
    found = select(Instance.id).where(Instance.sop_instance_uid == sop_instance_uid)
    return session.exec(found.limit(1)).first() is not None


def of_case(session: Session, case_id: int) -> list[ReplyRow]:
    """What the reading site sent back about one case, oldest first."""
    return _rows(session, _with_case().where(Reply.case_id == case_id).order_by(col(Reply.id)))


def newest(session: Session, viewer: Viewer, limit: int = 200) -> list[ReplyRow]:
    """What reading sites sent back, those that are held first; those of no case only for viewers of every site."""
    chosen = _with_case().order_by(col(Reply.problem) == "", col(Reply.id).desc()).limit(limit)
    return _rows(session, _seen_by(viewer, chosen))


def for_viewer(session: Session, viewer: Viewer, reply_id: int) -> ReplyRow | None:
    """One object as the viewer may see it; None when there is none or its case belongs to another site."""
    found = _rows(session, _seen_by(viewer, _with_case().where(Reply.id == reply_id)))
    return found[0] if found else None


def reported_cases(session: Session, among: Collection[int]) -> frozenset[int]:
    """Those of some cases for which a report of the reading site's own is safe at the sender."""
    found = select(Reply.case_id).where(
        Reply.state == ReplyState.CONFIRMED, Reply.is_report, col(Reply.case_id).in_(among)
    )
    return frozenset(case_id for case_id in session.exec(found) if case_id is not None)


def _with_case() -> Any:  # a select of two tables: SQLModel's type for it cannot be written
    return select(Reply, Case).join(Case, col(Reply.case_id) == Case.id, isouter=True)


def _seen_by(viewer: Viewer, chosen: Any) -> Any:
    return chosen.where(Case.site == viewer.site) if viewer.site else chosen


def _rows(session: Session, chosen: Any) -> list[ReplyRow]:
    return [_row(*found) for found in session.exec(chosen)]


def _row(reply: Reply, case: Case | None) -> ReplyRow:
    from pydicom.uid import UID  # for the pages alone; the intake asks this module, too, and needs no pydicom

    safe = reply.state == ReplyState.CONFIRMED
    return ReplyRow(
        id=reply.saved_id,
        node=reply.node,
        received_by=reply.received_by,
        kind=UID(reply.sop_class_uid).name.removesuffix(" Storage"),
        state=reply.state,
        case_id=reply.case_id,
        pseudonym=case.pseudonym if case else "",
        is_report=reply.is_report,
        closes=safe and reply.is_report and case is not None and case.state == CaseState.FORWARDED,
        returns_to=reply.returns_to,
        problem=reply.problem,
        fix=reply.fix,
        waiting_for=reply.waiting_for,
        received_at=reply.received_at,
        reached_at=reply.reached_at,
    )
