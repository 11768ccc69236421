"""Decisions about a study: let it pass what holds it, route it although no rule matched; and its day, read late."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select, update

from gateway.errors import NotThere, WrongState
from gateway.lifecycle import StudyState, move_study
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.journal import add_line
from gateway.records.tables.studies import Study

UNMATCHED = "unmatched"
"""The code under which a study that no rule matched goes on; `rule` says under which rule."""


def let_go_on(database: Database, study_id: int, who: str, why: str) -> None:
    """Let a held study pass what holds it, and look at it at once. Raises NotThere, WrongState."""
    with database.write("let_go_on") as session:
        study, now = _locked(session, study_id), database.now(session)
        code = study.held_because
        if not study.problem or not code:
            raise WrongState(
                f"Study {study_id} is not held by anything that a person can let pass.",
                "Its problem and fix stand on the page of studies; retry it when that is done.",
            )
        _accept(study, code, who, why, now)
        _tell(session, study_id, now, "let go on", who, {"held by": code, "why": why})


def route_by_hand(database: Database, study_id: int, rule_id: str, who: str, why: str) -> None:
    """Put a study that no rule matched under a rule; routing looks at it at once, guards included.

    It stays under that rule when late images arrive. Raises NotThere, WrongState.
    """
    with database.write("route_by_hand") as session:
        study, now = _locked(session, study_id), database.now(session)
        if study.forgotten_at is not None:
            raise WrongState(
                f"The patient of study {study_id} was forgotten; nothing of it is kept.",
                "Ask the sender to send it again, if it has to be read after all.",
            )
        if study.state != StudyState.UNMATCHED:
            raise WrongState(
                f"Study {study_id} is {study.state}, and only one that is UNMATCHED can be routed by hand.",
                "Look at its state on the page of studies.",
            )
        study.state = move_study(StudyState(study.state), StudyState.COMPLETED)
        _accept(study, UNMATCHED, who, why, now, rule=rule_id)
        _tell(session, study_id, now, "routed by hand", who, {"rule": rule_id, "why": why}, study.state)


def keep_study_date(database: Database, study_id: int, day: str) -> None:
    """Remember the day of a study that was routed before there was a calendar (`Study.study_date`); only once."""
    with database.write("read_date") as session:
        session.execute(
            update(Study)
            .where(col(Study.id) == study_id, col(Study.study_date) == "", col(Study.forgotten_at).is_(None))
            .values(study_date=day)
        )


def _locked(session: Session, study_id: int) -> Study:
    study = session.exec(select(Study).where(Study.id == study_id).with_for_update()).first()
    if study is None:
        raise NotThere(f"There is no study {study_id}.", "The list of studies shows every number.")
    return study


def _accept(study: Study, code: str, who: str, why: str, now: datetime, **more: str) -> None:
    told = {"who": who, "why": why, "at": now.isoformat(), "generation": study.generation, **more}
    study.accepted = {**study.accepted, code: told}
    study.held_because = study.problem = study.fix = study.waiting_for = ""
    study.attempts, study.failing_since = 0, None
    study.look_again_at = now
    study.fence += 1
    study.lease_owner, study.lease_until = "", None


def _tell(
    session: Session,
    study_id: int,
    now: datetime,
    what: str,
    who: str,
    detail: dict[str, str],
    reached: str = "",
) -> None:
    add_line(session, study_id, None, now, what, reached, who, detail)
    audit_trail.append(session, now, who, f"study {what}", f"study {study_id}", detail)
