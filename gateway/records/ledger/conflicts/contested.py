"""Two versions of a study's objects: the question opened, what was compared, who decided, and what that changes.

While a question is open its study is contested: `claim_due` leaves the steps of `FROZEN` alone, and nobody signs.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from gateway.errors import WrongState
from gateway.identity.concerns import Concern
from gateway.lifecycle import OPEN_CONFLICT, Choice, ConflictState, Standing, move_conflict
from gateway.records.ledger.journal import add_line
from gateway.records.ledger.notices import raise_notice
from gateway.records.step_record import Dispute, NewStanding
from gateway.records.tables.cases import Case
from gateway.records.tables.conflicts import TWO_IDENTITIES, Conflict
from gateway.records.tables.studies import Instance, Study

CONTESTED_FIX = (
    "A lead decides on the page of the case which version stands; until then nothing of it leaves."
)


def standing_on_arrival(others: Collection[str], known: str | None) -> Standing | None:
    """Where a version stands that has just arrived; None when nothing changes.

    `others` is where the other versions of its UID stand, `known` where it stands if these bytes came before.
    """
    if known is not None and known != Standing.SET_ASIDE:
        return None
    stands = any(other != Standing.SET_ASIDE for other in others)
    return Standing.UNCOMPARED if stands else Standing.IN_FORCE


def note_awaited(session: Session, study_id: int, now: datetime) -> None:
    """An object arrived of which no version stood: what waits for it looks again.

    A choice among the earlier versions, made while none stood and not worked out yet, is withdrawn: it did not know it.
    """
    conflict = open_of(session, study_id)
    if conflict is None:
        return
    if conflict.state == ConflictState.DECIDED and not _asks_about(session, conflict):
        what = "decision on the versions withdrawn: the sender sends again"
        add_line(session, study_id, None, now, what, detail={"choice": conflict.choice})
        conflict.state = move_conflict(ConflictState.DECIDED, ConflictState.AWAITED)
        conflict.choice = Choice.NEITHER
        conflict.reached_at = now
        conflict.fence += 1
        conflict.lease_owner, conflict.lease_until = "", None
    if conflict.state == ConflictState.AWAITED:
        conflict.last_at = conflict.look_again_at = now


def came_again(session: Session, conflict: Conflict) -> bool:
    """Whether a version is in force of an object of which none was, because it was sent again."""
    of_it = select(Instance.sop_instance_uid).where(Instance.conflict_id == conflict.saved_id)
    again = select(Instance.ids()).where(
        Instance.study_id == conflict.study_id,
        Instance.standing == Standing.IN_FORCE,
        col(Instance.sop_instance_uid).in_(of_it),
    )
    return session.exec(again.limit(1)).first() is not None


def _asks_about(session: Session, conflict: Conflict) -> bool:
    """Whether there are versions beside one in force."""
    asked = select(Instance.ids()).where(
        Instance.conflict_id == conflict.saved_id,
        col(Instance.standing).in_((Standing.CONTESTED, Standing.UNCOMPARED)),
    )
    return session.exec(asked.limit(1)).first() is not None


def open_of(session: Session, study_id: int) -> Conflict | None:
    """The open conflict of a study, locked."""
    return session.exec(
        select(Conflict)
        .where(Conflict.study_id == study_id, col(Conflict.state).in_(OPEN_CONFLICT))
        .with_for_update()
    ).first()


def join(session: Session, study: Study, sender: str, now: datetime) -> Conflict:
    """The open conflict of a study that another version has arrived for: looked at anew, decided or not."""
    conflict = open_of(session, study.saved_id)
    if conflict is None:
        conflict = Conflict(
            study_id=study.saved_id,
            site=study.site,
            senders=[sender],
            look_again_at=now,
            received_at=now,
            last_at=now,
            reached_at=now,
        )
        session.add(conflict)
        session.flush()
        return conflict
    if (
        conflict.kind == TWO_IDENTITIES
    ):  # what differs is known first; whose study it is, is found out again then
        conflict.kind, conflict.kinds, conflict.objects, conflict.differences = "", {}, 0, []
        conflict.first_id = conflict.other_id = None
    conflict.last_at = conflict.look_again_at = now
    conflict.senders = sorted({*conflict.senders, sender})
    if conflict.state == ConflictState.DECIDED:
        what = "decision on the versions withdrawn: more arrived"
        add_line(session, study.saved_id, None, now, what, detail={"choice": conflict.choice})
        conflict.choice, conflict.decided_by, conflict.why, conflict.decided_at = "", "", "", None
    if conflict.state != ConflictState.RECEIVED:
        conflict.state = move_conflict(ConflictState(conflict.state), ConflictState.RECEIVED)
        conflict.fence += 1  # what is being settled does not know this version
        conflict.lease_owner, conflict.lease_until = "", None
        conflict.problem = conflict.fix = conflict.waiting_for = ""
    return conflict


def dispute(session: Session, study_id: int, identities: Dispute, now: datetime) -> None:
    """Open the question whose study it is; one that is open already is decided first."""
    if open_of(session, study_id) is not None:
        return
    study = session.get_one(Study, study_id)
    conflict = join(session, study, study.sender, now)
    conflict.state = move_conflict(ConflictState(conflict.state), ConflictState.CONTESTED)
    conflict.kind, conflict.objects = TWO_IDENTITIES, identities.objects
    conflict.kinds = {TWO_IDENTITIES: identities.objects}
    conflict.first_id, conflict.other_id = identities.first_id, identities.other_id
    conflict.differences = [
        {"path": path, "concern": str(Concern.IDENTITY), "objects": objects}
        for path, objects in identities.attributes
    ]
    tell_contested(session, conflict, now)


def forget(session: Session, study_id: int, now: datetime) -> None:
    """End the open conflict of a study whose patient is forgotten."""
    conflict = open_of(session, study_id)
    if conflict is not None:
        conflict.state = move_conflict(ConflictState(conflict.state), ConflictState.FORGOTTEN)
        conflict.reached_at = now
        conflict.fence += 1
        conflict.lease_until, conflict.attempts, conflict.failing_since = None, 0, None


def keep_comparison(
    session: Session, conflict: Conflict, compared: Collection[NewStanding], now: datetime, *, asks: bool
) -> None:
    """Remember what was compared; tell of the conflict once when there is something to decide.

    `asks`: whether a lead has to. Called when the state that the step reached is set. Versions that came meanwhile
    bring it back to RECEIVED.
    """
    for fact in compared:
        row = session.get_one(Instance, fact.instance_id)
        if row.standing == Standing.UNCOMPARED:
            row.standing = fact.standing
    session.flush()
    left = select(Instance.ids()).where(
        Instance.conflict_id == conflict.id, Instance.standing == Standing.UNCOMPARED
    )
    if session.exec(left.limit(1)).first() is not None:
        conflict.state = ConflictState.RECEIVED
        return
    if asks and any(fact.standing == Standing.CONTESTED for fact in compared):
        tell_contested(session, conflict, now)


def tell_contested(session: Session, conflict: Conflict, now: datetime) -> None:
    """A notice at once and a line in the journal: of the conflict, and again when more objects differ."""
    detail = {"kind": conflict.kind, "objects": conflict.objects}
    add_line(session, conflict.study_id, None, now, "contested", detail=detail)
    cases = session.exec(
        select(Case.ids()).where(Case.study_id == conflict.study_id).order_by(col(Case.id))
    ).all()
    whose = f"Case {', '.join(map(str, cases))}" if cases else f"Study {conflict.study_id}"
    page = f"/cases/{cases[0]}" if cases else "/studies"
    text = f"{whose} is contested ({conflict.kind}): a lead decides which version stands."
    raise_notice(session, now, f"conflict {conflict.id} contested", text, page, conflict.site)


def refuse_if_contested(session: Session, study_id: int, what: str) -> None:
    """Raise WrongState when the study is contested; its row is locked, so that nothing arrives meanwhile."""
    session.exec(select(Study.ids()).where(Study.id == study_id).with_for_update()).one()
    conflict = open_of(session, study_id)
    if conflict is not None:
        raise WrongState(f"{what}: {reason(conflict.state, conflict.kind)}", CONTESTED_FIX)


def reason(state: str, kind: str) -> str:
    """Why nothing of a contested study leaves, in words for people."""
    return {
        ConflictState.RECEIVED: "the sender sent other versions of its images, and they are being compared.",
        ConflictState.CONTESTED: "its images name two different patients."
        if kind == TWO_IDENTITIES
        else f"the sender sent two versions of its images ({kind}).",
        ConflictState.DECIDED: "which version of its images stands was decided, and is being worked out.",
        ConflictState.AWAITED: "no version of its images stands; the sender is to send them again.",
    }[ConflictState(state)]
