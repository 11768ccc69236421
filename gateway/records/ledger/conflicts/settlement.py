"""What follows from the version that stands: the study and its cases begin again with it, under its identity.

Before the signature a case is prepared and forwarded again. After it the signed words stay, and the report is built
again under the identity. What was returned stays returned: the site is told that it went under another identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, update
from sqlmodel import Session, col, delete, select

from gateway.lifecycle import (
    BEFORE_THE_REPORT,
    CaseState,
    Choice,
    ConflictState,
    ReplyState,
    Standing,
    StudyState,
    move_case,
    move_reply,
    move_study,
)
from gateway.records.identities.vault import SealedIdentity
from gateway.records.ledger.identities import keep_identity, renew_identity
from gateway.records.ledger.journal import add_line
from gateway.records.ledger.notices import raise_notice
from gateway.records.step_record import Settlement
from gateway.records.tables.cases import TAKEN, WITHDRAWN, Case, Delivery, Reply
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.studies import Identity, Instance, Study

"""The outcome of a delivery that was taken back: the copy is sent again, or to be deleted where it went."""
OF_THE_PATIENT = ("other-name", "other-birth-date", "accession-of-another")
"""The guards that compare a study with others of its patient: let go on for one patient, not for another."""
SIGNED = (CaseState.REPORTED, CaseState.COMPOSED)
SENT_BACK = (CaseState.RETURNED, CaseState.CONFIRMED)


def settle(session: Session, conflict: Conflict, settlement: Settlement, now: datetime) -> None:
    """Put the chosen versions in force, and everything that rests on them back to where it begins."""
    fell: list[str] = []
    for fact in settlement.standings:
        row = session.get_one(Instance, fact.instance_id)
        if row.standing == Standing.IN_FORCE and fact.standing != Standing.IN_FORCE:
            fell.append(row.sop_instance_uid)
        row.standing, row.conflict_id = fact.standing, conflict.id
    session.flush()
    # What said the same as a version that stands no more does not stand either: sent again, it is looked at again.
    session.execute(
        update(Instance)
        .where(
            col(Instance.study_id) == conflict.study_id,
            col(Instance.sop_instance_uid).in_(fell),
            col(Instance.standing) == Standing.SAME,
        )
        .values(standing=Standing.SET_ASIDE, conflict_id=None)
    )
    in_force = session.exec(
        select(func.count())
        .select_from(Instance)
        .where(Instance.study_id == conflict.study_id, Instance.standing == Standing.IN_FORCE)
    ).one()
    add_line(
        session,
        conflict.study_id,
        None,
        now,
        "no version stands: waiting for the sender"
        if conflict.state == ConflictState.AWAITED
        else "versions settled",
        detail={"stands": conflict.choice, "objects in force": in_force},
    )
    study = session.exec(select(Study).where(Study.id == conflict.study_id).with_for_update()).one()
    study.instances = in_force
    if settlement.changed or settlement.identity_of is not None:
        study.identity_of, study.identity_until = settlement.identity_of, settlement.identity_until
        study.facts_of, study.look_again_at, study.waiting_for = 0, now, ""
    if settlement.touches_identity or settlement.identity_of is not None:
        _ask_again(session, study, now)
    if not settlement.changed:
        for table in (Case, Reply):  # what waited for the decision goes on at once
            session.execute(
                update(table)
                .where(col(table.study_id) == study.saved_id, col(table.look_again_at) > now)
                .values(look_again_at=now)
            )
        return
    _route_again(study, now)
    for linked in session.exec(select(Study).where(Study.person_of == study.saved_id).with_for_update()):
        begin_again(session, linked, now, "begins again: the study whose patient it has was corrected")
    cases = session.exec(
        select(Case).where(Case.study_id == study.saved_id).order_by(col(Case.id)).with_for_update()
    ).all()
    earlier = {case.identity_id for case in cases} - {None}
    if settlement.identity is not None:
        identity = renew_identity(session, settlement.identity, now)
        for case in cases:
            if case.state in (*SIGNED, *SENT_BACK):
                case.read_under = case.read_under or case.identity_id
                if case.identity_id != identity.id:
                    withdraw(session, case, now, sent_again=False)
            case.identity_id = identity.id
    for case in cases:
        if CaseState(case.state) in BEFORE_THE_REPORT:
            _prepare_again(session, case, now, "begins again with the chosen versions")
        elif settlement.identity_only:
            case.generation = study.generation  # no image is new to the reader: no addendum
        if case.state in SIGNED:
            _compose_again(session, case, now)
        elif case.state in SENT_BACK and settlement.touches_identity:
            _ask_for_correction(session, case, now)
        if settlement.touches_identity:
            _tell_of_objects(session, case, now)
    for reply in session.exec(
        select(Reply).where(Reply.study_id == study.saved_id, Reply.state == ReplyState.RESTORED)
    ):
        reply.state = move_reply(ReplyState(reply.state), ReplyState.RECEIVED)
        reply.fence += 1
        reply.lease_owner, reply.lease_until = "", None
        reply.look_again_at = reply.reached_at = now
        reply.problem = reply.fix = reply.waiting_for = ""
    session.flush()
    drop_unused(session, sorted(number for number in earlier if number is not None))


def _route_again(study: Study, now: datetime) -> None:
    """The next generation of the study, whose facts are read anew; what is still arriving goes on arriving."""
    study.facts_of = 0
    study.fence += 1  # what is decided right now does not know the chosen versions
    study.lease_owner, study.lease_until = "", None
    study.look_again_at = now
    study.attempts, study.failing_since = 0, None
    study.problem = study.fix = study.waiting_for = study.held_because = ""
    if study.state == StudyState.RECEIVED:
        return
    study.generation += 1
    if study.state != StudyState.COMPLETED:
        study.state = move_study(StudyState(study.state), StudyState.COMPLETED)


def _ask_again(session: Session, study: Study, now: datetime) -> None:
    """What a person let go on for the patient of before is asked about the patient of now."""
    lapsed = sorted(code for code in study.accepted if code in OF_THE_PATIENT)
    if lapsed:
        study.accepted = {code: told for code, told in study.accepted.items() if code not in lapsed}
        what = "what was let go on for another patient is asked again"
        add_line(session, study.saved_id, None, now, what, detail={"held by": lapsed})


def begin_again(session: Session, study: Study, now: datetime, what: str) -> None:
    """Route a study and prepare its unsigned cases again, because somebody said whose it is; no image is new."""
    _route_again(study, now)
    _ask_again(session, study, now)
    cases = session.exec(
        select(Case).where(Case.study_id == study.saved_id).order_by(col(Case.id)).with_for_update()
    ).all()
    for case in cases:
        if CaseState(case.state) in BEFORE_THE_REPORT:
            _prepare_again(session, case, now, what)
        else:
            case.generation = study.generation  # no image is new to the reader: no addendum


def _prepare_again(session: Session, case: Case, now: datetime, what: str) -> None:
    """Back to MATCHED, to wait for the study to be routed; copies that were sent are withdrawn and sent again."""
    case.late_images = case.late_images or case.state == CaseState.FORWARDED
    case.state = move_case(CaseState(case.state), CaseState.MATCHED)
    case.to_route = True
    case.waiting_for = "The study is being routed again."
    _begin(case, now)
    add_line(session, case.study_id, case.id, now, what, CaseState.MATCHED)
    withdraw(session, case, now)


def withdraw(session: Session, case: Case, now: datetime, *, sent_again: bool = True) -> None:
    """Take the copies back that the reading site took; `sent_again`: they follow under what stands now.

    After the signature they do not: the case has been read, and they are named only so that the site deletes them.
    """
    what = "are withdrawn and sent again" if sent_again else "are another patient's: have them deleted there"
    taken = session.exec(
        select(Delivery).where(
            Delivery.case_id == case.saved_id,
            Delivery.direction == "forward",
            col(Delivery.outcome).in_(TAKEN),
        )
    ).all()
    for delivery in taken:
        delivery.outcome = WITHDRAWN
        delivery.detail = (
            "the copy is sent again" if sent_again else "of another patient: to be deleted there"
        )
    if taken:
        detail = {"objects": len(taken), "pseudonym": case.pseudonym, "node": case.destination}
        add_line(session, case.study_id, case.id, now, "copies withdrawn", detail=detail)
        text = f"{case.destination}: the copies of case {case.id} {what}."
        event = f"case {case.id} withdrawn {case.fence}"
        raise_notice(session, now, event, text, f"/cases/{case.id}", case.site)


def read_as_another(session: Session, study: Study, sealed: SealedIdentity, now: datetime) -> None:
    """Let the signed cases of a study be this patient's; their words stay, with the dates that the reader saw.

    Copies that lie at the reading site under another pseudonym are named, so that the site deletes them.
    """
    identity = keep_identity(session, sealed, now)
    cases = session.exec(
        select(Case)
        .where(Case.study_id == study.saved_id, col(Case.identity_id).is_distinct_from(identity.id))
        .order_by(col(Case.id))
        .with_for_update()
    ).all()
    earlier = sorted({case.identity_id for case in cases if case.identity_id is not None})
    for case in cases:
        if case.identity_id is not None and case.state in (*SIGNED, *SENT_BACK):
            case.read_under, case.identity_id = case.read_under or case.identity_id, identity.id
            add_line(session, study.saved_id, case.id, now, "is the case of another patient now")
            if case.pseudonym != identity.pseudonym:
                withdraw(session, case, now, sent_again=False)
    drop_unused(session, earlier)


def _compose_again(session: Session, case: Case, now: datetime) -> None:
    """Back to REPORTED: the same words under the identity in force, as a new object."""
    if case.state != CaseState.REPORTED:
        case.state = move_case(CaseState(case.state), CaseState.REPORTED)
    case.corrections += 1
    case.waiting_for = ""
    _begin(case, now)
    add_line(
        session, case.study_id, case.id, now, "report is built from the chosen versions", CaseState.REPORTED
    )


def _ask_for_correction(session: Session, case: Case, now: datetime) -> None:
    case.correction_wanted, case.updated_at = True, now
    add_line(session, case.study_id, case.id, now, "the report went back under an identity since corrected")
    text = f"The report of case {case.id} went back under an identity since corrected: send a corrected one."
    event = f"case {case.id} correction {case.corrections}"
    raise_notice(session, now, event, text, f"/cases/{case.id}", case.site)


def _tell_of_objects(session: Session, case: Case, now: datetime) -> None:
    """What the reading site sent was passed on under the earlier identity: only the reading site can send it anew."""
    replies = session.exec(
        select(func.count())
        .select_from(Reply)
        .where(
            Reply.case_id == case.saved_id, col(Reply.state).in_((ReplyState.RETURNED, ReplyState.CONFIRMED))
        )
    ).one()
    if not replies:
        return
    what = "objects of the reading site went back under an identity since corrected"
    add_line(session, case.study_id, case.id, now, what, detail={"objects": replies})
    text = (
        f"{replies} objects of the reading site of case {case.id} went back under an identity since corrected: "
        "let the reading site send them again."
    )
    event = f"case {case.id} objects corrected {case.fence}"
    raise_notice(session, now, event, text, f"/cases/{case.id}", case.site)


def _begin(case: Case, now: datetime) -> None:
    case.fence += 1
    case.lease_owner, case.lease_until = "", None
    case.look_again_at = case.reached_at = case.updated_at = now
    case.problem = case.fix = ""
    case.attempts, case.failing_since = 0, None


def drop_unused(session: Session, identities: Sequence[int]) -> None:
    """An identity that no case has any more, nor was read under, is not kept."""
    for number in identities:
        used = select(Case.ids()).where(or_(col(Case.identity_id) == number, col(Case.read_under) == number))
        if session.exec(used.limit(1)).first() is None:
            session.exec(delete(Identity).where(col(Identity.id) == number))


def chosen(rows: Sequence[Instance], choice: Choice) -> dict[int, Standing]:
    """Where each version stands after a choice; `rows` in the order in which they came.

    The first set is the one in force, where there is one; an object that was sent again after *neither*, and is not
    asked about, is left as it came.
    """
    by_object: dict[str, list[Instance]] = {}
    for row in rows:
        by_object.setdefault(row.sop_instance_uid, []).append(row)
    standings: dict[int, Standing] = {}
    for versions in by_object.values():
        standings |= {row.saved_id: Standing.SET_ASIDE for row in versions}
        if choice == Choice.NEITHER:
            continue
        in_force = [row for row in versions if row.standing == Standing.IN_FORCE]
        is_asked = any(row.standing in (Standing.CONTESTED, Standing.UNCOMPARED) for row in versions)
        if in_force and not (is_asked and choice == Choice.NEWER):
            stands = in_force[0]
        else:
            stands = versions[-1 if choice == Choice.NEWER else 0]
        standings[stands.saved_id] = Standing.IN_FORCE
    return standings
