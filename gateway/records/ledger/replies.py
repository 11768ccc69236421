"""What reading sites send back: kept, discarded by a person, or counted as the report of its case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from gateway.errors import NotThere, WrongState
from gateway.lifecycle import CaseState, ReplyState, move_case, move_reply
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.journal import add_line
from gateway.records.ledger.notices import raise_notice
from gateway.records.tables.cases import Case, PreparedInstance, Reply


@dataclass(frozen=True)
class NewReply:
    """A kept object of a reading site, before it has a row."""

    node: str
    calling_ae_title: str
    address: str
    received_by: str
    uploaded_by: int | None
    study_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    digest: str
    blob: str
    size: int


def note_echo(database: Database, sop_instance_uid: str) -> bool:
    """True when the object is one of our own copies coming back: counted with its cases, and not kept."""
    with database.write("note_echo") as session:
        cases = session.exec(
            select(Case)
            .join(PreparedInstance)
            .where(PreparedInstance.sop_instance_uid == sop_instance_uid)
            .order_by(col(Case.id))
            .with_for_update(of=Case)
        ).all()
        now = database.now(session)
        for case in cases:
            if not case.echoes:  # once: a study has hundreds of images
                note = {"dropped": "they are the images that were sent, nothing new"}
                add_line(session, case.study_id, case.id, now, "our own images came back", detail=note)
            case.echoes += 1
        return bool(cases)


def keep_reply(database: Database, reply: NewReply) -> int:
    """Remember an object whose bytes are already durable; returns its number.

    The same bytes again change nothing, but for one that is held: another node may be the one that was asked.
    """
    with database.write("keep_reply") as session:
        now = database.now(session)
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        row = Reply(**vars(reply), look_again_at=now, received_at=now, reached_at=now)
        inserted = session.execute(
            insert(Reply)
            .values(row.model_dump(exclude={"id"}))
            .on_conflict_do_nothing(index_elements=["sop_instance_uid", "digest"])
            .returning(col(Reply.id))
        ).scalar_one_or_none()
        if inserted is not None:
            return int(inserted)
        known = session.exec(
            select(Reply)
            .where(Reply.sop_instance_uid == reply.sop_instance_uid, Reply.digest == reply.digest)
            .with_for_update()
        ).one()
        if known.state == ReplyState.RECEIVED and known.problem and known.node != reply.node:
            known.node, known.calling_ae_title, known.address = (
                reply.node,
                reply.calling_ae_title,
                reply.address,
            )
            known.received_by, known.uploaded_by = reply.received_by, reply.uploaded_by
            known.problem = known.fix = known.waiting_for = ""
            known.attempts, known.failing_since, known.look_again_at = 0, None, now
        return known.saved_id


def discard_reply(database: Database, reply_id: int, who: str, why: str) -> None:
    """Decide that an object goes nowhere; it stays on disk, and who decided and why in the audit trail."""
    with database.write("discard_reply") as session:
        now = database.now(session)
        reply = _locked(session, reply_id)
        reply.state = move_reply(ReplyState(reply.state), ReplyState.DISCARDED)
        reply.problem = reply.fix = reply.waiting_for = ""
        reply.fence += 1  # a step that runs now must not send what was discarded
        reply.lease_owner, reply.lease_until, reply.reached_at = "", None, now
        if reply.study_id is not None:
            detail = {"why": why, "sop_class_uid": reply.sop_class_uid}
            add_line(
                session,
                reply.study_id,
                reply.case_id,
                now,
                "object of the reading site discarded",
                who=who,
                detail=detail,
            )
        audit_trail.append(session, now, who, "reply discarded", f"reply {reply_id}", {"why": why})


def count_as_report(database: Database, reply_id: int, who: str) -> None:
    """End a case by hand: the reading site's own report is its report. Raises WrongState."""
    with database.write("count_as_report") as session:
        now = database.now(session)
        reply = _locked(session, reply_id)
        if reply.state != ReplyState.CONFIRMED or not reply.is_report:
            raise WrongState(
                f"Object {reply_id} is {reply.state} and cannot stand for the report.",
                "Only a complete SR or a PDF that is safe at the node that gets the site's reports can.",
            )
        if not close_case(session, reply, now, who):
            raise WrongState(
                f"Case {reply.case_id} waits for no report now.",
                "It is signed, over, or being prepared again.",
            )
        audit_trail.append(
            session, now, who, "reply counted as report", f"case {reply.case_id}", {"reply": reply_id}
        )


def note_reply_download(database: Database, case_id: int | None, reply_id: int, who: str) -> None:
    """Write into the audit trail that somebody takes an object of a reading site with its identity."""
    with database.write("download_reply") as session:
        now = database.now(session)
        audit_trail.append(session, now, who, "reply downloaded", f"case {case_id}", {"reply": reply_id})


def settle_case(session: Session, reply: Reply, now: datetime, *, closes: bool) -> None:
    """What a confirmed object means for its case: its end, or a notice that a report came and the case still waits."""
    if closes and close_case(session, reply, now):
        return
    case = session.get(Case, reply.case_id)
    if reply.is_report and case is not None and case.state == CaseState.FORWARDED:
        text = (
            f"The reading site sent a report of its own for case {case.id}, which still waits for one here."
        )
        raise_notice(session, now, f"reply {reply.id} is a report", text, f"/cases/{case.id}", case.site)


def close_case(session: Session, reply: Reply, now: datetime, who: str = "gateway") -> bool:
    """Move a case that waits for a reader to its end, because this object is its report; False when it does not wait.

    A report that answers an older generation has not seen the late images: only a person may count it.
    """
    case = session.exec(select(Case).where(Case.id == reply.case_id).with_for_update()).first()
    if case is None or case.state != CaseState.FORWARDED:
        return False
    if who == "gateway" and case.generation != reply.generation:
        return False
    case.state = move_case(CaseState(case.state), CaseState.CONFIRMED)
    case.claimed_by = case.claimed_until = None
    case.returned_as, case.returned_uid = "the reading site's own report", reply.sop_instance_uid
    case.problem = case.fix = case.waiting_for = ""
    case.fence += 1
    case.reached_at = case.updated_at = now
    add_line(
        session, case.study_id, case.id, now, "reported by the reading site itself", CaseState.CONFIRMED, who
    )
    return True


def _locked(session: Session, reply_id: int) -> Reply:
    reply = session.exec(select(Reply).where(Reply.id == reply_id).with_for_update()).first()
    if reply is None:
        raise NotThere(f"There is no object {reply_id} of a reading site.", "The page Replies lists them.")
    return reply
