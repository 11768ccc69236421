"""Objects that may not leave by themselves: kept with the case, looked at, released or left out by a named person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from gateway.errors import NotAllowed, NotThere, WrongState
from gateway.lifecycle import BEFORE_THE_REPORT, CaseState, move_case
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.journal import add_line
from gateway.records.step_record import NewHeldObject
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import TAKEN, Case, CaseEvent, Delivery, HeldObject, PreparedInstance

WAITING, RELEASED, LEFT_OUT = "waiting", "released", "left out"
LOOKED = "original looked at"
ONE_LOOK = timedelta(minutes=10)
"""Pictures of one object fetched by one person within this time are one look in the audit trail."""


def keep_held(session: Session, case: Case, held_objects: Sequence[NewHeldObject], now: datetime) -> None:
    """Remember what a preparation held. Decisions stay; a release that did not suffice is undone and told."""
    known = {
        row.instance_id: row for row in session.exec(select(HeldObject).where(HeldObject.case_id == case.id))
    }
    held = {held_object.instance_id for held_object in held_objects}
    for instance_id, row in known.items():
        if instance_id not in held and row.decision == WAITING:
            session.delete(row)  # it may leave now: the profile was changed
    for held_object in held_objects:
        kept = known.get(held_object.instance_id)
        if kept is None:
            session.add(HeldObject(case_id=case.saved_id, found_at=now, **vars(held_object)))
            continue
        if kept.decision == RELEASED:
            add_line(session, case.study_id, case.id, now, "released, but held again", detail=_named(kept))
        for name, value in vars(held_object).items():
            setattr(kept, name, value)
        kept.decision, kept.decided_by, kept.why, kept.decided_at = WAITING, "", "", None
        session.add(kept)


def look_at_original(database: Database, case_id: int, held_id: int, who: str) -> None:
    """Write into the audit trail that somebody looks at a held original; raises NotThere."""
    with database.write("look_at_original") as session:
        now = database.now(session)
        row = _row(session, case_id, held_id)
        if not _looks(session, row, who, since=now - ONE_LOOK):
            audit_trail.append(session, now, who, LOOKED, _subject(row), {"reason": row.reason})


def decide_held(database: Database, case_id: int, held_id: int, decision: str, who: str, why: str) -> None:
    """Release a held object or leave it out; the last decision the case waited for lets it be prepared again.

    Raises NotAllowed (not releasable, or not looked at), NotThere, WrongState (signed, or the object is sent already).
    """
    with database.write("decide_held") as session:
        now = database.now(session)
        case = session.exec(select(Case).where(Case.id == case_id).with_for_update()).first()
        row = _row(session, case_id, held_id)
        assert case is not None
        _refuse_if_impossible(session, case, row, decision, who)
        if row.decision == decision:
            return
        waited = _undecided(session, case_id)
        row.decision, row.decided_by, row.why, row.decided_at = decision, who, why, now
        session.add(row)
        session.flush()
        named = _named(row)
        add_line(
            session,
            case.study_id,
            case_id,
            now,
            f"held object {decision}",
            who=who,
            detail={**named, "why": why},
        )
        audit_trail.append(session, now, who, f"held object {decision}", _subject(row), {**named, "why": why})
        ready = waited and not _undecided(session, case_id)
        # Left out of what is prepared already: nothing changes. All else has to be prepared again.
        if not _undecided(session, case_id) and (
            ready or decision == RELEASED or case.state == CaseState.MATCHED
        ):
            _prepare_again(session, case, now)


def _refuse_if_impossible(session: Session, case: Case, row: HeldObject, decision: str, who: str) -> None:
    if CaseState(case.state) not in BEFORE_THE_REPORT:
        raise WrongState(
            f"Case {case.id} is {case.state}: nothing more can be added to what was read.",
            "Ask the sender to send the images again; they then ask for an addendum.",
        )
    if decision == RELEASED and not row.releasable:
        raise NotAllowed(
            "This object may not be released: the de-identification profile does not allow it.",
            "Leave it out, or ask the sender for a clean object.",
        )
    if decision == RELEASED and not _looks(session, row, who):
        raise NotAllowed(
            "You have not looked at this object, so you cannot vouch for its pixels.",
            "Open its picture on the case page first.",
        )
    too_late = row.decision == RELEASED and (case.state != CaseState.MATCHED or _is_sent(session, row))
    if decision == LEFT_OUT and too_late:
        raise WrongState(
            "This object was released and is on its way, or sent already.",
            "Ask the reading site to delete it; it cannot be left out here any more.",
        )


def _prepare_again(session: Session, case: Case, now: datetime) -> None:
    """The case starts again at MATCHED, as for late images; what was sent is not sent twice."""
    case.late_images = case.late_images or case.state == CaseState.FORWARDED
    case.state = move_case(CaseState(case.state), CaseState.MATCHED)
    case.fence += 1  # a preparation that does not know the decision must not win
    case.lease_owner, case.lease_until = "", None
    case.look_again_at = case.reached_at = case.updated_at = now
    case.waiting_for, case.attempts, case.failing_since = "", 0, None
    if not _is_parked_by_hand(session, case):
        case.problem = case.fix = ""
    add_line(session, case.study_id, case.id, now, "prepared again after decisions", CaseState.MATCHED)


def _undecided(session: Session, case_id: int) -> bool:
    """Whether objects that stop the case still wait for a decision."""
    chosen = select(HeldObject.id).where(
        HeldObject.case_id == case_id,
        col(HeldObject.stops_case).is_(True),
        HeldObject.decision == WAITING,
    )
    return session.exec(chosen.limit(1)).first() is not None


def _is_parked_by_hand(session: Session, case: Case) -> bool:
    chosen = select(CaseEvent.who).where(CaseEvent.case_id == case.id, CaseEvent.what == "parked")
    last = session.exec(chosen.order_by(col(CaseEvent.id).desc()).limit(1)).first()
    return bool(case.problem) and last not in (None, "gateway")


def _is_sent(session: Session, row: HeldObject) -> bool:
    sent = (
        select(Delivery.id)
        .join(PreparedInstance, col(PreparedInstance.sop_instance_uid) == col(Delivery.sop_instance_uid))
        .where(
            Delivery.case_id == row.case_id,
            PreparedInstance.case_id == row.case_id,
            PreparedInstance.instance_id == row.instance_id,
            Delivery.direction == "forward",
            col(Delivery.outcome).in_(TAKEN),
        )
    )
    return session.exec(sent.limit(1)).first() is not None


def _looks(session: Session, row: HeldObject, who: str, since: datetime | None = None) -> bool:
    """Whether this person looked at this object (at one without pictures nobody can)."""
    chosen = select(AuditEvent.id).where(
        AuditEvent.who == who, AuditEvent.action == LOOKED, AuditEvent.subject == _subject(row)
    )
    if since is not None:
        chosen = chosen.where(col(AuditEvent.at) >= since)
    return session.exec(chosen.limit(1)).first() is not None


def _row(session: Session, case_id: int, held_id: int) -> HeldObject:
    row = session.get(HeldObject, held_id)
    if row is None or row.case_id != case_id:
        raise NotThere(f"Case {case_id} has no held object {held_id}.", "The case page lists them.")
    return row


def _subject(row: HeldObject) -> str:
    return f"case {row.case_id}, instance {row.instance_id}"


def _named(row: HeldObject) -> dict[str, object]:
    """An object without anything that identifies a patient."""
    return {"instance": row.instance_id, "series": row.series_number, "reason": row.reason}
